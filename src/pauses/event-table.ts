import { bytesOfId } from "../platform/ids.ts";
import type { RowOf, Writer } from "../storage/index.ts";
import * as queries from "./queries.ts";

/** Events read at once. */
const PAGE = 50;
/** Numbers looked through at once: most of them may be other worlds'. */
const WINDOW = 2_000;

export type ToldEvent = RowOf<typeof queries.eventsOfWorld>;

/** Some events of a world in their order. */
export interface EventPage {
  readonly events: readonly ToldEvent[];
  /** Everything of the world up to this number has been read. */
  readonly upTo: number;
  /** There are events behind that, of whatever world. */
  readonly more: boolean;
}

/** The table of events as its readers see it: by number, a world at a time, never more than a page. */
export class EventTable {
  readonly #writer: Writer;

  constructor(writer: Writer) {
    this.#writer = writer;
  }

  /** The number of the newest event of all, 0 when there is none yet. */
  newest(): number {
    return this.#writer.one(queries.newestEvent, {})?.n ?? 0;
  }

  /** The worlds that have events behind this number, each with its newest. */
  worldsBehind(after: number): { world_n: number; newest: number }[] {
    return this.#writer.all(queries.worldsWithEvents, { after });
  }

  /** The id of the world's newest event, if it is not long ago. */
  recentId(worldN: number): string | null {
    const from = this.newest() - WINDOW;
    return this.#writer.one(queries.newestEventOfWorld, { world_n: worldN, from })?.id ?? null;
  }

  /**
   * The number of the world's event with this id; null for one that is not known, or not any more. Ids grow with the
   * numbers, so it is found by halving. Only a clock that was set back by more than ten minutes breaks that order; an id
   * from the time that it then went through twice may not be found.
   */
  find(worldN: number, id: string): number | null {
    if (bytesOfId("evt", id) === null) return null;
    let low = this.#firstFrom(0)?.n ?? 1;
    let high = this.newest();
    while (low <= high) {
      const middle = Math.floor((low + high) / 2);
      const event = this.#firstFrom(middle);
      if (event === undefined) return null;
      if (event.id === id) return event.world_n === worldN ? event.n : null;
      if (event.id < id) low = event.n + 1;
      else high = middle - 1;
    }
    return null;
  }

  /** What comes behind a number; null when something of that has been forgotten. */
  page(worldN: number, after: number): EventPage | null {
    const oldest = this.#firstFrom(0);
    if (oldest !== undefined && oldest.n > after + 1) return null;
    const newest = this.newest();
    const until = Math.min(after + WINDOW, Math.max(after, newest));
    const events = this.#writer.all(queries.eventsOfWorld, { world_n: worldN, after, until, limit: PAGE });
    const upTo = events.length === PAGE ? (events.at(-1)?.n ?? until) : until;
    return { events, upTo, more: upTo < newest };
  }

  #firstFrom(n: number) {
    return this.#writer.one(queries.firstEventFrom, { n });
  }
}
