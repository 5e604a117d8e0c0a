import { appendEntry, newEntry } from "../audit/index.ts";
import type { AddressKind, Channel, PeerEvent, Report } from "../channels/channel.ts";
import {
  asksOf,
  codedAsks,
  deleteOptOut,
  findOptOut,
  insertHeard,
  insertOptOut,
  takeReceipt,
} from "../delivery/index.ts";
import type { PauseContext, Pauses } from "../pauses/index.ts";
import type { RowOf, Tx, Work, Writer } from "../storage/index.ts";
import type { Links } from "./link.ts";
import * as queries from "./queries.ts";
import { isChatter, type ReplyMode, understandReply } from "./reply.ts";
import { helpText, lateText, optedInText, optedOutText, recordedText, unclearText } from "./reply-texts.ts";
import { WrongReplies } from "./wrong-replies.ts";

/** Questions to one address that a reply is compared with, newest first. */
const LOOKED_AT = 200;
/** Of a reply that is read, in UTF-16 units: a carrier brings no longer text, and reading takes its time. */
const LONGEST_REPLY = 1_600;

/** What peers tell: receipts, replies, and taps on a button. Each is verified by its channel before it comes here. */
export class Inbound {
  readonly #writer: Writer;
  readonly #context: PauseContext;
  readonly #pauses: Pauses;
  readonly #links: Links;
  readonly #projectName: string;
  readonly #wrong: WrongReplies;

  constructor(parts: {
    readonly writer: Writer;
    readonly context: PauseContext;
    readonly pauses: Pauses;
    readonly links: Links;
    /** Who texts, for one who asks for help and has no question waiting. */
    readonly projectName: string;
  }) {
    this.#writer = parts.writer;
    this.#context = parts.context;
    this.#pauses = parts.pauses;
    this.#links = parts.links;
    this.#projectName = parts.projectName;
    this.#wrong = new WrongReplies(parts.context.clock);
  }

  /**
   * Where the channel of a lane reports to. `replies`: what a text that someone writes back may decide. Of the channel,
   * `hasSessions`: whether it has to be known later when somebody last wrote; `addressKind`: whether a person writes
   * there, at a number, or perhaps several in a room.
   */
  reporter(
    lane: string,
    replies: ReplyMode,
    { hasSessions = false, addressKind = "phone" }: Partial<Pick<Channel, "hasSessions" | "addressKind">> = {},
  ): Report {
    return async (event) => {
      if (hasSessions && event.kind !== "receipt") await this.#hear(lane, event.kind === "tap" ? event.by : event.from);
      switch (event.kind) {
        case "receipt":
          await this.#writer.write((tx) => takeReceipt(tx, this.#context, lane, event));
          return null;
        case "tap":
          return await this.#tap(lane, event);
        case "reply":
          return await this.#reply({ lane, replies, addressKind }, event.from, event.text);
      }
    };
  }

  async #hear(channel: string, destination: string): Promise<void> {
    const { clock, digests } = this.#context;
    const heard = { channel, digest: digests.of(destination, channel), at: clock.now() };
    await this.#writer.write(function* (tx) {
      yield* tx.run(insertHeard, heard);
    });
  }

  async #tap(lane: string, { token, option, by, via }: Extract<PeerEvent, { kind: "tap" }>): Promise<string | null> {
    const link = this.#links.read(token);
    const row = link === null ? undefined : this.#writer.one(queries.pauseOfLink, { ...link, id: link.pauseId });
    if (link === null || row === undefined || row.mode !== link.mode) return "This question is not known here.";
    // A message on WhatsApp is one person's own. In Slack it may stand where several are, and any of them decides.
    if (via === "whatsapp" && !this.#wasAsked(row.n, link.position, lane, by))
      return "This question is not known here.";
    const choice = (JSON.parse(row.options) as string[])[option];
    if (choice === undefined) return "This is none of the question's options.";
    const answered = await this.#pauses.answer({
      pauseN: row.n,
      position: link.position,
      choice,
      comment: null,
      via,
      origin: { ip: null, userAgent: null, by },
    });
    if (answered.accepted) return `Recorded: ${choice}`;
    return this.#late(row.n, link.position);
  }

  #wasAsked(pauseN: number, position: number, lane: string, destination: string): boolean {
    return this.#writer
      .all(asksOf, { pause_n: pauseN })
      .some((ask) => ask.position === position && ask.lane === lane && ask.destination === destination);
  }

  async #reply(
    { lane, replies: mode, addressKind }: { lane: string; replies: ReplyMode; addressKind: AddressKind },
    from: string,
    written: string,
  ): Promise<string | null> {
    // Longer is no answer, and is not read.
    const text = written.length <= LONGEST_REPLY ? written : "";
    // Codes are short, and a sender can be forged: whoever guesses is not heard for a while.
    if (this.#wrong.isMuted(lane, from)) return null;
    const now = this.#context.clock.now();
    const asks = this.#writer.all(codedAsks, { lane, destination: from, limit: LOOKED_AT }).map(read);
    const pending = asks.filter(({ status, expires_at }) => status === "pending" && now < expires_at);
    const understood = understandReply(text, pending, mode);
    switch (understood.kind) {
      case "stop":
        await this.#writer.write((tx) => optOut(tx, this.#context, lane, from));
        return optedOutText(addressKind);
      case "start":
        await this.#writer.write((tx) => optIn(tx, this.#context, lane, from));
        return optedInText(addressKind);
      case "help":
        return helpText(this.#projectName, mode === "off" ? [] : pending, addressKind);
      case "answer":
        return await this.#take(pending, understood, text);
      case "unclear": {
        const { because, code } = understood;
        if (mode !== "off") {
          const over = understandReply(text, endedIn(asks, pending), "code");
          if (over.kind === "answer") return await this.#take(endedIn(asks, pending), over, text);
        }
        // In a room people talk to one another, and a program may hear its own words: neither is answered.
        if (addressKind !== "phone" && isChatter(text, pending)) return null;
        this.#wrong.note(lane, from);
        return unclearText(because, pending.find((ask) => ask.code === code) ?? null);
      }
    }
  }

  async #take(
    asks: readonly Ask[],
    { code, option }: { code: string; option: string },
    text: string,
  ): Promise<string | null> {
    const ask = asks.find((each) => each.code === code);
    if (ask === undefined) return null;
    const answered = await this.#pauses.answer({
      pauseN: ask.pause_n,
      position: ask.position,
      choice: option,
      comment: null,
      via: "reply",
      origin: { ip: null, userAgent: null, by: null },
      text: text.toWellFormed(),
    });
    return answered.accepted ? recordedText(option, code) : this.#late(ask.pause_n, ask.position);
  }

  #late(pauseN: number, position: number): string {
    const row = this.#writer.one(queries.endingOf, { n: pauseN });
    if (row?.status === "cancelled") return lateText("cancelled", null);
    if (row?.status === "responded" && row.response_source === "human")
      return lateText(row.responded_by === position ? "own" : "other", row.response_choice);
    return lateText("timed_out", row?.response_choice ?? null);
  }
}

type Ask = Omit<RowOf<typeof codedAsks>, "options" | "code" | "position"> & {
  readonly code: string;
  readonly position: number;
  readonly options: readonly string[];
};

function read(row: RowOf<typeof codedAsks>): Ask {
  return { ...row, code: row.code ?? "", position: row.position ?? 0, options: JSON.parse(row.options) as string[] };
}

/** The newest question of each code that is over, unless another one waits under it. */
function endedIn(asks: readonly Ask[], pending: readonly Ask[]): readonly Ask[] {
  const seen = new Set(pending.map(({ code }) => code));
  return asks.filter(({ code }) => !seen.has(code) && seen.add(code));
}

function* optOut(tx: Tx, context: PauseContext, lane: string, destination: string): Work<void> {
  const listed = { channel: lane, digest: context.digests.of(destination, lane) };
  if ((yield* tx.one(findOptOut, listed)) !== undefined) return;
  yield* tx.run(insertOptOut, { ...listed, at: context.clock.now() });
  yield* appendEntry(tx, optEntry(context, "recipient.opted_out", lane, destination));
}

function* optIn(tx: Tx, context: PauseContext, lane: string, destination: string): Work<void> {
  const { changes } = yield* tx.run(deleteOptOut, {
    channel: lane,
    digest: context.digests.of(destination, lane),
  });
  if (changes > 0) yield* appendEntry(tx, optEntry(context, "recipient.opted_in", lane, destination));
}

function optEntry(
  { clock, random }: PauseContext,
  type: "recipient.opted_out" | "recipient.opted_in",
  channel: string,
  address: string,
) {
  return newEntry(random, {
    type,
    at: clock.now(),
    actor: { type: "system", id: null },
    world: null,
    pause: null,
    plain: { channel },
    committed: { address },
  });
}
