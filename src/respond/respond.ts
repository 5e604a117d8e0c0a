import type { World } from "../audit/index.ts";
import { expireOne, limits, type Origin, type PauseContext, type Pauses, recordOpened } from "../pauses/index.ts";
import { codePoints } from "../platform/json.ts";
import type { Log } from "../platform/log.ts";
import { type RowOf, StorageBusy, type Writer } from "../storage/index.ts";
import type { Links } from "./link.ts";
import * as queries from "./queries.ts";
import type { PageState, Question } from "./view.ts";

/** What the page shows a person, with the status it is answered with. */
export interface Shown {
  readonly status: 200 | 303 | 404 | 410 | 422 | 503;
  readonly state: PageState;
  readonly project: string | null;
  readonly test: boolean;
}

/**
 * What a person does with a link: look, and answer. Looking never decides; only {@link Respond.answer} does, and only
 * for a link that is genuine.
 */
export class Respond {
  readonly #links: Links;
  readonly #writer: Writer;
  readonly #context: PauseContext;
  readonly #pauses: Pauses;
  readonly #log: Log;

  constructor(parts: { links: Links; writer: Writer; context: PauseContext; pauses: Pauses; log: Log }) {
    this.#links = parts.links;
    this.#writer = parts.writer;
    this.#context = parts.context;
    this.#pauses = parts.pauses;
    this.#log = parts.log;
  }

  /** What stands behind a link now. `opening`: the first such look is recorded (a HEAD is none). */
  async look(token: string, opening: boolean, origin: Origin): Promise<Shown> {
    const found = this.#find(token);
    if (found === null) return UNKNOWN;
    try {
      if (this.#isOver(found)) await this.#writer.write((tx) => expireOne(tx, this.#context, found.n));
      if (opening && found.opened_at === null) {
        const opened = { pause: { n: found.n, id: found.id }, world: worldOf(found), position: found.position, origin };
        await this.#writer.write((tx) => recordOpened(tx, this.#context, opened));
      }
    } catch (error) {
      if (!(error instanceof StorageBusy)) throw error;
      this.#log.warn("an opened link could not be recorded", { pause: found.id });
      if (this.#isOver(found)) return shown(503, { kind: "unavailable" }, found);
    }
    const now = this.#find(token);
    return now === null ? UNKNOWN : shown(200, stateFor(now, { error: null, comment: "", repeated: false }), now);
  }

  /** Takes what the page's form sent: 303 when it counts, 410 when the question has ended, 422 for no option. */
  async answer(token: string, form: URLSearchParams, origin: Origin): Promise<Shown> {
    const found = this.#find(token);
    if (found === null) return UNKNOWN;
    const choice = form.get("choice") ?? "";
    // A form sends line breaks as CRLF (HTML, form submission); they are counted and kept as one character.
    const comment = (form.get("comment") ?? "").replaceAll("\r\n", "\n").replaceAll("\0", "");
    if (found.status === "pending" && codePoints(comment) > limits.comment) {
      return shown(422, stateFor(found, { error: "comment_too_long", comment, repeated: false }), found);
    }
    try {
      const answered = await this.#pauses.answer({
        pauseN: found.n,
        position: found.position,
        choice,
        comment: found.allow_comment === 1 && comment.trim() !== "" ? comment : null,
        via: "page",
        origin,
      });
      const now = this.#find(token) ?? found;
      if (answered.accepted) return shown(303, stateFor(now, { error: null, comment: "", repeated: false }), now);
      const status = answered.refusal.because === "not_an_option" ? 422 : 410;
      return shown(status, stateFor(now, { error: "choose_one", comment, repeated: true }), now);
    } catch (error) {
      if (error instanceof StorageBusy) return shown(503, { kind: "unavailable" }, found);
      throw error;
    }
  }

  /** True for a token that is none of ours, whatever it may name: known before the database is asked. */
  isForged(token: string): boolean {
    return this.#links.read(token) === null;
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
}

const UNKNOWN: Shown = { status: 404, state: { kind: "unknown_link" }, project: null, test: false };

type Found = RowOf<typeof queries.pauseOfLink> & { readonly position: number };

function worldOf(found: Found): World {
  return { n: found.world_n, project: found.project, mode: found.mode };
}

function shown(status: Shown["status"], state: PageState, found: Found): Shown {
  return { status, state, project: found.project, test: found.mode === "test" };
}

function stateFor(
  found: Found,
  sent: {
    readonly error: "choose_one" | "comment_too_long" | null;
    readonly comment: string;
    readonly repeated: boolean;
  },
): PageState {
  const question: Question = {
    message: found.message,
    details: JSON.parse(found.details) as Record<string, string>,
    options: JSON.parse(found.options) as string[],
    allowComment: found.allow_comment === 1,
    expiresAt: found.expires_at,
    timeoutDefault: found.timeout_default,
  };
  const at = found.ended_at ?? found.expires_at;
  switch (found.status) {
    case "pending":
      return { kind: "open", question, error: sent.error, comment: sent.comment };
    case "timed_out":
      return { kind: "expired", question, defaultChoice: null, at };
    case "cancelled":
      return { kind: "withdrawn", question, reason: found.cancel_reason, at };
    case "responded": {
      const choice = found.response_choice ?? "";
      if (found.response_source === "timeout_default") return { kind: "expired", question, defaultChoice: choice, at };
      if (found.responded_by !== found.position) return { kind: "answered_by_other", question, choice, at };
      return { kind: "answered", question, choice, comment: found.response_comment, at, repeated: sent.repeated };
    }
  }
}
