import type { PageState, PageView, Question } from "../../../src/respond/view.ts";

/** 2026-11-24, 14:07:31 in Berlin. */
export const NOW = Date.UTC(2026, 10, 24, 13, 7, 31);
/** As long as the longest that a page gets. */
const STAMP = `es-419.${NOW.toString(36)}.${"A".repeat(22)}`;
const HOUR = 3_600_000;

export const question: Question = {
  message: "Wire $8,400 to Meridian Supplies?",
  details: {
    Amount: "$8,400.00",
    Account: "DE89 3704 0044 0532 0130 00",
    Invoice: "2026-1187",
    Due: "30 November 2026",
  },
  options: ["Approve", "Reject"],
  allowComment: false,
  expiresAt: NOW + 4 * HOUR - 1,
  timeoutDefault: "Reject",
};

export const open: PageState = { kind: "open", question, error: null, comment: "" };
const withComment: Question = { ...question, allowComment: true };

/** Every state the page can be in, by a name of its own. */
export const states: Readonly<Record<string, PageState>> = {
  open,
  "open-comment": { kind: "open", question: withComment, error: null, comment: "" },
  "open-choose-one": { kind: "open", question: withComment, error: "choose_one", comment: "Paid in part already" },
  "open-comment-too-long": {
    kind: "open",
    question: { ...withComment, timeoutDefault: null },
    error: "comment_too_long",
    comment: "x".repeat(2_001),
  },
  answered: { kind: "answered", question, choice: "Approve", comment: null, at: NOW - 2_000, repeated: false },
  "answered-repeated": {
    kind: "answered",
    question,
    choice: "Approve",
    comment: "Checked with the supplier.\nGo ahead.",
    at: NOW - 190_000,
    repeated: true,
  },
  "answered-by-other": { kind: "answered_by_other", question, choice: "Reject", at: NOW - 20 * 60_000 },
  "expired-default": { kind: "expired", question, defaultChoice: "Reject", at: NOW - 3 * HOUR },
  "expired-without": { kind: "expired", question, defaultChoice: null, at: NOW - 72 * HOUR },
  withdrawn: { kind: "withdrawn", question, reason: "Paid from another account.", at: NOW - 5 * HOUR },
  "withdrawn-without-reason": { kind: "withdrawn", question, reason: null, at: NOW - 5 * HOUR },
  "unknown-link": { kind: "unknown_link" },
  "too-many": { kind: "too_many" },
  unavailable: { kind: "unavailable" },
};

/** A view of `state`, as an English reader's browser asks for it, with what `change` says otherwise. */
export function viewOf(state: PageState, change: Partial<PageView> = {}): PageView {
  return {
    projectName: "Northwind Finance",
    host: "approve.example.com",
    logo: null,
    accent: null,
    timeZone: "Europe/Berlin",
    acceptLanguage: "en-US,en;q=0.9",
    now: NOW,
    test: false,
    stamp: STAMP,
    state,
    ...change,
  };
}

/** An open question with `change` in it. */
export function asked(change: Partial<Question>, view: Partial<PageView> = {}): PageView {
  return viewOf({ kind: "open", question: { ...question, ...change }, error: null, comment: "" }, view);
}
