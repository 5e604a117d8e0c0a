import { blockActions, controlsOf, type Forgery, type SlackPayload } from "./interaction.ts";
import type { SlackMessage, Workspace } from "./workspace.ts";

/** A person uses a control of a message. */
export interface Tap {
  readonly channel: string;
  readonly ts: string;
  /** Who taps: the id of someone in the conversation. */
  readonly user: string;
  /** Which control, by its action id or its place among all of the message's controls (from 0). */
  readonly actionId?: string;
  readonly index?: number;
  /** The value of the option chosen, for a menu. */
  readonly option?: string;
  /** What stands in the message's input fields: block id, action id, text. */
  readonly typed?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Taps what an older version of the message showed (from 0), as on a screen that has not caught up. */
  readonly version?: number;
  /** Over which way; default Socket Mode when a socket is connected, else HTTP. */
  readonly via?: "http" | "socket";
  /** HTTP only: another address than the app's interactivity URL. */
  readonly url?: string;
  /** HTTP only. */
  readonly forge?: Forgery;
  /** Socket Mode only: the number of the socket that gets it first. */
  readonly socket?: number;
  /** Changes the payload before it is signed or sent, for what Slack never sends. */
  readonly alter?: (payload: SlackPayload) => SlackPayload;
}

/** The payload for it. Throws when that person can't see the message, or the control is not there. */
export function payloadOf(
  workspace: Workspace,
  wanted: Tap,
  now: number,
  issueResponseUrl: (message: SlackMessage, user: string) => string,
): SlackPayload {
  const { conversation, message, user } = look(workspace, wanted);
  const shown = wanted.version === undefined ? message : { ...message, ...message.versions[wanted.version] };
  const controls = controlsOf(shown.blocks);
  const control =
    wanted.actionId === undefined
      ? controls[wanted.index ?? -1]
      : controls.find((one) => one.actionId === wanted.actionId);
  if (control === undefined) {
    const present = controls.map((one) => `${one.actionId} (${one.text})`).join(", ") || "none";
    throw new Error(`the Slack peer sees no such control in the message; there are: ${present}`);
  }
  const { option, typed = {}, alter = (payload) => payload } = wanted;
  const responseUrl = issueResponseUrl(message, user.id);
  return alter(blockActions({ user, conversation, message: shown, control, option, typed, responseUrl, now }));
}

/** The message as that person sees it. */
function look(workspace: Workspace, { channel, ts, user: userId }: Tap) {
  const conversation = workspace.conversation(channel);
  const message = workspace.find(channel, ts);
  const user = workspace.user(userId);
  if (conversation === undefined || message === undefined) {
    throw new Error(`the Slack peer has no message ${ts} in ${channel}`);
  }
  if (user === undefined) throw new Error(`the Slack peer knows nobody called ${userId}`);
  const isPresent = conversation.members?.includes(userId) ?? true;
  if (!isPresent || (message.onlyFor ?? userId) !== userId) throw new Error(`${userId} can't see that message`);
  return { conversation, message, user };
}
