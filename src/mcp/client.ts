/** The HTTP API over `fetch`, as far as the tools need it. */
import type { Pause } from "../pauses/index.ts";
import type { FieldError } from "../platform/problem.ts";

export type { Pause } from "../pauses/index.ts";

export type CreatePause = Readonly<Record<string, unknown>>;
export type ListQuery = Readonly<Record<string, string | number | undefined>>;
export type AuditQuery = Readonly<Record<string, string | number | boolean | undefined>>;

interface Page {
  readonly data: readonly object[];
  readonly next_cursor: string | null;
}

interface Options {
  readonly signal?: AbortSignal;
}

/** The server could not be reached. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}

/** The server answered with a problem document (RFC 9457). */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly status: number;
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  readonly errors: readonly FieldError[];

  constructor(problem: { status: number; type: string; title: string; detail: string; errors?: FieldError[] }) {
    super(problem.detail);
    this.status = problem.status;
    this.type = problem.type;
    this.title = problem.title;
    this.detail = problem.detail;
    this.errors = problem.errors ?? [];
  }
}

interface Asked {
  readonly method?: string;
  readonly body?: object;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal | undefined;
}

export class PausePoint {
  readonly #url: string;
  readonly #apiKey: string;
  readonly #fetch: typeof fetch;

  constructor(options: { url: string; apiKey: string; fetch?: typeof fetch }) {
    this.#url = options.url.replace(/\/+$/, "");
    this.#apiKey = options.apiKey;
    this.#fetch = options.fetch ?? fetch;
  }

  createPause(body: CreatePause, options: Options & { idempotencyKey?: string } = {}): Promise<Pause> {
    const { idempotencyKey, signal } = options;
    const headers: Record<string, string> = idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey };
    return this.#ask("/v1/pause", { method: "POST", body, headers, signal });
  }

  getPause(pauseId: string, options: Options & { waitSeconds?: number } = {}): Promise<Pause> {
    const { waitSeconds = 0, signal } = options;
    return this.#ask(`/v1/pause/${pauseId}${waitSeconds > 0 ? `?wait=${waitSeconds}` : ""}`, { signal });
  }

  listPauses(query: ListQuery = {}, { signal }: Options = {}): Promise<Page> {
    return this.#ask(`/v1/pause${queryOf(query)}`, { signal });
  }

  cancelPause(pauseId: string, options: Options & { reason?: string } = {}): Promise<Pause> {
    const { signal, ...body } = options;
    return this.#ask(`/v1/pause/${pauseId}/cancel`, { method: "POST", body, signal });
  }

  getAuditLog(query: AuditQuery = {}, { signal }: Options = {}): Promise<Page> {
    return this.#ask(`/v1/audit${queryOf(query)}`, { signal });
  }

  async #ask<T>(path: string, { method = "GET", body, headers = {}, signal }: Asked): Promise<T> {
    let response: Response;
    let answer: unknown;
    try {
      response = await this.#fetch(`${this.#url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.#apiKey}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      });
      answer = await response.json();
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ConnectionError((error as Error).message);
    }
    if (response.ok) return answer as T;
    throw new ProblemError(answer as ConstructorParameters<typeof ProblemError>[0]);
  }
}

function queryOf(query: ListQuery | AuditQuery): string {
  const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  return given.length === 0 ? "" : `?${new URLSearchParams(Object.fromEntries(given))}`;
}
