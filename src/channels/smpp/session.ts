/** The session with a carrier: lines that are kept bound, and a queue of parts that wait for a place in the window. */
import type { Clock } from "../../platform/clock.ts";
import type { SmppConfig } from "../../platform/config/smpp.ts";
import type { Answer } from "./answers.ts";
import { Keeper, type KeeperParts } from "./keeper.ts";
import type { Role } from "./line.ts";
import { Pace } from "./pace.ts";
import { refusalOf, STATUS, wordsFor } from "./status.ts";
import type { Submission } from "./submission.ts";

/** What became of a part. */
export type Outcome =
  | { readonly kind: "taken"; readonly messageId: string }
  | { readonly kind: "refused"; readonly status: number }
  /** It never left, or the carrier surely did not take it. */
  | { readonly kind: "unsent"; readonly why: string; readonly isDown: boolean; readonly status: number | null }
  /** It left, and nobody knows whether it was taken. */
  | { readonly kind: "unknown"; readonly why: string };

export interface Wanted {
  readonly submission: Submission;
  /** Aborts when it need not go any more, where it has not gone yet. */
  readonly signal: AbortSignal;
  /** Told at once, before another part goes. */
  readonly onRefused: () => void;
  /** Told the answer to a part whose outcome was unknown, if it comes after all. */
  readonly onLate: (outcome: Outcome) => void;
}

interface Waiting extends Wanted {
  /** The order of asking; what comes back from the carrier takes its old place. */
  readonly ticket: number;
  readonly resolve: (outcome: Outcome) => void;
  /** What the carrier said when it asked for fewer. */
  complaint: number | null;
}

export class Session {
  readonly #config: SmppConfig;
  readonly #clock: Clock;
  readonly #pace: Pace;
  readonly #keepers: readonly Keeper[];
  readonly #queue: Waiting[] = [];
  #underWay = 0;
  #tickets = 0;
  #isStopping = false;
  #cancelTimer = () => {};

  constructor(parts: Omit<KeeperParts, "onChange"> & { readonly onlySends?: boolean }) {
    this.#config = parts.config;
    this.#clock = parts.clock;
    this.#pace = new Pace(parts.clock, parts.config.partsPerSecond);
    this.#keepers = rolesOf(parts.config.bind, parts.onlySends === true).map(
      (role) => new Keeper({ ...parts, onChange: () => this.#pump() }, role),
    );
  }

  /** Whether everything is bound. */
  get isUp(): boolean {
    return this.#keepers.every(({ line }) => line !== null);
  }

  /** Queues a part and sends it when its turn has come. Never rejects. */
  submit(wanted: Wanted): Promise<Outcome> {
    if (wanted.signal.aborted || this.#isStopping) return Promise.resolve(this.#notSent(null));
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const waiting: Waiting = { ...wanted, ticket: this.#tickets++, resolve, complaint: null };
    wanted.signal.addEventListener("abort", () => this.#withdraw(waiting), { once: true });
    this.#queue.push(waiting);
    this.#pump();
    return promise;
  }

  /** Lets what is under way end, unbinds and closes. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#cancelTimer();
    for (const waiting of this.#queue.splice(0)) waiting.resolve(this.#notSent(null));
    await Promise.all(this.#keepers.map((keeper) => keeper.stop()));
  }

  /** Sends what may go now, and looks again when the next may. */
  #pump(): void {
    this.#cancelTimer();
    const line = this.#keepers[0]?.line ?? null;
    if (this.#isStopping) return;
    if (line === null) {
      this.#dismiss();
      return;
    }
    while (this.#queue.length > 0 && this.#underWay < this.#config.window) {
      const wait = this.#pace.wait;
      if (wait > 0) {
        this.#cancelTimer = this.#clock.after(Math.ceil(wait), () => this.#pump());
        return;
      }
      const next = this.#queue.shift();
      if (next === undefined) return;
      this.#pace.start();
      this.#underWay++;
      const startedAt = this.#clock.now();
      const onLate = (answer: Answer) => next.onLate(this.#read(answer));
      const { body, tlvs } = next.submission;
      void line.submit(body, tlvs, onLate).then((answer) => this.#answered(next, answer, startedAt));
    }
  }

  #answered(part: Waiting, answer: Answer, startedAt: number): void {
    this.#underWay--;
    const outcome = this.#read(answer);
    if (outcome.kind === "taken") this.#pace.taken();
    if (outcome.kind === "refused" && refusalOf(outcome.status) === "slow down") {
      this.#pace.slowDown(startedAt);
      part.complaint = outcome.status;
      if (part.signal.aborted || this.#isStopping) part.resolve(this.#notSent(part.complaint));
      else this.#putBack(part);
    } else {
      if (outcome.kind === "refused") part.onRefused();
      part.resolve(outcome);
    }
    this.#pump();
  }

  #read(answer: Answer): Outcome {
    if (answer.kind === "unknown") return answer;
    if (answer.kind === "unsent") return this.#notSent(null);
    if (answer.status === STATUS.ok) return { kind: "taken", messageId: answer.messageId };
    return { kind: "refused", status: answer.status };
  }

  /** Where it stood: before all that asked later. */
  #putBack(part: Waiting): void {
    const place = this.#queue.findIndex(({ ticket }) => ticket > part.ticket);
    this.#queue.splice(place < 0 ? this.#queue.length : place, 0, part);
  }

  #withdraw(part: Waiting): void {
    const place = this.#queue.indexOf(part);
    if (place < 0) return;
    this.#queue.splice(place, 1);
    part.resolve(this.#notSent(part.complaint));
  }

  /** While nobody will try to connect for long, what waits is better told so: it has other ways. */
  #dismiss(): void {
    const [keeper] = this.#keepers;
    if (keeper === undefined || keeper.nextInMs < (this.#config.timeoutSeconds * 1000) / 2) return;
    for (const waiting of this.#queue.splice(0)) waiting.resolve(this.#notSent(waiting.complaint));
  }

  #notSent(complaint: number | null): Outcome {
    const [keeper] = this.#keepers;
    if (this.#isStopping)
      return { kind: "unsent", why: "the connection to the carrier is being closed", isDown: true, status: null };
    if (complaint !== null) return { kind: "unsent", why: wordsFor(complaint), isDown: true, status: complaint };
    if (keeper?.line == null) {
      return {
        kind: "unsent",
        why: keeper?.trouble ?? "the carrier has not answered the bind yet",
        isDown: true,
        status: null,
      };
    }
    return {
      kind: "unsent",
      why: "no place in the window came free in time; see `window` and `partsPerSecond`",
      isDown: false,
      status: null,
    };
  }
}

function rolesOf(bind: SmppConfig["bind"], onlySends: boolean): readonly Role[] {
  if (onlySends) return ["transmitter"];
  return bind === "transceiver" ? ["transceiver"] : ["transmitter", "receiver"];
}
