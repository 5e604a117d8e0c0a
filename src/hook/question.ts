/** The question that a person gets: the very action, whole, with what it takes to judge it. */
import { createHash } from "node:crypto";
import { type CreatePause, digestAction } from "../../clients/typescript/src/index.ts";
import { canonicalize, type JsonValue } from "../../clients/typescript/src/jcs.ts";
import { limits } from "../pauses/request.ts";
import { codePoints } from "../platform/json.ts";
import type { HookEvent, Host } from "./event.ts";
import type { Action } from "./verdict.ts";

/** What lets the call go on; anything else is a refusal. */
export const ALLOW = "Allow once";
const OPTIONS = [ALLOW, "Deny"];

/** The longest action that is asked about, in code points: what a person can be shown whole. */
const PARTS = 12;
const IN_MESSAGE = limits.message - 120;
export const longestAction = PARTS * limits.detailText;

/** The action is too long, or holds no text, so that it can't be shown as it is. */
export class NotShown extends Error {
  override readonly name = "NotShown";
}

export interface QuestionParts {
  readonly host: Host;
  readonly event: HookEvent;
  readonly action: Action;
  readonly why: string;
  readonly to: string | readonly string[];
  readonly channel: string;
  readonly minutes: number;
  readonly machine: string;
  /** Known to whoever may ask: it keeps the digest from being guessed, and is the same for the same call. */
  readonly secret: string;
  /** Whether the question outlives the call, so that nothing of the one call may stand in it. */
  readonly isHeld: boolean;
}

export interface Question {
  readonly body: CreatePause & { readonly action_digest: string };
  /** Names the call: the same call asked again makes the same key. */
  readonly key: string;
}

/** The text of an action, as it is shown and digested. */
export function textOfAction(action: Action, input: unknown): string {
  return action.kind === "command" ? action.command : JSON.stringify(input, null, 2);
}

/** @throws NotShown for what does not fit, or is no text */
export async function questionOf(parts: QuestionParts): Promise<Question> {
  const { host, event, action, isHeld } = parts;
  const text = textOfAction(action, event.input);
  if (!text.isWellFormed()) throw new NotShown("It is no valid text, so it can't be shown to a person as it is.");
  const length = codePoints(text);
  if (length > longestAction)
    throw new NotShown(
      `It has ${length} characters, and a person can be shown at most ${longestAction} of them whole. Make it shorter, or put it into a file that can be read first.`,
    );
  const call = isHeld ? "" : [event.session, event.callId ?? event.turn ?? ""].join("\n");
  const identity = [host.name, call, event.tool, event.cwd, text];
  const nonce = sha256([parts.secret, ...identity]);
  const { digest } = await digestAction({
    tool: event.tool,
    [action.kind === "command" ? "command" : "input"]: text,
    cwd: event.cwd,
    nonce,
  });
  const body = {
    recipient: parts.to,
    channel: parts.channel,
    ...shown(parts, text, length, digest),
    options: OPTIONS,
    timeout_hours: parts.minutes / 60,
    timeout_default: null,
    allow_comment: true,
    action_digest: digest,
    metadata: {
      hook: { host: host.name, tool: event.tool, cwd: event.cwd, nonce, ...(isHeld ? {} : { session: event.session }) },
    },
  };
  return { body, key: sha256([canonicalize(body as unknown as JsonValue), ...identity]) };
}

function shown(
  { host, event, action, why, machine, isHeld }: QuestionParts,
  text: string,
  length: number,
  digest: string,
): { readonly message: string; readonly details: Record<string, string> } {
  const thing = action.kind === "command" ? "this command" : `the tool ${cut(event.tool, 60)}`;
  const asks = `${host.title} asks to run ${thing}:`;
  const parts = length <= IN_MESSAGE ? [] : chunks(text, limits.detailText);
  const details: Record<string, string> = {};
  parts.forEach((part, index) => {
    details[`Part ${index + 1} of ${parts.length}`] = part;
  });
  const message =
    parts.length === 0
      ? `${asks}\n\n${text}`
      : `${asks}\n\nIt has ${length} characters and stands below in ${parts.length} parts, whole. Read all of them.`;
  return {
    message,
    details: {
      ...details,
      "Why you are asked": cut(`It ${why}.`, limits.detailText),
      Folder: cut(event.cwd === "" ? "not told" : event.cwd, limits.detailText),
      Machine: cut(machine, limits.detailText),
      Agent: host.title,
      ...(isHeld ? {} : { Session: cut(event.session, limits.detailText) }),
      Digest: digest,
    },
  };
}

/** A digest over texts, each with its length, so that no two lists of texts come out the same. */
export function sha256(texts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(`${text.length}:`).update(text);
  return hash.digest("hex");
}

function chunks(text: string, size: number): string[] {
  const points = [...text];
  return Array.from({ length: Math.ceil(points.length / size) }, (_, index) =>
    points.slice(index * size, (index + 1) * size).join(""),
  );
}

/** For what only surrounds the action. */
function cut(text: string, most: number): string {
  const points = [...text.toWellFormed()];
  return points.length <= most ? points.join("") : `${points.slice(0, most - 1).join("")}…`;
}
