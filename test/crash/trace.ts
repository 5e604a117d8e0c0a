/**
 * Reads what strace saw of a server (`-f -yy -s 9000 -e trace=fsync,fdatasync,pwrite64,pwritev,write,writev,sendto,sendmsg`)
 * and tells which answers left before what they say was on disk.
 */

/** What has to be in the log file of the database, written and synced, before an answer may leave. */
export interface Promised {
  /** Found in the head of the answer. */
  readonly answer: RegExp;
  /** Found in what was written to the log file, as strace escapes it. */
  readonly written: RegExp;
}

/** The arguments for strace that {@link earlyAnswers} needs. */
export const TRACED = [
  "-f",
  "-yy",
  "-s",
  "9000",
  "-e",
  "trace=fsync,fdatasync,pwrite64,pwritev,write,writev,sendto,sendmsg",
];

/**
 * The answers (201 and 303) that left too early, and what was promised and never answered. Empty: every answer came
 * after a sync of the log file which covers what the answer says, and no write to it was unsynced at that moment.
 */
export function earlyAnswers(trace: string, promised: readonly Promised[]): string[] {
  const faults: string[] = [];
  const waiting = new Set(promised);
  /** Written to the log file and not synced yet; and all that has been synced. */
  let unsynced: string[] = [];
  const synced: string[] = [];
  /** Syncs that have begun, by thread, with what was written when they did. */
  const begun = new Map<string, number>();

  const finishSync = (writes: number) => {
    synced.push(...unsynced.slice(0, writes));
    unsynced = unsynced.slice(writes);
  };
  for (const line of trace.split("\n")) {
    const [, thread = "", rest = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const [, call = "", target = ""] = /^(\w+)\(\d+<(.*?)>(?=[,)\s])/.exec(rest) ?? [];
    const isLogFile = target.endsWith(".db-wal");
    if (/^pwritev?|^writev?/.test(call) && isLogFile) unsynced.push(rest);
    else if (/^f(data)?sync$/.test(call) && isLogFile) {
      if (rest.includes("<unfinished")) begun.set(thread, unsynced.length);
      else if (rest.endsWith("= 0")) finishSync(unsynced.length);
    } else if (/^<\.\.\. f(data)?sync resumed>.*= 0$/.test(rest)) finishSync(begun.get(thread) ?? 0);
    else if (target.startsWith("TCP") && /"HTTP\/1\.1 (201|303) /.test(rest)) {
      const answer = [...waiting].find((one) => one.answer.test(rest));
      if (answer === undefined) continue;
      waiting.delete(answer);
      if (unsynced.length > 0) faults.push(`${answer.answer}: ${unsynced.length} writes were not synced`);
      if (!synced.some((write) => answer.written.test(write))) faults.push(`${answer.answer}: not on disk`);
    }
  }
  return [...faults, ...[...waiting].map(({ answer }) => `${answer}: no such answer was seen`)];
}
