/** A pause as far as it tells whether its messages got through. */
interface Reach {
  /** False once every message has failed for good. */
  readonly reached: boolean | null;
  readonly delivery: readonly { readonly channel: string; readonly recipient: string; readonly error: string | null }[];
}

/** Why nobody can know of a question, in a clause for the one who waits for its answer; null while somebody may. */
export function unreached({ reached, delivery }: Reach): string | null {
  if (reached !== false) return null;
  const failures = delivery.map(
    ({ channel, recipient, error }) =>
      `${channel} to ${recipient} failed${error === null ? "" : ` (${error.replace(/\.$/, "")})`}`,
  );
  return `no message got through: ${failures.join("; ")}`;
}
