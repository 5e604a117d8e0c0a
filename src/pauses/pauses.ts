import { beyondPlan, type Key, mayAsk, type Plans, planOf, type Quota } from "../access/index.ts";
import { canonicalize, type JsonValue, type World } from "../audit/index.ts";
import { type ConfiguredChannels, stepsFor } from "../channels/directory.ts";
import { asksOf } from "../delivery/index.ts";
import { sha256 } from "../platform/hash.ts";
import { bytesOfId } from "../platform/ids.ts";
import type { Months } from "../platform/months.ts";
import { type FieldError, invalid, Problem } from "../platform/problem.ts";
import { check } from "../platform/schema.ts";
import type { Stopping } from "../platform/stopping.ts";
import type { TraceContext } from "../platform/trace-context.ts";
import type { Writer } from "../storage/index.ts";
import { type Answered, type AnswerPause, answerPause } from "./answer.ts";
import { cancelPause } from "./cancel.ts";
import type { PauseContext } from "./context.ts";
import { type CreatePause, createPause, pointerOf } from "./create.ts";
import { expireForTest, expireOne } from "./expire.ts";
import { type Askable, everyFault } from "./faults.ts";
import { type ListRequest, listRows } from "./list.ts";
import type { Refusal } from "./pause.ts";
import * as queries from "./queries.ts";
import { type Directory, normaliseRecipients } from "./recipients.ts";
import { type CreateRequest, createBody } from "./request.ts";
import { type Pause, type PauseRow, shapePause } from "./shape.ts";
import type { Timeouts } from "./timeouts.ts";
import type { Waiters } from "./waiters.ts";

/** What the configuration says about asking. */
export interface AskingRules extends Directory {
  readonly timeoutHours: number;
  readonly plans: Plans;
  /** The months in which a plan counts. */
  readonly monthAt: Months;
  /** How many messages one recipient may get within an hour from live keys; null: any. */
  readonly messagesPerHour: number | null;
  readonly channels: ConfiguredChannels;
  /** Whether a text to this address over this lane gets a code to reply with. */
  readonly takesReplies: (lane: string, destination: string) => boolean;
  /** The URL that a webhook may be sent to in its one spelling, or why it may not. */
  readonly checkWebhookUrl: (url: string) => { readonly url: string } | { readonly reason: string };
}

/** A pause that was created, or was there before. */
export interface CreateOutcome {
  readonly pause: Pause;
  readonly replayed: boolean;
  /** What the key has used of its month, once this was counted; null where nothing was, or without an end. */
  readonly quota: Quota | null;
}

/** The pauses as a key sees them: what the routes, the command line and the tools call. */
export class Pauses {
  readonly #writer: Writer;
  readonly #context: PauseContext;
  readonly #rules: AskingRules;
  readonly #waiters: Waiters;
  readonly #timeouts: Timeouts;
  readonly #stopping: Stopping;
  /** Idempotency keys whose request has not been answered yet. */
  readonly #running = new Set<string>();

  constructor(parts: {
    writer: Writer;
    context: PauseContext;
    rules: AskingRules;
    waiters: Waiters;
    timeouts: Timeouts;
    stopping: Stopping;
  }) {
    this.#writer = parts.writer;
    this.#context = parts.context;
    this.#rules = parts.rules;
    this.#waiters = parts.waiters;
    this.#timeouts = parts.timeouts;
    this.#stopping = parts.stopping;
  }

  /**
   * Creates a pause from a request's body; resolves when it is on disk.
   *
   * @throws Problem `invalid`, `key-limit`, `plan-limit`, `quota`, `message-limit`, `idempotency-running`,
   * `idempotency-mismatch`, `unavailable` once the appliance stops.
   */
  async create(
    key: Key,
    body: unknown,
    idempotencyKey: string | null,
    trace: TraceContext | null,
  ): Promise<CreateOutcome> {
    this.#stopping.refuse();
    const request = this.#read(key, body);
    const command = { ...this.#command(key, request), idempotency: null, trace };
    if (idempotencyKey === null) return await this.#write(key, command);

    const running = `${key.world.n} ${idempotencyKey}`;
    if (this.#running.has(running)) {
      throw new Problem("idempotency-running", "A request with this Idempotency-Key is still being worked on.", {
        headers: { "retry-after": "1" },
      });
    }
    this.#running.add(running);
    try {
      const bodyHash = sha256(canonicalize(body as JsonValue));
      return await this.#write(key, { ...command, idempotency: { key: idempotencyKey, bodyHash } });
    } finally {
      this.#running.delete(running);
    }
  }

  /** A pause that this key may see, or null. One whose time is over is ended before it is shown. */
  async get(key: Key, pauseId: string): Promise<Pause | null> {
    const row = this.#find(key, pauseId);
    if (row === null) return null;
    if (this.#isOver(row)) await this.#writer.write((tx) => expireOne(tx, this.#context, row.n));
    return this.#shape(this.#find(key, pauseId) ?? row, key.world);
  }

  /** As {@link get}, but answers only when the pause has ended, the seconds are over, or the asker has gone. */
  async wait(key: Key, pauseId: string, seconds: number, signal: AbortSignal): Promise<Pause | null> {
    const row = this.#find(key, pauseId);
    if (row !== null && row.status === "pending" && !this.#isOver(row)) {
      await this.#waiters.wait(row.n, this.#context.clock.now() + seconds * 1000, signal);
    }
    return await this.get(key, pauseId);
  }

  /** A page of the key's pauses, newest first. */
  async list(key: Key, request: ListRequest): Promise<{ data: Pause[]; next_cursor: string | null }> {
    let page = listRows(this.#writer, key.world.n, request);
    if (page.rows.some((row) => this.#isOver(row))) {
      await this.#timeouts.check();
      for (const row of page.rows.filter((late) => this.#isOver(late))) {
        await this.#writer.write((tx) => expireOne(tx, this.#context, row.n));
      }
      page = listRows(this.#writer, key.world.n, request);
    }
    return { data: page.rows.map((row) => this.#shape(row, key.world)), next_cursor: page.next };
  }

  /** Withdraws a pause; null when the key sees none. @throws Problem `already-ended` unless it was cancelled before. */
  async cancel(key: Key, pauseId: string, reason: string | null): Promise<Pause | null> {
    const done = await this.#writer.write((tx) => cancelPause(tx, this.#context, { key, pauseId, reason }));
    if (done === undefined) return null;
    if (done.refusal !== null) refuseUnlessCancelled(done.refusal);
    return await this.get(key, pauseId);
  }

  /** Takes an answer that came by a genuine link or a test. */
  answer(command: AnswerPause): Promise<Answered> {
    return this.#writer.write((tx) => answerPause(tx, this.#context, command));
  }

  /** Answers a test pause in its first recipient's stead. @throws Problem `invalid`, `already-ended`. */
  async answerForTest(key: Key, pauseId: string, choice: string, comment: string | null): Promise<Pause | null> {
    const row = this.#find(key, pauseId);
    if (row === null) return null;
    const answered = await this.answer({
      pauseN: row.n,
      position: 0,
      choice,
      comment,
      via: "test",
      origin: { ip: null, userAgent: null },
    });
    if (!answered.accepted) refuse(answered.refusal);
    return await this.get(key, pauseId);
  }

  /** Lets a test pause's time be over now. @throws Problem `already-ended`. */
  async expireForTest(key: Key, pauseId: string): Promise<Pause | null> {
    const row = this.#find(key, pauseId);
    if (row === null) return null;
    const ended = await this.#writer.write((tx) => expireForTest(tx, this.#context, row.n));
    if (!ended)
      throw new Problem("already-ended", `The pause has ended: it is ${this.#find(key, pauseId)?.status ?? "gone"}.`);
    return await this.get(key, pauseId);
  }

  /** A pause as it is now, for a webhook or an event of its world; null when there is none with this number. */
  show(pauseN: number): Pause | null {
    const row = this.#writer.one(queries.pauseByNumber, { n: pauseN });
    return row === undefined ? null : this.#shape(row, { n: row.world_n, project: row.project, mode: row.mode });
  }

  /** @throws Problem `invalid` with all that is wrong, also with what the schema does not know. */
  #read(key: Key, body: unknown): CreateRequest {
    try {
      return check(createBody, body, "body");
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      throw invalid(everyFault(body, problem.errors, (asked) => this.#held(key, asked).errors));
    }
  }

  /** What is asked as the configuration has it, and what it has against it. */
  #held(key: Key, { channel, recipient, webhook_url: webhookUrl = null }: Askable) {
    const rules = this.#rules;
    const errors: FieldError[] = [];
    const steps = channel === undefined ? null : stepsFor(channel, key.world.mode, rules.channels);
    if (channel !== undefined && steps === null) {
      const known = Object.keys({ ...rules.channels.addressKinds, ...rules.channels.fallbacks });
      const configured = known.length > 0 ? `; configured are ${known.join(", ")}` : "";
      errors.push({ pointer: "/channel", detail: `is not configured${configured}` });
    }
    const normalised = steps === null || recipient === undefined ? null : normaliseRecipients(recipient, steps, rules);
    if (normalised !== null && "errors" in normalised) errors.push(...normalised.errors);
    const recipients = normalised !== null && "recipients" in normalised ? normalised.recipients : null;
    const checked = webhookUrl === null ? { url: null } : rules.checkWebhookUrl(webhookUrl);
    if ("reason" in checked) errors.push({ pointer: "/webhook_url", detail: checked.reason });
    return { steps, recipients, webhookUrl: "url" in checked ? checked.url : null, errors };
  }

  #command(key: Key, request: CreateRequest): Omit<CreatePause, "idempotency" | "trace"> {
    const rules = this.#rules;
    const { steps, recipients, webhookUrl, errors } = this.#held(key, request);
    if (errors.length > 0 || steps === null || recipients === null) throw invalid(errors);
    const plan = planOf(key, rules.plans);
    const timeoutHours = request.timeout_hours ?? Math.min(rules.timeoutHours, plan?.maxTimeoutHours ?? Infinity);
    const { takesReplies } = rules;
    const asked = { ...request, webhook_url: webhookUrl };
    const allowance = {
      pausesPerMonth: plan?.pausesPerMonth ?? null,
      monthAt: rules.monthAt,
      messagesPerHour: key.world.mode === "live" ? rules.messagesPerHour : null,
    };
    const command = { key, request: asked, recipients, steps, takesReplies, timeoutHours, allowance };
    refuseBeyondLimits(command);
    if (plan !== null) {
      const beyond = beyondPlan(plan, { channel: request.channel, timeoutHours, webhookUrl: request.webhook_url });
      if (beyond.length > 0) throw new Problem("plan-limit", "The key's plan does not allow this.", { errors: beyond });
    }
    return command;
  }

  async #write(key: Key, command: CreatePause): Promise<CreateOutcome> {
    const done = await this.#writer.write((tx) => createPause(tx, this.#context, command));
    if (done.kind === "created") {
      this.#context.metrics.pausesCreated.add(1, key.world.mode, done.pause.channel);
      return { pause: done.pause, replayed: false, quota: done.quota };
    }
    const row = this.#writer.one(queries.pauseByNumber, { n: done.pauseN });
    const pause = row === undefined ? null : await this.get(key, row.id);
    if (pause === null) throw new Error(`the pause ${done.pauseN} of an idempotency key is gone`);
    return { pause, replayed: true, quota: null };
  }

  #find(key: Key, pauseId: string): PauseRow | null {
    if (bytesOfId("pause", pauseId) === null) return null;
    return this.#writer.one(queries.findPause, { id: pauseId, world_n: key.world.n }) ?? null;
  }

  #isOver(row: PauseRow): boolean {
    return row.status === "pending" && this.#context.clock.now() >= row.expires_at;
  }

  #shape(row: PauseRow, world: World): Pause {
    const recipients = this.#writer.all(queries.recipientsOf, { pause_n: row.n }).map(({ address }) => address);
    return shapePause(row, world.mode, recipients, this.#writer.all(asksOf, { pause_n: row.n }));
  }
}

/** The key's own limits. @throws Problem `key-limit` with a pointer for each. */
function refuseBeyondLimits({
  key,
  request,
  recipients,
  timeoutHours,
}: Omit<CreatePause, "idempotency" | "trace">): void {
  const errors: FieldError[] = [];
  recipients.forEach(({ address }, position) => {
    if (mayAsk(key.limits, address)) return;
    errors.push({
      pointer: pointerOf(request, position),
      detail: "is nobody that this key may ask",
    });
  });
  const { minTimeoutMinutes, noDefaultOnTimeout } = key.limits;
  if (minTimeoutMinutes !== null && timeoutHours * 60 < minTimeoutMinutes) {
    errors.push({ pointer: "/timeout_hours", detail: `must give at least ${minTimeoutMinutes} minutes with this key` });
  }
  if (noDefaultOnTimeout && request.timeout_default !== null) {
    errors.push({ pointer: "/timeout_default", detail: "must be null with this key: silence may not decide" });
  }
  if (errors.length > 0) throw new Problem("key-limit", "The key may not ask this.", { errors });
}

function refuseUnlessCancelled(refusal: Refusal): void {
  if (refusal.because === "ended" && refusal.status === "cancelled") return;
  refuse(refusal);
}

function refuse(refusal: Refusal): never {
  if (refusal.because === "not_an_option")
    throw invalid([{ pointer: "/choice", detail: "must be one of the pause's options, exactly" }]);
  const status = refusal.because === "ended" ? refusal.status : "pending";
  throw new Problem("already-ended", `The pause has ended: it is ${status}.`);
}
