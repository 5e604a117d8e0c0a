/** `/r/` and the 52 characters of a token (contract of the link), wherever it stands in a text. */
const LINK = /(?:https?:\/\/[^\s"'<>]*)?\/r\/[A-Za-z0-9_-]{52}(?![A-Za-z0-9_-])/g;

/**
 * The same without the link of any question. The API shows none to a live key; but a gateway's error may quote the
 * message that it refused, and a test key may read its outbox. Whoever asks must not be able to answer.
 */
export function withoutLinks<T>(value: T): T {
  const text = JSON.stringify(value);
  const without = text.replace(LINK, "[link removed]");
  return without === text ? value : (JSON.parse(without) as T);
}
