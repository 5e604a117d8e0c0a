/** `/r/` and the 52 characters of a token (contract of the link), wherever it stands in a text. */
const TOKEN = /\/r\/[A-Za-z0-9_-]{52}(?![A-Za-z0-9_-])/;
/** The same with the address before it. Bounded: a text of many beginnings and no end must not be read again from each. */
const LINK = new RegExp(`(?:https?://[^\\s"'<>]{0,300})?${TOKEN.source}`, "g");

/**
 * The same without the link of any question. The API shows none to a live key; but a gateway's error may quote the
 * message that it refused, and a test key may read its outbox. Whoever asks must not be able to answer.
 */
export function withoutLinks<T>(value: T): T {
  const text = JSON.stringify(value);
  return TOKEN.test(text) ? (JSON.parse(text.replace(LINK, "[link removed]")) as T) : value;
}
