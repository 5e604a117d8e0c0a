import type { PauseContext } from "../pauses/index.ts";
import type { Writer } from "../storage/index.ts";
import { ERASED_AT_ONCE, eraseBatch } from "./erase-unit.ts";
import { nextTurn } from "./find.ts";
import { truncateLog } from "./privacy.ts";
import * as queries from "./queries.ts";

const DAY = 86_400_000;
/** Numbers of pauses looked through at once. */
const WINDOW = 5_000;

/**
 * Erases the content of what ended longer ago than its project keeps it, in small units with an entry each. A legal hold
 * of anybody whom a pause asked keeps it. Answers how many pauses that were, and whether no file holds their content any
 * more.
 *
 * @param contentDays how long a project keeps it, in days; null for ever.
 */
export async function eraseOld(
  writer: Writer,
  context: PauseContext,
  contentDays: (project: string) => number | null,
): Promise<{ readonly pauses: number; readonly complete: boolean }> {
  const now = context.clock.now();
  let pauses = 0;
  for (const { n: world_n, project } of writer.all(queries.worlds, {})) {
    const days = contentDays(project);
    if (days === null) continue;
    const newest = writer.one(queries.newestPause, {})?.n ?? 0;
    for (let after = 0; after < newest; after += WINDOW) {
      const window = { after, until: after + WINDOW, before: now - days * DAY, world_n };
      const due = writer.all(queries.endedIn, window).map(({ n }) => n);
      for (let from = 0; from < due.length; from += ERASED_AT_ONCE) {
        const batch = due.slice(from, from + ERASED_AT_ONCE);
        pauses += (await writer.write((tx) => eraseBatch(tx, context, { ...BY_CALENDAR, pauses: batch }))).pauseIds
          .length;
      }
      await nextTurn();
    }
  }
  return { pauses, complete: pauses === 0 || (await truncateLog(writer, context)) };
}

const BY_CALENDAR = {
  why: "retention",
  actor: { type: "system", id: null },
  erasure: null,
  reason: null,
  subject: null,
  seqs: [],
  keys: [],
  tellAnyway: false,
  heedsHolds: true,
} as const;
