/** Twilio and most gateways refuse longer texts. Counted in UTF-16 units, as they count. */
const LONGEST_TEXT = 1_600;
const CUT = "...";

/**
 * The text of a message from its template (`{message}`, `{link}`, `{project}`). Where the whole would be too long, the
 * message is cut between two characters as a person sees them, and the page shows it whole; the link is never cut.
 */
export function composeText(
  template: string,
  parts: { readonly message: string; readonly link: string; readonly project: string },
): string {
  const fill = (message: string) =>
    template.replace(/\{(message|link|project)\}/g, (_, name: "message" | "link" | "project") =>
      name === "message" ? message : parts[name],
    );
  const whole = fill(parts.message);
  if (whole.length <= LONGEST_TEXT) return whole;
  const room = LONGEST_TEXT - fill("").length - CUT.length;
  let kept = "";
  for (const { segment } of new Intl.Segmenter("en", { granularity: "grapheme" }).segment(parts.message)) {
    if (kept.length + segment.length > room) break;
    kept += segment;
  }
  return fill(`${kept.trimEnd()}${CUT}`);
}
