import type { Random } from "../random.ts";

/**
 * Letters that are told apart by eye and by ear. Left out: I, L and O (1 and 0), Q (0), S (5), Z (2), B (8) and G (6);
 * D, E and V, which sound as T and P do; N beside M; U beside V.
 */
const LETTERS = "ACFHJKMPRTWXY";
/** Without 0 and 1, which are letters to many. */
const DIGITS = "23456789";

/** Every code: what a person writes before the answer, to say which question is meant. */
const CODES: readonly string[] = [...LETTERS].flatMap((letter) => [...DIGITS].map((digit) => letter + digit));

/** Whether a word, in upper case, has the shape of a code. */
export function isCode(word: string): boolean {
  return word.length === 2 && LETTERS.includes(word[0] ?? " ") && DIGITS.includes(word[1] ?? " ");
}

/**
 * A code that is not taken yet, each as likely as the others; null when all {@link CODES} are. `taken` holds the codes
 * of the questions that wait at one number, and what else must not be taken for a code there.
 */
export function nextCode(taken: ReadonlySet<string>, random: Random): string | null {
  const free = CODES.filter((code) => !taken.has(code));
  if (free.length === 0) return null;
  // Bytes above the last whole multiple would make the first codes likelier.
  const fair = 256 - (256 % free.length);
  for (;;) {
    const byte = random.bytes(1)[0] ?? 0;
    if (byte < fair) return free[byte % free.length] ?? null;
  }
}
