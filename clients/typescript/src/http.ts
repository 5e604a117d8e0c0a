/** One request to the API and its answer; and what is tried again. */
import {
  AnswerError,
  ConnectionError,
  type PausePointError,
  type ProblemDocument,
  ProblemError,
  problemError,
} from "./errors.ts";

export interface ApiRequest {
  readonly method?: "GET" | "POST";
  /** With its query. */
  readonly path: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** The longest that it may take. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** As much of `fetch` as is needed here. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Server {
  /** Without a slash at the end. */
  readonly url: string;
  readonly apiKey: string;
  readonly fetch: Fetch;
}

/**
 * Sends a request and reads the answer.
 *
 * @throws ProblemError for what the server refuses, ConnectionError without a whole answer, AnswerError for an answer
 *   that is not the server's; the signal's reason once it is aborted.
 */
export async function send<Answer>(server: Server, request: ApiRequest): Promise<Answer> {
  const { method = "GET", path, body, headers, timeoutMs, signal } = request;
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), timeoutMs);
  let response: Response;
  let text: string;
  try {
    response = await server.fetch(`${server.url}${path}`, {
      method,
      headers: {
        accept: "application/json",
        authorization: `Bearer ${server.apiKey}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // A key must not follow to another server.
      redirect: "manual",
      signal: signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal]),
    });
    text = await response.text();
  } catch (cause) {
    signal?.throwIfAborted();
    const why = limit.signal.aborted ? `no answer within ${timeoutMs / 1000} s` : reasonOf(cause);
    throw new ConnectionError(`${server.url} can't be reached: ${why}`, { cause });
  } finally {
    clearTimeout(timer);
  }
  const answer = objectIn(text);
  if (answer === null) throw new AnswerError(response.status);
  if (response.ok) return answer as Answer;
  if (!isProblem(answer)) throw new AnswerError(response.status);
  throw problemError(answer, secondsOf(response.headers.get("retry-after")));
}

/** Whether the same request may well succeed a little later: nothing in it was refused. */
export function isPassing(error: unknown): error is PausePointError {
  if (error instanceof ConnectionError) return true;
  if (error instanceof AnswerError) return error.status >= 500;
  if (!(error instanceof ProblemError)) return false;
  // 409 with a Retry-After: the same create is still under way (RFC 9110, section 10.2.3).
  return [408, 425, 429, 500, 502, 503, 504].includes(error.status)
    ? error.type !== "/problems/quota"
    : error.status === 409 && error.retryAfterSeconds !== null;
}

const FIRST_MS = 250;
const LONGEST_MS = 10_000;

/** How long to rest before try number `attempt` + 1: doubling, with jitter, and never less than the server asks for. */
export function restMs(attempt: number, error: unknown): number {
  const usual = Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1)) * (0.5 + Math.random());
  const asked = error instanceof ProblemError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
  return Math.max(usual, asked);
}

/** Resolves after so many milliseconds. @throws the signal's reason once it is aborted */
export function rest(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const aborted = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", aborted);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", aborted, { once: true });
  });
}

function objectIn(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function isProblem(answer: object): answer is ProblemDocument {
  return "status" in answer && typeof answer.status === "number" && "detail" in answer && "type" in answer;
}

function secondsOf(retryAfter: string | null): number | null {
  return retryAfter !== null && /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) : null;
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ConnectionRefused: "nothing listens there",
  ENOTFOUND: "there is no such host",
  EAI_AGAIN: "the host's name can't be looked up",
  ECONNRESET: "the connection broke",
};

/** `fetch` says "fetch failed", and why in its cause; what it says may be a sentence, and here it is the end of one. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const reason = error.cause instanceof Error && error.cause.message !== "" ? error.cause : error;
  const { code } = reason as { code?: unknown };
  return REASONS[String(code)] ?? reason.message.replace(/[.?!]+$/, "");
}
