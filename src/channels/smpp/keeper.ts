import { afterLong, type Clock } from "../../platform/clock.ts";
import type { SmppConfig } from "../../platform/config/smpp.ts";
import type { Log } from "../../platform/log.ts";
import type { Random } from "../../platform/random.ts";
import { type End, Line, type LineEvents, type Role } from "./line.ts";
import { needsOperator, STATUS, wordsFor } from "./status.ts";

export interface KeeperParts {
  readonly config: SmppConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly onMessage: LineEvents["onMessage"];
  readonly onAnswered: LineEvents["onAnswered"];
  /** A line was bound or lost. */
  readonly onChange: () => void;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** What only an operator can mend is asked for again this seldom: carriers lock out who keeps trying. */
const OPERATOR_PAUSE_MS = 300_000;
/** A line that was bound for this long was a good one: trouble is counted anew. */
const GOOD_AGE_MS = 60_000;

/** Keeps one line bound, for as long as it runs. */
export class Keeper {
  readonly #parts: KeeperParts;
  readonly #role: Role;
  #line: Line | null = null;
  #boundAt: number | null = null;
  #failures = 0;
  #trouble: string | null = null;
  #nextAt: number | null = null;
  #isStopping = false;
  #cancelTimer = () => {};

  constructor(parts: KeeperParts, role: Role) {
    this.#parts = parts;
    this.#role = role;
    this.#open();
  }

  /** The line, while it is bound. */
  get line(): Line | null {
    return this.#line?.isBound ? this.#line : null;
  }

  /** Why there is no line, in words for the operator; null before the first attempt has ended. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Milliseconds until the next attempt; 0 while one is under way. */
  get nextInMs(): number {
    return this.#nextAt === null ? 0 : Math.max(0, this.#nextAt - this.#parts.clock.now());
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#cancelTimer();
    await this.#line?.close();
  }

  #open(): void {
    const { config, clock, log, onMessage, onAnswered, onChange } = this.#parts;
    this.#nextAt = null;
    const line = new Line(config, clock, this.#role, {
      onBound: () => {
        this.#boundAt = clock.now();
        this.#trouble = null;
        log.info("SMPP connection is bound", { as: this.#role });
        onChange();
      },
      onMessage,
      onAnswered,
      onGone: (end) => this.#gone(end),
    });
    this.#line = line;
  }

  #gone({ why, status }: End): void {
    const { clock, log, onChange } = this.#parts;
    const wasBound = this.#boundAt !== null;
    if (this.#boundAt !== null && clock.now() - this.#boundAt >= GOOD_AGE_MS) this.#failures = 0;
    this.#boundAt = null;
    this.#trouble = status === null ? `the carrier cannot be reached: ${why}` : wordsFor(status);
    if (!this.#isStopping) {
      const isForOperator = status !== null && needsOperator(status);
      const doubled = FIRST_PAUSE_MS * 2 ** Math.min(this.#failures++, 10);
      // The carrier may need a while to see that our last session is over.
      const least = status === STATUS.alreadyBound ? LONGEST_PAUSE_MS / 2 : 0;
      const pause = this.#jittered(
        isForOperator ? OPERATOR_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, Math.max(least, doubled)),
      );
      const event = wasBound ? "SMPP connection lost" : "SMPP connection could not be bound";
      log.warn(event, { as: this.#role, why, status, retryInMs: Math.round(pause) });
      this.#nextAt = clock.now() + pause;
      this.#cancelTimer = afterLong(clock, pause, () => this.#open());
    }
    onChange();
  }

  /** From half of it to the whole, so that not all who lost their lines at once come back at once. */
  #jittered(milliseconds: number): number {
    const [byte = 0] = this.#parts.random.bytes(1);
    return milliseconds * (0.5 + byte / 510);
  }
}
