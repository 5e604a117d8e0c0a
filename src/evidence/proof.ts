/**
 * The proof of one pause: its entries, each with the proof that it stands in the log, the checkpoint, the keys and the
 * receipt, in one file that is checked alone. docs/audit-format.md describes it.
 */
import {
  disclosedValue,
  entriesOfPause,
  entriesUpTo,
  formatTlogProof,
  keptEntryAt,
  newestOfInstallation,
  type PublicSigningKey,
  type SelectedEntry,
  StoredTree,
  shownText,
} from "../audit/index.ts";
import { isoTime } from "../platform/clock.ts";
import { Problem } from "../platform/problem.ts";
import { OtherTemplate, pageSeen } from "../respond/index.ts";
import type { Mode, Reader } from "../storage/index.ts";
import { checkpointNow } from "./checkpoints.ts";
import type { ExportSource } from "./export.ts";
import { handoversOf, logKeysOf, receiptKeySet, signingKeysOf } from "./keys.ts";

/** Which disclosures a proof opens: all that are kept, none, or those at these pointers. */
export type Opened = "all" | "none" | ReadonlySet<string>;

/** A pause as a proof needs it. */
export interface ProvenPause {
  readonly n: number;
  readonly id: string;
  readonly mode: Mode;
  readonly receipt: string | null;
}

/** Entries of one pause at most; above it the rejected answers have flooded the list, which is closed at 1,000. */
const MOST_ENTRIES = 5_000;

/** @throws Problem `signing-withheld` where the pause's last entry stands under no checkpoint. */
export async function provePause(source: ExportSource, pause: ProvenPause, opened: Opened): Promise<object> {
  const { reader, writer, attestor, clock } = source;
  const checkpoint = await checkpointNow(writer, attestor);
  const rows = reader.all(entriesOfPause, { pause_n: pause.n, after: 0, limit: MOST_ENTRIES });
  const last = rows.at(-1);
  if (checkpoint === null || last === undefined || last.seq > checkpoint.size)
    throw new Problem("signing-withheld", "No checkpoint over the pause's last entry can be signed now.");
  if (!/"type":"pause\.created"/.test(rows[0]?.entry ?? ""))
    throw new Problem(
      "not-found",
      "The question of this pause was pruned from the log, so nothing can be proven of it.",
    );
  const tree = new StoredTree(reader);
  const keys = await signingKeysOf(writer, attestor);
  const proven = ({ seq, entry, disclosed, path }: ContextEntry, what: Opened) => ({
    entry: JSON.parse(shownText(entry)) as object,
    disclosed: choose(disclosed, what),
    tlog_proof: formatTlogProof({
      index: seq - 1,
      hashes:
        path === undefined
          ? tree.inclusion(seq - 1, checkpoint.size)
          : tree.inclusionOfKept(seq - 1, checkpoint.size, path),
      checkpoint: checkpoint.note,
    }),
  });
  return {
    pausepoint_proof: 1,
    pause_id: pause.id,
    origin: checkpoint.note.slice(0, checkpoint.note.indexOf("\n")),
    keys: logKeysOf(keys),
    handovers: handoversOf(keys),
    entries: rows.map((row) => proven(row, opened)),
    context: contextOf(reader, last.seq, keys).map((row) => proven(row, "none")),
    shown: mayShow(opened) ? shownPages(source, rows) : [],
    receipt: pause.receipt,
    receipt_keys: receiptKeySet(keys, pause.mode),
    made_at: isoTime(clock.now()),
  };
}

/** The pages show the message, and nobody can check one whose digest is not opened. */
function mayShow(opened: Opened): boolean {
  return opened === "all" || (opened !== "none" && opened.has("/message") && opened.has("/page"));
}

/** The very pages that people were shown, as far as they can be made again to the byte. */
function shownPages({ reader, stamps }: ExportSource, rows: readonly SelectedEntry[]): { seq: number; html: string }[] {
  return rows.flatMap(({ seq, entry, disclosed }) => {
    const told = JSON.parse(entry) as { type: string; pause_id: string | null; data: Record<string, unknown> };
    const disclosure = disclosed === null ? undefined : (JSON.parse(disclosed) as Record<string, string>)["/page"];
    if (!told.type.startsWith("pause.") || disclosure === undefined) return [];
    try {
      const page = pageSeen(reader, stamps, told);
      return page === null || page.sent().digest !== disclosedValue(disclosure) ? [] : [{ seq, html: page.html }];
    } catch (error) {
      // Another version of the page: this executable can't make it again.
      if (error instanceof OtherTemplate) return [];
      throw error;
    }
  });
}

/** An entry, with its path to a stored node where it was put aside as the log was pruned. */
type ContextEntry = SelectedEntry & { readonly path?: Uint8Array };

/** Entries that are no part of the pause and needed to judge it: how the server was set up, and every signing key. */
function contextOf(reader: Reader, before: number, keys: readonly PublicSigningKey[]): ContextEntry[] {
  const announcements = keys.flatMap(({ seq }): ContextEntry[] => {
    const kept = reader.one(keptEntryAt, { seq });
    return kept === undefined ? reader.all(entriesUpTo, { after: seq - 1, last: seq, limit: 1 }) : [kept];
  });
  const setUp = reader
    .all(newestOfInstallation, { before, limit: LOOKED_BACK })
    .find(({ entry }) => /"type":"(server\.started|config\.changed)"/.test(entry));
  const all = [...announcements, ...(setUp === undefined ? [] : [setUp])];
  return all.toSorted((a, b) => a.seq - b.seq);
}

/** Entries of the installation that are looked at for the last start. */
const LOOKED_BACK = 200;

function choose(disclosed: string | null, opened: Opened): Record<string, string> {
  if (disclosed === null || opened === "none") return {};
  const all = JSON.parse(disclosed) as Record<string, string>;
  if (opened === "all") return all;
  return Object.fromEntries(Object.entries(all).filter(([pointer]) => opened.has(pointer)));
}
