import { sha256Hex } from "../platform/hash.ts";
import type { Reader } from "../storage/index.ts";
import { canonicalize, JcsError, type JsonValue } from "./jcs.ts";
import { deliveryName, type PauseStory, type Rest, readStory, restOf } from "./pause-story.ts";
import { isObject } from "./read-entry.ts";
import type { LogStart } from "./start.ts";
import type { AttestedCheck } from "./verify-attested.ts";
import type { ComparedPause } from "./verify-queries.ts";
import * as queries from "./verify-queries.ts";
import { columnJson, RowCheck } from "./verify-row.ts";
import { ViewCheck } from "./verify-views.ts";
import { Wrong } from "./wrong.ts";

const HOUR = 3_600_000;

/** Compares each pause, and what belongs to it, with what the log tells of it. */
export class PauseCheck {
  readonly #reader: Reader;
  readonly #views: ViewCheck;
  readonly #attested: AttestedCheck;
  readonly #start: LogStart;
  /** Pauses that agreed. */
  count = 0;
  /** Pauses whose question was pruned, and of which the rest agreed. */
  inPart = 0;

  /** @param attested is handed each pause that agreed. */
  constructor(reader: Reader, start: LogStart, attested: AttestedCheck) {
    this.#reader = reader;
    this.#start = start;
    this.#views = new ViewCheck(reader);
    this.#attested = attested;
  }

  /** @throws {Wrong} at the first thing in which row and log differ. */
  compare(row: ComparedPause): void {
    const rest = this.#start.firstSeq === 1 ? null : restOf(this.#reader, row.n);
    if (rest !== null) {
      this.#rest(row, rest);
      return;
    }
    const story = readStory(this.#reader, row.n);
    if (story === null) throw new Wrong(null, `the pause ${row.id} is there, but no entry tells of it`);
    this.#asCreated(row, story);
    this.#asEnded(row, story);
    this.#answers(row, story);
    this.#recipients(row, story);
    this.#views.compare(row, story);
    this.#deliveries(row, story);
    this.#consumed(row, story);
    this.#attested.answered(row, story);
    this.count++;
  }

  /**
   * Of a pause whose question was pruned: it is no younger than what was, has ended, and as what is left tells. That no
   * pause of the kept part passes for one, the chain shows: its `pause.created` can't be taken out.
   */
  #rest(row: ComparedPause, { ending }: Rest): void {
    const name = nameOf(row);
    if (row.status === "pending" || row.ended_at === null)
      throw new Wrong(null, `${name} is pending, but its question was pruned`);
    if (row.created_at > this.#start.at)
      throw new Wrong(null, `the created_at of ${name} is after what was pruned, but no entry tells of its making`);
    if (ending !== null) this.#asEnded(row, { created: ending, ending });
    else if (row.ended_at > this.#start.at)
      throw new Wrong(null, `the ended_at of ${name} is after what was pruned, but no entry tells of its end`);
    this.inPart++;
  }

  #asCreated(row: ComparedPause, { created, recipients, rejected }: PauseStory): void {
    const name = nameOf(row);
    const check = new RowCheck(this.#reader, name, created);
    const { actor, data } = created.entry;
    check.holds(actor.type === "developer" && actor.id === row.key_id, "key");
    check.plain("channel", row.channel);
    check.plain("options", columnJson(name, "options", row.options));
    check.plain("timeout_default", row.timeout_default);
    check.plain("timeout_hours", row.timeout_hours);
    check.plain("allow_comment", row.allow_comment === 1);
    check.plain("action_digest", row.action_digest);
    check.plain("audience", row.audience);
    const policy = columnJson(name, "policy", row.policy);
    check.plain("policy", isObject(policy) ? (policy.kind ?? null) : null);
    check.holds(row.expires_at === Date.parse(String(data.expires_at)), "expires_at");
    check.time("created_at", row.created_at);
    // To the millisecond that a fraction of an hour is rounded to.
    check.holds(Math.abs(row.expires_at - row.created_at - row.timeout_hours * HOUR) <= 1, "created_at");

    check.holds(check.isErased("/message") === (row.erased_at !== null), "erased_at");
    check.committed("/message", row.message, "message");
    check.committed("/webhook_url", row.webhook_url, "webhook_url");
    const details = columnJson(name, "details", row.details);
    check.committed("/details", check.discloses("/details") ? details : orNull(details), "details");
    const metadata = columnJson(name, "metadata", row.metadata);
    check.committed("/metadata", check.discloses("/metadata") ? digestOf(metadata) : orNull(metadata), "metadata");

    check.holds(row.recipient_form === "many" || recipients.length === 1, "recipient_form");
    check.holds(row.next_due_at === row.expires_at, "next_due_at");
    if (row.rejected_count !== rejected) {
      throw new Wrong(
        null,
        `the rejected_count of ${name} is ${row.rejected_count}, but ${rejected} entries tell of a rejected answer`,
      );
    }
  }

  #asEnded(row: ComparedPause, { ending, created }: Pick<PauseStory, "ending" | "created">): void {
    const name = nameOf(row);
    if (ending === null) {
      if (row.status !== "pending") throw new Wrong(null, `${name} is ${row.status}, but no entry tells so`);
      const check = new RowCheck(this.#reader, name, created);
      for (const column of SET_BY_ENDING) check.holds(row[column] === null, column);
      return;
    }
    const check = new RowCheck(this.#reader, name, ending);
    const { type } = ending.entry;
    check.holds(`pause.${row.status}` === type, "status");
    check.time("ended_at", row.ended_at);
    check.plain("choice", row.response_choice, "response_choice");
    check.plain("source", row.response_source, "response_source");
    check.plain("via", row.response_via, "response_via");
    check.plain("recipient", row.responded_by, "responded_by");
    check.committed("/comment", row.response_comment, "response_comment");
    check.committed("/reason", row.cancel_reason, "cancel_reason");
  }

  /** The first answer decides, so there is one exactly when the pause was responded to, and it says the same. */
  #answers(row: ComparedPause, { ending }: PauseStory): void {
    const name = `the answer to ${row.id}`;
    const [answer, another] = this.#reader.all(queries.answersOf, { pause_n: row.n });
    const responded = ending?.entry.type === "pause.responded" ? ending : null;
    if (responded === null || another !== undefined) {
      if ((another ?? answer) === undefined) return;
      throw new Wrong(null, `the table answers holds an answer to ${row.id} that no entry tells of`);
    }
    if (answer === undefined)
      throw new Wrong(responded.entry.seq, `${name} that entry ${responded.entry.seq} tells of is not there any more`);
    const check = new RowCheck(this.#reader, name, responded);
    check.plain("choice", answer.choice);
    check.plain("source", answer.source);
    check.plain("via", answer.via);
    check.plain("recipient", answer.position, "position");
    check.committed("/comment", answer.comment, "comment");
    check.time("at", answer.at);
  }

  /** The receipt is consumed exactly when an entry tells so. Whether it is genuine is not asked here. */
  #consumed(row: ComparedPause, { consumed }: PauseStory): void {
    if (consumed === null) {
      if (row.receipt_consumed_at === null) return;
      throw new Wrong(null, `the receipt of ${row.id} is consumed, but no entry tells so`);
    }
    const check = new RowCheck(this.#reader, nameOf(row), consumed);
    check.time("receipt_consumed_at", row.receipt_consumed_at);
    check.plain("action_digest", row.action_digest);
    check.holds(consumed.entry.actor.type === "developer", "receipt_consumed_at");
  }

  #recipients(row: ComparedPause, { created, recipients, views }: PauseStory): void {
    const rows = this.#reader.all(queries.recipientsOf, { pause_n: row.n });
    new RowCheck(this.#reader, nameOf(row), created).holds(rows.length === recipients.length, "number of recipients");
    for (const [position, recipient] of rows.entries()) {
      const name = `recipient ${position} of ${row.id}`;
      const check = new RowCheck(this.#reader, name, created);
      check.holds(recipient.position === position, "position");
      check.holds(recipients[position]?.channel === row.channel, "channel");
      const address = `/recipients/${position}/address`;
      check.committed(address, recipient.destination, "destination");
      // Without a name it was the address itself that the asker wrote.
      if (check.commits(`/recipients/${position}/name`))
        check.committed(`/recipients/${position}/name`, recipient.address, "address");
      else check.committed(address, recipient.address, "address");

      const seen = views.get(position)?.[0];
      if (seen !== undefined) new RowCheck(this.#reader, name, seen).time("opened_at", recipient.opened_at);
      else if (recipient.opened_at !== null)
        throw new Wrong(null, `${name} has opened the link, but no entry tells so`);
    }
  }

  #deliveries(row: ComparedPause, story: PauseStory): void {
    const rows = this.#reader.all(queries.deliveriesOf, { pause_n: row.n });
    const untold = new Map([...story.settled, ...[...story.webhooks].map(([id, told]) => [id, [told]] as const)]);
    for (const delivery of rows) {
      const name = `the delivery ${delivery.id} of ${row.id}`;
      const { position, channel } = delivery;
      if (position !== null && story.recipients[position] === undefined)
        throw new Wrong(null, `${name} goes to a recipient that the pause has not`);
      // What tells a recipient that a question is over is no step of the decision, and no entry's business.
      if (delivery.kind === "notice") continue;
      const key = position === null || channel === null ? delivery.id : deliveryName(position, channel);
      const told = untold.get(key) ?? [];
      untold.delete(key);
      const last = told.at(-1);
      const type = (delivery.kind === "ask" ? ASKED : CALLED)[delivery.status];
      if (last === undefined) {
        if (type === undefined) continue;
        throw new Wrong(null, `${name} is ${delivery.status}, but no entry tells so`);
      }
      // Sent again by hand, a delivery waits once more behind an entry that told of its end.
      if (type === undefined && (delivery.kind === "webhook" || last.entry.type === ASKED.failed)) continue;
      const check = new RowCheck(this.#reader, name, last);
      check.holds(last.entry.type === type, "status");
      check.time("finished_at", delivery.finished_at);
      check.committed("/error", delivery.error, "error");
      // Sent again after it had failed, it has another name at the carrier.
      const failedBefore = told.slice(0, -1).findLastIndex(({ entry }) => entry.type === ASKED.failed);
      const sent = told.slice(failedBefore + 1).find(({ entry }) => entry.type === "pause.sent") ?? last;
      new RowCheck(this.#reader, name, sent).committed("/provider_id", delivery.provider_id, "provider_id");
    }
    for (const [told] of untold.values()) {
      if (told === undefined) continue;
      const { seq, type } = told.entry;
      throw new Wrong(seq, `the delivery of ${row.id} that entry ${seq} (${type}) tells of is not there any more`);
    }
    const asked = new Set(rows.map(({ position }) => position));
    const forgotten = story.recipients.findIndex((_, position) => !asked.has(position));
    if (forgotten >= 0) throw new Wrong(null, `recipient ${forgotten} of ${row.id} has no delivery`);
  }
}

const SET_BY_ENDING = [
  "response_via",
  "response_comment",
  "responded_by",
  "cancel_reason",
] as const satisfies (keyof ComparedPause)[];

/** The entries that tell of a delivery in this status, to a person and to a program; the others are not told. */
const ASKED: Readonly<Record<string, string>> = {
  sent: "pause.sent",
  delivered: "pause.delivered",
  failed: "pause.delivery_failed",
};
const CALLED: Readonly<Record<string, string>> = {
  delivered: "pause.webhook_delivered",
  failed: "pause.webhook_failed",
};

function nameOf({ id }: { readonly id: string }): string {
  return `the pause ${id}`;
}

/** Members that were not asked for are stored as an empty object, and stand in no entry. */
function orNull(value: JsonValue): JsonValue {
  return isObject(value) && Object.keys(value).length === 0 ? null : value;
}

/** As the log commits to metadata: by digest. */
function digestOf(metadata: JsonValue): JsonValue {
  try {
    return `sha256:${sha256Hex(canonicalize(metadata))}`;
  } catch (error) {
    if (error instanceof JcsError) return null;
    throw error;
  }
}
