import { type BlocksVerdict, examineBlocks } from "./blocks.ts";
import type { SlackAnswer } from "./request.ts";
import {
  type Block,
  BOT,
  type Conversation,
  type SlackMessage,
  type SlackUser,
  TEAM,
  type Workspace,
} from "./workspace.ts";

type Args = Readonly<Record<string, unknown>>;
type Method = (workspace: Workspace, args: Args) => SlackAnswer;

/** The methods the peer plays with a bot token, by name, each after its page under docs.slack.dev/reference/methods. */
export const METHODS: Readonly<Record<string, Method>> = {
  "auth.test": () => ({
    ok: true,
    url: `https://${TEAM.domain}.slack.com/`,
    team: TEAM.name,
    user: BOT.name,
    team_id: TEAM.id,
    user_id: BOT.userId,
    bot_id: BOT.botId,
    is_enterprise_install: false,
  }),
  "conversations.open": openConversation,
  "users.lookupByEmail": lookupByEmail,
  "chat.postMessage": postMessage,
  "chat.update": updateMessage,
  "chat.postEphemeral": postEphemeral,
};

export function refusal(error: string, complaints: readonly string[] = []): SlackAnswer {
  if (complaints.length === 0) return { ok: false, error };
  const messages = complaints.map((complaint) => `[ERROR] ${complaint}`);
  return { ok: false, error, errors: complaints, response_metadata: { messages } };
}

/** Text above this is cut by `chat.postMessage`, without an error. */
const TEXT_CUT = 40_000;
/** Text above this is refused by `chat.update`. */
const UPDATE_TEXT_LIMIT = 4_000;

function lookupByEmail({ users }: Workspace, args: Args): SlackAnswer {
  const email = string(args.email);
  if (email === "") return missing("email");
  const user = users.find((one) => one.email.toLowerCase() === email.toLowerCase() && one.isDeleted !== true);
  return user === undefined ? refusal("users_not_found") : { ok: true, user: userObject(user) };
}

function openConversation(workspace: Workspace, args: Args): SlackAnswer {
  const resumed = string(args.channel);
  if (resumed !== "") {
    const known = workspace.conversation(resumed);
    if (known === undefined) return refusal("channel_not_found");
    if (known.members === null) return refusal("method_not_supported_for_channel_type");
    return opened(known, false, args);
  }
  const people = string(args.users)
    .split(",")
    .map((id) => id.trim())
    .filter((id) => id !== "");
  if (people.length === 0) return refusal("users_list_not_supplied");
  if (people.length > 8) return refusal("too_many_users");
  if (people.some((id) => workspace.users.some((user) => user.id === id && user.isDeleted))) {
    return refusal("user_disabled");
  }
  if (people.some((id) => workspace.user(id) === undefined)) return refusal("user_not_found");
  const { conversation, isNew } = workspace.direct([...new Set(people)]);
  return opened(conversation, isNew, args);
}

function opened({ id, members }: Conversation, isNew: boolean, args: Args): SlackAnswer {
  const isFull = args.return_im === true || args.return_im === "true";
  const channel = isFull ? { id, created: 0, is_im: members?.length === 1, is_open: true, user: members?.[0] } : { id };
  return { ok: true, ...(isNew ? {} : { no_op: true, already_open: true }), channel };
}

function postMessage(workspace: Workspace, args: Args): SlackAnswer {
  const content = readContent(args);
  const name = string(args.channel);
  if (name === "") return missing("channel");
  const conversation = target(workspace, name);
  const denied = mayWrite(conversation);
  if (conversation === undefined || denied !== null) return refusal(denied ?? "channel_not_found");
  if ("refused" in content) return content.refused;
  const threadTs = string(args.thread_ts) || null;
  const text = content.text.slice(0, TEXT_CUT);
  const message = workspace.write({ channel: conversation.id, text, blocks: content.blocks ?? [], threadTs });
  return { ok: true, channel: message.channel, ts: message.ts, message: messageObject(message) };
}

function updateMessage(workspace: Workspace, args: Args): SlackAnswer {
  const ts = string(args.ts);
  if (string(args.channel) === "") return missing("channel");
  if (ts === "") return missing("ts");
  // By the conversation's own id: neither a name nor a person's id will do here.
  const conversation = workspace.conversation(string(args.channel));
  if (conversation === undefined) return refusal("channel_not_found");
  if (conversation.isArchived) return refusal("is_inactive");
  const message = workspace.find(conversation.id, ts);
  // What chat.postEphemeral wrote was never stored, so it can't be found.
  if (message === undefined || message.onlyFor !== null) return refusal("message_not_found");
  if (message.user !== BOT.userId) return refusal("cant_update_message");
  const content = readContent(args);
  if ("refused" in content) return content.refused;
  if (content.text.length > UPDATE_TEXT_LIMIT) return refusal("msg_too_long");
  // With text and no blocks, the old blocks go; without text they stay.
  const blocks = content.blocks ?? (typeof args.text === "string" ? [] : message.blocks);
  workspace.rewrite(message, typeof args.text === "string" ? content.text : message.text, blocks);
  return { ok: true, channel: message.channel, ts, text: message.text, message: messageObject(message) };
}

function postEphemeral(workspace: Workspace, args: Args): SlackAnswer {
  const user = string(args.user);
  if (string(args.channel) === "") return missing("channel");
  if (user === "") return missing("user");
  const conversation = workspace.conversation(string(args.channel)) ?? channelByName(workspace, string(args.channel));
  const denied = mayWrite(conversation);
  if (conversation === undefined || denied !== null) return refusal(denied ?? "channel_not_found");
  const isPresent = workspace.user(user) !== undefined && (conversation.members?.includes(user) ?? true);
  if (!isPresent) return refusal("user_not_in_channel");
  const content = readContent(args);
  if ("refused" in content) return content.refused;
  if (content.text.length > TEXT_CUT) return refusal("msg_too_long");
  const { text, blocks } = content;
  const message = workspace.write({ channel: conversation.id, text, blocks: blocks ?? [], onlyFor: user });
  return { ok: true, message_ts: message.ts };
}

interface Content {
  readonly text: string;
  /** Null when the argument was left out. */
  readonly blocks: readonly Block[] | null;
}

function readContent(args: Args): Content | { readonly refused: SlackAnswer } {
  const text = string(args.text);
  const hasBlocks = args.blocks !== undefined && args.blocks !== null && args.blocks !== "";
  const verdict: BlocksVerdict | null = hasBlocks ? examineBlocks(args.blocks) : null;
  if (verdict !== null && "error" in verdict) {
    return { refused: refusal(verdict.error, "complaints" in verdict ? verdict.complaints : []) };
  }
  const blocks = verdict?.blocks ?? null;
  if (text === "" && (blocks === null || blocks.length === 0)) return { refused: refusal("no_text") };
  return { text, blocks };
}

/** A channel by id or name, a direct message by id, or a person, whose direct message is opened then. */
function target(workspace: Workspace, name: string): Conversation | undefined {
  const known = workspace.conversation(name) ?? channelByName(workspace, name);
  if (known !== undefined || workspace.user(name) === undefined) return known;
  return workspace.direct([name]).conversation;
}

function channelByName(workspace: Workspace, name: string): Conversation | undefined {
  return workspace.channelNamed(name.replace(/^#/, ""));
}

function mayWrite(conversation: Conversation | undefined): string | null {
  if (conversation === undefined) return "channel_not_found";
  if (conversation.isArchived) return "is_archived";
  if (conversation.isMember) return null;
  // A private channel hides itself from a bot that was not invited.
  return conversation.id.startsWith("G") ? "channel_not_found" : "not_in_channel";
}

function missing(field: string): SlackAnswer {
  return refusal("invalid_arguments", [`missing required field: ${field}`]);
}

/** A message as Slack shows it in answers and payloads. */
export function messageObject(message: Pick<SlackMessage, "user" | "ts" | "text" | "blocks" | "threadTs">) {
  return {
    type: "message",
    user: message.user,
    ts: message.ts,
    ...(message.user === BOT.userId ? { bot_id: BOT.botId, app_id: BOT.appId } : {}),
    text: message.text,
    team: TEAM.id,
    ...(message.threadTs === null ? {} : { thread_ts: message.threadTs }),
    ...(message.blocks.length === 0 ? {} : { blocks: message.blocks }),
  };
}

function userObject(user: SlackUser) {
  return {
    id: user.id,
    team_id: TEAM.id,
    name: user.name,
    deleted: false,
    real_name: user.name,
    profile: { real_name: user.name, display_name: user.name, email: user.email, team: TEAM.id },
    is_bot: false,
    is_app_user: false,
  };
}

function string(value: unknown): string {
  return typeof value === "string" ? value : "";
}
