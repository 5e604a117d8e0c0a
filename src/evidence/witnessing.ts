/**
 * Takes the log's checkpoints to the witnesses of the configuration: on a timer, since the size tells how much is asked;
 * never from within a decision. A witness that knows a larger tree than this one, or another, is the proof that the log
 * was rolled back: nothing is signed from then on.
 */
import {
  formatVerifierKey,
  newestCosignedBy,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
  putCosignature,
  requestCheckpoint,
  type SignedCheckpoint,
  StoredTree,
  storedCheckpoint,
  type Withheld,
  withheld,
  withholdSigning,
} from "../audit/index.ts";
import { afterLong } from "../platform/clock.ts";
import type { WitnessConfig } from "../platform/config/audit.ts";
import type { Log } from "../platform/log.ts";
import type { Tx, Work, Writer } from "../storage/index.ts";
import { askWitness, type Witness } from "./ask-witness.ts";
import type { PublishedHead } from "./published-head.ts";
import { type ResumeParts, settled } from "./resume.ts";

/** What the witnesses are asked with. */
export interface WitnessingParts extends ResumeParts {
  readonly writer: Writer;
  readonly log: Log;
  readonly published: PublishedHead;
  readonly witnesses: readonly WitnessConfig[];
  readonly everyMinutes: number;
}

/** Which checkpoint is taken there: one that was signed before, or one that is signed now where the log has grown. */
type Which = "stored" | "newest";

/** What became of one attempt. */
type Outcome =
  | { readonly kind: "cosigned"; readonly checkpoint: SignedCheckpoint }
  | { readonly kind: "nothing" }
  | { readonly kind: "lost"; readonly why: string; readonly size: number }
  | { readonly kind: "failed"; readonly why: string };

const FIRST_RETRY_MS = 30_000;
const LONGEST_RETRY_MS = 3_600_000;
/** A witness that tells another size each time is left until later. */
const MOST_TRIES = 3;
const MINUTE_MS = 60_000;

export class Witnessing {
  readonly #parts: WitnessingParts;
  readonly #witnesses: readonly Witness[];
  readonly #stop = new AbortController();
  readonly #timers = new Map<Witness, () => void>();
  readonly #failures = new Map<Witness, { readonly why: string | null; readonly count: number }>();
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(parts: WitnessingParts) {
    this.#parts = parts;
    this.#witnesses = parts.witnesses.map((witness) => {
      const key = parseVerifierKey(witness.key);
      return { ...witness, key, vkey: formatVerifierKey(key) };
    });
  }

  /**
   * Asks all of them about what was signed before, then takes them what there is now, and again each time it is due. Waits
   * for nothing.
   */
  start(): void {
    if (this.#witnesses.length > 0) this.#track(this.askAll().then(() => this.#goOn()));
  }

  /** Ends what is under way. */
  async stop(): Promise<void> {
    this.#stop.abort();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    await Promise.all(this.#underWay);
  }

  /**
   * Asks each witness once about the newest checkpoint, and signs nothing. A restore that was not compared with anything yet is settled when one has cosigned and none
   * knows more. Never rejects.
   *
   * @returns what each came to, by the name of its key: null when all is well.
   */
  async askAll(): Promise<ReadonlyMap<string, string | null>> {
    const outcomes = await Promise.all(this.#witnesses.map((witness) => this.#ask(witness, "stored")));
    const cosigned = outcomes.find((outcome) => outcome.kind === "cosigned");
    if (cosigned !== undefined && !outcomes.some(({ kind }) => kind === "lost"))
      await this.#settle(cosigned.checkpoint);
    return new Map(
      this.#witnesses.map(({ key }, index) => {
        const outcome = outcomes[index];
        return [key.name, outcome !== undefined && "why" in outcome ? outcome.why : null];
      }),
    );
  }

  /** Who could not be asked now is asked when its time has come. */
  async #goOn(): Promise<void> {
    const isReached = (witness: Witness) => (this.#failures.get(witness)?.count ?? 0) === 0;
    for (const witness of this.#witnesses) if (!isReached(witness)) this.#arm(witness);
    await Promise.all(this.#witnesses.filter(isReached).map((witness) => this.#again(witness)));
  }

  #arm(witness: Witness): void {
    if (this.#stop.signal.aborted) return;
    const count = this.#failures.get(witness)?.count ?? 0;
    const wait =
      count === 0
        ? this.#parts.everyMinutes * MINUTE_MS
        : Math.min(FIRST_RETRY_MS * 2 ** Math.min(count - 1, 10), LONGEST_RETRY_MS);
    this.#timers.set(
      witness,
      afterLong(this.#parts.clock, wait, () => this.#track(this.#again(witness))),
    );
  }

  async #again(witness: Witness): Promise<void> {
    const outcome = await this.#ask(witness, "newest");
    if (outcome.kind === "cosigned") await this.#settle(outcome.checkpoint);
    this.#arm(witness);
  }

  #track(work: Promise<unknown>): void {
    const tracked = work
      .catch((error: Error) => {
        if (!this.#stop.signal.aborted) this.#parts.log.error("witnessing failed", { error: error.message });
      })
      .finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
  }

  async #ask(witness: Witness, which: Which): Promise<Outcome> {
    let outcome: Outcome;
    try {
      outcome = await this.#submit(witness, which);
    } catch (error) {
      outcome = { kind: "failed", why: (error as Error).message };
    }
    if (outcome.kind === "lost") await this.#lost(witness, outcome);
    else if (!this.#stop.signal.aborted) this.#tellChange(witness, outcome.kind === "failed" ? outcome.why : null);
    return outcome;
  }

  async #submit(witness: Witness, which: Which): Promise<Outcome> {
    const { writer } = this.#parts;
    const state = await writer.write((tx) => this.#state(tx, which === "newest"));
    const checkpoint = storedCheckpoint(writer);
    if (checkpoint === null || state?.kind === "lost") return { kind: "nothing" };
    const { origin } = parseCheckpoint(parseNote(checkpoint.note).text);
    let known = writer.one(newestCosignedBy, { witness: witness.vkey, origin })?.size ?? 0;
    // A witness that has said all there is to say is not asked again, unless it is to say whether it knows more.
    if (known === checkpoint.size && state === null && which === "newest") return { kind: "nothing" };
    await this.#parts.published.flush();

    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const oldSize = known;
      const nothingToProve = oldSize === 0 || oldSize === checkpoint.size;
      const proof = nothingToProve ? [] : new StoredTree(writer).consistency(oldSize, checkpoint.size);
      const submission = { oldSize, proof, checkpoint: checkpoint.note };
      const answer = await askWitness(witness, submission, this.#parts.clock, this.#stop.signal);
      if (answer.kind === "failed") return answer;
      if (answer.kind === "differs") {
        const why = `The witness ${witness.key.name} has cosigned another tree of ${oldSize} entries under this log's name.`;
        return { kind: "lost", why, size: oldSize };
      }
      if (answer.kind === "cosigned") {
        await this.#keep(witness, checkpoint.size, answer);
        return { kind: "cosigned", checkpoint };
      }
      if (answer.size > checkpoint.size) return this.#behind(witness, answer.size);
      known = answer.size;
    }
    return { kind: "failed", why: "it tells another size each time" };
  }

  /** Why signing is withheld; if it is not, and it is wanted, signs a checkpoint over all there is. */
  *#state(tx: Tx, sign: boolean): Work<Withheld | null> {
    const state = yield* tx.shared(withheld);
    if (sign && state === null) yield* requestCheckpoint(tx, this.#parts.attestor);
    return state;
  }

  /** Another process may have signed and submitted meanwhile; then all is well, and this is asked again later. */
  #behind({ key }: Witness, size: number): Outcome {
    if ((storedCheckpoint(this.#parts.writer)?.size ?? 0) >= size) return { kind: "nothing" };
    const why = `The log was rolled back: the witness ${key.name} has cosigned a tree of ${size} entries.`;
    return { kind: "lost", why, size };
  }

  async #keep(witness: Witness, size: number, cosigned: { readonly line: string }): Promise<void> {
    const { writer, clock, published } = this.#parts;
    const { line } = cosigned;
    await writer.write(function* (tx) {
      yield* tx.run(putCosignature, { size, witness: witness.vkey, line, at: clock.now() });
    });
    published.hint();
  }

  async #settle({ note }: SignedCheckpoint): Promise<void> {
    const parts = this.#parts;
    const settledNow = await parts.writer.write(function* (tx): Work<boolean> {
      if ((yield* tx.shared(withheld))?.kind !== "unknown") return false;
      const known = parseCheckpoint(parseNote(note).text);
      yield* settled(tx, parts, known, "The restored log holds all that a witness says it has cosigned.");
      return true;
    });
    if (settledNow) parts.log.info("signing goes on: a witness knows no more than the restored log has");
  }

  async #lost({ key }: Witness, { why, size }: Outcome & { readonly kind: "lost" }): Promise<void> {
    const { writer, log } = this.#parts;
    await writer.write((tx) => withholdSigning(tx, why, size));
    log.error("signing is withheld", { why, witness: key.name, resume: "pausepoint audit resume" });
  }

  #tellChange(witness: Witness, why: string | null): void {
    const { log } = this.#parts;
    const before = this.#failures.get(witness);
    this.#failures.set(witness, { why, count: why === null ? 0 : (before?.count ?? 0) + 1 });
    if (why !== null && why !== before?.why) log.warn("witness does not cosign", { witness: witness.key.name, why });
    if (why === null && typeof before?.why === "string")
      log.info("witness cosigns again", { witness: witness.key.name });
  }
}
