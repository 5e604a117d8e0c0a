import type { KeyLimits } from "../access/index.ts";
import { disclosedMembers } from "../audit/index.ts";
import type { Writer } from "../storage/index.ts";
import * as queries from "./queries.ts";
import type { Subject } from "./subject.ts";

/** What is stored about a subject. */
export interface Found {
  /** The pauses that asked them, oldest first. */
  readonly pauses: readonly FoundPause[];
  /** Entries of no pause that disclose one of their addresses: that they want no more texts, say. */
  readonly seqs: readonly number[];
  /** Keys in force whose limits name them: what the key may do hangs on that, so it stays until the key is revoked. */
  readonly keysNaming: readonly string[];
  /** Revoked keys whose limits name them, by number. */
  readonly revokedKeys: readonly number[];
}

export interface FoundPause {
  readonly n: number;
  /** At which of its recipients they stand. */
  readonly positions: readonly number[];
  readonly pending: boolean;
}

/** Rows looked through in one turn of the event loop, so that others get through in between. */
const WINDOW = 5_000;

/**
 * Looks through everything that is stored for a subject. No index is kept for this: it would cost every create, for
 * what is asked a few times a year.
 *
 * @param until what was created later, in milliseconds, is not looked at.
 */
export async function find(writer: Writer, subject: Subject, until: number): Promise<Found> {
  const pauses = await findPauses(writer, subject, until);
  const keys = writer.all(queries.limitedKeys, {}).filter(({ limits }) => names(limits, subject));
  const revoked = keys.filter(({ revoked_at }) => revoked_at !== null);
  const revokedIds = new Set(revoked.map(({ id }) => id));
  return {
    pauses,
    seqs: await findEntries(writer, subject, until, revokedIds),
    keysNaming: keys.filter(({ revoked_at }) => revoked_at === null).map(({ id }) => id),
    revokedKeys: revoked.map(({ n }) => n),
  };
}

async function findPauses(writer: Writer, subject: Subject, until: number): Promise<FoundPause[]> {
  const found = new Map<number, Set<number>>();
  const pending = new Set<number>();
  const note = (n: number, position: number) => found.set(n, (found.get(n) ?? new Set()).add(position));
  const newest = writer.one(queries.newestPause, {})?.n ?? 0;
  for (let after = 0; after < newest; after += WINDOW) {
    const window = { after, until: after + WINDOW };
    const late = new Set<number>();
    for (const row of writer.all(queries.askedIn, window)) {
      if (row.created_at > until) late.add(row.pause_n);
      else if (subject.has(row.address) || subject.has(row.destination)) note(row.pause_n, row.position);
      if (row.status === "pending") pending.add(row.pause_n);
    }
    for (const { pause_n, position, destination } of writer.all(queries.ledIn, window)) {
      if (position !== null && !late.has(pause_n) && subject.has(destination)) note(pause_n, position);
    }
    await nextTurn();
  }
  return [...found]
    .sort(([a], [b]) => a - b)
    .map(([n, positions]) => ({ n, positions: [...positions], pending: pending.has(n) }));
}

async function findEntries(
  writer: Writer,
  subject: Subject,
  until: number,
  revokedIds: ReadonlySet<string>,
): Promise<number[]> {
  const seqs: number[] = [];
  const last = writer.one(queries.lastSeq, {})?.seq ?? 0;
  for (let after = 0; after < last; after += WINDOW) {
    for (const row of writer.all(queries.disclosedOfNone, { after, until: after + WINDOW })) {
      const { at, data } = JSON.parse(row.entry) as { at: string; data: { key_id?: string } };
      if (Date.parse(at) > until) continue;
      const { address, recipients } = disclosedMembers(row.disclosed);
      const isTheirs = typeof address === "string" && subject.has(address);
      const named = Array.isArray(recipients) && recipients.some((one) => typeof one === "string" && subject.has(one));
      if (isTheirs || (named && revokedIds.has(data.key_id ?? ""))) seqs.push(row.seq);
    }
    await nextTurn();
  }
  return seqs;
}

function names(limits: string, subject: Subject): boolean {
  const { recipients } = JSON.parse(limits) as KeyLimits;
  return recipients?.some((one) => subject.has(one)) ?? false;
}

/** Lets others get through. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
