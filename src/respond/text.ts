import { fit } from "../platform/sms/fit.ts";

/** Twilio and most gateways refuse longer texts. Counted in UTF-16 units, as they count. */
const LONGEST_TEXT = 1_600;

/** What stands in the places of a template. Further names are allowed; a place that has none stays as it is. */
export interface TextParts {
  readonly message: string;
  readonly link: string;
  readonly project: string;
  readonly [name: string]: string;
}

export interface TextLimits {
  /** How many segments to stay within where it can be done (3GPP TS 23.040); null where segments cost nothing. */
  readonly segments: number | null;
  /** Whether Latin letters may lose accents that cost a segment. Default false. */
  readonly transliterate?: boolean;
}

/**
 * The text of a message from its template (`{message}`, `{link}`, `{project}`). Where the whole would take more
 * segments than wished, or more than 1,600 UTF-16 units, the message is shortened, and the page shows it whole; the
 * link is never cut, and what people wrote is never taken for a place of the template.
 */
export function composeText(
  template: string,
  parts: TextParts,
  { segments, transliterate = false }: TextLimits = { segments: null },
): string {
  return fit(
    parts.message,
    (message, spell) =>
      template.replace(/\{(\w+)\}|[^{]+|\{/g, (found: string, name: string | undefined) => {
        if (name === undefined) return spell(found);
        if (name === "message") return message;
        const part = Object.hasOwn(parts, name) ? parts[name] : undefined;
        if (part === undefined) return found;
        return name === "link" ? part : spell(part);
      }),
    { segments, longest: LONGEST_TEXT, transliterate },
  );
}
