import { isGsm7, septetsOf } from "./gsm7.ts";
import { plain, transliterated } from "./plain.ts";
import { measure } from "./segments.ts";

export interface FitOptions {
  /** How many segments to stay within where it can be done; null where segments do not count. */
  readonly segments: number | null;
  /** The most UTF-16 units that the text may ever have. */
  readonly longest: number;
  /** Whether Latin letters may lose accents that the GSM alphabet does not have. */
  readonly transliterate: boolean;
}

/** Makes the text around a message, in the spelling that is asked for. The link in it must stay the same. */
export type Fill = (message: string, spell: Spell) => string;
export type Spell = (text: string) => string;

/**
 * The text with as much of the message as fits. The message is shortened only when the whole takes more segments than
 * wished or more units than allowed: between two characters as a person sees them, at the end of a word where one is
 * near, never inside a number, and then ends with `...`. Where the wish would leave less than {@link LEAST} characters,
 * it takes a segment more: a person has to understand what is asked.
 *
 * Typographic characters (quotes, dashes, spaces) are written plainly where that saves segments or words.
 */
export function fit(message: string, fill: Fill, options: FitOptions): string {
  const { longest } = options;
  const wish = options.segments ?? Number.POSITIVE_INFINITY;
  const asWritten = fill(message, AS_WRITTEN);
  // In the GSM alphabet it has no plainer spelling, so that the common case ends here.
  if (isGsm7(asWritten) && fits(asWritten, { segments: wish, longest })) return asWritten;
  const spellings = spellingsOf(options).map((spell, index) => spelled(message, fill, spell, index > 0));
  for (let segments = wish; ; segments++) {
    const room = { segments, longest };
    const wholes = spellings.filter((spelling) => spelling.isUsable(spelling.whole) && fits(spelling.whole, room));
    if (wholes.length > 0) return cheapest(wholes.map(({ whole }) => whole));
    const cuts = spellings.map((spelling) => spelling.cut(room));
    const best = cuts.reduce((one, other) => (other.kept > one.kept ? other : one));
    // More segments do not help once the length is what is in the way.
    const isAtLimit = segments * SHORTEST_SEGMENT > longest;
    if (best.kept >= LEAST || isAtLimit) return best.text;
  }
}

/** Of a message that is shortened, so many characters are kept, whatever the segments. */
export const LEAST = 60;

const CUT = "...";
/** The fewest UTF-16 units that a segment holds before the next begins. */
const SHORTEST_SEGMENT = 66;
/** How far back from the last place that fits the end of a word is looked for, in characters. */
const NEAR = 24;

interface Room {
  readonly segments: number;
  readonly longest: number;
}

function fits(text: string, { segments, longest }: Room): boolean {
  return text.length <= longest && (segments === Number.POSITIVE_INFINITY || measure(text).segments <= segments);
}

const AS_WRITTEN: Spell = (text) => text;

/** As it was written first, so that it wins where another spelling saves nothing. */
function spellingsOf({ segments, transliterate }: FitOptions): readonly Spell[] {
  if (segments === null) return [AS_WRITTEN];
  const bare: Spell = (text) => transliterated(plain(text), (character) => septetsOf(character) !== null);
  return transliterate ? [AS_WRITTEN, plain, bare] : [AS_WRITTEN, plain];
}

/** The first of those with the fewest segments. */
function cheapest(texts: readonly string[]): string {
  return texts.reduce((one, other) => (measure(other).segments < measure(one).segments ? other : one));
}

/** One spelling of the text. Another spelling than the written one is used only where it is in the GSM alphabet. */
function spelled(message: string, fill: Fill, spell: Spell, onlyGsm: boolean) {
  const shown = spell(message);
  const isUsable = (text: string) => !onlyGsm || isGsm7(text);
  const withStart = (start: string) => fill(`${start}${CUT}`, spell);
  return {
    whole: fill(shown, spell),
    isUsable,
    /** The text with the longest start of the message that fits, and how many characters of it those are. */
    cut(room: Room): { readonly text: string; readonly kept: number } {
      const characters = graphemes(shown);
      const works = (count: number) => {
        const text = withStart(characters.slice(0, count).join("").trimEnd());
        return isUsable(text) && fits(text, room);
      };
      // A longer start never needs less room: what fits in UCS-2 would fit in GSM-7 all the more.
      const most = lastThat(works, characters.length - 1);
      const end = goodEnd(characters, most);
      const kept = characters.slice(0, end).findLastIndex((character) => !isBlank(character)) + 1;
      return { text: withStart(characters.slice(0, kept).join("")), kept };
    },
  };
}

/** The greatest number up to `most` for which it works, given that it works for all up to some number; else 0. */
function lastThat(works: (count: number) => boolean, most: number): number {
  let low = 0;
  let high = most;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (works(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Where to cut at best, not later than `most`: at the end of a word that is near, and not after half an amount. */
function goodEnd(characters: readonly string[], most: number): number {
  const isBlankAt = (index: number) => isBlank(characters[index] ?? "");
  const wordEnd = (from: number): number => {
    let index = from;
    while (index > 0 && !isBlankAt(index)) index--;
    while (index > 0 && isBlankAt(index - 1)) index--;
    return index;
  };
  const word = wordEnd(most);
  const isNear = (end: number) => end > 0 && most - end <= NEAR && end >= Math.min(LEAST, most / 2);
  let end = isNear(word) ? word : most;
  // "Pay 1,200" must not stand for "Pay 1,200,000 EUR" or "Pay 1,200 per hour": what ends in an amount goes on.
  for (let earlier = end; isAmount(characters, earlier); ) {
    let start = earlier;
    while (start > 0 && !isBlankAt(start - 1)) start--;
    while (start > 0 && isBlankAt(start - 1)) start--;
    if (start === 0 || most - start > 2 * NEAR) break;
    earlier = start;
    end = isAmount(characters, earlier) ? end : earlier;
  }
  return end;
}

/** Whether the last word before that place holds a digit or is only signs, as a currency is. */
function isAmount(characters: readonly string[], end: number): boolean {
  let start = end;
  while (start > 0 && !isBlank(characters[start - 1] ?? "")) start--;
  const word = characters.slice(start, end).join("");
  return word !== "" && (/\p{Nd}/u.test(word) || /^[\p{Sc}\p{Sm}-]+$/u.test(word));
}

function isBlank(character: string): boolean {
  return /^\s+$/.test(character);
}

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Characters as a person sees them. */
function graphemes(text: string): readonly string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}
