/**
 * The log as a file that someone who trusts nobody can check offline: docs/audit-format.md describes it. The whole log, or
 * a stretch of it in time, is complete: each entry is linked to the one before, and all of them lead to the closing
 * checkpoint. Anything else is a selection: each line holds the proof that it stands in the log, and nothing shows that
 * no line is missing.
 */
import {
  type Attestor,
  chainHead,
  checkpointOf,
  cosignaturesOf,
  entryAt,
  isWhole,
  newestCheckpoint,
  readStart,
  requestCheckpoint,
  type Selection,
  type SignedCheckpoint,
  StoredTree,
  selectEntries,
  seqBefore,
  shownText,
  signedCheckpoint,
  withCosignatures,
} from "../audit/index.ts";
import { type Clock, isoTime } from "../platform/clock.ts";
import { sha256Hex } from "../platform/hash.ts";
import { Problem } from "../platform/problem.ts";
import type { Stamps } from "../respond/index.ts";
import type { Mode, Reader, Work, Writer } from "../storage/index.ts";
import { handoversOf, logKeysOf, signingKeysOf } from "./keys.ts";

/** What an export is made from. `reader` has a connection of its own, so that a long export holds up nothing. */
export interface ExportSource {
  readonly reader: Reader;
  readonly writer: Writer;
  readonly attestor: Attestor;
  readonly clock: Clock;
  /** What stands in the pages of links that nobody else could make: with it they are made again for a proof. */
  readonly stamps: Stamps;
}

/** What to export. Null: no such bound; a time is in milliseconds, `from` included and `to` not. */
export interface ExportRequest {
  /** A project in one mode, as a key without `admin` sees it. */
  readonly world: { readonly n: number; readonly project: string; readonly mode: Mode } | null;
  /** A project in both modes. */
  readonly project: string | null;
  readonly pause: { readonly n: number; readonly id: string } | null;
  readonly from: number | null;
  readonly to: number | null;
  /** Whether disclosures that are still kept stand beside the entries. */
  readonly disclose: boolean;
}

/** An export whose bounds and closing checkpoint are settled. */
export interface PreparedExport {
  readonly request: ExportRequest;
  readonly selection: Selection;
  readonly isComplete: boolean;
  readonly checkpoint: SignedCheckpoint;
  readonly header: object;
}

/**
 * Settles what an export holds, and signs the checkpoint that closes it.
 *
 * @throws Problem `signing-withheld` where none can be signed, `not-found` where nothing was logged by then.
 */
export async function prepareExport(source: ExportSource, request: ExportRequest): Promise<PreparedExport> {
  const { reader, writer, attestor, clock } = source;
  const bounds = { worldN: request.world?.n ?? null, project: request.project, pauseN: request.pause?.n ?? null };
  const isComplete = isWhole({ ...bounds, firstSeq: 1, lastSeq: 1 });
  const head = await writer.write(function* (tx): Work<number> {
    yield* requestCheckpoint(tx, attestor);
    return (yield* tx.shared(chainHead)).seq;
  });
  const lastSeq = request.to === null ? head : Math.min(head, seqBefore(reader, request.to));
  const start = readStart(reader);
  if (lastSeq === 0) throw new Problem("not-found", "Nothing was logged before that time.");
  if (lastSeq < start.firstSeq)
    throw new Problem(
      "not-found",
      `What was logged before that time was pruned: the log begins with entry ${start.firstSeq}.`,
    );
  const firstSeq = request.from === null ? start.firstSeq : Math.min(seqBefore(reader, request.from), lastSeq) + 1;
  if (isComplete) await writer.write((tx) => attestor.checkpointAt(tx, lastSeq));
  const row = isComplete ? reader.one(checkpointOf, { size: lastSeq }) : reader.one(newestCheckpoint, {});
  if (row === undefined || row.size < lastSeq)
    throw new Problem("signing-withheld", "The checkpoint that closes an export can't be signed now.");
  const signed = signedCheckpoint(row);
  const cosignatures = reader.all(cosignaturesOf, { size: row.size });
  const checkpoint = { ...signed, note: withCosignatures(signed.note, cosignatures) };
  const selection = { ...bounds, firstSeq, lastSeq };
  const keys = await signingKeysOf(writer, attestor);
  const before = firstSeq === start.firstSeq ? undefined : reader.one(entryAt, { seq: firstSeq - 1 });
  const header = {
    pausepoint_export: 1,
    complete: isComplete,
    origin: row.name,
    first_seq: firstSeq,
    last_seq: lastSeq,
    prev_hash: isComplete ? (before === undefined ? start.prevHash : sha256Hex(before.entry)) : null,
    frontier: isComplete ? new StoredTree(reader).frontier(firstSeq - 1).hashes.map(base64) : null,
    // Where the log goes on behind this file: what it then lacks, it was not asked for.
    until: isComplete && request.to !== null ? isoTime(request.to) : null,
    ...(isComplete ? {} : { selection: describe(request) }),
    keys: logKeysOf(keys),
    handovers: handoversOf(keys),
    exported_at: isoTime(clock.now()),
  };
  return { request, selection, isComplete, checkpoint, header };
}

/** The lines of an export in JSON, each with its line feed; a page of entries at a time. */
export function* exportLines(
  { reader }: Pick<ExportSource, "reader">,
  prepared: PreparedExport,
): Generator<string, void> {
  const { request, selection, isComplete, checkpoint, header } = prepared;
  yield `${JSON.stringify(header)}\n`;
  const tree = isComplete ? null : new StoredTree(reader);
  let expected = selection.firstSeq;
  for (const page of selectEntries(reader, selection)) {
    // An export that takes long reads page by page: what was pruned meanwhile must not be left out in silence.
    if (readStart(reader).firstSeq > expected)
      throw new Error(`the log was pruned up to entry ${readStart(reader).firstSeq - 1} while it was exported`);
    expected = (page.at(-1)?.seq ?? expected) + 1;
    let lines = "";
    for (const { seq, entry, disclosed } of page) {
      const opened = request.disclose && disclosed !== null ? `,"disclosed":${disclosed}` : "";
      const proof =
        tree === null ? "" : `,"proof":${JSON.stringify(tree.inclusion(seq - 1, checkpoint.size).map(base64))}`;
      lines += `{"entry":${shownText(entry)}${opened}${proof}}\n`;
    }
    yield lines;
  }
  yield `${JSON.stringify({ checkpoint: checkpoint.note })}\n`;
}

function describe({ world, project, pause, from, to }: ExportRequest): object {
  const names = world ?? { project, mode: null };
  return {
    ...(names.project === null ? {} : { project: names.project }),
    ...(names.mode === null ? {} : { mode: names.mode }),
    ...(pause === null ? {} : { pause_id: pause.id }),
    ...(from === null ? {} : { from: isoTime(from) }),
    ...(to === null ? {} : { to: isoTime(to) }),
  };
}

function base64(hash: Uint8Array): string {
  return Buffer.from(hash).toString("base64");
}
