import { findAppearance } from "../pauses/index.ts";
import type { Writer } from "../storage/index.ts";
import { type MadePage, renderAgain } from "./pages.ts";
import * as queries from "./queries.ts";
import type { Stamps } from "./stamp.ts";
import { stateOf } from "./state.ts";

/** Of an entry, what names the page that it tells of. */
interface EntryOfPage {
  readonly pause_id: string | null;
  readonly data: { readonly [member: string]: unknown };
}

/**
 * The page that an entry tells of (`pause.opened`, `pause.viewed`, `pause.responded`, `response.rejected`), made again:
 * its `html` has the bytes that were sent, and `sent().digest` is what the entry commits to as `page`, unless something
 * that the page showed has been erased or changed since. Null where the entry tells of no page, or of one of a pause or
 * appearance that is gone.
 *
 * @throws {OtherTemplate} when the page was made by a template that this executable does not hold.
 */
export function pageSeen(rows: Pick<Writer, "one">, stamps: Stamps, { pause_id, data }: EntryOfPage): MadePage | null {
  const { recipient: position, language, appearance, rendered_at: renderedAt, state = "open" } = data;
  if (pause_id === null || typeof position !== "number" || typeof state !== "string") return null;
  if (typeof language !== "string" || typeof appearance !== "string" || typeof renderedAt !== "string") return null;
  const digest = new Uint8Array(Buffer.from(appearance.replace(/^sha256:/, ""), "hex"));
  const look = rows.one(findAppearance, { digest });
  const pause = rows.one(queries.pauseOfLink, { id: pause_id, position });
  const shown = pause === undefined ? null : stateOf(state, pause, position);
  if (look === undefined || pause === undefined || shown === null) return null;
  return renderAgain({
    owner: { pauseId: pause_id, position, project: pause.project, test: pause.mode === "test" },
    state: shown,
    appearance: { text: look.appearance, digest },
    language,
    renderedAt: Date.parse(renderedAt),
    stamps,
  });
}
