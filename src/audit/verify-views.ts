import { isoTime } from "../platform/clock.ts";
import { sha256Hex } from "../platform/hash.ts";
import type { Reader, RowOf } from "../storage/index.ts";
import type { PauseStory } from "./pause-story.ts";
import { isObject } from "./read-entry.ts";
import * as queries from "./verify-queries.ts";
import { columnJson, RowCheck, type Told } from "./verify-row.ts";
import { Wrong } from "./wrong.ts";

type ViewRow = RowOf<typeof queries.viewsOf>;

/** Compares the pages that links showed, and how long they were there to be read, with what the log tells. */
export class ViewCheck {
  readonly #reader: Reader;
  /** Appearances that are what their digest says, by its hex: the template each names. */
  readonly #templates = new Map<string, string>();

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** @throws {Wrong} at the first thing in which rows and log differ. */
  compare({ n, id }: { readonly n: number; readonly id: string }, story: PauseStory): void {
    const rows = this.#reader.all(queries.viewsOf, { pause_n: n });
    const told = new Map(story.recipients.map((_, position) => [position, [...(story.views.get(position) ?? [])]]));
    const seen: { readonly row: ViewRow; readonly entry: Told["entry"] }[] = [];
    for (const row of rows) {
      const name = `page ${row.ordinal} of recipient ${row.position} of ${id}`;
      const next = told.get(row.position)?.shift();
      if (next === undefined) throw new Wrong(null, `${name} was shown, but no entry tells so`);
      this.#view(row, name, next);
      seen.push({ row, entry: next.entry });
    }
    const [untold] = [...told.values()].flat();
    if (untold !== undefined) {
      const { seq, type } = untold.entry;
      throw new Wrong(seq, `the page of ${id} that entry ${seq} (${type}) tells of is not there any more`);
    }
    this.#timeToRead(n, id, story, seen);
  }

  #view(row: ViewRow, name: string, told: Told): void {
    const check = new RowCheck(this.#reader, name, told);
    check.plain("language", row.language);
    check.plain("state", row.state);
    check.plain("automated", row.automated === 1 || null);
    check.plain("rendered_at", isoTime(row.at), "at");
    check.time("at", row.at);
    const digest = Buffer.from(row.appearance).toString("hex");
    check.plain("appearance", `sha256:${digest}`);
    check.plain("template", this.#template(digest, row.look, name));
  }

  /** The template that an appearance names, once it is known to be the one that was shown. */
  #template(digest: string, look: string | null, name: string): string {
    const known = this.#templates.get(digest);
    if (known !== undefined) return known;
    if (look === null || sha256Hex(look) !== digest)
      throw new Wrong(null, `the appearance of ${name} is not the one that its digest names, or not there any more`);
    const appearance = columnJson(name, "appearance", look);
    const template = isObject(appearance) ? String(appearance.template) : "";
    this.#templates.set(digest, template);
    return template;
  }

  /** From the first page that was not a known machine's, before the answer, to the answer. */
  #timeToRead(
    pauseN: number,
    id: string,
    { ending }: PauseStory,
    seen: readonly { readonly row: ViewRow; readonly entry: Told["entry"] }[],
  ): void {
    if (ending === null) return;
    const { seq, data } = ending.entry;
    const [answer] = this.#reader.all(queries.answersOf, { pause_n: pauseN });
    const first = seen.find(
      ({ row, entry }) => row.position === answer?.position && row.automated === 0 && entry.seq < seq,
    );
    const isCounted = data.via === "page" && answer !== undefined && first !== undefined && first.row.at <= answer.at;
    const check = new RowCheck(this.#reader, `the answer to ${id}`, ending);
    check.plain("view_ms", isCounted ? answer.at - first.row.at : null);
  }
}
