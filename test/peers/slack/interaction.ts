import { createHmac, randomUUID } from "node:crypto";
import type { Clock } from "../../../src/platform/clock.ts";
import { isObject } from "./blocks.ts";
import { messageObject } from "./methods.ts";
import { type Block, BOT, type Conversation, type SlackMessage, type SlackUser, slackTime, TEAM } from "./workspace.ts";

/** Something in a message that a person can press or choose from. */
export interface SlackControl {
  readonly blockId: string;
  readonly actionId: string;
  readonly type: string;
  /** What it says. */
  readonly text: string;
  readonly value: string | null;
  readonly url: string | null;
  readonly element: Block;
}

export type SlackPayload = Readonly<Record<string, unknown>>;

/** A request to the app, byte for byte. */
export interface SignedRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface HttpOutcome {
  readonly via: "http";
  readonly payload: SlackPayload;
  readonly request: SignedRequest;
  /** Null when nobody answered in time, or at all. */
  readonly status: number | null;
  readonly contentType: string | null;
  readonly body: string;
  /** Whether the app said 200 within 3 s; otherwise the person sees a warning beside the button. */
  readonly accepted: boolean;
}

/**
 * What someone does who is not Slack, or not now: signs with another secret, sends a genuine request ten minutes late
 * or early, leaves the signature out, or changes the body after it was signed.
 */
export type Forgery = "wrong-secret" | "stale" | "future" | "no-signature" | "tampered";

/** How long Slack waits for an acknowledgement, in milliseconds. */
export const ACKNOWLEDGE_WITHIN = 3_000;
const TEN_MINUTES = 600;

/** What can be used in these blocks, in the order shown. */
export function controlsOf(blocks: readonly Block[]): SlackControl[] {
  return blocks.flatMap((block) => {
    const elements: unknown = block.type === "actions" ? block.elements : [block.accessory];
    if (!Array.isArray(elements)) return [];
    return elements.filter(isObject).flatMap((element) => {
      if (element.type === "image") return [];
      const text = isObject(element.text) ? element.text.text : undefined;
      return {
        blockId: String(block.block_id),
        actionId: String(element.action_id ?? "accessory"),
        type: String(element.type),
        text: typeof text === "string" ? text : "",
        value: typeof element.value === "string" ? element.value : null,
        url: typeof element.url === "string" ? element.url : null,
        element,
      };
    });
  });
}

/** The `block_actions` payload, after docs.slack.dev/reference/interaction-payloads/block_actions-payload. */
export function blockActions(interaction: {
  readonly user: SlackUser;
  readonly conversation: Conversation;
  readonly message: SlackMessage;
  readonly control: SlackControl;
  /** The value of the chosen option, for a menu. */
  readonly option: string | undefined;
  /** What stands in the message's input fields: block id, action id, text. */
  readonly typed: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly responseUrl: string;
  readonly now: number;
}): SlackPayload {
  const { user, conversation, message, control, typed, responseUrl, now } = interaction;
  const isEphemeral = message.onlyFor !== null;
  const values = Object.entries(typed).map(([blockId, fields]) => [
    blockId,
    Object.fromEntries(Object.entries(fields).map(([id, value]) => [id, { type: "plain_text_input", value }])),
  ]);
  return {
    type: "block_actions",
    user: { id: user.id, username: user.name, name: user.name, team_id: TEAM.id },
    api_app_id: BOT.appId,
    token: "verification-token-nobody-should-use",
    container: {
      type: "message",
      message_ts: message.ts,
      channel_id: conversation.id,
      is_ephemeral: isEphemeral,
      ...(message.threadTs === null ? {} : { thread_ts: message.threadTs }),
    },
    trigger_id: `${Math.floor(now / 1000)}.${TEAM.id}.${randomUUID().replaceAll("-", "")}`,
    team: { id: TEAM.id, domain: TEAM.domain },
    enterprise: null,
    is_enterprise_install: false,
    channel: { id: conversation.id, name: conversation.name },
    // Slack does not keep ephemeral messages, so it can't show them.
    ...(isEphemeral ? {} : { message: messageObject(message) }),
    state: { values: Object.fromEntries(values) },
    response_url: responseUrl,
    actions: [{ ...actionOf(control, interaction.option), action_ts: slackTime(now * 1000) }],
  };
}

function actionOf({ element, blockId, actionId, type }: SlackControl, option: string | undefined) {
  const named = { type, block_id: blockId, action_id: actionId };
  if (type === "button") {
    const { text, value, style, url, confirm } = element;
    return JSON.parse(JSON.stringify({ ...named, text, value, style, url, confirm })) as object;
  }
  const options = Array.isArray(element.options) ? element.options.filter(isObject) : [];
  const chosen = options.find((one) => one.value === option);
  if (chosen === undefined) throw new Error(`the Slack peer sees no option ${option} in ${actionId}`);
  return { ...named, selected_option: chosen };
}

/**
 * `X-Slack-Signature`, after "Verifying requests from Slack": `v0=` and, in hex, the HMAC-SHA256 of
 * `v0:timestamp:body` keyed with the app's signing secret. The timestamp is in seconds.
 */
export function slackSignature(signingSecret: string, timestamp: number | string, body: string): string {
  return `v0=${createHmac("sha256", signingSecret).update(`v0:${timestamp}:${body}`, "utf8").digest("hex")}`;
}

/** The request that carries a payload to the app's interactivity URL. `now` is in milliseconds. */
export function signRequest(
  url: string,
  payload: SlackPayload,
  signingSecret: string,
  now: number,
  forgery?: Forgery,
): SignedRequest {
  const shift = forgery === "stale" ? -TEN_MINUTES : forgery === "future" ? TEN_MINUTES : 0;
  const timestamp = String(Math.floor(now / 1000) + shift);
  const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
  const secret = forgery === "wrong-secret" ? `${signingSecret}x` : signingSecret;
  const signature = { "X-Slack-Signature": slackSignature(secret, timestamp, body) };
  return {
    url,
    headers: {
      "Content-Type": "application/x-www-form-urlencoded",
      "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
      Accept: "application/json,*/*",
      "X-Slack-Request-Timestamp": timestamp,
      ...(forgery === "no-signature" ? {} : signature),
    },
    body: forgery === "tampered" ? body.replace("block_actions", "block_action%73") : body,
  };
}

/** Sends it and waits 3 s, as Slack does, without following redirects. */
export async function postInteraction(
  request: SignedRequest,
  payload: SlackPayload,
  clock: Clock,
): Promise<HttpOutcome> {
  const late = new AbortController();
  const cancel = clock.after(ACKNOWLEDGE_WITHIN, () => late.abort());
  const { url, headers, body } = request;
  try {
    const response = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal: late.signal });
    const answer = { contentType: response.headers.get("content-type"), body: await response.text() };
    return { via: "http", payload, request, status: response.status, ...answer, accepted: response.status === 200 };
  } catch {
    return { via: "http", payload, request, status: null, contentType: null, body: "", accepted: false };
  } finally {
    cancel();
  }
}
