import { isoTime } from "../platform/clock.ts";

/** A page as it was sent: what it can be made again from beside the question, and the digest of its bytes. */
export interface SentPage {
  /** BCP 47: the page's language with the reader's region, if they named one. */
  readonly language: string;
  /** The version of the page's template, `sha256:<hex>`. */
  readonly template: string;
  readonly appearance: AppearanceText;
  /** Milliseconds. */
  readonly renderedAt: number;
  /** `sha256:<hex>` over the bytes of the body. */
  readonly digest: string;
}

/** How the asking project and this server appear on a page, with the template's version, in canonical JSON. */
export interface AppearanceText {
  readonly text: string;
  /** SHA-256 of the text. */
  readonly digest: Uint8Array;
}

/** What stands of a page in the clear. */
export function plainOf({ language, template, appearance, renderedAt }: SentPage) {
  return {
    language,
    template,
    appearance: `sha256:${Buffer.from(appearance.digest).toString("hex")}`,
    rendered_at: isoTime(renderedAt),
  };
}
