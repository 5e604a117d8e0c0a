/**
 * How this very installation shows that it is itself, to `pausepoint doctor`, which asks at the base URL whether what
 * answers there is the server of its data folder, and what a proxy on the way has made of the request. Anybody may ask:
 * an answer is signed under a key derived for this alone, and tells of nothing but the request.
 */
import { createHmac, hkdfSync } from "node:crypto";
import { statSync } from "node:fs";
import { hostname } from "node:os";
import type { PublicRoute } from "../access/index.ts";
import { base64url, equalInConstantTime } from "../platform/hash.ts";
import { isRecord, parseObject } from "../platform/json.ts";
import { Problem } from "../platform/problem.ts";

const PATH = "/.well-known/pausepoint-self";
/** In base64url, of 128 bits. */
const NONCE = /^[\w-]{22}$/;
/** What has to survive an address as people write it: an encoded slash, a space, a letter that is not ASCII. */
const TEXT = "a/b c=ä";

/** What the server saw of a request. */
export interface SelfSeen {
  readonly nonce: string;
  /** Another one for each data folder, also where two have the same secret: one is a copy of the other. */
  readonly place: string;
  /** Which of the headers that were sent have arrived as they were, and `query` where that has. */
  readonly arrived: readonly string[];
  /** The Host that arrived. */
  readonly host: string;
  /** Whether X-Forwarded-For has come along. */
  readonly forwarded: boolean;
}

/** What the answer is sent with; a proxy has to leave it as it is. */
export const selfHeaders = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
} as const;

/** Those headers that programs send and proxies are known to drop. */
function sentHeaders(nonce: string): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${nonce}`, "idempotency-key": nonce, "last-event-id": nonce };
}

/** A request that asks whether it is us. */
export function selfRequest(nonce: string): {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
} {
  return { path: `${PATH}?${new URLSearchParams({ nonce, text: TEXT })}`, headers: sentHeaders(nonce) };
}

/** What has to arrive with it. */
export const allThatArrives: readonly string[] = [...Object.keys(sentHeaders("")), "query"];

/** The data folder's own mark: the machine's name and the folder's number there, under the installation's key. */
export function placeOf(secret: Uint8Array, folder: string): string {
  return base64url(mac(secret, `place ${hostname()} ${statSync(folder).ino}`));
}

export function selfRoute(secret: Uint8Array, folder: string): PublicRoute {
  return {
    method: "GET",
    path: PATH,
    access: "public",
    handle({ query, request: { headers } }) {
      const nonce = query.get("nonce") ?? "";
      if (!NONCE.test(nonce)) throw new Problem("not-found", "This address is for pausepoint doctor alone.");
      const arrived = Object.entries(sentHeaders(nonce)).flatMap(([name, value]) =>
        headers.get(name) === value ? [name] : [],
      );
      const self: SelfSeen = {
        nonce,
        place: placeOf(secret, folder),
        arrived: query.get("text") === TEXT ? [...arrived, "query"] : arrived,
        host: headers.get("host") ?? "",
        forwarded: headers.has("x-forwarded-for"),
      };
      const proof = base64url(mac(secret, `self ${JSON.stringify(self)}`));
      return { status: 200, headers: selfHeaders, body: { self, proof } };
    },
  };
}

/** What the server of this secret has seen; null for an answer that is not its own, or to another question. */
export function readSelf(secret: Uint8Array, nonce: string, text: string): SelfSeen | null {
  const { self, proof } = parseObject(text) ?? {};
  if (!isRecord(self) || typeof proof !== "string" || self.nonce !== nonce) return null;
  const expected = mac(secret, `self ${JSON.stringify(self)}`);
  const given = new Uint8Array(Buffer.from(proof, "base64url"));
  return equalInConstantTime(expected, given) ? (self as unknown as SelfSeen) : null;
}

function mac(secret: Uint8Array, text: string): Uint8Array {
  const key = new Uint8Array(hkdfSync("sha256", secret, "", "pausepoint self v1", 32));
  return new Uint8Array(createHmac("sha256", key).update(text).digest());
}
