/** Chance, handed in: a simulation replays from a seed, the appliance draws from the system. */
export interface Random {
  /** `count` fresh random bytes (at most 1,024), the caller's own to keep. */
  bytes(count: number): Uint8Array;
}

const POOL_SIZE = 16_384;

/**
 * Cryptographically secure bytes (`crypto.getRandomValues`), drawn from a pool because a system call for each is slow.
 * What is handed out is a part of the pool itself, which is never used again: an exhausted pool makes way for a new one.
 */
export function systemRandom(): Random {
  let pool = new Uint8Array(0);
  let used = 0;
  return {
    bytes(count) {
      if (used + count > pool.length) {
        pool = crypto.getRandomValues(new Uint8Array(POOL_SIZE));
        used = 0;
      }
      const start = used;
      used += count;
      return pool.subarray(start, used);
    },
  };
}
