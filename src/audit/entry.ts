import { isoTime } from "../platform/clock.ts";
import { base64url } from "../platform/hash.ts";
import type { Random } from "../platform/random.ts";
import type { Mode } from "../storage/index.ts";
import { disclose } from "./disclosure.ts";
import { canonicalize, type JsonValue } from "./jcs.ts";

/**
 * What stands in `data`, for each type of entry: `plain` in the clear, `committed` as the commitment of an RFC 9901
 * disclosure because it is personal or free text. A member that does not apply is absent. This table and the one in
 * docs/audit-format.md say the same; to change what stands here for a type that has been written breaks proofs.
 */
export const entryTypes = {
  "pause.created": {
    plain: [
      "channel",
      "options",
      "timeout_default",
      "timeout_hours",
      "expires_at",
      "allow_comment",
      "action_digest",
      "audience",
      "policy",
      "recipients",
    ],
    committed: ["message", "details", "metadata", "webhook_url"],
  },
  "pause.sent": { plain: ["channel", "recipient", "attempts"], committed: ["address", "provider_id", "text"] },
  "pause.delivered": { plain: ["channel", "recipient", "attempts"], committed: ["address", "provider_id", "text"] },
  "pause.delivery_failed": { plain: ["channel", "recipient", "attempts"], committed: ["error"] },
  "pause.opened": {
    plain: ["recipient", "language", "template", "appearance", "state", "rendered_at", "automated"],
    committed: ["page", "ip", "user_agent"],
  },
  "pause.viewed": {
    plain: ["recipient", "language", "template", "appearance", "state", "rendered_at", "automated"],
    committed: ["page", "ip", "user_agent"],
  },
  "pause.responded": {
    plain: [
      "choice",
      "source",
      "via",
      "recipient",
      "forced",
      "receipt_withheld",
      "language",
      "template",
      "appearance",
      "rendered_at",
      "view_ms",
    ],
    committed: ["comment", "ip", "user_agent", "by", "page", "text"],
  },
  "pause.timed_out": { plain: ["forced"], committed: [] },
  "pause.cancelled": { plain: [], committed: ["reason"] },
  "pause.webhook_delivered": { plain: ["delivery", "webhook_id", "event", "attempts"], committed: [] },
  "pause.webhook_failed": { plain: ["delivery", "webhook_id", "event", "attempts"], committed: ["error"] },
  "response.rejected": {
    plain: [
      "why",
      "choice",
      "via",
      "recipient",
      "closed",
      "language",
      "template",
      "appearance",
      "rendered_at",
      "view_ms",
    ],
    committed: ["ip", "user_agent", "by", "page", "text"],
  },
  "key.created": {
    plain: [
      "key_id",
      "key_hash",
      "scopes",
      "min_timeout_minutes",
      "no_default_on_timeout",
      "recipients_limited",
      "plan",
    ],
    committed: ["name", "recipients"],
  },
  "key.revoked": { plain: ["key_id"], committed: [] },
  "webhook.created": { plain: ["webhook_id", "events"], committed: ["url", "description"] },
  "webhook.changed": { plain: ["webhook_id", "events", "status"], committed: ["url", "description"] },
  "webhook.disabled": { plain: ["webhook_id", "why"], committed: [] },
  "webhook.deleted": { plain: ["webhook_id"], committed: [] },
  "webhook.tested": { plain: ["webhook_id", "delivery"], committed: [] },
  "webhook.secret_rotated": { plain: ["webhook_id"], committed: [] },
  "recipient.opted_out": { plain: ["channel"], committed: ["address"] },
  "recipient.opted_in": { plain: ["channel"], committed: ["address"] },
  "data.erased": {
    plain: ["why", "erasure", "pauses", "entries", "pause_ids", "seqs"],
    committed: ["reason"],
  },
  "legal_hold.set": { plain: ["hold_id"], committed: ["reason"] },
  "legal_hold.released": { plain: ["hold_id"], committed: [] },
  "receipt.consumed": { plain: ["jti", "action_digest"], committed: [] },
  "signing_key.created": { plain: ["purpose", "key_id", "public_key"], committed: [] },
  "signing_key.rotated": {
    plain: ["purpose", "key_id", "public_key", "old_key_id", "signature"],
    committed: [],
  },
  "log.pruned": {
    plain: ["first_seq", "until", "entries", "pauses", "root", "kept", "kept_digest"],
    committed: [],
  },
  "log.restored": { plain: ["made_at", "seq"], committed: [] },
  "log.resumed": { plain: ["old_origin", "new_origin", "published_size", "published_root", "why"], committed: [] },
  "operator.created": { plain: ["operator_id", "role"], committed: ["name"] },
  "operator.enrolled": { plain: ["operator_id"], committed: [] },
  "operator.changed": { plain: ["operator_id", "role"], committed: [] },
  "operator.reset": { plain: ["operator_id"], committed: [] },
  "operator.removed": { plain: ["operator_id"], committed: [] },
  "operator.signed_in": { plain: ["operator_id", "session_id", "with"], committed: ["ip", "user_agent"] },
  "operator.password_changed": { plain: ["operator_id", "session_id", "with"], committed: ["ip", "user_agent"] },
  "operator.authenticator_renewed": { plain: ["operator_id", "session_id"], committed: ["ip", "user_agent"] },
  "session.revoked": { plain: ["operator_id", "session_id"], committed: [] },
  "channel.test_requested": { plain: ["channel", "test"], committed: [] },
  "channel.tested": { plain: ["channel", "test", "outcome"], committed: [] },
  "delivery.requeued": { plain: ["delivery"], committed: [] },
  "server.started": { plain: ["version", "channels", "config", "template"], committed: [] },
  "server.reloaded": { plain: ["version", "channels", "config", "template"], committed: [] },
} as const satisfies Record<string, { plain: readonly string[]; committed: readonly string[] }>;

export type EntryType = keyof typeof entryTypes;
type Plain<T extends EntryType> = (typeof entryTypes)[T]["plain"][number];
type Committed<T extends EntryType> = (typeof entryTypes)[T]["committed"][number];

/** Who did it. A recipient is named by position (`pause_…/0`), never by address. */
export interface Actor {
  readonly type: "developer" | "human" | "system" | "operator";
  readonly id: string | null;
}

/** A project in one of its two modes. */
export interface World {
  readonly n: number;
  readonly project: string;
  readonly mode: Mode;
}

/** An entry before it has a place in the chain. Null members of `plain` and `committed` are left out. */
export interface NewEntry {
  readonly type: EntryType;
  readonly at: number;
  readonly actor: Actor;
  readonly world: World | null;
  readonly pause: { readonly n: number; readonly id: string } | null;
  readonly nonce: string;
  readonly data: JsonValue;
  /** Pointer into `data` → disclosure. */
  readonly disclosed: Readonly<Record<string, string>>;
}

/**
 * Composes an entry: each committed member becomes `{ "commitment": … }`, its disclosure is kept apart.
 * `recipients` of `pause.created` are an array whose addresses are committed one by one.
 */
export function newEntry<T extends EntryType>(
  random: Random,
  entry: {
    readonly type: T;
    readonly at: number;
    readonly actor: Actor;
    readonly world: World | null;
    readonly pause: { readonly n: number; readonly id: string } | null;
    readonly plain?: { readonly [Name in Plain<T>]?: JsonValue };
    readonly committed?: { readonly [Name in Committed<T>]?: JsonValue };
    readonly recipients?: readonly RecipientFacts[];
  },
): NewEntry {
  const data: Record<string, JsonValue> = {};
  const disclosed: Record<string, string> = {};
  const plain: Members = entry.plain ?? {};
  const committed: Members = entry.committed ?? {};
  for (const { name, isCommitted } of membersOf[entry.type]) {
    const value = (isCommitted ? committed : plain)[name];
    if (value !== null && value !== undefined)
      data[name] = isCommitted ? commit(random, disclosed, `/${name}`, name, value) : value;
    else if (name === "recipients" && entry.recipients !== undefined)
      data[name] = entry.recipients.map((facts, position) => recipientMember(random, disclosed, facts, position));
  }
  const { type, at, actor, world, pause } = entry;
  return { type, at, actor, world, pause, nonce: base64url(random.bytes(16)), data, disclosed };
}

type Members = Readonly<Record<string, JsonValue | undefined>>;

/** The members of each type in the order of RFC 8785, so that an entry is made in order and need not be sorted. */
const membersOf = Object.fromEntries(
  Object.entries<{ plain: readonly string[]; committed: readonly string[] }>(entryTypes).map(
    ([type, { plain, committed }]) => {
      const members = [
        ...plain.map((name) => ({ name, isCommitted: false })),
        ...committed.map((name) => ({ name, isCommitted: true })),
      ];
      return [type, members.sort((a, b) => (a.name < b.name ? -1 : 1))];
    },
  ),
) as unknown as Readonly<Record<EntryType, readonly { readonly name: string; readonly isCommitted: boolean }[]>>;

export interface RecipientFacts {
  readonly channel: string;
  /** Where the message really goes. */
  readonly address: string;
  /** `@name`, when the asker named a person of the configuration. */
  readonly name: string | null;
}

function recipientMember(
  random: Random,
  disclosed: Record<string, string>,
  { channel, address, name }: RecipientFacts,
  position: number,
): JsonValue {
  const pointer = `/recipients/${position}`;
  const member = { address: commit(random, disclosed, `${pointer}/address`, "address", address), channel };
  return name === null ? member : { ...member, name: commit(random, disclosed, `${pointer}/name`, "name", name) };
}

function commit(
  random: Random,
  disclosed: Record<string, string>,
  pointer: string,
  name: string,
  value: JsonValue,
): JsonValue {
  const { disclosure, commitment } = disclose(random, name, value);
  disclosed[pointer] = disclosure;
  return { commitment };
}

/**
 * The very bytes that are hashed and stored: the RFC 8785 form of the entry without `hash`. Members stand sorted, so
 * the text is put together once; the parts that vary in shape go through {@link canonicalize}.
 */
export function entryText(entry: NewEntry, seq: number, prevHash: string): string {
  const { actor, world, pause } = entry;
  return (
    `{"actor":{"id":${quoted(actor.id)},"type":"${actor.type}"},"at":"${isoTime(entry.at)}",` +
    `"data":${canonicalize(entry.data)},"mode":${world === null ? "null" : `"${world.mode}"`},"nonce":"${entry.nonce}",` +
    `"pause_id":${quoted(pause?.id ?? null)},"prev_hash":"${prevHash}","project":${quoted(world?.project ?? null)},` +
    `"seq":${seq},"type":"${entry.type}","v":1}`
  );
}

function quoted(text: string | null): string {
  return text === null ? "null" : canonicalize(text);
}
