import { fstatSync } from "node:fs";

/**
 * Whether what is printed lands in systemd's journal, which others than this program's user may read and which is kept.
 * `JOURNAL_STREAM` holds device and inode of the stream that a unit began with (systemd.exec(5)); it is inherited, so only
 * where both are those of the standard output it is the journal.
 */
export function printsToJournal(stream: string | undefined = process.env.JOURNAL_STREAM, fd = 1): boolean {
  if (stream === undefined || stream === "") return false;
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return stream === `${dev}:${ino}`;
}
