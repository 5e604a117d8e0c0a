/** Who calls `/hooks/<name>/receipt` and `/inbound`: whoever knows the secret and comes from where the gateway is. */
import ipaddr from "ipaddr.js";
import type { HooksConfig } from "../../platform/config/http-gateway.ts";
import { equalInConstantTime, sha256 } from "../../platform/hash.ts";
import type { PeerAnswer, PeerRequest } from "../channel.ts";

/** Which of the two is called, once it is proven; else the answer to give. */
export function proven(request: PeerRequest, hooks: HooksConfig): "receipt" | "inbound" | PeerAnswer {
  const [, what, inPath] = /^(receipt|inbound)(?:[-/](.*))?$/s.exec(request.rest) ?? [];
  if (what !== "receipt" && what !== "inbound") return said(404, "There is nothing at this address.");
  const { secret, allowFrom } = hooks;
  const inQuery = URL.parse(request.url)?.searchParams.get("secret");
  const offered = request.headers["x-pausepoint-secret"] ?? inQuery ?? inPath ?? "";
  // Hashed, so that not even the length can be learned from the time it takes.
  const isKnown = secret === undefined || equalInConstantTime(sha256(offered), sha256(secret));
  const isNear = allowFrom === undefined || (request.address !== null && isWithin(request.address, allowFrom));
  if (!isKnown || !isNear) return said(403, "The secret is wrong or missing, or this address may not call here.");
  return what;
}

export function said(status: number, body: string): PeerAnswer {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body };
}

function isWithin(address: string, networks: readonly string[]): boolean {
  if (!ipaddr.isValid(address)) return false;
  const own = ipaddr.process(address);
  return networks.some((network) => {
    const [base, bits] = ipaddr.parseCIDR(network);
    return base.kind() === own.kind() && own.match(base as ipaddr.IPv4, bits);
  });
}

/** Where the gateway calls: the channel's own address, on another origin where the operator named one. */
export function callbackUrl(hooksUrl: string | null, hooks: HooksConfig | undefined, what: string): string | null {
  if (hooksUrl === null || hooks === undefined) return null;
  const place = hooksUrl.lastIndexOf("/hooks/");
  const base = hooks.base === undefined || place < 0 ? hooksUrl : `${hooks.base}${hooksUrl.slice(place)}`;
  return `${base}/${what}${hooks.secret === undefined ? "" : `-${hooks.secret}`}`;
}

/** The texts that were heard lately: a gateway tells of one again when it did not get our answer in time. */
export class Heard {
  readonly #ids = new Set<string>();

  /** True the first time, and always for a text without an id. */
  isNew(id: string): boolean {
    if (id === "") return true;
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    const [oldest] = this.#ids;
    if (this.#ids.size > KEPT && oldest !== undefined) this.#ids.delete(oldest);
    return true;
  }

  forget(id: string): void {
    this.#ids.delete(id);
  }
}

const KEPT = 1_000;
