/**
 * What the console finds pauses by, and counts them by. It is made from the log, entry by entry in the order of the log,
 * after the fact: whoever creates or answers a pause pays nothing for it. What it has not taken in yet is the newest.
 */
import type { DailyMeasure, Tx, Work, Writer } from "../../storage/index.ts";
import * as queries from "./queries.ts";
import { wanted, wordsOf } from "./words.ts";

/** Entries taken in by one unit of work at most: others write in between. */
const ENTRIES_AT_ONCE = 500;
const DAY = 86_400_000;

const MEASURES: Readonly<Record<string, DailyMeasure>> = {
  "pause.created": "asked",
  "pause.responded": "human",
  "pause.timed_out": "timed_out",
  "pause.cancelled": "cancelled",
  "pause.delivery_failed": "undelivered",
};
const TYPE = /"type":"(pause\.[a-z_]+)"/;

/** Takes in the next entries of the log. True while there are more. */
export function* takeIntoCatalogue(tx: Tx): Work<boolean> {
  const stand = yield* tx.one(queries.catalogueStand, {});
  let { seq, newest } = stand ?? { seq: 0, newest: 0 };
  const entries = yield* tx.all(queries.entriesBehind, { after: seq, limit: ENTRIES_AT_ONCE });
  const counts = new Map<string, Count>();
  for (const row of entries) {
    seq = row.seq;
    // Free text is in the log as commitments alone, so nothing but a type looks like one.
    const measure = MEASURES[TYPE.exec(row.entry)?.[1] ?? ""];
    if (measure === undefined || row.pause_n === null || row.world_n === null) continue;
    if (measure === "asked") {
      newest = Math.max(newest, row.pause_n);
      yield* catalogue(tx, row.pause_n);
    }
    yield* count(tx, counts, measure, { entry: row.entry, pauseN: row.pause_n, worldN: row.world_n });
  }
  for (const one of counts.values()) yield* tx.run(queries.countMore, one);
  if (entries.length > 0) yield* tx.run(queries.moveOn, { seq, newest });
  return entries.length === ENTRIES_AT_ONCE;
}

/**
 * Takes a pause out of what is searched. To be called before its content is erased or its rows are dropped: the words to
 * take out are read from there.
 */
export function* dropFromCatalogue(tx: Tx, pauseN: number): Work<void> {
  const stand = yield* tx.one(queries.catalogueStand, {});
  if (stand === undefined || pauseN > stand.newest) return;
  const words = yield* wordsIn(tx, pauseN);
  if (words !== null) yield* tx.run(queries.dropWords, { n: pauseN, words });
}

/** Pauses below `before` that hold every word of a text, newest first; null where the text holds no word. */
export function findInCatalogue(writer: Writer, text: string, before: number, limit: number): number[] | null {
  const whole = wanted(text, "whole");
  const beginning = wanted(text, "beginning");
  if (whole === null || beginning === null) return null;
  // Beginnings cost more the more words begin so; they are looked for where nothing holds the words as they are.
  const any = writer.one(queries.pausesWith, { wanted: whole, before: Number.MAX_SAFE_INTEGER, limit: 1 });
  const rows = writer.all(queries.pausesWith, { wanted: any === undefined ? beginning : whole, before, limit });
  return rows.map(({ n }) => n);
}

/** How far the catalogue has come: the last pause in it, and how many entries of the log are still to be taken in. */
export function catalogueStand(writer: Writer): { readonly newest: number; readonly behind: number } {
  const { seq, newest } = writer.one(queries.catalogueStand, {}) ?? { seq: 0, newest: 0 };
  return { newest, behind: Math.max(0, (writer.one(queries.newestSeq, {})?.seq ?? 0) - seq) };
}

/** Whether a pause that is not catalogued yet holds what is looked for: each word, at the beginning of one of its own. */
export function holdsWords(text: string, message: string, addresses: readonly string[]): boolean {
  const words = wordsOf(message, addresses).split(" ");
  const sought = wanted(text, "whole")?.match(/[^" ]+(?=")/g) ?? [];
  return sought.length > 0 && sought.every((one) => words.some((word) => word.startsWith(one)));
}

function* catalogue(tx: Tx, n: number): Work<void> {
  const words = yield* wordsIn(tx, n);
  if (words !== null) yield* tx.run(queries.addWords, { n, words });
}

/** Null for a pause whose content is erased, or that is gone. */
function* wordsIn(tx: Tx, n: number): Work<string | null> {
  const pause = yield* tx.one(queries.catalogued, { n });
  if (pause === undefined || pause.erased_at !== null) return null;
  const recipients = yield* tx.all(queries.addressesOf, { pause_n: n });
  return wordsOf(
    pause.message,
    recipients.map(({ address }) => address),
  );
}

interface Count {
  readonly day: number;
  readonly world_n: number;
  readonly measure: DailyMeasure;
  readonly bucket: number;
  count: number;
}

function* count(
  tx: Tx,
  counts: Map<string, Count>,
  measure: DailyMeasure,
  { entry, pauseN, worldN }: { readonly entry: string; readonly pauseN: number; readonly worldN: number },
): Work<void> {
  const { at, data } = JSON.parse(entry) as { readonly at: string; readonly data: { readonly source?: string } };
  const time = Date.parse(at);
  const isClock = measure === "human" && data.source === "timeout_default";
  let bucket = 0;
  if (measure === "human" && !isClock) {
    const asked = yield* tx.one(queries.catalogued, { n: pauseN });
    if (asked !== undefined) bucket = bucketOf(time - asked.created_at);
  }
  const counted = isClock ? "default" : measure;
  const day = Math.floor(time / DAY);
  const name = `${day} ${worldN} ${counted} ${bucket}`;
  const known = counts.get(name);
  if (known === undefined) counts.set(name, { day, world_n: worldN, measure: counted, bucket, count: 1 });
  else known.count++;
}

/** Quarters of an octave: a median read from them is off by a tenth at most. */
function bucketOf(milliseconds: number): number {
  return Math.max(1, Math.ceil(4 * Math.log2(Math.max(1, milliseconds / 1000))));
}

/** The seconds that a bucket's answers took at most. */
export function secondsOf(bucket: number): number {
  return 2 ** (bucket / 4);
}
