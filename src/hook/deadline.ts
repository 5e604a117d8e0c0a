/** How long a hook waits, and how much longer its host must let it. One place, so that the two can't drift apart. */

/** In minutes. Hosts warn of limits above an hour; a held question may stay open for a week. */
export const timeLimit = { least: 0.05, most: 55, mostHeld: 10_080, usual: 15 } as const;

/** What the hook needs beside the person's time: to ask, to read the answer, to withdraw the question. */
const OWN_SECONDS = 15;
/** The host's limit is later than the hook's own end by this. */
const HOST_SECONDS = 45;

/** When the hook itself ends, in milliseconds from its start, whatever has happened. */
export function hookDeadlineMs(minutes: number): number {
  return Math.round(minutes * 60_000) + OWN_SECONDS * 1000;
}

/** The limit that is written into a host's settings, in seconds. */
export function hostLimitSeconds(minutes: number): number {
  return Math.ceil(hookDeadlineMs(minutes) / 1000) + HOST_SECONDS;
}
