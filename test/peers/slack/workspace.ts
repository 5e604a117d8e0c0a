import type { Clock } from "../../../src/platform/clock.ts";

export interface SlackUser {
  /** `U…` or `W…`. */
  readonly id: string;
  readonly email: string;
  readonly name: string;
  /** Deactivated people can't be looked up, written to, or tap. */
  readonly isDeleted?: boolean;
}

export interface SlackChannel {
  /** `C…`, or `G…` for a private one. */
  readonly id: string;
  readonly name: string;
  /** Whether the bot was invited; default true. */
  readonly isMember?: boolean;
  readonly isArchived?: boolean;
}

/** A place for messages: a channel, or a direct message with the people in it besides the bot. */
export interface Conversation extends Required<SlackChannel> {
  /** Who may read it and tap; null means everyone in the workspace. */
  readonly members: readonly string[] | null;
}

export type Block = Readonly<Record<string, unknown>>;

/** What a message showed at one time. */
export interface MessageVersion {
  readonly text: string;
  readonly blocks: readonly Block[];
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

export interface SlackMessage {
  readonly channel: string;
  /** Seconds and microseconds, such as `1503435956.000247`; with the channel, its identity. */
  readonly ts: string;
  /** Who wrote it; the bot, unless the test made someone else write. */
  readonly user: string;
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly threadTs: string | null;
  /** The one person who sees it, for an ephemeral one. */
  readonly onlyFor: string | null;
  readonly isDeleted: boolean;
  /** Every version of it, the first as posted, the last as it stands. */
  readonly versions: readonly MessageVersion[];
}

type Stored = { -readonly [K in keyof SlackMessage]: SlackMessage[K] } & { readonly versions: MessageVersion[] };

export const TEAM = { id: "T0PEER0001", domain: "peer", name: "Peer" } as const;
export const BOT = { userId: "U0BOT00001", botId: "B0BOT00001", appId: "A0APP00001", name: "pausepoint" } as const;

/** The people, the conversations and everything written in them. */
export class Workspace {
  readonly users: readonly SlackUser[];
  readonly messages: Stored[] = [];
  readonly #conversations: Conversation[];
  readonly #clock: Clock;
  #lastTs = 0;

  constructor(users: readonly SlackUser[], channels: readonly SlackChannel[], clock: Clock) {
    this.users = users;
    this.#clock = clock;
    this.#conversations = channels.map((channel) => ({ isMember: true, isArchived: false, ...channel, members: null }));
  }

  /** Someone who is not deactivated. */
  user(id: string): SlackUser | undefined {
    return this.users.find((user) => user.id === id && user.isDeleted !== true);
  }

  conversation(id: string): Conversation | undefined {
    return this.#conversations.find((conversation) => conversation.id === id);
  }

  channelNamed(name: string): Conversation | undefined {
    return this.#conversations.find((conversation) => conversation.members === null && conversation.name === name);
  }

  /** The direct message with exactly these people; `isNew` when it did not exist. */
  direct(members: readonly string[]): { readonly conversation: Conversation; readonly isNew: boolean } {
    const key = [...members].sort().join();
    const known = this.#conversations.find(({ members: present }) => present?.toSorted().join() === key);
    if (known !== undefined) return { conversation: known, isNew: false };
    const number = String(this.#conversations.length + 1).padStart(8, "0");
    const id = `${members.length === 1 ? "D0" : "G0"}${number}`;
    const name = members.length === 1 ? "directmessage" : `mpdm-${number}`;
    const conversation = { id, name, isMember: true, isArchived: false, members };
    this.#conversations.push(conversation);
    return { conversation, isNew: true };
  }

  write(
    message: Pick<SlackMessage, "channel" | "text" | "blocks"> &
      Partial<Pick<SlackMessage, "user" | "threadTs" | "onlyFor">>,
  ): SlackMessage {
    const { channel, text, blocks } = message;
    const stored: Stored = {
      ...{ channel, text, blocks, ts: this.#nextTs(), user: message.user ?? BOT.userId, isDeleted: false },
      ...{ threadTs: message.threadTs ?? null, onlyFor: message.onlyFor ?? null },
      versions: [{ text, blocks, at: this.#clock.now() }],
    };
    this.messages.push(stored);
    return stored;
  }

  /** A message that still stands. */
  find(channel: string, ts: string): SlackMessage | undefined {
    return this.#find(channel, ts);
  }

  rewrite(message: SlackMessage, text: string, blocks: readonly Block[]): void {
    const stored = this.#find(message.channel, message.ts);
    if (stored === undefined) return;
    stored.text = text;
    stored.blocks = blocks;
    stored.versions.push({ text, blocks, at: this.#clock.now() });
  }

  remove(message: SlackMessage): void {
    const stored = this.#find(message.channel, message.ts);
    if (stored !== undefined) stored.isDeleted = true;
  }

  #find(channel: string, ts: string): Stored | undefined {
    return this.messages.find((message) => message.channel === channel && message.ts === ts && !message.isDeleted);
  }

  /** Never the same twice, even within a millisecond. */
  #nextTs(): string {
    this.#lastTs = Math.max(this.#lastTs + 1, this.#clock.now() * 1000);
    return slackTime(this.#lastTs);
  }
}

/** Microseconds since the Unix epoch as Slack writes a time. */
export function slackTime(microseconds: number): string {
  return `${Math.floor(microseconds / 1_000_000)}.${String(microseconds % 1_000_000).padStart(6, "0")}`;
}
