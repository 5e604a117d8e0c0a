import { afterLong, type Clock } from "../../platform/clock.ts";

/** What became of a submit_sm. `unknown`: it went out, and no answer came. `unsent`: it never went. */
export type Answer =
  | { readonly kind: "answered"; readonly status: number; readonly messageId: string }
  | { readonly kind: "unknown"; readonly why: string }
  | { readonly kind: "unsent" };

interface Expected {
  readonly resolve: (answer: Answer) => void;
  readonly onLate: (answer: Answer) => void;
  readonly cancel: () => void;
  isLate: boolean;
}

/** Answers that are still hoped for after their time. */
const MOST_LATE = 1_000;

/** The answers that one line waits for, by sequence number. */
export class Answers {
  readonly #clock: Clock;
  readonly #timeoutSeconds: number;
  readonly #onTimeout: () => void;
  readonly #expected = new Map<number, Expected>();
  #late = 0;
  #onEmpty = () => {};

  constructor(clock: Clock, timeoutSeconds: number, onTimeout: () => void) {
    this.#clock = clock;
    this.#timeoutSeconds = timeoutSeconds;
    this.#onTimeout = onTimeout;
  }

  /** `onLate` is told the answer if it comes after it was given up. */
  expect(sequence: number, onLate: (answer: Answer) => void): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const cancel = afterLong(this.#clock, this.#timeoutSeconds * 1000, () => this.#giveUp(sequence));
    this.#expected.set(sequence, { resolve, onLate, cancel, isLate: false });
    return promise;
  }

  isExpected(sequence: number): boolean {
    return this.#expected.has(sequence);
  }

  /** An answer came, perhaps to nothing. */
  take(sequence: number, status: number, messageId: string): void {
    const expected = this.#remove(sequence);
    const answer = { kind: "answered", status, messageId } as const;
    if (expected?.isLate) expected.onLate(answer);
    else expected?.resolve(answer);
    this.#noteEmpty();
  }

  /** What was to be answered could not be written. */
  neverSent(sequence: number): void {
    this.#remove(sequence)?.resolve({ kind: "unsent" });
    this.#noteEmpty();
  }

  /** No answer can come any more. */
  giveUpAll(why: string): void {
    for (const [sequence, { isLate }] of [...this.#expected]) {
      const expected = this.#remove(sequence);
      if (!isLate) expected?.resolve({ kind: "unknown", why });
    }
    this.#noteEmpty();
  }

  /** Calls back once no answer is due, which may be now. */
  whenEmpty(callback: () => void): void {
    this.#onEmpty = callback;
    this.#noteEmpty();
  }

  #giveUp(sequence: number): void {
    const expected = this.#expected.get(sequence);
    if (expected === undefined) return;
    expected.isLate = true;
    this.#late++;
    if (this.#late > MOST_LATE) this.#forgetOldest();
    expected.resolve({ kind: "unknown", why: `the carrier did not answer within ${this.#timeoutSeconds} s` });
    this.#noteEmpty();
    this.#onTimeout();
  }

  #forgetOldest(): void {
    for (const [sequence, { isLate }] of this.#expected) {
      if (!isLate) continue;
      this.#remove(sequence);
      return;
    }
  }

  #remove(sequence: number): Expected | undefined {
    const expected = this.#expected.get(sequence);
    if (expected === undefined) return undefined;
    this.#expected.delete(sequence);
    expected.cancel();
    if (expected.isLate) this.#late--;
    return expected;
  }

  #noteEmpty(): void {
    if (this.#expected.size === this.#late) this.#onEmpty();
  }
}
