/** Chance, handed in: a simulation replays from a seed, the appliance draws from the system. */
export interface Random {
  /** `count` fresh random bytes (at most 1,024), the caller's own to keep. */
  bytes(count: number): Uint8Array;
}

const POOL_SIZE = 16_384;

/** Cryptographically secure bytes (`crypto.getRandomValues`), drawn from a pool because a system call for each is slow. */
export function systemRandom(): Random {
  const pool = new Uint8Array(POOL_SIZE);
  let used = POOL_SIZE;
  return {
    bytes(count) {
      if (used + count > POOL_SIZE) {
        crypto.getRandomValues(pool);
        used = 0;
      }
      const drawn = pool.slice(used, used + count);
      // What was handed out is wiped, so that a later read of this memory shows no salt or secret.
      pool.fill(0, used, used + count);
      used += count;
      return drawn;
    },
  };
}
