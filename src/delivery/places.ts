/** Sockets for all destinations of one kind together. */
const ALL = 512;
/** Of these, what destinations that do not answer may hold: the rest is free for those that do. */
const FOR_FAILING = ALL / 2;
/** Once so many are taken, a destination gets none beside the one that it holds: the rest is for the others' first. */
const PLENTY = ALL / 2;

/**
 * Shares a bounded number of attempts under way among many destinations. What fails, and perhaps hangs for the whole
 * of its time, can fill a half at most; and so can those who hold several places, when they begin to hang all at once.
 */
export class Places {
  #taken = 0;
  #takenByFailing = 0;
  readonly #waiting = new Set<() => void>();

  /**
   * Takes up to `wanted` places for a destination that holds `held`, and answers how many it got; with none, `free` is
   * called once when one comes free.
   */
  take(
    wanted: number,
    { isFailing, held }: { readonly isFailing: boolean; readonly held: number },
    free: () => void,
  ): number {
    const beyondOne = Math.max(PLENTY - this.#taken, held === 0 ? 1 : 0);
    const left = Math.min(ALL - this.#taken, isFailing ? FOR_FAILING - this.#takenByFailing : beyondOne);
    const got = Math.max(0, Math.min(wanted, left));
    this.#taken += got;
    if (isFailing) this.#takenByFailing += got;
    if (got === 0) this.#waiting.add(free);
    return got;
  }

  give(count: number, isFailing: boolean): void {
    if (count === 0) return;
    this.#taken -= count;
    if (isFailing) this.#takenByFailing -= count;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const free of waiting) free();
  }
}
