/** What the operator forbids a key, so that an agent can't approve itself by whom or how it asks. */
export interface KeyLimits {
  /** Whom it may ask: `@name`, an address in its normal form, or `*@domain`. Null: anyone. */
  readonly recipients: readonly string[] | null;
  /** The shortest time it may give a person, in minutes. */
  readonly minTimeoutMinutes: number | null;
  /** True when silence may not decide: a pause with a `timeout_default` is refused. */
  readonly noDefaultOnTimeout: boolean;
}

export const noLimits: KeyLimits = { recipients: null, minTimeoutMinutes: null, noDefaultOnTimeout: false };

/** Whether a recipient, as asked and normalised (`@cfo`, `+1312…`, `cfo@example.com`), is among those allowed. */
export function mayAsk(limits: KeyLimits, recipient: string): boolean {
  if (limits.recipients === null) return true;
  return limits.recipients.some((allowed) => {
    if (!allowed.startsWith("*@")) return allowed === recipient;
    // A named person is never covered by a domain: the name decides, not where it leads.
    return (
      !recipient.startsWith("@") &&
      recipient.slice(recipient.lastIndexOf("@")).toLowerCase() === allowed.slice(1).toLowerCase()
    );
  });
}

/** A year: the longest of the shortest times that a key may have. */
export const MOST_MINUTES = 525_600;

/** The shortest time as somebody wrote it, in minutes; undefined when it is none. */
export function readMinutes(text: string): number | undefined {
  const minutes = text.trim() === "" ? Number.NaN : Number(text);
  return minutes > 0 && minutes <= MOST_MINUTES ? minutes : undefined;
}

/** What the limits of a key come to, one phrase each; of the recipients so many are named, and the others counted. */
export function limitsInWords(limits: KeyLimits, namedRecipients = Number.POSITIVE_INFINITY): string[] {
  const { recipients, minTimeoutMinutes, noDefaultOnTimeout } = limits;
  const named = recipients?.slice(0, namedRecipients).join(", ");
  const more = Math.max(0, (recipients?.length ?? 0) - namedRecipients);
  return [
    ...(named === undefined ? [] : [`asks ${named}${more > 0 ? ` and ${more} more` : ""} alone`]),
    ...(minTimeoutMinutes === null ? [] : [`gives at least ${minTimeoutMinutes} min`]),
    ...(noDefaultOnTimeout ? ["no deciding default"] : []),
  ];
}
