/**
 * A log's name. It stays for as long as nothing that was signed under it is lost; after a loss the log goes on under the
 * next name (`pausepoint/ins_…/2`), so that no name ever stands over two trees that contradict each other.
 */

/** The name without its number, and the number: 1 for the first name, which has none. */
export function readOrigin(origin: string): { readonly base: string; readonly number: number } {
  const [, base = origin, number = "1"] = /^(.+)\/([1-9]\d{0,8})$/.exec(origin) ?? [];
  return { base, number: Number(number) };
}

/** A name that none of these names of one log has had. The first of them says whose log it is. */
export function nextOrigin(first: string, ...others: readonly string[]): string {
  const { base } = readOrigin(first);
  const numbers = [first, ...others].map(readOrigin).filter((other) => other.base === base);
  return `${base}/${Math.max(...numbers.map(({ number }) => number)) + 1}`;
}

/** Whether a log that is called `origin` now has had this name, or has it. */
export function hasHadName(origin: string, name: string): boolean {
  const [now, then] = [readOrigin(origin), readOrigin(name)];
  return now.base === then.base && then.number <= now.number;
}
