/** Whether what answers at the base URL is the server of this very data folder, and what comes through to it. */
import { join } from "node:path";
import { allThatArrives, placeOf, readSelf, type SelfSeen, selfHeaders, selfRequest } from "../../http/self.ts";
import type { LoadedConfig } from "../../platform/config/load.ts";
import { base64url } from "../../platform/hash.ts";
import { systemRandom } from "../../platform/random.ts";
import { readSecret, StorageError } from "../../storage/index.ts";
import type { OtherClock } from "./clock.ts";
import { bad, type Finding, ok } from "./finding.ts";

const NAME = "base URL reached";

export interface Reached {
  readonly findings: readonly Finding[];
  /** What the answer says that time it is. */
  readonly clocks: readonly OtherClock[];
}

/** Asks once. `isServed`: whether a server runs on the folder. Ends within that time. */
export async function reachBaseUrl(config: LoadedConfig, isServed: boolean, withinMs: number): Promise<Reached> {
  const secret = secretOf(config);
  if (secret === null) return { findings: [], clocks: [] };
  const nonce = base64url(systemRandom().bytes(16));
  const { path, headers } = selfRequest(nonce);
  const { baseUrl } = config;
  const url = `${baseUrl}${path}`;
  let answer: Response;
  let text: string;
  const signal = AbortSignal.timeout(withinMs);
  try {
    answer = await fetch(url, { headers, redirect: "manual", signal, keepalive: false });
    text = (await answer.text()).slice(0, 65_536);
  } catch (error) {
    return { findings: [unanswered(baseUrl, isServed, error, withinMs)], clocks: [] };
  }
  const date = Date.parse(answer.headers.get("date") ?? "");
  const self = answer.status === 200 ? readSelf(secret, nonce, text) : null;
  const findings = self === null ? [ofOther(baseUrl, isServed, answer)] : ofSelf(config, secret, self, answer.headers);
  return {
    findings,
    clocks: Number.isNaN(date) ? [] : [{ from: "what answers at the base URL", date, heardAt: Date.now() }],
  };
}

function secretOf({ dataDir, secret }: LoadedConfig): Uint8Array | null {
  try {
    return secret?.bytes() ?? readSecret(join(dataDir, "secret"));
  } catch (error) {
    // That it is not there, or is none, is told where the folder is looked at.
    if (error instanceof StorageError || (error as NodeJS.ErrnoException).syscall !== undefined) return null;
    throw error;
  }
}

function unanswered(baseUrl: string, isServed: boolean, error: unknown, withinMs: number): Finding {
  const { name, code = "no code" } = error as Error & { readonly code?: string };
  const { host, hostname } = new URL(baseUrl);
  if (!isServed) return ok(NAME, `nobody answers at ${baseUrl}, and no server runs on this folder`);
  if (name === "TimeoutError") {
    const found = `${baseUrl} did not answer within ${withinMs / 1000} seconds`;
    const todo =
      "Open it on a phone: if it opens there, only this machine can't reach its own address; else look at firewall and proxy.";
    return bad(NAME, "warn", found, todo);
  }
  if (/ENOTFOUND|EAI_AGAIN|DNS/.test(code))
    return bad(NAME, "fail", `${hostname} has no address (${code})`, "Correct baseUrl, or the name's record in DNS.");
  if (/ALTNAME/.test(code)) {
    const todo = "Have what does TLS there show a certificate for the host of baseUrl.";
    return bad(NAME, "fail", `the certificate at ${baseUrl} is for another name (${code})`, todo);
  }
  if (/CERT|VERIFY|ISSUER|SIGNED/.test(code)) {
    const todo =
      "Look at its end and its chain: phones refuse it too, unless they know an authority that this machine does not.";
    return bad(NAME, "fail", `the certificate at ${baseUrl} is not trusted here (${code})`, todo);
  }
  if (/EPROTO|SSL|TLS/.test(code)) {
    const todo = "Set listen.tls or have a proxy do TLS there; or correct baseUrl, if it is to be http.";
    return bad(NAME, "fail", `nobody speaks TLS at ${host} (${code})`, todo);
  }
  if (/REFUSED|ConnectionRefused/.test(code)) {
    const todo = "Start the proxy that should stand there, or correct baseUrl.";
    return bad(NAME, "fail", `nobody takes connections at ${host} (${code})`, todo);
  }
  const todo = "Look at the firewall, and at the log of the proxy that should stand there.";
  return bad(NAME, "fail", `the connection to ${host} broke before an answer (${code})`, todo);
}

/** Somebody answers who could not show that it is this installation. */
function ofOther(baseUrl: string, isServed: boolean, { status, headers }: Response): Finding {
  const server = (headers.get("server") ?? "").replace(/[^\w./ -]/g, "").slice(0, 60);
  const by = server === "" ? `HTTP ${status}` : `HTTP ${status}, Server: ${server}`;
  if (!isServed && status >= 500) return ok(NAME, `${baseUrl} answers with ${by}, and no server runs on this folder`);
  const point = "Point the name, or the proxy there, at the address of listen.host and listen.port.";
  if (!isServed)
    return bad(NAME, "warn", `no server runs on this folder, and another answers at ${baseUrl} (${by})`, point);
  if (status >= 300 && status < 400) {
    const to = URL.parse(headers.get("location") ?? "", baseUrl)?.origin ?? "nowhere";
    const todo = "Set baseUrl to where it leads, or take the redirection out: channels and webhooks follow none.";
    return bad(NAME, "fail", `${baseUrl} answers with a redirection to ${to} (${by})`, todo);
  }
  if (status === 401 || status === 403 || status === 407) {
    const todo = "Take the log-in out for /r/, /v1/ and /hooks/: links have to open for those who were asked.";
    return bad(NAME, "fail", `what stands at ${baseUrl} asks for a log-in, or refuses (${by})`, todo);
  }
  if (status === 502 || status === 503 || status === 504)
    return bad(NAME, "fail", `a proxy answers at ${baseUrl}, and does not reach this server (${by})`, point);
  return bad(NAME, "fail", `another server answers at ${baseUrl} (${by})`, point);
}

function ofSelf(config: LoadedConfig, secret: Uint8Array, self: SelfSeen, headers: Headers): Finding[] {
  const { baseUrl, dataDir } = config;
  if (self.place !== placeOf(secret, dataDir)) {
    const found = `another server answers at ${baseUrl}, with a copy of this folder: both would ask people and write a log of their own`;
    return [bad(NAME, "fail", found, "Stop one of the two, and keep the folder that has gone on; see docs/backup.md.")];
  }
  return [ok(NAME, `${baseUrl} answers, and it is this server`), ...ofHeaders(config, self, headers)];
}

/** What a proxy on the way drops or changes. */
function ofHeaders({ baseUrl, listen }: LoadedConfig, self: SelfSeen, headers: Headers): Finding[] {
  const name = "headers";
  const findings: Finding[] = [];
  const lost = allThatArrives.filter((each) => !self.arrived.includes(each));
  if (lost.length > 0) {
    const found = `something on the way drops or changes ${lost.join(", ")}`;
    findings.push(
      bad(name, lost.includes("authorization") ? "fail" : "warn", found, "Have the proxy pass it on as it comes."),
    );
  }
  const changed = Object.entries(selfHeaders).filter(([each, value]) => headers.get(each) !== value);
  if (changed.length > 0) {
    const found = `something on the way drops or changes ${changed.map(([each]) => each).join(", ")} of the answers`;
    findings.push(bad(name, "warn", found, "Have the proxy add no such header of its own: pages come with theirs."));
  }
  const { hostname } = new URL(baseUrl);
  // Some proxies leave the port out, which nothing here needs.
  if (URL.parse(`http://${self.host}`)?.hostname !== hostname) {
    const found = `the proxy says ${self.host} for Host, not ${hostname}: MCP over HTTP is refused`;
    findings.push(bad(name, "warn", found, "Have the proxy pass on the Host that it was asked for."));
  }
  if (self.forwarded && listen.trustProxy.length === 0) {
    const found = "a proxy tells the address of clients, and is not believed: all have its own address";
    findings.push(bad(name, "warn", found, "Name the network that the proxy connects from in listen.trustProxy."));
  }
  if (!self.forwarded && listen.trustProxy.length > 0) {
    const found = "no X-Forwarded-For arrives: all clients have the address of the proxy";
    findings.push(bad(name, "warn", found, "Have the proxy set X-Forwarded-For, or take listen.trustProxy out."));
  }
  return findings.length > 0 ? findings : [ok(name, "come through as they were sent")];
}
