/** deliver_sm on its way to the ESME: a window, a queue while nobody is bound, and another try for what was not taken. */
import type { Clock } from "../../../src/platform/clock.ts";
import type { Draft, Pdu } from "./pdu.ts";
import type { SmscSession } from "./session.ts";
import { type Status, statusOf } from "./vocabulary.ts";

export interface DeliveryAttempt {
  readonly session: number;
  /** Null until it is answered, and for good when it never was. */
  status: Status | `0x${string}` | null;
  /** The deliver_sm_resp or generic_nack. */
  response: Pdu | null;
}

export interface Delivery {
  readonly kind: "receipt" | "mobile-originated";
  readonly draft: Omit<Draft, "sequence">;
  readonly attempts: DeliveryAttempt[];
  outcome: "waiting" | "accepted" | "refused" | "given-up";
  /** Settles when the outcome is no more `waiting`; rejects when the peer is stopped first. */
  readonly settled: Promise<void>;
}

export interface DeliverySettings {
  /** deliver_sm that may be unanswered at once on one session. */
  readonly window: number;
  /** Milliseconds of the clock before a refused or unanswered one is sent again. */
  readonly retryAfter: number;
  /** Milliseconds of the clock that an answer may take. */
  readonly responseTimeout: number;
}

/** Statuses after which an SMSC tries again (the first three: "later"). */
const PASSING = new Set(["ESME_RX_T_APPN", "ESME_RMSGQFUL", "ESME_RTHROTTLED", "ESME_RSYSERR"]);
const MOST_ATTEMPTS = 5;

export class Deliveries {
  readonly all: Delivery[] = [];
  readonly #sessions: readonly SmscSession[];
  readonly #settings: DeliverySettings;
  readonly #clock: Clock;
  #queue: Entry[] = [];
  readonly #entries = new Set<Entry>();

  constructor(sessions: readonly SmscSession[], settings: DeliverySettings, clock: Clock) {
    this.#sessions = sessions;
    this.#settings = settings;
    this.#clock = clock;
  }

  add(kind: Delivery["kind"], draft: Omit<Draft, "sequence">): Delivery {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Whoever does not wait for it is not bothered by a stop.
    promise.catch(() => {});
    const delivery: Delivery = { kind, draft, attempts: [], outcome: "waiting", settled: promise };
    const entry: Entry = { delivery, resolve, reject };
    this.all.push(delivery);
    this.#entries.add(entry);
    this.#queue.push(entry);
    this.pump();
    return delivery;
  }

  /** Sends what the windows have room for. */
  pump(): void {
    for (;;) {
      const [entry] = this.#queue;
      const session = this.#sessions.find((one) => one.receives && one.deliversOutstanding < this.#settings.window);
      if (entry === undefined || session === undefined) return;
      this.#queue.shift();
      this.#send(entry, session);
    }
  }

  stop(): void {
    for (const { reject } of this.#entries)
      reject(new Error("the SMSC was stopped before its deliver_sm was answered"));
    this.#entries.clear();
    this.#queue = [];
  }

  #send(entry: Entry, session: SmscSession): void {
    const { delivery } = entry;
    const attempt: DeliveryAttempt = { session: session.id, status: null, response: null };
    delivery.attempts.push(attempt);
    let open = true;
    const end = (response: Pdu | null): void => {
      if (!open) return;
      open = false;
      stopTimer();
      attempt.response = response;
      attempt.status = response === null ? null : statusOf(response.status);
      this.#settle(entry, attempt, session);
    };
    const stopTimer = this.#clock.after(this.#settings.responseTimeout, () => end(null));
    session.request(delivery.draft, end);
  }

  #settle(entry: Entry, { status }: DeliveryAttempt, session: SmscSession): void {
    const { delivery } = entry;
    const isPassing = status === null || PASSING.has(status);
    if (isPassing && delivery.attempts.length < MOST_ATTEMPTS && this.#entries.has(entry)) {
      // A lost link waits for the next one; what was put off waits for a while.
      if (status === null && !session.isOpen) this.#queue.unshift(entry);
      else this.#clock.after(this.#settings.retryAfter, () => this.#again(entry));
    } else {
      delivery.outcome = status === "ESME_ROK" ? "accepted" : isPassing ? "given-up" : "refused";
      this.#entries.delete(entry);
      entry.resolve();
    }
    this.pump();
  }

  #again(entry: Entry): void {
    if (!this.#entries.has(entry)) return;
    this.#queue.push(entry);
    this.pump();
  }
}

interface Entry {
  readonly delivery: Delivery;
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}
