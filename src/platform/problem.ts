/**
 * Every error that the API can give, in one table (RFC 9457). `type` is `/problems/<slug>` on this server, where a page
 * shows what stands here. A slug, once published, stays.
 */
export const problems = {
  "not-json": {
    status: 400,
    title: "Not JSON",
    help: "The body must be one JSON value in UTF-8. Check quotes, commas and encoding.",
  },
  "bad-request": { status: 400, title: "Bad request", help: "The request can't be read. The detail says which part." },
  "no-key": {
    status: 401,
    title: "No valid key",
    help: "Send `Authorization: Bearer pp_live_…` or `pp_test_…` with a key that `pausepoint keys create` printed and that has not been revoked.",
  },
  scope: {
    status: 403,
    title: "The key lacks a scope",
    help: "The key is genuine but was not given the scope that this route needs. Make one with `pausepoint keys create --scopes …`.",
  },
  "key-limit": {
    status: 403,
    title: "The key's limit",
    help: "The key may not ask this: its recipients, its shortest timeout or its ban on deciding defaults forbid it.",
  },
  "plan-limit": {
    status: 403,
    title: "The plan's limit",
    help: "The key's plan does not have this channel, this much time, or webhooks; `errors` says which, and what it does have. The operator sets what a plan allows.",
  },
  "test-only": {
    status: 403,
    title: "Test keys only",
    help: "This route serves test keys alone. Nothing of the test world can touch the live one.",
  },
  "live-only": {
    status: 403,
    title: "Live keys only",
    help: "This route reaches the live world too, so a test key may not use it.",
  },
  "other-site": {
    status: 403,
    title: "Not from here",
    help: "A Host or Origin header names another site, as a web page would that wants to reach this server through a browser. Name the server as baseUrl does, or add the name to `mcp.hosts`.",
  },
  "not-found": {
    status: 404,
    title: "Not found",
    help: "There is nothing here that this key may see. A pause of another project or of the other mode is not found either.",
  },
  "method-not-allowed": {
    status: 405,
    title: "Method not allowed",
    help: "The route exists, with the methods that the Allow header names.",
  },
  "request-timeout": {
    status: 408,
    title: "The body came too slowly",
    help: "The whole body must arrive within ten seconds.",
  },
  "signing-withheld": {
    status: 503,
    title: "Signing is withheld",
    help: "The database is older than what was signed from it, or a backup was restored and that is not known yet. Decisions count as always, but no checkpoint and no receipt is signed until `pausepoint audit resume` has settled it.",
  },
  "already-ended": {
    status: 409,
    title: "The pause has ended",
    help: "A pause ends once. The detail says how it ended.",
  },
  "receipt-consumed": {
    status: 409,
    title: "The receipt was consumed before",
    help: "A receipt serves once. Whoever sent this request must not act on it; the log tells which key consumed it, and when.",
  },
  "idempotency-running": {
    status: 409,
    title: "The same key is being worked on",
    help: "A request with this Idempotency-Key has not been answered yet. Try again after a second.",
  },
  "legal-hold": {
    status: 409,
    title: "On hold",
    help: "A legal hold forbids to erase this recipient. Release it with `pausepoint privacy release` once it no longer applies.",
  },
  "webhook-limit": {
    status: 409,
    title: "Too many webhooks",
    help: "A project has at most 50 webhooks in each mode. Delete one that is not needed any more.",
  },
  "not-deliverable": {
    status: 409,
    title: "Nothing can be sent there now",
    help: "The webhook is disabled or deleted, the pause has ended, or the delivery is still on its way. The detail says which.",
  },
  "link-used": {
    status: 410,
    title: "The link is used up",
    help: "The question has been answered, has expired or was withdrawn.",
  },
  "too-large": { status: 413, title: "Too large", help: "A body may hold 64 kB." },
  "media-type": {
    status: 415,
    title: "Not application/json",
    help: "Send `Content-Type: application/json`, in UTF-8.",
  },
  invalid: {
    status: 422,
    title: "The request is not valid",
    help: "`errors` names each field by a JSON pointer (RFC 6901) or a query parameter, and says what is wrong with it.",
  },
  "idempotency-mismatch": {
    status: 422,
    title: "The key was used for another body",
    help: "An Idempotency-Key stands for one body. Use a fresh key for a fresh request.",
  },
  quota: {
    status: 429,
    title: "The month's pauses are used up",
    help: "The key's plan allows so many pauses a month. Retry-After says when the next month begins; the operator can give the key's plan more.",
  },
  "message-limit": {
    status: 429,
    title: "Too many messages to one recipient",
    help: "Nobody gets more than a set number of messages in an hour. `errors` names the recipients who have had theirs, Retry-After says when there is room again.",
  },
  "rate-limited": { status: 429, title: "Too many requests", help: "Slow down; Retry-After says for how long." },
  internal: {
    status: 500,
    title: "Something broke here",
    help: "The request was not carried out. The server's log tells more under the request id.",
  },
  unavailable: {
    status: 503,
    title: "Not available now",
    help: "The server is stopping or full, or storage can't be written. Nothing of the request was kept; try again.",
  },
} as const satisfies Record<string, { status: number; title: string; help: string }>;

export type ProblemSlug = keyof typeof problems;

/** One thing that is wrong with one field: of the body by JSON pointer, of the query by name. */
export type FieldError =
  | { readonly pointer: string; readonly detail: string }
  | { readonly parameter: string; readonly detail: string };

/** An error with a place in {@link problems}: thrown at the edge of a feature, made a document in one place. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly slug: ProblemSlug;
  readonly errors: readonly FieldError[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    slug: ProblemSlug,
    detail: string,
    extra: { errors?: readonly FieldError[]; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(detail, { cause: extra.cause });
    this.slug = slug;
    this.errors = extra.errors ?? [];
    this.headers = extra.headers ?? {};
  }

  get status(): number {
    return problems[this.slug].status;
  }
}

/** The 422 that names its fields. */
export function invalid(errors: readonly FieldError[]): Problem {
  const first = errors[0];
  const detail =
    first === undefined
      ? "The request is not valid."
      : `${"pointer" in first ? first.pointer || "the body" : first.parameter}: ${first.detail}${errors.length > 1 ? ` (and ${errors.length - 1} more)` : ""}`;
  return new Problem("invalid", detail, { errors });
}
