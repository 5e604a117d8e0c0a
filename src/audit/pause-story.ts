import type { Reader } from "../storage/index.ts";
import { entriesOfPause } from "./queries.ts";
import { type JsonObject, type LoggedEntry, recipientsIn, rereadEntry } from "./read-entry.ts";
import type { Told } from "./verify-row.ts";
import { Wrong } from "./wrong.ts";

/** What the log tells of one pause, from its entries in order. */
export interface PauseStory {
  readonly created: Told;
  /** As `pause.created` names them, by position. */
  readonly recipients: readonly JsonObject[];
  /** `pause.responded`, `pause.timed_out` or `pause.cancelled`. */
  readonly ending: Told | null;
  /** `pause.opened` and what follows it of `pause.viewed`, in order, by position. */
  readonly views: ReadonlyMap<number, readonly Told[]>;
  /** `pause.sent`, `pause.delivered` and `pause.delivery_failed` in order, by {@link deliveryName}. */
  readonly settled: ReadonlyMap<string, readonly Told[]>;
  /** The last `pause.webhook_delivered` or `pause.webhook_failed` of each delivery, by its id. */
  readonly webhooks: ReadonlyMap<string, Told>;
  /** `receipt.consumed`. */
  readonly consumed: Told | null;
  /** Entries of type `response.rejected`. */
  readonly rejected: number;
}

const PAGE = 500;

/**
 * Reads the story of a pause out of entries that the chain has let through; null when there is none.
 *
 * @throws {Wrong} where the entries contradict each other: a second ending, say.
 */
export function readStory(reader: Reader, pauseN: number): PauseStory | null {
  let story: Teller | null = null;
  for (let after = 0; ; ) {
    const page = reader.all(entriesOfPause, { pause_n: pauseN, after, limit: PAGE });
    for (const row of page) {
      const told = { entry: rereadEntry(row.entry), disclosed: disclosures(row.disclosed) };
      if (story === null) story = new Teller(told);
      else story.take(told);
    }
    const last = page.at(-1);
    if (last === undefined) return story;
    after = last.seq;
  }
}

/** What is told of a pause whose question was pruned. */
export interface Rest {
  readonly ending: Told | null;
}

/** The entries of a pause whose `pause.created` is not among them; null where it is, or where there are none. */
export function restOf(reader: Reader, pauseN: number): Rest | null {
  let ending: Told | null = null;
  for (let after = 0; ; ) {
    // The first entry alone most often tells that this is none.
    const page = reader.all(entriesOfPause, { pause_n: pauseN, after, limit: after === 0 ? 1 : PAGE });
    for (const { entry: text, disclosed } of page) {
      const entry = rereadEntry(text);
      if (entry.type === "pause.created") return null;
      if (ENDINGS.has(entry.type)) {
        if (ending !== null) throw second(entry, "ends");
        ending = { entry, disclosed: disclosures(disclosed) };
      }
    }
    const last = page.at(-1);
    if (last === undefined) return after === 0 ? null : { ending };
    after = last.seq;
  }
}

const ENDINGS: ReadonlySet<string> = new Set(["pause.responded", "pause.timed_out", "pause.cancelled"]);

/** A recipient is asked once over each channel. */
export function deliveryName(position: number, channel: string): string {
  return `${position}/${channel}`;
}

class Teller implements PauseStory {
  readonly created: Told;
  readonly recipients: readonly JsonObject[];
  readonly views = new Map<number, Told[]>();
  readonly settled = new Map<string, Told[]>();
  readonly webhooks = new Map<string, Told>();
  ending: Told | null = null;
  consumed: Told | null = null;
  rejected = 0;

  constructor(first: Told) {
    const { seq, type, pause_id } = first.entry;
    if (type !== "pause.created")
      throw new Wrong(seq, `entry ${seq} (${type}) tells of the pause ${pause_id} before it was created`);
    this.created = first;
    this.recipients = recipientsIn(first.entry);
  }

  take(told: Told): void {
    const { entry } = told;
    switch (entry.type) {
      case "pause.created":
        throw second(entry, "is created");
      case "pause.responded":
      case "pause.timed_out":
      case "pause.cancelled":
        if (this.ending !== null) throw second(entry, "ends");
        this.ending = told;
        this.#checkEnding(entry);
        this.#checkMeans(entry);
        return;
      case "pause.opened":
      case "pause.viewed": {
        const position = this.#position(entry);
        const before = this.views.get(position) ?? [];
        if (entry.type === "pause.opened" && before.length > 0)
          throw second(entry, `is opened by recipient ${position}`);
        if (entry.type === "pause.viewed" && before.length === 0)
          throw new Wrong(
            entry.seq,
            `entry ${entry.seq} (${entry.type}) tells of a further page for recipient ${position} of the pause ${entry.pause_id}, who has not opened it`,
          );
        this.views.set(position, [...before, told]);
        requireActor(entry, `${entry.pause_id}/${position}`);
        this.#checkState(entry, position);
        return;
      }
      case "pause.sent":
      case "pause.delivered":
      case "pause.delivery_failed": {
        const name = deliveryName(this.#position(entry), String(entry.data.channel));
        const before = this.settled.get(name) ?? [];
        const last = before.at(-1)?.entry.type ?? "";
        if (last === "pause.delivered" || (last === "pause.sent" && entry.type === last))
          throw second(entry, `is delivered to recipient ${entry.data.recipient}, or not,`);
        this.settled.set(name, [...before, told]);
        return;
      }
      case "pause.webhook_delivered":
      case "pause.webhook_failed":
        // Sent again by hand, also what has arrived, it is told of again.
        this.webhooks.set(String(entry.data.delivery), told);
        return;
      case "receipt.consumed":
        if (this.ending === null)
          throw new Wrong(
            entry.seq,
            `entry ${entry.seq} consumes a receipt of the pause ${entry.pause_id} before its end`,
          );
        if (this.consumed !== null) throw second(entry, "has its receipt consumed");
        this.consumed = told;
        return;
      case "response.rejected":
        this.rejected++;
        if (this.ending === null || this.ending.entry.type !== `pause.${entry.data.why}`) {
          throw new Wrong(
            entry.seq,
            `entry ${entry.seq} rejects an answer for a reason that the pause ${entry.pause_id} did not give`,
          );
        }
        this.#checkMeans(entry);
        return;
      default:
        return;
    }
  }

  /** An ending must be one that the question allowed. */
  #checkEnding(entry: LoggedEntry): void {
    const { options, timeout_default = null } = this.created.entry.data;
    const { choice = null, source } = entry.data;
    let allowed = true;
    if (entry.type === "pause.timed_out") allowed = timeout_default === null;
    if (entry.type === "pause.responded") {
      allowed =
        source === "human"
          ? Array.isArray(options) && options.includes(choice)
          : source === "timeout_default" && choice !== null && choice === timeout_default;
      if (source === "human") requireActor(entry, `${entry.pause_id}/${this.#position(entry)}`);
    }
    if (!allowed)
      throw new Wrong(
        entry.seq,
        `entry ${entry.seq} (${entry.type}) ends the pause ${entry.pause_id} as its question did not allow`,
      );
  }

  /** A page comes with a tap on it, a text with a reply. */
  #checkMeans({ seq, type, data }: LoggedEntry): void {
    const { via, page, text, view_ms: viewMs } = data;
    const tapped = page !== undefined || viewMs !== undefined;
    const isTime = viewMs === undefined || (typeof viewMs === "number" && Number.isSafeInteger(viewMs) && viewMs >= 0);
    const isWhole = RENDERING.every((name) => (data[name] === undefined) === (page === undefined));
    if ((tapped && via !== "page") || (text !== undefined && via !== "reply") || !isTime || !isWhole)
      throw new Wrong(seq, `entry ${seq} (${type}) does not agree with itself on how the answer was given`);
  }

  /** A page shows a question as it stood: open before its ending, and after it as it ended. */
  #checkState({ seq, type, data }: LoggedEntry, position: number): void {
    const { state } = data;
    // One that was made just before an ending may stand in the log just behind it.
    if (state === "open") return;
    const ending = this.ending?.entry;
    const ended = ending === undefined ? undefined : stateAfter(ending, position);
    if (ended === undefined || state !== ended)
      throw new Wrong(seq, `entry ${seq} (${type}) shows a question in a state that it was not in`);
  }

  #position({ seq, type, data }: LoggedEntry): number {
    const position = data.recipient;
    if (typeof position === "number" && this.recipients[position] !== undefined) return position;
    throw new Wrong(seq, `entry ${seq} (${type}) names a recipient that the pause has not`);
  }
}

/** What names a rendering beside its bytes. */
const RENDERING = ["language", "template", "appearance", "rendered_at"];

function stateAfter({ type, data }: LoggedEntry, position: number): string {
  if (type === "pause.cancelled") return "withdrawn";
  if (type === "pause.timed_out" || data.source !== "human") return "expired";
  return data.recipient === position ? "answered" : "answered_by_other";
}

function requireActor({ seq, type, actor }: LoggedEntry, id: string): void {
  if (actor.type !== "human" || actor.id !== id)
    throw new Wrong(seq, `entry ${seq} (${type}) has another actor than its recipient`);
}

function second({ seq, type, pause_id }: LoggedEntry, happens: string): Wrong {
  return new Wrong(seq, `by entry ${seq} (${type}) the pause ${pause_id} ${happens} a second time`);
}

function disclosures(text: string | null): ReadonlyMap<string, string> {
  return text === null ? NONE : new Map(Object.entries(JSON.parse(text) as Record<string, string>));
}

const NONE: ReadonlyMap<string, string> = new Map();
