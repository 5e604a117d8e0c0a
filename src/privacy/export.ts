import { disclosedMembers, type JsonValue } from "../audit/index.ts";
import { isoTime } from "../platform/clock.ts";
import { sha256Hex } from "../platform/hash.ts";
import type { Writer } from "../storage/index.ts";
import { find } from "./find.ts";
import * as queries from "./queries.ts";
import type { Subject } from "./subject.ts";

/** Everything that is stored about a person, for one who asks what that is (GDPR, Article 15). */
export interface Access {
  readonly object: "privacy_export";
  readonly exported_at: string;
  readonly pauses: readonly object[];
  /** Entries of the log that belong to no pause: that they want no more texts, say. */
  readonly entries: readonly object[];
  /** Keys in force whose limits name them. */
  readonly keys_naming: readonly string[];
}

/**
 * Collects it in one document. Whom else a pause asked is left out: only the person's own address, messages and answer
 * are theirs.
 */
export async function exportSubject(writer: Writer, subject: Subject, now: number): Promise<Access> {
  const found = await find(writer, subject, now);
  return {
    object: "privacy_export",
    exported_at: isoTime(now),
    pauses: found.pauses.map(({ n, positions }) => pauseOf(writer, n, positions)),
    entries: found.seqs.flatMap((seq) => {
      const row = writer.one(queries.entryWith, { seq });
      return row === undefined ? [] : [shownEntry(row, null)];
    }),
    keys_naming: found.keysNaming,
  };
}

function pauseOf(writer: Writer, n: number, positions: readonly number[]): object {
  const pause = writer.one(queries.pauseRow, { n });
  if (pause === undefined) throw new Error(`the pause ${n} is gone`);
  const about = { pause_n: n };
  const isTheirs = ({ position }: { position: number | null }) => position !== null && positions.includes(position);
  const attempts = writer.all(queries.attemptsOf, about);
  return {
    pause_id: pause.id,
    status: pause.status,
    channel: pause.channel,
    message: pause.message,
    options: JSON.parse(pause.options) as JsonValue,
    details: JSON.parse(pause.details) as JsonValue,
    metadata: JSON.parse(pause.metadata) as JsonValue,
    created_at: isoTime(pause.created_at),
    expires_at: isoTime(pause.expires_at),
    ended_at: timeOrNull(pause.ended_at),
    response_choice: pause.response_choice,
    response_source: pause.response_source,
    cancel_reason: pause.cancel_reason,
    erased_at: timeOrNull(pause.erased_at),
    recipients: writer
      .all(queries.recipientsOf, about)
      .filter(isTheirs)
      .map(({ address, destination, opened_at }) => ({ address, destination, opened_at: timeOrNull(opened_at) })),
    answers: writer
      .all(queries.answersOf, about)
      .filter(isTheirs)
      .map(({ choice, comment, via, at }) => ({ choice, comment, via, at: isoTime(at) })),
    deliveries: writer
      .all(queries.deliveriesOf, about)
      .filter(isTheirs)
      .map((row) => ({
        id: row.id,
        kind: row.kind,
        channel: row.channel,
        destination: row.destination,
        status: row.status,
        error: row.error,
        provider_id: row.provider_id,
        created_at: isoTime(row.created_at),
        finished_at: timeOrNull(row.finished_at),
        attempts: attempts
          .filter(({ ordinal }) => ordinal === row.ordinal)
          .map(({ at, outcome, status, error, excerpt }) => ({ at: isoTime(at), outcome, status, error, excerpt })),
      })),
    log: writer.all(queries.loggedOf, about).flatMap((row) => {
      const theirs = whoseEntry(row.entry);
      return theirs !== null && !positions.includes(theirs) ? [] : [shownEntry(row, positions)];
    }),
  };
}

/** At which position the recipient stands whom an entry is about; null: it is about the question. */
function whoseEntry(entry: string): number | null {
  const { data } = JSON.parse(entry) as { data: { recipient?: number } };
  return data.recipient ?? null;
}

function shownEntry(
  row: { readonly entry: string; readonly disclosed: string | null },
  positions: readonly number[] | null,
) {
  const entry = JSON.parse(row.entry) as Record<string, unknown>;
  const texts = row.disclosed === null ? {} : (JSON.parse(row.disclosed) as Record<string, string>);
  const mine = Object.entries(texts).filter(([pointer]) => {
    const position = /^\/recipients\/(\d+)\//.exec(pointer)?.[1];
    return position === undefined || positions === null || positions.includes(Number(position));
  });
  const disclosed = Object.fromEntries(mine);
  return {
    entry: { ...entry, hash: sha256Hex(row.entry) },
    disclosed,
    says: disclosedMembers(JSON.stringify(disclosed)),
  };
}

function timeOrNull(at: number | null): string | null {
  return at === null ? null : isoTime(at);
}
