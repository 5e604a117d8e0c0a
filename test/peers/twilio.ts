/**
 * A peer for tests that speaks as api.twilio.com does for Programmable Messaging: a real HTTP server on loopback.
 * What it plays, from which documents, and what it leaves out: README.md beside it.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type Clock, systemClock } from "../../src/platform/clock.ts";
import { PATIENCE_MS } from "../support/eventually.ts";
import {
  authenticate,
  createAccount,
  examine,
  type Submission,
  type TwilioAccount,
  type TwilioAccountOptions,
} from "./twilio/account.ts";
import { type Answer, json, refusal } from "./twilio/answer.ts";
import { Arrivals } from "./twilio/arrivals.ts";
import { plan, Script, type TwilioBehaviour } from "./twilio/behaviour.ts";
import { type CallbackOptions, Callbacks, type InboundText, type SentWebhook } from "./twilio/callbacks.ts";
import { twilioError } from "./twilio/errors.ts";
import {
  type MessageStatus,
  messagePage,
  messageResource,
  newOutbound,
  type StoredMessage,
  sidFrom,
  type TwilioMessage,
} from "./twilio/message.ts";
import type { WebhookAnswer } from "./twilio/webhook.ts";

export type { TwilioBehaviour } from "./twilio/behaviour.ts";
export type { CallbackOptions, InboundText, SentWebhook } from "./twilio/callbacks.ts";
export type { MessageStatus, TwilioMessage } from "./twilio/message.ts";
export { twilioSignature, type WebhookAnswer } from "./twilio/webhook.ts";

export interface TwilioPeerOptions extends TwilioAccountOptions {
  /** Above this many create requests at once the peer answers 429, code 20429; default no limit. */
  readonly maxConcurrentRequests?: number;
  /** Where inbound messages are posted, as set for the number or the messaging service; a reply may name another. */
  readonly inboundUrl?: string;
  readonly clock?: Clock;
}

/** A request as it came in, refused ones included. */
export interface TwilioRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  /** The raw body. */
  readonly body: string;
  /** The body's fields; empty unless it came as `application/x-www-form-urlencoded`. */
  readonly form: URLSearchParams;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

export interface TwilioPeer {
  /** Stands for `https://api.twilio.com`; no slash at the end. */
  readonly url: string;
  readonly accountSid: string;
  readonly authToken: string;
  /** Everything taken for sending, and inbound messages, oldest first. */
  readonly messages: readonly TwilioMessage[];
  readonly requests: readonly TwilioRequest[];
  /** Scripts the next `times` create requests to `to` (`"*"`: to anyone). Scripts are used up in the order given. */
  behave(to: string, behaviour: TwilioBehaviour, times?: number): void;
  /** Forgets the scripts that were not used up. */
  behaveWell(): void;
  /** The next message taken for sending that was not handed out before; rejects after `timeout` ms (as patient as the tests are by default). */
  nextMessage(wanted?: { readonly to?: string }, timeout?: number): Promise<TwilioMessage>;
  /** The next request that was not handed out before, whatever becomes of it. */
  nextRequest(wanted?: { readonly to?: string }, timeout?: number): Promise<TwilioRequest>;
  /** Every webhook sent, with its answer, oldest first. */
  readonly webhooks: readonly SentWebhook[];
  /**
   * Moves a message to a status and posts the signed status callback. `errorCode` goes with `failed` and `undelivered`
   * (default 30008, unknown error). Null when there is no URL to post to; rejects when nobody answers there.
   */
  deliver(
    sid: string,
    status: MessageStatus,
    errorCode?: number,
    options?: CallbackOptions,
  ): Promise<WebhookAnswer | null>;
  /** The same as `deliver`. */
  readonly report: TwilioPeer["deliver"];
  /**
   * Posts an inbound message, signed, to the number's webhook URL (default the inbound URL), reads the TwiML of the
   * answer and sends what it asks for. STOP and START change who may be texted.
   */
  reply(message: InboundText, url?: string, options?: Omit<CallbackOptions, "url">): Promise<WebhookAnswer>;
  /** Taps a button of a message that was sent, as its recipient; signed, and answered like {@link TwilioPeer.reply}. */
  tap(sid: string, index: number, options?: CallbackOptions & { readonly from?: string }): Promise<WebhookAnswer>;
  /** Sends a webhook again as it was: same parameters, same signature, same idempotency token. */
  repeat(webhook: SentWebhook): Promise<WebhookAnswer>;
  /** From now on inbound messages are posted there. */
  setInboundUrl(url: string): void;
  /**
   * Stands as a reverse proxy before the app: webhooks for the public origin are signed for it, but go to the local
   * one, with `X-Forwarded-Proto`, `-Host` and `-For`.
   */
  proxy(publicOrigin: string, localOrigin: string): void;
  /** Cuts every connection and closes the port; whoever still waits for a message is rejected. */
  stop(): Promise<void>;
}

/** Starts the peer on 127.0.0.1, on a port of its own. */
export async function startTwilioPeer(options: TwilioPeerOptions = {}): Promise<TwilioPeer> {
  const clock = options.clock ?? systemClock;
  const account = createAccount(options);
  const messages: StoredMessage[] = [];
  const sent = new Arrivals<TwilioMessage>(clock, "message");
  const callbacks = new Callbacks(account, clock, messages, options.inboundUrl ?? null, (message) => sent.add(message));
  const state: PeerState = {
    ...{ account, clock, messages, sent, callbacks },
    maxConcurrentRequests: options.maxConcurrentRequests ?? Number.POSITIVE_INFINITY,
    script: new Script(),
    requests: new Arrivals<TwilioRequest>(clock, "request"),
    openCreates: 0,
    pendingAnswers: new Set(),
  };
  const server = createServer((request, response) => void serve(state, request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the Twilio peer has no port");
  const deliver: TwilioPeer["deliver"] = (sid, status, errorCode, callback = {}) =>
    callbacks.deliver(sid, status, errorCode, callback);
  return {
    url: `http://127.0.0.1:${address.port}`,
    accountSid: state.account.accountSid,
    authToken: state.account.authToken,
    messages: state.messages,
    requests: state.requests.all,
    behave: (to, behaviour, times = 1) => state.script.add(to, behaviour, times),
    behaveWell: () => state.script.clear(),
    nextMessage: ({ to } = {}, timeout = PATIENCE_MS) =>
      state.sent.next((message) => to === undefined || message.to === to, timeout),
    nextRequest: ({ to } = {}, timeout = PATIENCE_MS) =>
      state.requests.next((request) => to === undefined || request.form.get("To") === to, timeout),
    webhooks: callbacks.sent,
    deliver,
    report: deliver,
    reply: (message, url, callback) => callbacks.reply(message, url, callback),
    tap: (sid, index, callback) => callbacks.tap(sid, index, callback),
    repeat: (webhook) => callbacks.repeat(webhook),
    setInboundUrl: (url) => {
      callbacks.inboundUrl = url;
    },
    proxy: (publicOrigin, localOrigin) => callbacks.proxy(publicOrigin, localOrigin),
    stop: () => stop(state, server),
  };
}

interface PeerState {
  readonly account: TwilioAccount;
  readonly clock: Clock;
  readonly maxConcurrentRequests: number;
  readonly script: Script;
  readonly messages: StoredMessage[];
  readonly sent: Arrivals<TwilioMessage>;
  readonly callbacks: Callbacks;
  readonly requests: Arrivals<TwilioRequest>;
  openCreates: number;
  readonly pendingAnswers: Set<() => void>;
}

async function serve(state: PeerState, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const request = await readRequest(state, incoming);
  if (request === null) return;
  state.requests.add(request);
  const [, asked] = request.path.match(/^\/2010-04-01\/Accounts\/([^/]+)\.json$/) ?? [];
  if (asked !== undefined) {
    send(state, response, readAccount(state, request, asked));
    return;
  }
  const [, accountSid, sid] =
    request.path.match(/^\/2010-04-01\/Accounts\/([^/]+)\/Messages(?:\/([^/]+))?\.json$/) ?? [];
  if (accountSid === undefined) send(state, response, refusal(twilioError(20404, request.path)));
  else if (request.method === "POST" && sid === undefined) create(state, request, accountSid, response);
  else send(state, response, read(state, request, accountSid, sid));
}

/** Null when the client went away in the middle of it. */
async function readRequest(state: PeerState, incoming: IncomingMessage): Promise<TwilioRequest | null> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  } catch {
    return null;
  }
  const body = Buffer.concat(chunks).toString("utf8");
  const url = new URL(incoming.url ?? "/", "http://127.0.0.1");
  const isForm = /^application\/x-www-form-urlencoded(?:;|$)/i.test(incoming.headers["content-type"] ?? "");
  return {
    method: incoming.method ?? "GET",
    path: url.pathname,
    query: url.searchParams,
    headers: incoming.headers,
    body,
    form: new URLSearchParams(isForm ? body : ""),
    at: state.clock.now(),
  };
}

/** The Account resource, which a standard API key may not read. */
function readAccount({ account }: PeerState, request: TwilioRequest, accountSid: string): Answer {
  const denied = authenticate(account, accountSid, request.headers.authorization);
  if (denied !== null) return refusal(denied);
  const login = Buffer.from((request.headers.authorization ?? "").split(" ")[1] ?? "", "base64").toString("utf8");
  if (request.method !== "GET" || !login.startsWith(`${account.accountSid}:`)) return refusal(twilioError(20003));
  const fields = { sid: accountSid, friendly_name: "Operations", status: account.status, type: "Full" };
  return json(200, { ...fields, owner_account_sid: accountSid, uri: request.path });
}

function read(state: PeerState, request: TwilioRequest, accountSid: string, sid: string | undefined): Answer {
  const denied = authenticate(state.account, accountSid, request.headers.authorization);
  if (denied !== null) return refusal(denied);
  if (request.method !== "GET") return refusal(twilioError(20004));
  if (sid === undefined) return json(200, messagePage(accountSid, state.messages, request.query));
  const message = state.messages.find((stored) => stored.sid === sid);
  return message === undefined
    ? refusal(twilioError(20404, request.path))
    : json(200, messageResource(accountSid, message));
}

function create(state: PeerState, request: TwilioRequest, accountSid: string, response: ServerResponse): void {
  state.openCreates += 1;
  response.once("close", () => {
    state.openCreates -= 1;
  });
  if (state.openCreates > state.maxConcurrentRequests) {
    send(state, response, refusal(twilioError(20429), 1));
    return;
  }
  const to = request.form.get("To") ?? "";
  const { answer, delivery, delay } = plan(state.script.take(to), to, () => admission(state, request, accountSid));
  if (delivery === "cut") response.socket?.destroy();
  else if (delivery === "half") sendHalf(response, answer);
  else if (delivery === "whole" && delay > 0) sendLater(state, response, answer, delay);
  else if (delivery === "whole") send(state, response, answer);
}

/** Answers as the account would, and takes the message if it may be sent. */
function admission(state: PeerState, request: TwilioRequest, accountSid: string): Answer {
  const denied = authenticate(state.account, accountSid, request.headers.authorization);
  if (denied !== null) return refusal(denied);
  const submission = examine(state.account, request.form);
  if ("code" in submission) return refusal(submission);
  const message = newOutbound(submission, {
    sid: sidFrom("SM", accountSid, state.messages.length + 1),
    at: state.clock.now(),
    requestNumber: state.requests.all.indexOf(request) + 1,
    attempt: countAttempts(state, submission),
  });
  const answer = json(201, messageResource(accountSid, message));
  state.messages.push(message);
  state.sent.add(message);
  if (message.contentSid === null && !state.callbacks.isInSession(message.to)) refuseLater(state, message.sid);
  return answer;
}

/** As Twilio does: it takes a free-form message outside the session too, and its status callback tells that it failed. */
function refuseLater({ clock, callbacks, pendingAnswers }: PeerState, sid: string): void {
  const cancel = clock.after(1, () => {
    pendingAnswers.delete(cancel);
    callbacks.deliver(sid, "failed", 63016, {}).catch(() => {});
  });
  pendingAnswers.add(cancel);
}

function countAttempts(state: PeerState, { to, body }: Submission): number {
  const isSame = (seen: TwilioRequest) =>
    seen.method === "POST" && seen.form.get("To") === to && (seen.form.get("Body") ?? body) === body;
  return state.requests.all.filter(isSame).length;
}

async function stop(state: PeerState, server: Server): Promise<void> {
  for (const cancel of state.pendingAnswers) cancel();
  state.sent.close();
  state.requests.close();
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

function send(state: PeerState, response: ServerResponse, answer: Answer): void {
  if (response.destroyed) return;
  response.writeHead(answer.status, {
    ...answer.headers,
    "Content-Length": String(Buffer.byteLength(answer.body)),
    "Twilio-Concurrent-Requests": String(Math.max(1, state.openCreates)),
    "Twilio-Request-Id": sidFrom("RQ", state.account.accountSid, state.requests.all.length),
  });
  response.end(answer.body);
}

function sendLater(state: PeerState, response: ServerResponse, answer: Answer, milliseconds: number): void {
  const cancel = state.clock.after(milliseconds, () => {
    state.pendingAnswers.delete(cancel);
    send(state, response, answer);
  });
  state.pendingAnswers.add(cancel);
}

/** Promises the whole body, sends half of it and cuts the connection. */
function sendHalf(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, { ...answer.headers, "Content-Length": String(Buffer.byteLength(answer.body)) });
  response.write(answer.body.slice(0, answer.body.length / 2), () => response.socket?.destroy());
}
