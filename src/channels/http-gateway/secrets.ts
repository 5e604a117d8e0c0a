/** Which parts of a described request are secret. */
import type { HttpGatewayConfig } from "../../platform/config/http-gateway.ts";
import type { Exchange } from "./exchange.ts";

/** Everything that must not be shown, from the settings and from the request that was made of them. */
export function secretsOf(config: HttpGatewayConfig, { url, headers, body }: Exchange): readonly string[] {
  const { auth, hooks, proxy } = config;
  const found = Object.entries(auth ?? {}).flatMap(([name, value]) =>
    ["password", "token", "value", "clientSecret", "secret"].includes(name) && typeof value === "string" ? [value] : [],
  );
  if (auth?.type === "basic") found.push(`${auth.user}:${auth.password}`);
  if (hooks?.secret !== undefined) found.push(hooks.secret);
  if (proxy !== undefined) found.push(decodeURIComponent(new URL(proxy).password));
  const isFilled = (template: string | undefined) => template?.includes("{{") === true;
  for (const [name, value] of new URL(url).searchParams)
    if (isSecretName(name) && !isFilled(config.query[name])) found.push(value);
  for (const [name, value] of Object.entries(headers)) if (isSecretName(name)) found.push(value);
  for (const [name, value] of fieldsOf(body)) if (isSecretName(name)) found.push(value);
  return found.filter((secret) => secret !== "");
}

function isSecretName(name: string): boolean {
  return /pass|pwd|secret|token|key|auth|sign|credential|^pin$/i.test(name) && !/^idempotency-key$/i.test(name);
}

/** Names and texts at any depth of a body, whichever way it is written. */
function fieldsOf(body: string | null): readonly (readonly [name: string, value: string])[] {
  if (body === null) return [];
  if (body.startsWith("<?xml"))
    return [...body.matchAll(/(?:<([\w:.-]+)[^>]*>([^<]*)<\/|\s([\w:.-]+)="([^"]*)")/g)].map(
      ([, element, inside, attribute, value]) => [element ?? attribute ?? "", inside ?? value ?? ""] as const,
    );
  try {
    return leavesOf("", JSON.parse(body));
  } catch {
    return [...new URLSearchParams(body)];
  }
}

function leavesOf(name: string, value: unknown): readonly (readonly [string, string])[] {
  if (typeof value === "string" || typeof value === "number") return [[name, String(value)]];
  if (Array.isArray(value)) return value.flatMap((one) => leavesOf(name, one));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => leavesOf(key, one));
}
