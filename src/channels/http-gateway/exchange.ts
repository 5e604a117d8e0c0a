/** One HTTP exchange with a peer of the operator's own: own authorities, a client certificate, a proxy, a time limit. */
import { connect } from "node:net";
import { afterLong, type Clock } from "../../platform/clock.ts";
import type { TlsConfig } from "../../platform/config/http-gateway.ts";
import type { SendResult } from "../channel.ts";

export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** How the peer is reached. */
export interface Way {
  readonly tls: TlsConfig;
  readonly proxy?: string | undefined;
  readonly timeoutSeconds: number;
  /** What the peer is called in sentences: `the gateway`. */
  readonly peer: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** At most the first 64 kB; empty when the connection broke before all of it was there. */
  readonly text: string;
}

export type Exchanged =
  | { readonly answer: Answer }
  | {
      readonly failure: SendResult & { readonly outcome: "retry" };
      /** Whether the peer was reached, so that it may have done what it was asked. */
      readonly isDoubtful: boolean;
    };

/** Never rejects. A redirect is not followed: it would take the credentials to a host that the operator did not name. */
export async function exchange(request: Exchange, way: Way, clock: Clock, stop: AbortSignal): Promise<Exchanged> {
  const { peer, timeoutSeconds, proxy } = way;
  if (stop.aborted) return unanswered(`the attempt was stopped before ${peer} was asked`);
  const deadline = new AbortController();
  const cancel = afterLong(clock, timeoutSeconds * 1000, () => deadline.abort());
  try {
    const response = await fetch(request.url, {
      method: request.method,
      headers: request.headers,
      body: request.body,
      redirect: "manual",
      signal: AbortSignal.any([stop, deadline.signal]),
      tls: tlsOf(way.tls),
      ...(proxy === undefined ? {} : { proxy }),
      // A connection that is kept was made with the certificate of before, and may have been closed meanwhile.
      keepalive: false,
    });
    return { answer: { status: response.status, headers: response.headers, text: await startOf(response) } };
  } catch (error) {
    const maybe = "it may have taken the text";
    if (stop.aborted) return unanswered(`the attempt was stopped before ${peer} answered; ${maybe}`);
    if (deadline.signal.aborted) {
      if (!(await isReachable(proxy ?? request.url, clock))) return unanswered(`${peer} cannot be reached`, true);
      return doubtful(`${peer} did not answer within ${timeoutSeconds} s; ${maybe}`);
    }
    const code = codeOf(error);
    const known = neverTaken(code, peer, way.tls.cert !== undefined);
    if (known !== null) return unanswered(known, true);
    return doubtful(`the connection to ${peer} broke before it answered (${code}); ${maybe}`);
  } finally {
    cancel();
  }
}

function tlsOf({ ca, cert, key, serverName }: TlsConfig) {
  return {
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}

const LONGEST_ANSWER = 64 * 1024;

/** The status line alone tells most, so that a body which breaks off is no failure. */
async function startOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= LONGEST_ANSWER) break;
    }
  } catch {
    return "";
  }
  return Buffer.concat(chunks).subarray(0, LONGEST_ANSWER).toString("utf8");
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^\w{1,60}$/.test(code) ? code : "no code";
}

/** Whether a fetch failed with this code because there was no connection. */
export function isUnreachable(code: string): boolean {
  return /^(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ConnectionRefused|EHOSTUNREACH|ENETUNREACH|FailedToOpenSocket|DNS\w*)$/.test(
    code,
  );
}

/** Words for what fails before a request is handed over; null where it may have been. */
export function neverTaken(code: string, peer: string, hasCertificate: boolean): string | null {
  if (code === "EPROTO" || /TLSV1.*ALERT|SSLV3_ALERT/.test(code)) {
    return hasCertificate
      ? `the TLS handshake with ${peer} failed (${code}); it may not accept the client certificate in \`tls\``
      : `${peer} asks for a client certificate, or speaks no TLS at this address (${code}); see \`tls.cert\` and \`tls.key\``;
  }
  if (/ALTNAME/.test(code))
    return `the certificate of ${peer} is for another name (${code}); check \`url\` and \`tls.serverName\``;
  if (/CERT|VERIFY|ISSUER/.test(code)) return `the certificate of ${peer} is not trusted (${code}); check \`tls.ca\``;
  if (isUnreachable(code)) return `${peer} cannot be reached (${code})`;
  return null;
}

/** How long a peer that did not answer is given to take a connection. */
const REACH_MS = 2_000;

/** Whether anything takes connections there: fetch does not tell a host that is not there from one that is slow. */
function isReachable(address: string, clock: Clock): Promise<boolean> {
  const { hostname, port, protocol } = new URL(address);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const host = hostname.replace(/^\[|\]$/g, "");
  const socket = connect({ host, port: Number(port) || (protocol === "https:" ? 443 : 80) });
  const cancel = clock.after(REACH_MS, () => resolve(false));
  socket.once("connect", () => resolve(true));
  socket.once("error", () => resolve(false));
  return promise.finally(() => {
    cancel();
    socket.destroy();
  });
}

function unanswered(error: string, isChannelDown = false) {
  const nothing = { status: null, excerpt: null, retryAfterMs: null } as const;
  const failure = { outcome: "retry", error, ...nothing, ...(isChannelDown ? { isChannelDown } : {}) } as const;
  return { failure, isDoubtful: false } as const;
}

function doubtful(error: string) {
  return { ...unanswered(error), isDoubtful: true } as const;
}
