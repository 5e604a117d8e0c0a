/**
 * Block Kit, the parts that a question is made of. The asker's words only ever stand in `plain_text` objects, where
 * Slack reads no mention, link, emoji code or formatting. Limits: https://docs.slack.dev/reference/block-kit
 */
import { pieces, shortened } from "./visible.ts";

export type Block =
  | { readonly type: "header"; readonly text: Text }
  | { readonly type: "section"; readonly text: Text }
  | { readonly type: "section"; readonly fields: readonly Text[] }
  | { readonly type: "context"; readonly elements: readonly Text[] }
  | { readonly type: "actions"; readonly elements: readonly Button[] };

export type Text =
  | { readonly type: "plain_text"; readonly text: string; readonly emoji: false }
  | { readonly type: "mrkdwn"; readonly text: string; readonly verbatim: true };

export interface Button {
  readonly type: "button";
  readonly text: Text;
  readonly action_id: string;
  readonly value?: string;
  readonly url?: string;
}

/**
 * Slack counts 3,000 characters for a text and 2,000 for a field without saying of what. As bytes of UTF-8, of which
 * no character has less than one, a text fits however it is counted.
 */
const LONGEST_TEXT = 3_000;
const LONGEST_FIELD = 2_000;
const MOST_FIELDS = 10;
const LONGEST_HEADER = 75;

/** Words exactly as they stand. */
export function plain(text: string): Text {
  return { type: "plain_text", text, emoji: false };
}

/** Words of our own with Slack's markup. Never the asker's. */
export function markup(text: string): Text {
  return { type: "mrkdwn", text, verbatim: true };
}

export function header(text: string): Block {
  return { type: "header", text: plain(shortened(text, LONGEST_HEADER)) };
}

/** A text of any length, in as many sections as it takes. */
export function sections(text: string): readonly Block[] {
  return pieces(text, LONGEST_TEXT).map((piece) => ({ type: "section", text: plain(piece) }));
}

/** The start of a text, in one section. */
export function firstSection(text: string): readonly Block[] {
  const [first, ...more] = pieces(text, LONGEST_TEXT - Buffer.byteLength("…"));
  return first === undefined ? [] : [{ type: "section", text: plain(more.length > 0 ? `${first}…` : first) }];
}

/** Labels left, texts right; one that is too long for a field has sections of its own. */
export function table(rows: readonly (readonly [label: string, text: string])[]): readonly Block[] {
  const blocks: Block[] = [];
  let fields: Text[] = [];
  const flush = () => {
    if (fields.length > 0) blocks.push({ type: "section", fields });
    fields = [];
  };
  for (const [label, text] of rows) {
    // A field may not be empty.
    const cells = [label, text].map((cell) => (cell.trim() === "" ? "–" : cell));
    if (cells.some((cell) => Buffer.byteLength(cell) > LONGEST_FIELD)) {
      flush();
      blocks.push(...sections(cells.join(": ")));
      continue;
    }
    if (fields.length + cells.length > MOST_FIELDS) flush();
    fields.push(...cells.map(plain));
  }
  flush();
  return blocks;
}

export function context(...elements: readonly Text[]): Block {
  return { type: "context", elements };
}

/**
 * A moment in each reader's own zone and language; `fallback` for clients that can't. `at` in milliseconds.
 * https://docs.slack.dev/messaging/formatting-message-text#date-formatting
 */
export function moment(at: number, fallback: string): string {
  return `<!date^${Math.floor(at / 1000)}^{date_long_pretty} at {time}|${escapeMarkup(fallback)}>`;
}

/** The three characters that start Slack's markup, as https://docs.slack.dev/messaging/formatting-message-text asks. */
export function escapeMarkup(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
