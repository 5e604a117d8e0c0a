import { appendEntry, newEntry, type World } from "../audit/index.ts";
import type { RowOf, Tx, Work } from "../storage/index.ts";
import type { PauseContext } from "./context.ts";
import type { Origin } from "./end.ts";
import * as queries from "./queries.ts";
import { plainOf, type SentPage } from "./sent-page.ts";

/** A page that a link showed. */
export interface View {
  readonly page: SentPage;
  /** How the question stood: `open`, `answered`, `answered_by_other`, `expired`, `withdrawn`. */
  readonly state: string;
  /** True where whoever asked for the page is known to be a machine. False is no claim that it was a person. */
  readonly automated: boolean;
}

export type SeenView = Pick<
  RowOf<typeof queries.viewsOf>,
  "ordinal" | "language" | "state" | "appearance" | "automated"
>;

/** Entries of `pause.viewed` that a recipient can cause, so that nobody fills the log by changing languages. */
export const MOST_VIEWED = 8;

/**
 * Whether a page tells the log something: the first that a link showed, and each later one that shows anything but a
 * known machine what it has not shown it before (another language, state, template or appearance).
 */
export function isNews(seen: readonly SeenView[], { page, state, automated }: View): boolean {
  if (seen.length === 0) return true;
  if (automated || seen.length > MOST_VIEWED) return false;
  return !seen.some(
    (before) =>
      before.automated === 0 &&
      before.language === page.language &&
      before.state === state &&
      Buffer.compare(before.appearance, page.appearance.digest) === 0,
  );
}

/** Records a page that a recipient's link showed, where that {@link isNews}. Decides nothing. */
export function* recordOpened(
  tx: Tx,
  context: PauseContext,
  opened: {
    readonly pause: { readonly n: number; readonly id: string };
    readonly world: World;
    readonly position: number;
    readonly origin: Origin;
    readonly view: View;
  },
): Work<void> {
  const { pause, world, position, origin, view } = opened;
  const { page, state, automated } = view;
  const seen = yield* tx.all(queries.viewsOf, { pause_n: pause.n, position });
  if (!isNews(seen, view)) return;
  const at = page.renderedAt;
  if (seen.length === 0) yield* tx.run(queries.markOpened, { pause_n: pause.n, position, at });
  const { digest, text } = page.appearance;
  if ((yield* tx.one(queries.findAppearance, { digest })) === undefined)
    yield* tx.run(queries.insertAppearance, { digest, appearance: text });
  yield* tx.run(queries.insertView, {
    pause_n: pause.n,
    position,
    ordinal: seen.length,
    at,
    language: page.language,
    state,
    appearance: digest,
    automated: automated ? 1 : 0,
  });
  yield* appendEntry(
    tx,
    newEntry(context.random, {
      type: seen.length === 0 ? "pause.opened" : "pause.viewed",
      at,
      actor: { type: "human", id: `${pause.id}/${position}` },
      world,
      pause,
      plain: { recipient: position, state, automated: automated || null, ...plainOf(page) },
      committed: { page: page.digest, ip: origin.ip, user_agent: origin.userAgent },
    }),
  );
}
