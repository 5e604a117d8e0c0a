/**
 * What may stand in a template's variable: something, in one line, without tabs and without more than four spaces in a
 * row (Twilio's errors 21656 and 63013).
 */

/** A text in one line. Where a line ended, ` / ` stands, so that two lines are not read as one sentence. */
export function oneLine(text: string): string {
  const lines = text
    .toWellFormed()
    .split(/[\r\n\v\f\u0085\u2028\u2029]+/)
    .map((line) => line.replace(/[\s\p{Cc}]+/gu, " ").trim())
    .filter((line) => line !== "");
  return lines.length === 0 ? "-" : lines.join(" / ");
}

/**
 * A line of at most `room` UTF-16 units, but never less than one character and the `…` behind it. It is cut between two
 * characters as a person sees them, where a word ends if one does near; a number is not cut, since a part of an amount is
 * another amount.
 */
export function shortened(line: string, room: number): string {
  if (line.length <= room) return line;
  let kept = "";
  for (const { segment } of new Intl.Segmenter("en").segment(line)) {
    if (kept !== "" && kept.length + segment.length + CUT.length > room) break;
    kept += segment;
  }
  const words = kept.replace(/\s+\S{0,24}$/u, "");
  const withoutNumber = words === kept ? kept.replace(/[\p{Sc}\p{Nd}.,'’ ]*\p{Nd}$/u, "") : words;
  return (withoutNumber.trim() === "" ? kept : withoutNumber.trimEnd()) + CUT;
}

const CUT = "…";
