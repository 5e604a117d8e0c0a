/** What the answer page needs to know, and nothing more. The page is a pure function of this value. */
export interface PageView {
  /** The asking project's display name, set by the operator (trusted text, still escaped). */
  readonly projectName: string;
  /** This server's own host name as the person sees it in the address bar, e.g. `approve.example.com`. */
  readonly host: string;
  /** Inline SVG, at most 4 kB, from the operator's configuration, or null. */
  readonly logo: string | null;
  /** `#rrggbb` from the operator's configuration, or null. */
  readonly accent: string | null;
  /** IANA zone that exact times are shown in, e.g. `Europe/Berlin`; named beside the time. */
  readonly timeZone: string;
  /** The reader's `Accept-Language` header, or null. */
  readonly acceptLanguage: string | null;
  /** Milliseconds since the epoch, when the page is made. */
  readonly now: number;
  /** True on a pause of the test world: the page says that this is a test. */
  readonly test: boolean;
  /** Names this rendering in the form of an open question, so that the answer tells which page it came from; or null. */
  readonly stamp: string | null;
  readonly state: PageState;
}

export type PageState =
  /** Still open: the question with its options. `error` tells of a POST that was refused (422). */
  | {
      readonly kind: "open";
      readonly question: Question;
      readonly error: "choose_one" | "comment_too_long" | null;
      readonly comment: string;
    }
  /** This link's own person answered. */
  | {
      readonly kind: "answered";
      readonly question: Question;
      readonly choice: string;
      readonly comment: string | null;
      readonly at: number /** True when a second answer was just refused (410). */;
      readonly repeated: boolean;
    }
  /** Another recipient answered first. Which option, is shown; who, is not. */
  | { readonly kind: "answered_by_other"; readonly question: Question; readonly choice: string; readonly at: number }
  /** The time was over. `defaultChoice` is what the clock answered, or null when it ended without an answer. */
  | {
      readonly kind: "expired";
      readonly question: Question;
      readonly defaultChoice: string | null;
      readonly at: number;
    }
  /** The asker withdrew the question. */
  | { readonly kind: "withdrawn"; readonly question: Question; readonly reason: string | null; readonly at: number }
  /** Not a link of ours (forged, cut, mistyped). Nothing about any question is known or shown. */
  | { readonly kind: "unknown_link" }
  /** Too many forged links from this address. */
  | { readonly kind: "too_many" }
  /** Storage not writable, or shutting down: try again. The answer was not recorded. */
  | { readonly kind: "unavailable" };

/** The agent's words: hostile until proven otherwise. */
export interface Question {
  /** 1 to 1,600 code points. */
  readonly message: string;
  /** Label to text, in the order given. */
  readonly details: Readonly<Record<string, string>>;
  /** 1 to 10 distinct options, in the order given. */
  readonly options: readonly string[];
  readonly allowComment: boolean;
  readonly expiresAt: number;
  readonly timeoutDefault: string | null;
  /** Its words were erased: what stands in `message` is not the agent's. */
  readonly erased?: boolean;
}
