import { defaultLanguage, languages, type Wording } from "../languages/index.ts";

/** The language a page is written in, and the locale its times are formatted for. */
export interface ReaderLanguage {
  readonly wording: Wording;
  /** The wording's tag with the reader's region where the header named one, e.g. `en-GB`: it decides 18:07 or 6:07 PM. */
  readonly locale: string;
}

/** More ranges than any browser sends; the rest of a longer header is not read. */
const MOST_RANGES = 32;

/**
 * Chooses by `Accept-Language` (RFC 9110 §12.5.4): ranges by quality, equal ones in the order given, each looked up by
 * cutting subtags from its end (RFC 4647 §3.4). A quality of 0 rules a language out; `*` stands for any that is not.
 * A malformed range is passed over. Without a match the answer is English.
 */
export function chooseLanguage(acceptLanguage: string | null): ReaderLanguage {
  const ranges = parseRanges(acceptLanguage ?? "");
  const refused = new Set(ranges.filter((range) => range.quality === 0).map((range) => range.tag));
  const wanted = ranges.filter((range) => range.quality > 0).sort((a, b) => b.quality - a.quality);
  for (const { tag } of wanted) {
    if (tag === "*") {
      const any = [defaultLanguage, ...languages].find((wording) => !refused.has(wording.tag));
      if (any) return { wording: any, locale: any.tag };
      continue;
    }
    const wording = lookUp(tag);
    if (wording && !refused.has(wording.tag)) return { wording, locale: withRegion(wording, tag) };
  }
  return { wording: defaultLanguage, locale: defaultLanguage.tag };
}

interface LanguageRange {
  readonly tag: string;
  readonly quality: number;
}

const RANGE = /^(\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)(?:[ \t]*;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/;

function parseRanges(header: string): LanguageRange[] {
  const ranges: LanguageRange[] = [];
  for (const part of header.toLowerCase().split(",", MOST_RANGES)) {
    const match = RANGE.exec(part.trim());
    if (match?.[1]) ranges.push({ tag: match[1], quality: Number(match[2] ?? "1") });
  }
  return ranges;
}

function lookUp(tag: string): Wording | undefined {
  for (let rest = tag; rest !== ""; rest = rest.slice(0, Math.max(0, rest.lastIndexOf("-")))) {
    const wording = languages.find((candidate) => candidate.tag === rest);
    if (wording) return wording;
  }
  return undefined;
}

/** Only language and region are taken over: an extension could bring another calendar or other digits into the page. */
function withRegion(wording: Wording, tag: string): string {
  try {
    const region = new Intl.Locale(tag).region;
    return region ? `${wording.tag}-${region}` : wording.tag;
  } catch {
    return wording.tag;
  }
}
