/** What Twilio makes of a webhook's answer. */
export interface TwimlReading {
  /** The texts it sends back, one a `<Message>`. */
  readonly messages: readonly string[];
  /** The number in the error dictionary of what is logged as an error; null when all is well. */
  readonly error: 11200 | 12100 | 12200 | 12300 | null;
}

/**
 * Reads an answer as the page "TwiML for Programmable Messaging" says: XML types are TwiML, plain text is a message by
 * itself, nothing is nothing, and any status outside 2xx is a failure to retrieve (11200).
 */
export function readTwiml(status: number, contentType: string | null, body: string): TwimlReading {
  if (status < 200 || status > 299) return { messages: [], error: 11200 };
  if (body.trim() === "") return { messages: [], error: null };
  const type = contentType?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === "text/plain") return { messages: [body], error: null };
  if (!["text/xml", "application/xml", "text/html"].includes(type)) return { messages: [], error: 12300 };
  const root = parse(body);
  if (root === null || root.name !== "Response") return { messages: [], error: 12100 };
  const messages = root.children.filter(({ name }) => name === "Message").map(textOf);
  const isKnown = root.children.every(({ name }) => name === "Message" || name === "Redirect");
  return { messages, error: isKnown ? null : 12200 };
}

interface Element {
  readonly name: string;
  readonly children: Element[];
  text: string;
}

/** The text directly in it, or in its `<Body>`. */
function textOf(message: Element): string {
  const bodies = message.children.filter(({ name }) => name === "Body");
  return bodies.length > 0 ? bodies.map(({ text }) => text).join("") : message.text;
}

const TOKEN =
  /<\?xml[^?]*\?>|<!--(?:(?!--)[\s\S])*-->|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([A-Za-z][\w.-]*)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/gy;

/** A document of one root without DTD or namespaces, or null when it is not well-formed. */
function parse(xml: string): Element | null {
  const top: Element = { name: "", children: [], text: "" };
  const open = [top];
  let end = 0;
  for (const [token, verbatim, closing, name, attributes = "", empty, characters] of xml.trim().matchAll(TOKEN)) {
    end += token.length;
    const here = open.at(-1) ?? top;
    if (name !== undefined && closing === "/") {
      if (here.name !== name || open.length === 1 || attributes !== "") return null;
      open.pop();
    } else if (name !== undefined) {
      const element: Element = { name, children: [], text: "" };
      here.children.push(element);
      if (empty !== "/") open.push(element);
    } else if (verbatim !== undefined) here.text += verbatim;
    else if (characters !== undefined) {
      const text = decode(characters);
      if (text === null) return null;
      here.text += text;
    }
  }
  const isWhole = end === xml.trim().length && open.length === 1 && top.children.length === 1;
  return isWhole && top.text.trim() === "" ? (top.children[0] ?? null) : null;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** Null when there is a bare `&` or an entity XML does not know. */
function decode(text: string): string | null {
  let isFine = true;
  const decoded = text.replace(
    /&(?:#x([0-9a-f]+);|#(\d+);|(\w+);)?/gi,
    (_all, hex?: string, ten?: string, name = "") => {
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (ten !== undefined) return String.fromCodePoint(Number(ten));
      isFine &&= ENTITIES[name] !== undefined;
      return ENTITIES[name] ?? "";
    },
  );
  return isFine ? decoded : null;
}
