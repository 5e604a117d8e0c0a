import type { World } from "../audit/index.ts";
import {
  expireOne,
  isNews,
  limits,
  type Origin,
  type PauseContext,
  type Pauses,
  recordOpened,
  viewsOf,
} from "../pauses/index.ts";
import { codePoints } from "../platform/json.ts";
import type { Log } from "../platform/log.ts";
import { type RowOf, StorageBusy, type Writer } from "../storage/index.ts";
import type { Links } from "./link.ts";
import type { RenderedPage } from "./page/render.ts";
import type { MadePage, PageOwner, Pages, StateWithQuestion } from "./pages.ts";
import * as queries from "./queries.ts";
import { openState, stateNow } from "./state.ts";
import type { PageState } from "./view.ts";

/** What a person is shown, and the status it is answered with. */
export interface Shown {
  readonly status: 200 | 404 | 410 | 422 | 429 | 503;
  readonly page: RenderedPage;
}

/** An answer that counts: what it led to is shown by the page that follows. */
export interface Taken {
  readonly status: 303;
}

/** Who asks for a page. */
export interface Reader {
  readonly origin: Origin;
  readonly acceptLanguage: string | null;
  /** True where it is known to be a machine. */
  readonly automated: boolean;
}

/**
 * What a person does with a link: look, and answer. Looking never decides; only {@link Respond.answer} does, and only
 * for a link that is genuine.
 */
export class Respond {
  readonly #links: Links;
  readonly #pages: Pages;
  readonly #writer: Writer;
  readonly #context: PauseContext;
  readonly #pauses: Pauses;
  readonly #log: Log;

  constructor(parts: {
    links: Links;
    pages: Pages;
    writer: Writer;
    context: PauseContext;
    pauses: Pauses;
    log: Log;
  }) {
    this.#links = parts.links;
    this.#pages = parts.pages;
    this.#writer = parts.writer;
    this.#context = parts.context;
    this.#pauses = parts.pauses;
    this.#log = parts.log;
  }

  /** What stands behind a link now. `opening`: a look that tells the log something is recorded (a HEAD is none). */
  async look(token: string, opening: boolean, reader: Reader): Promise<Shown> {
    const found = this.#find(token);
    if (found === null) return this.#unknown(reader);
    try {
      if (this.#isOver(found)) await this.#writer.write((tx) => expireOne(tx, this.#context, found.n));
    } catch (error) {
      if (!(error instanceof StorageBusy)) throw error;
      this.#log.warn("a question whose time is over could not be ended", { pause_id: found.id });
      return this.#bare(503, { kind: "unavailable" }, reader);
    }
    const now = this.#find(token);
    if (now === null) return this.#unknown(reader);
    const state = stateNow(now, now.position);
    const page = this.#page(now, state, reader);
    if (opening && now.erased_at === null) await this.#record(now, state, page, reader);
    return { status: 200, page };
  }

  /** Takes what the page's form sent: 303 when it counts, 410 when the question has ended, 422 for no option. */
  async answer(token: string, form: URLSearchParams, reader: Reader): Promise<Shown | Taken> {
    const found = this.#find(token);
    if (found === null) return this.#unknown(reader);
    const choice = form.get("choice") ?? "";
    // A form sends line breaks as CRLF (HTML, form submission); they are counted and kept as one character.
    const comment = (form.get("comment") ?? "").replaceAll("\r\n", "\n").replaceAll("\0", "");
    if (found.status === "pending" && codePoints(comment) > limits.comment)
      return { status: 422, page: this.#page(found, wrong(found, "comment_too_long", comment), reader) };
    const from = this.#pages.named(form.get("page") ?? "", ownerOf(found), openState(found));
    try {
      const answered = await this.#pauses.answer({
        pauseN: found.n,
        position: found.position,
        choice,
        comment: found.allow_comment === 1 && comment.trim() !== "" ? comment : null,
        via: "page",
        origin: reader.origin,
        page: from?.sent() ?? null,
      });
      if (answered.accepted) return { status: 303 };
      const now = this.#find(token) ?? found;
      const status = answered.refusal.because === "not_an_option" ? 422 : 410;
      return { status, page: this.#page(now, wrong(now, "choose_one", comment), reader) };
    } catch (error) {
      if (error instanceof StorageBusy) return this.#bare(503, { kind: "unavailable" }, reader);
      throw error;
    }
  }

  /** The id of the pause that a genuine token leads to, or null. */
  pauseOf(token: string): string | null {
    return this.#links.read(token)?.pauseId ?? null;
  }

  /** True for a token that is none of ours, whatever it may name: known before the database is asked. */
  isForged(token: string): boolean {
    return this.#links.read(token) === null;
  }

  /** For an address that has tried too many forged links. */
  tooMany(reader: Reader): Shown {
    return this.#bare(429, { kind: "too_many" }, reader);
  }

  async #record(found: Found, state: StateWithQuestion, page: MadePage, reader: Reader): Promise<void> {
    const { n, id, position } = found;
    const sent = page.sent();
    const view = { page: sent, state: state.kind, automated: reader.automated };
    if (!isNews(this.#writer.all(viewsOf, { pause_n: n, position }), view)) return;
    const opened = { pause: { n, id }, world: worldOf(found), position, origin: reader.origin, view };
    try {
      await this.#writer.write((tx) => recordOpened(tx, this.#context, opened));
    } catch (error) {
      if (!(error instanceof StorageBusy)) throw error;
      this.#log.warn("an opened link could not be recorded", { pause_id: id });
    }
  }

  #find(token: string): Found | null {
    const link = this.#links.read(token);
    if (link === null) return null;
    const row = this.#writer.one(queries.pauseOfLink, { id: link.pauseId, position: link.position });
    // Nothing of the test world shows anything of the live one: the key that signed and the pause must agree.
    return row === undefined || row.mode !== link.mode ? null : { ...row, position: link.position };
  }

  #isOver(found: Found): boolean {
    return found.status === "pending" && this.#context.clock.now() >= found.expires_at;
  }

  #page(found: Found, state: StateWithQuestion, { acceptLanguage }: Reader): MadePage {
    return this.#pages.make(ownerOf(found), state, acceptLanguage, this.#context.clock.now());
  }

  #bare(
    status: Shown["status"],
    state: Exclude<PageState, StateWithQuestion>,
    { acceptLanguage }: Pick<Reader, "acceptLanguage">,
  ): Shown {
    return { status, page: this.#pages.bare(state, acceptLanguage, this.#context.clock.now()) };
  }

  #unknown(reader: Reader): Shown {
    return this.#bare(404, { kind: "unknown_link" }, reader);
  }
}

type Found = RowOf<typeof queries.pauseOfLink> & { readonly position: number };

function worldOf(found: Found): World {
  return { n: found.world_n, project: found.project, mode: found.mode };
}

function ownerOf({ id: pauseId, position, project, mode }: Found): PageOwner {
  return { pauseId, position, project, test: mode === "test" };
}

/** As it stands, with word of what was wrong: an answer to an open question, or one too many. */
function wrong(found: Found, error: "choose_one" | "comment_too_long", comment: string): StateWithQuestion {
  const state = stateNow(found, found.position);
  if (state.kind === "open") return { ...state, error, comment };
  return state.kind === "answered" ? { ...state, repeated: true } : state;
}
