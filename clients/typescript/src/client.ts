import { type AskOptions, type Decision, decisionOf, type Progress } from "./decision.ts";
import { ConflictError, PausePointError } from "./errors.ts";
import { type ApiRequest, type Fetch, isPassing, rest, restMs, type Server, send } from "./http.ts";
import type { AuditPage, AuditQuery, ConsumedReceipt, CreatePause, ListQuery, Page, Pause } from "./types.ts";

export interface PausePointOptions {
  /** The server's address; else `$PAUSEPOINT_URL`, else `http://127.0.0.1:8787`. */
  readonly url?: string;
  /** A key of the server; else `$PAUSEPOINT_API_KEY`. */
  readonly apiKey?: string;
  /** What sends; else the global `fetch`. */
  readonly fetch?: Fetch;
  /** How long one request may take beside what it was asked to wait, in milliseconds; else 30,000. */
  readonly timeoutMs?: number;
  /**
   * How long `ask` and `waitForEnd` go on without reaching the server, in milliseconds; else 600,000. A question that is
   * known to be open is waited for until it expires, and as long after that.
   */
  readonly patienceMs?: number;
}

interface Cancellable {
  readonly signal?: AbortSignal;
}

/** Below the idle limits of proxies, and a good deal below what the server allows. */
const POLL_SECONDS = 50;
/** Whoever listens hears soon that no message got through: channels mostly know within seconds. */
const FIRST_POLL_SECONDS = [1, 2, 5, 10, 20];
const USUAL_TIMEOUT_MS = 30_000;
const USUAL_PATIENCE_MS = 600_000;
const WITHDRAW_TIMEOUT_MS = 10_000;

/**
 * A PausePoint server. Each method but `ask` and `waitForEnd` is one request, and is not tried again.
 *
 * @throws from every method: ProblemError for what the server refuses, ConnectionError when it can't be reached,
 *   AnswerError when something else answers; the reason of the signal that you abort.
 */
export class PausePoint {
  readonly #server: Server;
  readonly #timeoutMs: number;
  readonly #patienceMs: number;

  /** @throws PausePointError without a key, or for an address that is none. */
  constructor(options: PausePointOptions = {}) {
    const url = options.url ?? variable("PAUSEPOINT_URL") ?? "http://127.0.0.1:8787";
    const apiKey = options.apiKey ?? variable("PAUSEPOINT_API_KEY");
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
      throw new PausePointError("The server's address must be like https://approve.example.com: set PAUSEPOINT_URL.");
    if (apiKey === undefined || !/^[\x21-\x7e]+$/.test(apiKey))
      throw new PausePointError("There is no API key: set PAUSEPOINT_API_KEY to one that pausepoint printed.");
    this.#server = { url: url.replace(/\/+$/, ""), apiKey, fetch: options.fetch ?? ((url, init) => fetch(url, init)) };
    this.#timeoutMs = options.timeoutMs ?? USUAL_TIMEOUT_MS;
    this.#patienceMs = options.patienceMs ?? USUAL_PATIENCE_MS;
  }

  /**
   * Asks a person, and blocks until the question has ended: by an answer, by the clock, or withdrawn. Goes on over
   * restarts of the server and broken networks; the person gets one message, however often it was tried.
   */
  async ask(question: CreatePause, options: AskOptions = {}): Promise<Decision> {
    const { signal, cancelOnAbort = false, idempotencyKey = crypto.randomUUID() } = options;
    signal?.throwIfAborted();
    // A create that is cut off may have been taken: one that is to be withdrawn is let finish, so that its id is known.
    const creating = cancelOnAbort || signal === undefined ? {} : { signal };
    const asked = () => this.createPause(question, { idempotencyKey, ...creating });
    const pause = await this.#persist(asked, signal, options);
    try {
      return decisionOf(await this.#ended(pause, signal, options));
    } catch (error) {
      if (cancelOnAbort && signal?.aborted === true) {
        const stopped = await this.#withdraw(pause);
        options.onStopped?.(stopped);
      }
      throw error;
    }
  }

  /** Blocks until a pause has ended, and answers it. Goes on over restarts of the server and broken networks. */
  async waitForEnd(pauseId: string, options: Cancellable & Progress = {}): Promise<Pause> {
    const { signal, onPending } = options;
    const waitSeconds = onPending === undefined ? POLL_SECONDS : 0;
    const poll = () => this.getPause(pauseId, { waitSeconds, ...signalIn(signal) });
    return await this.#ended(await this.#persist(poll, signal, options), signal, options);
  }

  /** `POST /v1/pause`: asks, and answers at once with the pause. */
  createPause(question: CreatePause, options: Cancellable & { readonly idempotencyKey?: string } = {}): Promise<Pause> {
    const { idempotencyKey, signal } = options;
    const headers: Record<string, string> = idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey };
    return this.#send({ method: "POST", path: "/v1/pause", body: question, headers, signal });
  }

  /** `GET /v1/pause/{pause_id}`; with `waitSeconds` (0 to 120) once it has ended, or still pending after that time. */
  getPause(pauseId: string, options: Cancellable & { readonly waitSeconds?: number } = {}): Promise<Pause> {
    const { waitSeconds = 0, signal } = options;
    const path = `/v1/pause/${segment(pauseId)}${waitSeconds > 0 ? `?wait=${waitSeconds}` : ""}`;
    return this.#send({ path, signal }, waitSeconds);
  }

  /** `GET /v1/pause`: newest first. */
  listPauses(query: ListQuery = {}, { signal }: Cancellable = {}): Promise<Page<Pause>> {
    return this.#send({ path: `/v1/pause${queryOf(query)}`, signal });
  }

  /** `POST /v1/pause/{pause_id}/cancel`: withdraws a question. */
  cancelPause(pauseId: string, options: Cancellable & { readonly reason?: string } = {}): Promise<Pause> {
    const { reason, signal } = options;
    const body = reason === undefined ? {} : { reason };
    return this.#send({ method: "POST", path: `/v1/pause/${segment(pauseId)}/cancel`, body, signal });
  }

  /** `GET /v1/audit`: entries of the log in order. */
  getAuditLog(query: AuditQuery = {}, { signal }: Cancellable = {}): Promise<AuditPage> {
    return this.#send({ path: `/v1/audit${queryOf(query)}`, signal });
  }

  /** `GET /v1/pause/{pause_id}/audit`: the entries of one pause. */
  pauseAudit(
    pauseId: string,
    query: Pick<AuditQuery, "limit" | "cursor" | "disclose"> = {},
    { signal }: Cancellable = {},
  ): Promise<AuditPage> {
    return this.#send({ path: `/v1/pause/${segment(pauseId)}/audit${queryOf(query)}`, signal });
  }

  /** `POST /v1/receipts/consume`: takes a receipt, once. ConflictError for one that was taken before. */
  consumeReceipt(
    request: { readonly receipt: string; readonly action_digest: string },
    { signal }: Cancellable = {},
  ): Promise<ConsumedReceipt> {
    return this.#send({ method: "POST", path: "/v1/receipts/consume", body: request, signal });
  }

  async #ended(pause: Pause, signal: AbortSignal | undefined, progress: Progress): Promise<Pause> {
    const { onPending } = progress;
    const first = onPending === undefined ? [] : [...FIRST_POLL_SECONDS];
    let seen = pause;
    while (seen.status === "pending") {
      onPending?.(seen);
      const started = Date.now();
      const waitSeconds = first.shift() ?? POLL_SECONDS;
      const poll = () => this.getPause(pause.pause_id, { waitSeconds, ...signalIn(signal) });
      seen = await this.#persist(poll, signal, progress, Date.parse(pause.expires_at));
      // Pending before the time is over: the server lets go of who waits, as it stops.
      if (seen.status === "pending" && Date.now() - started < 900) await rest(restMs(1, null), signal);
    }
    return seen;
  }

  /** Tries again what fails in passing, for as long as patience lasts; it begins at `from` where that is still to come. */
  async #persist<Answer>(
    attempt: () => Promise<Answer>,
    signal: AbortSignal | undefined,
    { onRetry }: Progress,
    from = 0,
  ): Promise<Answer> {
    const end = Math.max(Date.now(), from) + this.#patienceMs;
    for (let attempts = 1; ; attempts++) {
      try {
        return await attempt();
      } catch (error) {
        signal?.throwIfAborted();
        const pauseMs = restMs(attempts, error);
        if (!isPassing(error) || Date.now() + pauseMs > end) throw error;
        onRetry?.(error);
        await rest(pauseMs, signal);
      }
    }
  }

  /** As far as it goes: the pause as it has ended, or null where no server answered. */
  async #withdraw({ pause_id }: Pause): Promise<Pause | null> {
    const signal = AbortSignal.timeout(WITHDRAW_TIMEOUT_MS);
    const cancel = () => this.cancelPause(pause_id, { reason: "Nobody waits for the answer any more.", signal });
    const ended = () => this.getPause(pause_id, { signal });
    const persist = (attempt: () => Promise<Pause>) => this.#persist(attempt, signal, {});
    return await persist(cancel)
      .catch((error) => (error instanceof ConflictError ? persist(ended) : null))
      .catch(() => null);
  }

  #send<Answer>(request: Omit<ApiRequest, "timeoutMs">, waitSeconds = 0): Promise<Answer> {
    return send(this.#server, { ...request, timeoutMs: this.#timeoutMs + waitSeconds * 1000 });
  }
}

function signalIn(signal: AbortSignal | undefined): Cancellable {
  return signal === undefined ? {} : { signal };
}

/** An id as a part of a path; nothing in it may lead to another route. */
function segment(id: string): string {
  if (!/^[\w-]{1,200}$/.test(id)) throw new PausePointError("That is no pause_id: they begin with pause_.");
  return id;
}

function queryOf(query: object): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const texts = given.map(([name, value]): [string, string] => [name, String(value)]);
  return texts.length === 0 ? "" : `?${new URLSearchParams(texts)}`;
}

/** A variable of the environment, where there is one: in Node, Bun and Deno. */
function variable(name: string): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.[name] || undefined;
}
