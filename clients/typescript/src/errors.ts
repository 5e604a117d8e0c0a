import type { FieldError } from "./types.ts";

/** Everything that this client throws of its own accord; what you abort rejects with your signal's reason. */
export class PausePointError extends Error {
  override readonly name: string = "PausePointError";
}

/** The server could not be reached, or the connection broke. Whether it took the request is not known. */
export class ConnectionError extends PausePointError {
  override readonly name = "ConnectionError";
}

/** Something answered that is not PausePoint, such as a proxy's own page. */
export class AnswerError extends PausePointError {
  override readonly name = "AnswerError";
  /** The HTTP status. */
  readonly status: number;

  constructor(status: number) {
    super(`what answered (HTTP ${status}) is not PausePoint: check the server's address and what stands before it`);
    this.status = status;
  }
}

/** A problem document (RFC 9457), as the server sends it for whatever it refuses. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly request_id: string;
  readonly errors?: readonly FieldError[];
}

/** The server refused the request, and says why. */
export class ProblemError extends PausePointError {
  override readonly name: string = "ProblemError";
  /** The HTTP status. */
  readonly status: number;
  /** `/problems/<slug>`: a page on the server that explains it. */
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  /** The fields that are wrong; empty where it is not about fields. */
  readonly errors: readonly FieldError[];
  readonly requestId: string;
  /** What the server asks to wait before the next try, or null. */
  readonly retryAfterSeconds: number | null;

  constructor(problem: ProblemDocument, retryAfterSeconds: number | null) {
    const [first, ...others] = problem.errors ?? [];
    // The server's detail quotes the first of them already.
    const unsaid = first === undefined || problem.detail.includes(first.detail) ? others : [first, ...others];
    super([problem.detail, ...unsaid.map(wordsOf)].join(" "));
    this.status = problem.status;
    this.type = problem.type;
    this.title = problem.title;
    this.detail = problem.detail;
    this.errors = problem.errors ?? [];
    this.requestId = problem.request_id;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

function wordsOf({ pointer, parameter, detail }: FieldError): string {
  return `${pointer ?? parameter ?? "the body"} ${detail}.`;
}

/** 401: there is no valid key. */
export class UnauthorizedError extends ProblemError {
  override readonly name = "UnauthorizedError";
}
/** 403: the key's scope, plan or limits forbid it. */
export class ForbiddenError extends ProblemError {
  override readonly name = "ForbiddenError";
}
/** 404: there is nothing there that the key may see. */
export class NotFoundError extends ProblemError {
  override readonly name = "NotFoundError";
}
/** 409: it has ended, or was taken before. */
export class ConflictError extends ProblemError {
  override readonly name = "ConflictError";
}
/** 400, 413, 415, 422: the request is wrong; `errors` names the fields. */
export class InvalidRequestError extends ProblemError {
  override readonly name = "InvalidRequestError";
}
/** 429: too many requests or messages, or the plan's pauses are used up. */
export class RateLimitedError extends ProblemError {
  override readonly name = "RateLimitedError";
}
/** 503: the server is stopping, or can't write. */
export class UnavailableError extends ProblemError {
  override readonly name = "UnavailableError";
}

const CLASSES: Readonly<Record<number, typeof ProblemError>> = {
  400: InvalidRequestError,
  401: UnauthorizedError,
  403: ForbiddenError,
  404: NotFoundError,
  409: ConflictError,
  413: InvalidRequestError,
  415: InvalidRequestError,
  422: InvalidRequestError,
  429: RateLimitedError,
  503: UnavailableError,
};

/** The error of a problem document, in the class of its status. */
export function problemError(problem: ProblemDocument, retryAfterSeconds: number | null): ProblemError {
  const Class = CLASSES[problem.status] ?? ProblemError;
  return new Class(problem, retryAfterSeconds);
}
