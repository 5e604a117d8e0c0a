/** What a verification found. It is thrown, because nothing behind the first wrong thing can be told for sure. */
export class Wrong extends Error {
  override readonly name = "Wrong";
  /** The entry that is wrong or that a row contradicts; null for a row that no entry tells of. */
  readonly seq: number | null;

  /** @param what one sentence that repeats nothing personal. */
  constructor(seq: number | null, what: string) {
    super(what);
    this.seq = seq;
  }
}
