/**
 * A peer for tests that speaks as slack.com does to an app: the Web API, people who press buttons, response URLs and
 * Socket Mode, on real sockets on loopback. What it plays, from which documents, and what it leaves out: README.md.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type Clock, systemClock } from "../../src/platform/clock.ts";
import { PATIENCE_MS } from "../support/eventually.ts";
import { type SlackBehaviour, SlackScript } from "./slack/behaviour.ts";
import {
  controlsOf,
  type HttpOutcome,
  postInteraction,
  type SignedRequest,
  type SlackControl,
  signRequest,
} from "./slack/interaction.ts";
import { METHODS, refusal } from "./slack/methods.ts";
import { readRequest, type SlackAnswer, type SlackCall } from "./slack/request.ts";
import { ResponseUrls, type SlackResponse } from "./slack/response-url.ts";
import { type SlackSocket, SocketMode, type SocketOutcome } from "./slack/socket-mode.ts";
import { payloadOf, type Tap } from "./slack/tap.ts";
import { BOT, type SlackChannel, type SlackMessage, type SlackUser, Workspace } from "./slack/workspace.ts";
import { Arrivals } from "./twilio/arrivals.ts";

export type { SlackBehaviour } from "./slack/behaviour.ts";
export {
  type HttpOutcome,
  type SlackControl,
  slackSignature,
} from "./slack/interaction.ts";
export type { SlackCall } from "./slack/request.ts";
export type { SlackResponse } from "./slack/response-url.ts";
export type { SlackSocket, SocketOutcome } from "./slack/socket-mode.ts";
export type { Tap } from "./slack/tap.ts";
export type { SlackChannel, SlackMessage, SlackUser } from "./slack/workspace.ts";

export interface SlackPeerOptions {
  /** `xoxb-…`. */
  readonly botToken: string;
  /** Needed for interactions over HTTP. */
  readonly signingSecret?: string;
  /** `xapp-…`; needed for Socket Mode. */
  readonly appToken?: string;
  readonly users: readonly SlackUser[];
  readonly channels: readonly SlackChannel[];
  /** Where interactions are posted, as set in the app's settings; a tap may name another. */
  readonly interactivityUrl?: string;
  readonly clock?: Clock;
}

export interface SlackPeer {
  /** Stands for `https://slack.com/api`; no slash at the end. */
  readonly apiBase: string;
  readonly bot: typeof BOT;
  /** Everything written, deleted and ephemeral messages included, oldest first. */
  readonly messages: readonly SlackMessage[];
  /** Every call of the Web API, refused ones included. */
  readonly calls: readonly SlackCall[];
  /** Everything posted to a `response_url`. */
  readonly responses: readonly SlackResponse[];
  /** Every socket that was ever opened, the first first. */
  readonly sockets: readonly SlackSocket[];
  /** What came over sockets and acknowledged nothing that was waiting. */
  readonly strays: readonly unknown[];
  /** Scripts the next `times` calls of `method` (`"*"`: of any). Scripts are used up in the order given. */
  behave(method: string, behaviour: SlackBehaviour, times?: number): void;
  /** Forgets the scripts that were not used up. */
  behaveWell(): void;
  /** The next message that was not handed out before; rejects after `timeout` ms (as patient as the tests are by default). */
  nextMessage(wanted?: { readonly channel?: string }, timeout?: number): Promise<SlackMessage>;
  /** The next call that was not handed out before, once it is answered or left hanging. */
  nextCall(wanted?: { readonly method?: string }, timeout?: number): Promise<SlackCall>;
  /** The next socket that opened and was not handed out before. */
  nextSocket(timeout?: number): Promise<SlackSocket>;
  /** The channel id of a person's direct message with the bot, opened if need be. */
  directMessage(user: string): string;
  /** Someone else than the bot writes; the bot can't change that. */
  writeAs(user: string, channel: string, text: string): SlackMessage;
  /** What can be tapped in a message as it stands. */
  controls(message: { readonly channel: string; readonly ts: string }): readonly SlackControl[];
  /** A person uses a control. Throws when that person can't see it, or it is not there. */
  tap(tap: Tap): Promise<HttpOutcome | SocketOutcome>;
  /** Sends a request of an earlier tap again, byte for byte: same timestamp, same signature. */
  replay(outcome: HttpOutcome, url?: string): Promise<HttpOutcome>;
  /** From now on interactions are posted there. */
  setInteractivityUrl(url: string): void;
  /** Cuts every connection and closes the ports; whoever still waits is rejected. */
  stop(): Promise<void>;
}

/** Starts the peer on 127.0.0.1, on ports of its own. */
export async function startSlack(options: SlackPeerOptions): Promise<SlackPeer> {
  const clock = options.clock ?? systemClock;
  const workspace = new Workspace(options.users, options.channels, clock);
  const state: PeerState = {
    ...{ options, clock, workspace, script: new SlackScript(), socketMode: new SocketMode(clock), base: "" },
    responseUrls: new ResponseUrls(workspace, clock),
    calls: new Arrivals<SlackCall>(clock, "call"),
    written: new Arrivals<SlackMessage>(clock, "message"),
    interactivityUrl: options.interactivityUrl ?? null,
  };
  await state.socketMode.listen();
  const server = createServer((request, response) => void serve(state, request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the Slack peer has no port");
  state.base = `http://127.0.0.1:${address.port}`;
  return {
    apiBase: `${state.base}/api`,
    bot: BOT,
    messages: workspace.messages,
    calls: state.calls.all,
    responses: state.responseUrls.responses,
    sockets: state.socketMode.sockets,
    strays: state.socketMode.strays,
    behave: (method, behaviour, times = 1) => state.script.add(method, behaviour, times),
    behaveWell: () => state.script.clear(),
    nextMessage: ({ channel } = {}, timeout = PATIENCE_MS) =>
      state.written.next((message) => channel === undefined || message.channel === channel, timeout),
    nextCall: ({ method } = {}, timeout = PATIENCE_MS) =>
      state.calls.next((call) => method === undefined || call.method === method, timeout),
    nextSocket: (timeout = PATIENCE_MS) => state.socketMode.opened.next(() => true, timeout),
    directMessage: (user) => workspace.direct([user]).conversation.id,
    writeAs: (user, channel, text) => workspace.write({ user, channel, text, blocks: [] }),
    controls: ({ channel, ts }) => controlsOf(workspace.find(channel, ts)?.blocks ?? []),
    tap: (one) => tap(state, one),
    replay: (outcome, url) => {
      const request: SignedRequest = { ...outcome.request, url: url ?? outcome.request.url };
      return postInteraction(request, outcome.payload, clock);
    },
    setInteractivityUrl: (url) => {
      state.interactivityUrl = url;
    },
    stop: () => stop(state, server),
  };
}

interface PeerState {
  readonly options: SlackPeerOptions;
  readonly clock: Clock;
  readonly workspace: Workspace;
  readonly script: SlackScript;
  readonly socketMode: SocketMode;
  readonly responseUrls: ResponseUrls;
  readonly calls: Arrivals<SlackCall>;
  readonly written: Arrivals<SlackMessage>;
  interactivityUrl: string | null;
  /** The peer's own address. */
  base: string;
}

async function serve(state: PeerState, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  } catch {
    return;
  }
  const body = Buffer.concat(chunks).toString("utf8");
  const url = new URL(incoming.url ?? "/", state.base);
  const method = /^\/api\/([\w.]+)$/.exec(url.pathname)?.[1];
  if (method !== undefined) return call(state, method, url, incoming, body, response);
  const { headers } = incoming;
  const received = state.responseUrls.receive(url.href, url.pathname, headers["content-type"], body);
  const { status, body: text } = received ?? { status: 404, body: "not found" };
  // A message that a response URL put in the channel has arrived as any other.
  announce(state);
  response.writeHead(status, { "Content-Type": text.startsWith("{") ? "application/json" : "text/html" }).end(text);
}

function call(
  state: PeerState,
  method: string,
  url: URL,
  incoming: IncomingMessage,
  body: string,
  response: ServerResponse,
): void {
  const verb = incoming.method ?? "GET";
  const { args, token, error, warning } = readRequest(verb, url, incoming.headers, body);
  const entry: SlackCall = {
    ...{ method, verb, headers: incoming.headers, body, args, at: state.clock.now(), answer: null },
  };
  const carryOut = (): SlackAnswer => {
    const isJson = /^application\/json/i.test(incoming.headers["content-type"] ?? "") && verb !== "GET";
    const answer = error === null ? perform(state, method, token, args, isJson) : refusal(error);
    return warning === null ? answer : { ...answer, warning, response_metadata: withWarning(answer, warning) };
  };
  const sendJson = (status: number, answer: SlackAnswer, headers: Record<string, string> = {}): void => {
    entry.answer = answer;
    const type = { "Content-Type": "application/json; charset=utf-8" };
    response.writeHead(status, { ...type, ...headers }).end(JSON.stringify(answer));
  };
  const behaviour = state.script.take(method);
  switch (behaviour?.kind) {
    case undefined:
      sendJson(200, carryOut());
      break;
    case "refuse":
      sendJson(200, refusal(behaviour.error));
      break;
    case "ratelimited":
      sendJson(429, refusal("ratelimited"), { "Retry-After": String(behaviour.retryAfterSeconds) });
      break;
    case "status":
      response.writeHead(behaviour.status, { "Content-Type": "text/html" }).end("<h1>Server Error</h1>");
      break;
    case "garbage":
      carryOut();
      response.writeHead(200, { "Content-Type": "application/json; charset=utf-8" }).end("}{ not JSON");
      break;
    case "hang":
      if (behaviour.accepted) carryOut();
      break;
    case "drop":
      if (behaviour.when === "after") carryOut();
      response.socket?.destroy();
  }
  state.calls.add(entry);
  announce(state);
}

/** Methods that take no JSON: with it, their arguments are missing. */
const FORM_ONLY = new Set(["users.lookupByEmail"]);

function perform(
  state: PeerState,
  method: string,
  token: string | null,
  args: Readonly<Record<string, unknown>>,
  isJson: boolean,
): SlackAnswer {
  const { botToken, appToken } = state.options;
  const play = METHODS[method];
  const isForApps = method === "apps.connections.open";
  if (play === undefined && !isForApps) return { ...refusal("unknown_method"), req_method: method };
  if (token === null) return refusal("not_authed");
  if (token !== botToken && token !== appToken) return refusal("invalid_auth");
  if (isForApps !== (token === appToken)) return refusal("not_allowed_token_type");
  if (play === undefined) return { ok: true, url: state.socketMode.url() };
  return play(state.workspace, isJson && FORM_ONLY.has(method) ? {} : args);
}

function withWarning({ response_metadata: present }: SlackAnswer, warning: string): object {
  return { ...(typeof present === "object" ? present : {}), warnings: [warning] };
}

/** Hands new messages to whoever waits for them. */
function announce({ workspace, written }: PeerState): void {
  for (const message of workspace.messages.slice(written.all.length)) written.add(message);
}

async function tap(state: PeerState, wanted: Tap): Promise<HttpOutcome | SocketOutcome> {
  const { workspace, clock, options, socketMode, responseUrls } = state;
  const payload = payloadOf(workspace, wanted, clock.now(), (message, user) => {
    return `${state.base}${responseUrls.issue(message, user)}`;
  });
  const via = wanted.via ?? (socketMode.hasSockets ? "socket" : "http");
  if (via === "socket") return socketMode.deliver(payload, wanted.socket);
  const url = wanted.url ?? state.interactivityUrl;
  if (url === null) throw new Error("the Slack peer has no interactivity URL and no socket");
  if (options.signingSecret === undefined) throw new Error("the Slack peer was given no signing secret");
  const request = signRequest(url, payload, options.signingSecret, clock.now(), wanted.forge);
  return postInteraction(request, payload, clock);
}

async function stop(state: PeerState, server: Server): Promise<void> {
  state.calls.close();
  state.written.close();
  await state.socketMode.stop();
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
