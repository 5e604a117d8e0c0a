import type { Key } from "../access/index.ts";
import { addressGroup } from "../platform/network.ts";
import { Problem } from "../platform/problem.ts";
import { rateLimitFields } from "../platform/rate-limit-fields.ts";

const NAMES_KEPT = 10_000;

/**
 * A token bucket for each name: `burst` at once, refilled by `perMinute`. Kept in memory for the names seen last.
 *
 * @returns whether one more is allowed now.
 */
export function rateLimit(burst: number, perMinute: number, now: () => number): (name: string | null) => boolean {
  const take = buckets(burst, perMinute / 60, now);
  return (name) => take(name ?? "") === 0;
}

/** The same by client address, IPv6 ones by their /64. */
export function addressLimit(burst: number, perMinute: number, now: () => number): (address: string | null) => boolean {
  const mayTry = rateLimit(burst, perMinute, now);
  return (address) => mayTry(address === null ? null : addressGroup(address));
}

/** How many requests are answered. */
export interface Rates {
  /** Before a request with a key is looked at further. @throws Problem `rate-limited`. */
  keyed(key: Key): void;
  /** Before a request is told that it has no valid key. @throws Problem `rate-limited`. */
  unknown(address: string | null): void;
}

/**
 * The rates of `limits` in the configuration. Each live key has its own; a test key has none. Requests without a valid
 * key are counted by address, so that keys can't be tried without end, and never hold up a valid key from there.
 */
export function requestRates(
  limits: { readonly requestsPerSecond: number | null; readonly unknownKeysPerMinute: number | null },
  now: () => number,
): Rates {
  const { requestsPerSecond, unknownKeysPerMinute } = limits;
  const mayAsk = requestsPerSecond === null ? null : buckets<number>(requestsPerSecond, requestsPerSecond, now);
  const mayTry =
    unknownKeysPerMinute === null ? null : buckets<string>(unknownKeysPerMinute, unknownKeysPerMinute / 60, now);
  return {
    keyed({ n, world }) {
      if (mayAsk === null || requestsPerSecond === null || world.mode === "test") return;
      const wait = mayAsk(n);
      if (wait > 0)
        throw tooMany(`A live key may send ${requestsPerSecond} requests a second.`, wait, {
          name: "second",
          quota: requestsPerSecond,
          windowSeconds: 1,
        });
    },
    unknown(address) {
      const wait = mayTry === null ? 0 : mayTry(addressGroup(address ?? ""));
      if (wait > 0) throw tooMany("Too many requests without a valid key came from this address.", wait, null);
    },
  };
}

function tooMany(detail: string, waitMs: number, policy: Parameters<typeof rateLimitFields>[0] | null): Problem {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  return new Problem("rate-limited", detail, {
    headers: { "retry-after": String(seconds), ...(policy === null ? {} : rateLimitFields(policy, 0, seconds)) },
  });
}

/**
 * A token bucket for each name, refilled all the time. Where there are too many names, the one that came first is
 * forgotten, which gives it a full bucket again.
 *
 * @returns 0 where one was taken, else the milliseconds until there is one.
 */
function buckets<Name extends string | number = string>(
  burst: number,
  perSecond: number,
  now: () => number,
): (name: Name) => number {
  const known = new Map<Name, { left: number; at: number }>();
  return (name) => {
    const at = now();
    let bucket = known.get(name);
    if (bucket === undefined) {
      if (known.size >= NAMES_KEPT) forgetFull(known, burst, perSecond, at);
      bucket = { left: burst, at };
      known.set(name, bucket);
    }
    // A clock that was set back refills nothing, and takes nothing away.
    bucket.left = Math.min(burst, bucket.left + (Math.max(0, at - bucket.at) / 1000) * perSecond);
    bucket.at = at;
    if (bucket.left < 1) return ((1 - bucket.left) / perSecond) * 1000;
    bucket.left--;
    return 0;
  };
}

/** Makes room: those that have refilled mean nothing any more; where none has, the oldest goes. */
function forgetFull<Name>(
  known: Map<Name, { left: number; at: number }>,
  burst: number,
  perSecond: number,
  at: number,
): void {
  for (const [name, { left, at: then }] of known)
    if (left + (Math.max(0, at - then) / 1000) * perSecond >= burst) known.delete(name);
  const [oldest] = known.keys();
  if (known.size >= NAMES_KEPT && oldest !== undefined) known.delete(oldest);
}
