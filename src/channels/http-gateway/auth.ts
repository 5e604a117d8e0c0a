/** How a request proves whose it is. */
import { createHmac } from "node:crypto";
import type { Clock } from "../../platform/clock.ts";
import type { GatewayAuth, HttpGatewayConfig } from "../../platform/config/http-gateway.ts";
import type { SendResult } from "../channel.ts";
import { exchange, type Way } from "./exchange.ts";

export type Headers = Readonly<Record<string, string>>;

/** The headers for a request with this body, or why there are none. A signature is made anew for each attempt. */
export interface Authorization {
  headers(body: string, signal: AbortSignal): Promise<{ headers: Headers } | { failure: SendResult }>;
  /** Forgets what a 401 was the answer to. */
  refused(): void;
}

export function authorization(config: HttpGatewayConfig, way: Way, clock: Clock): Authorization {
  const { auth } = config;
  if (auth?.type === "oauth2") return new ClientCredentials(auth, { ...way, peer: "the token server" }, clock);
  return { headers: async (body) => ({ headers: fixedHeaders(auth, body, clock) }), refused() {} };
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

function fixedHeaders(auth: Exclude<GatewayAuth, { type: "oauth2" }> | undefined, body: string, clock: Clock): Headers {
  switch (auth?.type) {
    case undefined:
      return {};
    case "basic":
      return { authorization: basic(auth.user, auth.password) };
    case "bearer":
      return { authorization: `Bearer ${auth.token}` };
    case "header":
      return { [auth.name]: auth.value };
    case "hmac": {
      const { secret, header, algorithm, encoding, prefix, timestampHeader } = auth;
      const time = String(Math.floor(clock.now() / 1000));
      const signed = timestampHeader === undefined ? body : `${time}.${body}`;
      const signature = createHmac(algorithm, secret).update(signed).digest(encoding);
      return {
        [header]: `${prefix}${signature}`,
        ...(timestampHeader === undefined ? {} : { [timestampHeader]: time }),
      };
    }
  }
}

/** OAuth 2.0 client credentials (RFC 6749, section 4.4). One token serves all; who comes while it is fetched waits. */
class ClientCredentials implements Authorization {
  readonly #auth: Extract<GatewayAuth, { type: "oauth2" }>;
  readonly #way: Way;
  readonly #clock: Clock;
  #token: { readonly value: string; readonly until: number } | null = null;

  constructor(auth: Extract<GatewayAuth, { type: "oauth2" }>, way: Way, clock: Clock) {
    this.#auth = auth;
    this.#way = way;
    this.#clock = clock;
  }

  async headers(_body: string, signal: AbortSignal): Promise<{ headers: Headers } | { failure: SendResult }> {
    if (this.#token === null || this.#token.until <= this.#clock.now()) {
      const failure = await this.#fetch(signal);
      if (failure !== null) return { failure };
    }
    return { headers: { authorization: `Bearer ${this.#token?.value ?? ""}` } };
  }

  refused(): void {
    this.#token = null;
  }

  async #fetch(signal: AbortSignal): Promise<SendResult | null> {
    const { tokenUrl, clientId, clientSecret, scope, credentialsIn } = this.#auth;
    const inBody = credentialsIn === "body";
    const fields = new URLSearchParams({ grant_type: "client_credentials" });
    if (scope !== undefined) fields.set("scope", scope);
    if (inBody) fields.set("client_id", clientId);
    if (inBody) fields.set("client_secret", clientSecret);
    // Both are form-encoded before they become Basic credentials (section 2.3.1).
    const formed = (text: string) => new URLSearchParams({ x: text }).toString().slice(2);
    const request = {
      method: "POST",
      url: tokenUrl,
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        accept: "application/json",
        ...(inBody ? {} : { authorization: basic(formed(clientId), formed(clientSecret)) }),
      },
      body: fields.toString(),
    };
    const exchanged = await exchange(request, this.#way, this.#clock, signal);
    if ("failure" in exchanged) return { ...exchanged.failure, isChannelDown: true };
    const { status, text } = exchanged.answer;
    const answer = parseToken(text);
    if (status !== 200 || answer === null) {
      const error = `the token server gives no token (HTTP ${status}); check \`auth\``;
      return { outcome: "retry", error, status, excerpt: null, retryAfterMs: null, isChannelDown: true };
    }
    // Fetched a little early, so that it is still good when it arrives.
    this.#token = { value: answer.token, until: this.#clock.now() + Math.max(0, answer.seconds - 30) * 1000 };
    return null;
  }
}

function parseToken(text: string): { token: string; seconds: number } | null {
  try {
    const { access_token: token, expires_in: seconds } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (typeof token !== "string" || !/^[!-~]+$/.test(token)) return null;
    return { token, seconds: Number(seconds) > 0 ? Number(seconds) : 300 };
  } catch {
    return null;
  }
}
