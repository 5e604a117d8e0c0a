/**
 * What may be kept of a gateway's answer. Gateways echo numbers, texts and credentials in every encoding there is, so
 * that an excerpt in which one of them is still to be recognised is not kept at all.
 */
import { escapeXml } from "./xml.ts";

export interface Concealed {
  readonly to: string;
  readonly text: string;
  readonly link: string;
  readonly secrets: readonly string[];
}

/** The start of the answer as one line, or null. */
export function excerptOf(answer: string, { to, text, link, secrets }: Concealed): string | null {
  const digits = to.replace(/\D/g, "");
  const line = hide(answer, [...secrets, link, to, ...(digits.length > 6 ? [digits, digits.slice(-9)] : [])])
    .replace(/\p{Cc}+/gu, " ")
    .trim();
  const bare = bareOf(line);
  const isTold = [
    ...secrets.map(bareOf),
    digits.length > 6 ? digits.slice(-7) : bareOf(to),
    bareOf(link.slice(link.lastIndexOf("/") + 1)),
    ...piecesOf(bareOf(text)),
  ].some((part) => part.length >= 4 && bare.includes(part));
  return isTold || line === "" ? null : line.slice(0, 300);
}

/** Takes secrets out, as they are and as they look in a URL, a form, JSON, XML and Basic credentials. */
export function hide(text: string, secrets: readonly string[]): string {
  const spellings = secrets
    .filter((secret) => secret !== "")
    .flatMap((secret) => [
      secret,
      encodeURIComponent(secret.toWellFormed()),
      percent(secret),
      new URLSearchParams({ x: secret }).toString().slice(2),
      JSON.stringify(secret).slice(1, -1),
      escapeXml(secret),
      Buffer.from(secret).toString("base64"),
    ])
    .sort((one, other) => other.length - one.length)
    .map((spelling) => spelling.replace(/[^\w\s]/g, "\\$&"));
  return spellings.length === 0 ? text : text.replace(new RegExp(spellings.join("|"), "g"), "[hidden]");
}

/** As RFC 3986 has it, with spaces as %20: gateways that know no + as a space exist, the reverse does not. */
export function percent(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Letters and digits alone, after undoing the escapes of URLs, JSON and XML. */
function bareOf(text: string): string {
  const point = (code: string, radix: number) => {
    const value = Number.parseInt(code, radix);
    return value > 0 && value <= 0x10ffff ? String.fromCodePoint(value) : " ";
  };
  return text
    .replace(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll("%", ""), "hex").toString("utf8"))
    .replace(/\\u([0-9a-f]{4})/gi, (_, code: string) => point(code, 16))
    .replace(/&#(\d{1,7});/g, (_, code: string) => point(code, 10))
    .replace(/&#x([0-9a-f]{1,6});/gi, (_, code: string) => point(code, 16))
    .replace(/\\[nrt]|&\w+;/g, " ")
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, "");
}

/** Every run of ten characters: nobody's sentence has one by chance. */
function piecesOf(bare: string): readonly string[] {
  if (bare.length <= PIECE) return [bare];
  return Array.from({ length: bare.length - PIECE + 1 }, (_, start) => bare.slice(start, start + PIECE));
}

const PIECE = 10;
