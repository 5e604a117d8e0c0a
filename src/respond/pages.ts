import { canonicalize } from "../audit/index.ts";
import type { SentPage } from "../pauses/index.ts";
import { sha256, sha256Hex } from "../platform/hash.ts";
import { chooseLanguage } from "./page/language.ts";
import { type RenderedPage, renderPage } from "./page/render.ts";
import { templateVersion } from "./page/template.ts";
import type { Stamps } from "./stamp.ts";
import type { PageState, PageView } from "./view.ts";

/** How the page looks: what the configuration says of the asking project, and this server's host. */
export type PageAppearance = Pick<PageView, "projectName" | "host" | "logo" | "accent" | "timeZone">;

/** How the page looks, by project; null where no question is known. */
export type Appearance = (project: string | null) => PageAppearance;

/** Whose link it is. */
export interface PageOwner {
  readonly pauseId: string;
  readonly position: number;
  readonly project: string;
  readonly test: boolean;
}

export type StateWithQuestion = Extract<PageState, { readonly question: unknown }>;

/**
 * Makes the pages of links, so that each can be made again: a page depends on its question, its state, the language, the
 * time, the appearance and the template, and on nothing else. Its one field that nobody else could make, the stamp, is
 * derived from these.
 */
export class Pages {
  readonly #appearance: Appearance;
  readonly #stamps: Stamps;

  constructor(parts: { readonly appearance: Appearance; readonly stamps: Stamps }) {
    this.#appearance = parts.appearance;
    this.#stamps = parts.stamps;
  }

  /** A page about the link or the server, on which no question is known. `acceptLanguage` as in the reader's header. */
  bare(state: Exclude<PageState, StateWithQuestion>, acceptLanguage: string | null, now: number): RenderedPage {
    return renderPage({ ...this.#appearance(null), acceptLanguage, now, test: false, stamp: null, state });
  }

  /** The page of a link as it is now. */
  make(owner: PageOwner, state: StateWithQuestion, acceptLanguage: string | null, now: number): MadePage {
    return renderAgain({
      owner,
      state,
      appearance: appearanceText(this.#appearance(owner.project)),
      language: acceptLanguage,
      renderedAt: now,
      stamps: this.#stamps,
    });
  }

  /** The page that a stamp names, made again; null when the stamp is none of ours, or of another template. */
  named(stamp: string, owner: PageOwner, state: StateWithQuestion): MadePage | null {
    const appearance = appearanceText(this.#appearance(owner.project));
    const read = this.#stamps.read(stamp, { ...owner, appearance: appearance.digest });
    return read === null ? null : renderAgain({ owner, state, appearance, ...read, stamps: this.#stamps });
  }
}

/** A page with the facts that the log keeps of it. The digest is taken when it is asked for. */
export interface MadePage extends RenderedPage {
  readonly sent: () => SentPage;
}

/**
 * The very bytes of a page, from what the log, the tables and the folder's secret keep: `language`, `rendered_at` and
 * `state` of the entry, the pause, and the row of `appearances` that the entry names. A pure function.
 *
 * @throws {OtherTemplate} when the page was made by another version of the template than this executable holds.
 */
export function renderAgain(recorded: {
  readonly owner: PageOwner;
  /** How the question stood: see {@link stateOf}. */
  readonly state: StateWithQuestion;
  /** As {@link appearanceText} made it. */
  readonly appearance: { readonly text: string; readonly digest: Uint8Array };
  /** The entry's `language`; of a page that is made the first time, the reader's Accept-Language. */
  readonly language: string | null;
  readonly renderedAt: number;
  readonly stamps: Stamps;
}): MadePage {
  const { owner, state, appearance, renderedAt, stamps } = recorded;
  const { template, ...look } = JSON.parse(appearance.text) as PageAppearance & { readonly template: string };
  if (template !== templateVersion()) throw new OtherTemplate(template);
  const language = chooseLanguage(recorded.language).locale;
  const { pauseId, position, test } = owner;
  const stamp =
    state.kind === "open" && state.error === null
      ? stamps.make({ pauseId, position, language, renderedAt, appearance: appearance.digest })
      : null;
  const page = renderPage({ ...look, acceptLanguage: language, now: renderedAt, test, stamp, state });
  const sent = () => ({ language, template, appearance, renderedAt, digest: `sha256:${sha256Hex(page.html)}` });
  return { ...page, sent };
}

/** A page of another version of the template: the executable that has that version can make it again. */
export class OtherTemplate extends Error {
  override readonly name = "OtherTemplate";
  constructor(readonly template: string) {
    super(`the page was made by the template ${template}, and this executable holds ${templateVersion()}`);
  }
}

/** What a page's appearance and template are kept as, and named by in the log. */
export function appearanceText({ projectName, host, logo, accent, timeZone }: PageAppearance) {
  const look = { projectName: projectName.toWellFormed(), host, logo: logo?.toWellFormed() ?? null, accent, timeZone };
  const text = canonicalize({ template: templateVersion(), ...look });
  return { text, digest: sha256(text) };
}
