import { sha256Hex } from "../../platform/hash.ts";
import { builtTemplate } from "../../platform/version.ts";
import { languages } from "../languages/index.ts";
import type { PageState, PageView, Question } from "../view.ts";
import { pageScript, pageStyle } from "./assets.ts";
import { renderPage } from "./render.ts";

/**
 * The version of the page's template, `sha256:<hex>`: a digest over everything that a page is made of beside the
 * question and its appearance. That is the stylesheet, the script, every language's texts, the version of what the
 * runtime words times with (ICU), and the markup, by way of a page for each state with everything in it that the markup depends on. Nobody
 * types it, so that it cannot stay the same while the page changes.
 */
export function templateVersion(): string {
  version ??=
    builtTemplate ?? versionOf({ style: pageStyle.text, script: pageScript.text, languages, render: renderPage });
  return version;
}

let version: string | undefined;

/** The same, of these parts. */
export function versionOf(parts: {
  readonly style: string;
  readonly script: string;
  readonly languages: readonly object[];
  readonly render: (view: PageView) => { readonly html: string };
}): string {
  const pages = SAMPLES.map((view) => parts.render(view).html);
  const { icu, unicode } = process.versions;
  const made = [parts.style, parts.script, parts.languages, icu ?? null, unicode ?? null, pages];
  return `sha256:${sha256Hex(JSON.stringify(made))}`;
}

const AT = Date.UTC(2026, 0, 31, 22, 59, 59, 999);

/** Every kind of text that is not shown as it is, and a value of each form. */
const QUESTION: Question = {
  message:
    "<b>&\"'\r\n\tA\u0000\u00ad\u200b\u200b\u202e\u2028\ufeff\u{e0041}\ud800 e\u0301\u0301\u0301\u0301\u0301\u0301\u0301 👩‍👧 ✔︎ क्‍ष",
  details: { Short: "1", "Long & <long>": "x".repeat(31), Lines: "a\nb" },
  options: ["Approve", "<Reject>\u202e"],
  allowComment: true,
  expiresAt: AT + 90 * 60_000,
  timeoutDefault: "Approve",
};
const PLAIN: Question = { ...QUESTION, details: {}, allowComment: false, timeoutDefault: null };

const STATES: readonly PageState[] = [
  { kind: "open", question: QUESTION, error: null, comment: "" },
  { kind: "open", question: PLAIN, error: null, comment: "" },
  { kind: "open", question: QUESTION, error: "choose_one", comment: "\n<c>" },
  { kind: "open", question: QUESTION, error: "comment_too_long", comment: "c" },
  { kind: "answered", question: QUESTION, choice: "<Reject>\u202e", comment: "<c>", at: AT - 1, repeated: false },
  { kind: "answered", question: PLAIN, choice: "Approve", comment: null, at: AT - 90_000, repeated: true },
  { kind: "answered_by_other", question: PLAIN, choice: "Approve", at: AT - 3 * 3_600_000 },
  { kind: "expired", question: PLAIN, defaultChoice: null, at: AT - 3 * 86_400_000 },
  { kind: "expired", question: PLAIN, defaultChoice: "Approve", at: AT },
  { kind: "withdrawn", question: PLAIN, reason: "<r>", at: AT - 1_000 },
  { kind: "withdrawn", question: PLAIN, reason: null, at: AT - 61_000 },
];

const VIEW: Omit<PageView, "state"> = {
  projectName: "<Project>",
  host: "approve.example.com",
  logo: "<svg><path d='M0 0h8v8z' fill='#123456'/></svg>",
  accent: "#7a2e3a",
  timeZone: "Europe/Berlin",
  acceptLanguage: "en-GB",
  now: AT,
  test: true,
  stamp: "en.0.-",
};

const SAMPLES: readonly PageView[] = STATES.map((state) => ({ ...VIEW, state }));
