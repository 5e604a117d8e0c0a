/** A value as an XML document (XML 1.0, fifth edition): `{ sms: { "@id": "1", to: ["+1…", "+1…"], text: "…" } }`. */
import { isRecord } from "../../platform/json.ts";

/**
 * The one key is the root element; `@name` is an attribute, `#text` the text beside attributes, an array repeats its
 * element, null and undefined leave it out.
 *
 * @throws Error for anything that is no such value; it names no content
 */
export function toXml(value: unknown): string {
  const roots = isRecord(value) ? Object.entries(value) : [];
  const [root] = roots;
  if (root === undefined || roots.length !== 1 || Array.isArray(root[1]))
    throw new Error("an XML body is an object with one key, the root element");
  return `<?xml version="1.0" encoding="UTF-8"?>${element(root[0], root[1])}`;
}

function element(name: string, value: unknown): string {
  if (!NAME.test(name)) throw new Error("an XML body has a key that is no name of an element");
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map((one) => element(name, one)).join("");
  if (!isRecord(value)) return `<${name}>${escapeXml(scalar(value))}</${name}>`;
  let attributes = "";
  let inside = "";
  for (const [key, child] of Object.entries(value)) {
    if (key === "#text") inside += escapeXml(scalar(child));
    else if (!key.startsWith("@")) inside += element(key, child);
    else if (!NAME.test(key.slice(1))) throw new Error("an XML body has a key that is no name of an attribute");
    else if (child !== null && child !== undefined) attributes += ` ${key.slice(1)}="${escapeXml(scalar(child))}"`;
  }
  return `<${name}${attributes}>${inside}</${name}>`;
}

const NAME = /^[A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?$/;

/**
 * Text for between two tags and for attributes. Line breaks and tabs are written as references, since a reader changes
 * them otherwise (sections 2.11 and 3.3.3). What XML can't hold at all (section 2.2) is shown as the picture of the
 * control character (U+2400 and on), or as U+FFFD.
 */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, (character) => {
      const code = character.charCodeAt(0);
      return code < 0x20 ? String.fromCharCode(0x2400 + code) : "\ufffd";
    })
    .replace(/[&<>"'\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function scalar(value: unknown): string {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return String(value);
  throw new Error("an XML body has a value that is no text, number, true or false");
}
