import type { Actor } from "../audit/index.ts";
import type { Directory, PauseContext } from "../pauses/index.ts";
import { isoTime } from "../platform/clock.ts";
import type { RowOf, Tx, Work, Writer } from "../storage/index.ts";
import { type Batch, ERASED_AT_ONCE, type Erased, eraseBatch, SEQS_AT_ONCE } from "./erase-unit.ts";
import { type Access, exportSubject } from "./export.ts";
import { type Found, find, nextTurn } from "./find.ts";
import { type Hold, refuseHeld, releaseHolds, setHold, shapeHold } from "./holds.ts";
import { appendErasures, type ErasureLine, type KnownBackup, knownBackups, ledgerOf, readErasures } from "./ledger.ts";
import * as queries from "./queries.ts";
import { addressesOf, namedIn, Subject } from "./subject.ts";

/** What an erasure came to, or would come to. */
export interface Erasure {
  readonly object: "erasure";
  /** Null for one that was only looked at. */
  readonly id: string | null;
  readonly dry_run: boolean;
  /** How many pauses lost their content; a dry run: how many would. */
  readonly pauses: number;
  /** Of these, how many still waited and were withdrawn. */
  readonly withdrawn: number;
  /** Entries of the log that lost disclosures. Null in a dry run. */
  readonly entries: number | null;
  readonly pause_ids: readonly string[];
  /** Pauses that were kept since somebody else whom they asked is on hold. Null in a dry run. */
  readonly kept_on_hold: number | null;
  /** Where the address still stands, for the operator to take it out by hand. */
  readonly still_named: { readonly keys: readonly string[]; readonly people: readonly string[] };
  /** Backups from before, which hold the content still. */
  readonly backups: readonly KnownBackup[];
  /** Whether no file of the database holds an erased byte any more. */
  readonly complete: boolean;
}

export interface PrivacyParts {
  readonly writer: Writer;
  readonly context: PauseContext;
  readonly directory: Directory;
  readonly dataDir: string;
}

const TRUNCATE_TRIES = 40;
const TRUNCATE_EVERY_MS = 250;

/** Takes personal data away, keeps it from being taken away, and finishes what was begun. */
export class Privacy {
  readonly #writer: Writer;
  readonly #context: PauseContext;
  readonly #directory: Directory;
  readonly #dataDir: string;

  constructor(parts: PrivacyParts) {
    this.#writer = parts.writer;
    this.#context = parts.context;
    this.#directory = parts.directory;
    this.#dataDir = parts.dataDir;
  }

  /**
   * Erases everything about a recipient: what was asked of them, what they answered, where they were reached, and the
   * salts in the log. Resolves when it is on disk, listed for old backups, and out of the write-ahead log.
   *
   * @param recipient in any spelling that a pause may have.
   * @throws Problem `invalid`, `legal-hold`; nothing has been erased then.
   */
  async erase(
    recipient: string,
    asked: { readonly actor: Actor; readonly reason: string | null; readonly dryRun: boolean },
  ): Promise<Erasure> {
    const subject = this.#subject(recipient);
    const now = this.#context.clock.now();
    if (asked.dryRun) {
      await this.#writer.write((tx) => refuseHeld(tx, subject));
      const found = await find(this.#writer, subject, now);
      return this.#result(subject, found, { id: null, total: preview(this.#writer, found), complete: false });
    }
    await this.resume();
    const row = await this.#writer.write((tx) => register(tx, this.#context, subject, asked.actor));
    const { found, total } = await this.#run(row, asked.reason);
    return this.#result(subject, found, { id: row.id, total, complete: await this.#finish(row) });
  }

  /** Goes on with every erasure that a crash, or somebody who read for long, kept from being finished. */
  async resume(): Promise<void> {
    for (const row of this.#writer.all(queries.unfinishedErasures, {})) {
      await this.#run(row, null);
      await this.#finish(row);
    }
  }

  /** Forbids that a recipient is erased. @throws Problem `invalid`. */
  hold(recipient: string, reason: string, actor: Actor): Promise<Hold> {
    const subject = this.#subject(recipient);
    return this.#writer.write((tx) => setHold(tx, this.#context, { subject, reason, actor }));
  }

  /** Releases every hold on a recipient; answers which. @throws Problem `invalid`. */
  release(recipient: string, actor: Actor): Promise<Hold[]> {
    const subject = this.#subject(recipient);
    return this.#writer.write((tx) => releaseHolds(tx, this.#context, { subject, actor }));
  }

  /** Every hold that was ever set, oldest first. */
  holds(): Hold[] {
    return this.#writer.all(queries.holds, {}).map(shapeHold);
  }

  /** Everything that is stored about a recipient. @throws Problem `invalid`. */
  export(recipient: string): Promise<Access> {
    return exportSubject(this.#writer, this.#subject(recipient), this.#context.clock.now());
  }

  /** Whom a text stands for. @throws Problem `invalid`. */
  #subject(recipient: string): Subject {
    return Subject.of(this.#context.digests, addressesOf(recipient, this.#directory));
  }

  /** Erases in small units whatever is there. Done twice, it finds nothing the second time. */
  async #run(row: Unfinished, reason: string | null): Promise<{ found: Found; total: Erased }> {
    const subject = new Subject(this.#context.digests, JSON.parse(row.digests) as string[]);
    const found = await find(this.#writer, subject, row.asked_at);
    const common = {
      why: "request",
      actor: JSON.parse(row.actor) as Actor,
      erasure: row.id,
      reason,
      subject,
      heedsHolds: true,
    } as const;
    // One that was begun before has told so already.
    const tellAnyway = this.#linesOf(row).length === 0;
    return { found, total: await eraseFound(this.#writer, this.#context, found, { ...common, tellAnyway }) };
  }

  /** Lists it outside the database, and cuts the write-ahead log. False: someone reads, and it is not finished yet. */
  async #finish(row: Unfinished): Promise<boolean> {
    const file = ledgerOf(this.#dataDir);
    const listed = new Set(readErasures(file).map(({ erasure, seq }) => `${erasure} ${seq}`));
    appendErasures(
      file,
      this.#linesOf(row).filter(({ erasure, seq }) => !listed.has(`${erasure} ${seq}`)),
    );
    if (!(await truncateLog(this.#writer, this.#context))) return false;
    await this.#writer.write(function* (tx) {
      yield* tx.run(queries.finishErasure, { id: row.id, at: row.asked_at });
    });
    return true;
  }

  /** What an erasure has done so far, as the log tells it. */
  #linesOf(row: Unfinished): ErasureLine[] {
    const lines: ErasureLine[] = [];
    for (let after = row.after_seq; ; ) {
      const page = this.#writer.all(queries.entriesBehind, { after, limit: 500 });
      for (const { seq, entry } of page) {
        const { type, data } = JSON.parse(entry) as { type: string; data: { erasure?: string; pause_ids: string[] } };
        if (type !== "data.erased" || data.erasure !== row.id) continue;
        const digests = JSON.parse(row.digests) as string[];
        lines.push({ erasure: row.id, seq, at: isoTime(row.asked_at), digests, pause_ids: data.pause_ids });
      }
      const last = page.at(-1);
      if (last === undefined) return lines;
      after = last.seq;
    }
  }

  #result(
    subject: Subject,
    found: Found,
    done: {
      readonly id: string | null;
      readonly total: Omit<Erased, "entries" | "keptOnHold"> & Partial<Erased>;
      readonly complete: boolean;
    },
  ): Erasure {
    const { id, total, complete } = done;
    return {
      object: "erasure",
      id,
      dry_run: id === null,
      pauses: total.pauseIds.length,
      withdrawn: total.withdrawn,
      entries: total.entries ?? null,
      pause_ids: total.pauseIds,
      kept_on_hold: total.keptOnHold ?? null,
      still_named: { keys: found.keysNaming, people: namedIn(this.#directory, subject) },
      backups: knownBackups(this.#dataDir),
      complete,
    };
  }
}

type Unfinished = RowOf<typeof queries.unfinishedErasures>;

/**
 * Erases again what a restored database has brought back: everything that `file`, the `erasures.jsonl` of the folder,
 * tells of, as far as it was created before. Answers how many pauses that were. A hold that the backup brought back is
 * older than the erasure, and does not stop it.
 *
 * @throws StorageError when a line of the file can't be read, or when somebody reads the database for long.
 */
export async function applyErasures(
  parts: { readonly writer: Writer; readonly context: PauseContext },
  file: string,
): Promise<{ readonly pauses: number; readonly complete: boolean }> {
  const { writer, context } = parts;
  const erasures = new Map<string, { at: number; digests: readonly string[]; ids: string[] }>();
  for (const { erasure, at, digests, pause_ids } of readErasures(file)) {
    const known = erasures.get(erasure) ?? { at: Date.parse(at), digests, ids: [] };
    known.ids.push(...pause_ids);
    erasures.set(erasure, known);
  }
  let pauses = 0;
  for (const [erasure, { at, digests, ids }] of erasures) {
    const subject = new Subject(context.digests, digests);
    const found = await find(writer, subject, at);
    const batch = {
      why: "restored",
      actor: { type: "system", id: null },
      erasure,
      reason: null,
      subject,
      tellAnyway: false,
      heedsHolds: false,
    } as const;
    pauses += (await eraseFound(writer, context, found, batch)).pauseIds.length;
    // Beside another secret no digest agrees; the pauses are known by their ids all the same.
    const byId = ids.flatMap((id) => {
      const row = writer.one(queries.pauseById, { id });
      return row === undefined || row.erased_at !== null ? [] : [{ n: row.n, positions: [], pending: false }];
    });
    const others = { pauses: byId, seqs: [], keysNaming: [], revokedKeys: [] };
    pauses += (await eraseFound(writer, context, others, { ...batch, subject: null })).pauseIds.length;
  }
  return { pauses, complete: await truncateLog(writer, context) };
}

/**
 * Cuts the write-ahead log, in which older states of pages stand. Whoever reads keeps it: tried for ten seconds.
 * False when it could not be cut.
 */
export async function truncateLog(writer: Writer, { clock }: Pick<PauseContext, "clock">): Promise<boolean> {
  for (let tries = 0; tries < TRUNCATE_TRIES; tries++) {
    if (writer.truncateLog()) return true;
    await new Promise<void>((resolve) => clock.after(TRUNCATE_EVERY_MS, resolve));
  }
  return false;
}

/** Erases what was found, unit by unit. The entries of no pause and the keys go with the first. */
async function eraseFound(
  writer: Writer,
  context: PauseContext,
  found: Found,
  common: Omit<Batch, "pauses" | "seqs" | "keys">,
): Promise<Erased> {
  const pauses = found.pauses.map(({ n }) => n);
  const units = Math.max(1, Math.ceil(pauses.length / ERASED_AT_ONCE), Math.ceil(found.seqs.length / SEQS_AT_ONCE));
  const total = { pauseIds: [] as string[], withdrawn: 0, entries: 0, keptOnHold: 0 };
  for (let unit = 0; unit < units; unit++) {
    const batch: Batch = {
      ...common,
      pauses: pauses.slice(unit * ERASED_AT_ONCE, (unit + 1) * ERASED_AT_ONCE),
      seqs: found.seqs.slice(unit * SEQS_AT_ONCE, (unit + 1) * SEQS_AT_ONCE),
      keys: unit === 0 ? found.revokedKeys : [],
      tellAnyway: common.tellAnyway && unit === 0,
    };
    const done = await writer.write((tx) => eraseBatch(tx, context, batch));
    total.pauseIds.push(...done.pauseIds);
    total.withdrawn += done.withdrawn;
    total.entries += done.entries;
    total.keptOnHold += done.keptOnHold;
    await nextTurn();
  }
  return total;
}

function* register(tx: Tx, context: PauseContext, subject: Subject, actor: Actor): Work<Unfinished> {
  yield* refuseHeld(tx, subject);
  const { id } = context.ids.next("ers");
  const row = {
    id,
    digests: JSON.stringify(subject.digests),
    actor: JSON.stringify(actor),
    after_seq: (yield* tx.one(queries.lastSeq, {}))?.seq ?? 0,
    asked_at: context.clock.now(),
  };
  const { inserted } = yield* tx.run(queries.insertErasure, row);
  return { ...row, n: inserted, finished_at: null };
}

function preview(writer: Writer, { pauses }: Found): Pick<Erased, "pauseIds" | "withdrawn"> {
  const pauseIds = pauses.flatMap(({ n }) => writer.one(queries.pauseIdOf, { n })?.id ?? []);
  return { pauseIds, withdrawn: pauses.filter(({ pending }) => pending).length };
}
