const ADDRESSES_KEPT = 10_000;

/**
 * A token bucket for each address: `burst` at once, refilled by `perMinute`. Kept in memory for the addresses seen last.
 *
 * @returns whether one more is allowed now.
 */
export function rateLimit(burst: number, perMinute: number, now: () => number): (address: string | null) => boolean {
  const buckets = new Map<string, { left: number; at: number }>();
  return (address) => {
    const name = address ?? "";
    const at = now();
    const bucket = buckets.get(name) ?? { left: burst, at };
    buckets.delete(name);
    if (buckets.size >= ADDRESSES_KEPT) buckets.delete(buckets.keys().next().value ?? "");
    const left = Math.min(burst, bucket.left + (Math.max(0, at - bucket.at) / 60_000) * perMinute);
    buckets.set(name, { left: left >= 1 ? left - 1 : left, at });
    return left >= 1;
  };
}
