import type { Mode } from "../storage/index.ts";
import type { Links } from "./link.ts";
import { composeText } from "./text.ts";

/** What a message is made from. */
export interface MessageParts {
  readonly pauseId: string;
  readonly position: number;
  readonly mode: Mode;
  readonly message: string;
  readonly project: string;
  readonly expiresAt: number;
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
  return ({ pauseId, position, mode, message, project, expiresAt }) => {
    const link = `${parts.baseUrl()}/r/${parts.links.token({ pauseId, position, mode }, expiresAt)}`;
    return { link, text: composeText(parts.template, { message, link, project: parts.displayName(project) }) };
  };
}
