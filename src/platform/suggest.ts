/**
 * `; did you mean port?` for a name that was meant as a known one: a few letters away from it, or its beginning
 * (`timeout` for `timeout_hours`). Else nothing.
 */
export function suggestion(name: string, known: readonly string[]): string {
  const wanted = name.toLowerCase();
  const near = known
    .flatMap((candidate) => {
      const distance = nearness(wanted, candidate.toLowerCase());
      return distance === null ? [] : [{ candidate, distance }];
    })
    .sort((a, b) => a.distance - b.distance)[0];
  return near === undefined ? "" : `; did you mean ${near.candidate}?`;
}

/** So much of a word may be wrong. */
const WRONG_SHARE = 1 / 3;
const SHORTEST_BEGINNING = 3;

/** The distance of two words that are near each other, else null. What differs too much in length is not compared. */
function nearness(name: string, candidate: string): number | null {
  const missing = candidate.length - name.length;
  if (name.length >= SHORTEST_BEGINNING && candidate.startsWith(name)) return missing;
  const most = Math.ceil(candidate.length * WRONG_SHARE);
  if (Math.abs(missing) > most) return null;
  const distance = editDistance(name, candidate);
  return distance <= most ? distance : null;
}

/** Insertions, deletions and replacements between two words (Levenshtein), one row of the table at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
