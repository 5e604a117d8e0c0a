/**
 * What goes out in a button and comes back when it is tapped: the link's token, which decides, and the option's place.
 */
import { isRecord } from "../../platform/json.ts";

/** A tap on one of our buttons, as a verified interaction tells of it. */
export interface Tap {
  readonly token: string;
  readonly option: number;
  /** The Slack id of who tapped. */
  readonly by: string;
  /** Where an answer for them alone can be sent; null when Slack gave none. */
  readonly responseUrl: string | null;
}

/** What the identifiers of option buttons start with. The link to the page has another, since Slack reports that too. */
export const OPTION_ACTION = "pausepoint_option_";
export const PAGE_ACTION = "pausepoint_page";

/** The value of an option's button; at most 2,000 characters are allowed. A token is base64url, so the dot ends it. */
export function buttonValue(link: string, option: number): string {
  return `${link.slice(link.lastIndexOf("/") + 1)}.${option}`;
}

/** Reads a `block_actions` payload; null for any other interaction, which only has to be acknowledged. */
export function readTap(payload: unknown): Tap | null {
  if (!isRecord(payload) || payload.type !== "block_actions" || !isRecord(payload.user)) return null;
  const by = payload.user.id;
  if (typeof by !== "string" || !/^[A-Z0-9]{2,32}$/.test(by) || !Array.isArray(payload.actions)) return null;
  for (const action of payload.actions as readonly unknown[]) {
    if (!isRecord(action) || typeof action.action_id !== "string" || typeof action.value !== "string") continue;
    const parts = /^([\w-]{1,200})\.(\d{1,2})$/.exec(action.value);
    if (!action.action_id.startsWith(OPTION_ACTION) || parts?.[1] === undefined) continue;
    const responseUrl = typeof payload.response_url === "string" ? payload.response_url : null;
    return { token: parts[1], option: Number(parts[2]), by, responseUrl };
  }
  return null;
}
