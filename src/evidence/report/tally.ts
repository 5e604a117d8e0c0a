import type { Mode } from "../../storage/index.ts";

/** A pause as a report counts it. Times are milliseconds. */
export interface CountedPause {
  readonly status: "pending" | "responded" | "timed_out" | "cancelled";
  readonly createdAt: number;
  readonly endedAt: number | null;
  readonly choice: string | null;
  readonly source: "human" | "timeout_default" | null;
  /** When whoever answered had first opened the link; null where that is not known. */
  readonly openedAt: number | null;
  readonly rejected: number;
  readonly isUnreached: boolean;
  readonly isBound: boolean;
  readonly isConsumed: boolean;
}

/** What a report says of a group of pauses. Times are seconds; null where there was nothing to take them from. */
export interface Figures {
  readonly asked: number;
  readonly decided_by_a_person: number;
  readonly decided_by_the_clock: number;
  readonly ran_out: number;
  readonly withdrawn: number;
  readonly still_waiting: number;
  /** Chosen by a person, by option. */
  readonly options: Readonly<Record<string, number>>;
  readonly seconds_to_decide: Spread | null;
  /** From the first look at the page to the tap. */
  readonly seconds_from_first_look: Spread | null;
  /** Of those, answers within two seconds of the first look: too quick to have read it. */
  readonly within_two_seconds: number;
  readonly looks_known: number;
  readonly late_or_second_answers: number;
  readonly undelivered: number;
  /** Answers that were bound to an action by its digest, and receipts that an executor has consumed. */
  readonly bound_to_an_action: number;
  readonly receipts_consumed: number;
}

export interface Spread {
  readonly median: number;
  readonly p90: number;
}

/** A group of a report: a project in one mode. */
export interface GroupName {
  readonly project: string;
  readonly mode: Mode;
}

const QUICK_MS = 2_000;

/** Counts the pauses of one group, between two times. */
export class Tally {
  readonly #from: number;
  readonly #to: number;
  readonly #options = new Map<string, number>();
  readonly #decided: number[] = [];
  readonly #looked: number[] = [];
  #asked = 0;
  #person = 0;
  #clock = 0;
  #ranOut = 0;
  #withdrawn = 0;
  #waiting = 0;
  #rejected = 0;
  #undelivered = 0;
  #bound = 0;
  #consumed = 0;

  /** @param from included, `to` not; milliseconds. */
  constructor(from: number, to: number) {
    this.#from = from;
    this.#to = to;
  }

  /** Counts a pause where it falls into the time: as asked by when it was, as ended by when it did. */
  take(pause: CountedPause): void {
    if (this.#within(pause.createdAt)) {
      this.#asked++;
      this.#rejected += pause.rejected;
      if (pause.isUnreached) this.#undelivered++;
    }
    const endedBefore = pause.endedAt !== null && pause.endedAt < this.#to;
    if (pause.createdAt < this.#to && !endedBefore) this.#waiting++;
    if (pause.endedAt === null || !this.#within(pause.endedAt)) return;
    if (pause.status === "timed_out") this.#ranOut++;
    if (pause.status === "cancelled") this.#withdrawn++;
    if (pause.status !== "responded") return;
    if (pause.isBound) this.#bound++;
    if (pause.isConsumed) this.#consumed++;
    if (pause.source === "human") this.#byPerson(pause, pause.endedAt);
    else this.#clock++;
  }

  get figures(): Figures {
    return {
      asked: this.#asked,
      decided_by_a_person: this.#person,
      decided_by_the_clock: this.#clock,
      ran_out: this.#ranOut,
      withdrawn: this.#withdrawn,
      still_waiting: this.#waiting,
      options: Object.fromEntries([...this.#options].sort(([, a], [, b]) => b - a)),
      seconds_to_decide: spreadOf(this.#decided),
      seconds_from_first_look: spreadOf(this.#looked),
      within_two_seconds: this.#looked.filter((milliseconds) => milliseconds < QUICK_MS).length,
      looks_known: this.#looked.length,
      late_or_second_answers: this.#rejected,
      undelivered: this.#undelivered,
      bound_to_an_action: this.#bound,
      receipts_consumed: this.#consumed,
    };
  }

  #byPerson({ choice, createdAt, openedAt }: CountedPause, endedAt: number): void {
    this.#person++;
    if (choice !== null) this.#options.set(choice, (this.#options.get(choice) ?? 0) + 1);
    this.#decided.push(endedAt - createdAt);
    if (openedAt !== null && openedAt <= endedAt) this.#looked.push(endedAt - openedAt);
  }

  #within(time: number): boolean {
    return time >= this.#from && time < this.#to;
  }
}

/** Median and 90th percentile (nearest rank) of milliseconds, in seconds with one decimal. */
function spreadOf(milliseconds: readonly number[]): Spread | null {
  if (milliseconds.length === 0) return null;
  const sorted = [...milliseconds].sort((a, b) => a - b);
  const at = (share: number) => {
    const rank = Math.max(0, Math.ceil(sorted.length * share) - 1);
    return Math.round((sorted[rank] ?? 0) / 100) / 10;
  };
  return { median: at(0.5), p90: at(0.9) };
}
