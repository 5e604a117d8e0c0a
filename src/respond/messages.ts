import type { Mode } from "../storage/index.ts";
import type { Links } from "./link.ts";
import { howToReply } from "./reply-texts.ts";
import { composeText } from "./text.ts";

/** What a message is made from. */
export interface MessageParts {
  readonly pauseId: string;
  readonly position: number;
  readonly mode: Mode;
  readonly message: string;
  readonly project: string;
  readonly expiresAt: number;
  /** How the question can be answered by a reply; null where it can't. */
  readonly reply?: { readonly code: string; readonly options: readonly string[] } | null;
  /** How many segments the text should stay within; null where they cost nothing. */
  readonly segments?: number | null;
}

/** The text and the link of a message. */
export type MessageText = (parts: MessageParts) => { readonly text: string; readonly link: string };

/** Makes messages: deterministic, so that a retry and the outbox show the very same text and link. */
export function messageText(parts: {
  links: Links;
  baseUrl: () => string;
  template: string;
  displayName: (project: string) => string;
}): MessageText {
  return ({ pauseId, position, mode, message, project, expiresAt, reply = null, segments = null }) => {
    const link = `${parts.baseUrl()}/r/${parts.links.token({ pauseId, position, mode }, expiresAt)}`;
    const template = reply === null ? parts.template : `${parts.template}\n{reply}`;
    const how = reply === null ? {} : { reply: howToReply(reply) };
    const places = { message, link, project: parts.displayName(project), ...how };
    return { link, text: composeText(template, places, { segments }) };
  };
}
