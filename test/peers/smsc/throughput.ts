/** How many submit_sm wait for an answer at once, and how many a second are taken. */
export class Throughput {
  /** The most that ever waited at once, over all sessions. */
  mostOutstanding = 0;
  /** Unanswered submit_sm by session and sequence number, oldest first. */
  readonly #outstanding = new Map<string, number>();
  readonly #times: number[] = [];

  get outstanding(): number {
    return this.#outstanding.size;
  }

  /** False for a sequence number that still waits for its answer. */
  arrived(session: number, sequence: number): boolean {
    const key = `${session} ${sequence}`;
    if (this.#outstanding.has(key)) return false;
    this.#outstanding.set(key, session);
    this.mostOutstanding = Math.max(this.mostOutstanding, this.#outstanding.size);
    return true;
  }

  answered(session: number, sequence: number): void {
    this.#outstanding.delete(`${session} ${sequence}`);
  }

  closed(session: number): void {
    for (const [key, of] of this.#outstanding) if (of === session) this.#outstanding.delete(key);
  }

  /** Whether at least `window` submit_sm of the session came before this one and still wait. */
  isBeyond(session: number, sequence: number, window: number): boolean {
    const own = [...this.#outstanding].filter(([, of]) => of === session).map(([key]) => key);
    return own.indexOf(`${session} ${sequence}`) >= window;
  }

  accepted(at: number): void {
    this.#times.push(at);
  }

  /** How many were accepted after that time. */
  acceptedSince(time: number): number {
    return this.#times.filter((at) => at > time).length;
  }

  /** The most that were accepted in any window of that many milliseconds. */
  most(window: number): number {
    let most = 0;
    let first = 0;
    for (let last = 0; last < this.#times.length; last++) {
      while ((this.#times[last] as number) - (this.#times[first] as number) >= window) first++;
      most = Math.max(most, last - first + 1);
    }
    return most;
  }
}
