import { randomUUID } from "node:crypto";
import type { Clock } from "../../../src/platform/clock.ts";
import { Arrivals } from "../twilio/arrivals.ts";
import { isObject } from "./blocks.ts";
import { ACKNOWLEDGE_WITHIN, type SlackPayload } from "./interaction.ts";
import { listenForWebSockets, type WebSocketConnection } from "./websocket.ts";
import { BOT } from "./workspace.ts";

export type DisconnectReason = "warning" | "refresh_requested" | "link_disabled";

/** One WebSocket an app holds open, as a test sees it. */
export interface SlackSocket {
  /** Counts from 1. */
  readonly number: number;
  readonly isOpen: boolean;
  /** Everything sent to the app and received from it, in order, as JSON where it is JSON. */
  readonly sent: readonly unknown[];
  readonly received: readonly unknown[];
  /** The pings that came from the app, and the pongs that answered the peer's. */
  readonly pings: readonly string[];
  readonly pongs: readonly string[];
  /** False: the line stays open, and the peer no longer answers a ping. */
  answersPings: boolean;
  ping(text?: string): void;
  /**
   * Announces the end. `warning` comes about 10 s before it and closes nothing; the others stop what is new, and close
   * the connection too unless `closes` is false.
   */
  disconnect(reason: DisconnectReason, options?: { readonly closes?: boolean }): void;
  /** Sends any text, JSON or not. */
  sendRaw(text: string): void;
  close(code?: number): void;
  /** Cuts the line without a close frame. */
  drop(): void;
}

export interface SocketOutcome {
  readonly via: "socket";
  readonly payload: SlackPayload;
  readonly envelopeId: string;
  /** Whether it was acknowledged; otherwise the person sees a warning beside the button. */
  readonly accepted: boolean;
  /** What the acknowledgement carried. */
  readonly answer: unknown;
  /** The numbers of the sockets it was sent to, in order. */
  readonly sentTo: readonly number[];
}

interface Pending {
  readonly envelopeId: string;
  readonly payload: SlackPayload;
  readonly sentTo: number[];
  /** The socket that has it now and is being waited for. */
  holder: Connection | null;
  cancelTimer: () => void;
  readonly settle: (accepted: boolean, answer?: unknown) => void;
}

const MOST_SOCKETS = 10;
/** After the first attempt, as the Events API retries. */
const RETRIES = 3;

/** Socket Mode, after docs.slack.dev/apis/events-api/using-socket-mode. */
export class SocketMode {
  readonly sockets: Connection[] = [];
  /** Messages from the app that acknowledge nothing that is open. */
  readonly strays: unknown[] = [];
  readonly opened: Arrivals<SlackSocket>;
  readonly #tickets = new Set<string>();
  readonly #pending = new Map<string, Pending>();
  readonly #clock: Clock;
  #turn = 0;
  #server: Awaited<ReturnType<typeof listenForWebSockets>> | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.opened = new Arrivals(clock, "socket");
  }

  async listen(): Promise<void> {
    this.#server = await listenForWebSockets((url) => {
      // Used once, whatever becomes of the connection.
      if (url.pathname !== "/link/" || !this.#tickets.delete(url.searchParams.get("ticket") ?? "")) return null;
      return (connection) => this.#admit(connection);
    });
  }

  async stop(): Promise<void> {
    for (const pending of [...this.#pending.values()]) this.#finish(pending, false);
    this.opened.close();
    await this.#server?.stop();
  }

  /** The address for one connection. */
  url(): string {
    const ticket = randomUUID();
    this.#tickets.add(ticket);
    return `ws://127.0.0.1:${this.#server?.port}/link/?ticket=${ticket}&app_id=${BOT.appId}`;
  }

  get hasSockets(): boolean {
    return this.sockets.some((socket) => socket.takesEvents);
  }

  /** Sends a payload to one of the sockets, and again to another while nobody acknowledges it. */
  deliver(payload: SlackPayload, to?: number): Promise<SocketOutcome> {
    return new Promise((resolve) => {
      const envelopeId = randomUUID();
      const sentTo: number[] = [];
      const settle = (accepted: boolean, answer?: unknown): void =>
        resolve({ via: "socket", payload, envelopeId, accepted, answer, sentTo });
      const pending: Pending = { envelopeId, payload, sentTo, holder: null, cancelTimer: () => {}, settle };
      this.#pending.set(envelopeId, pending);
      this.#send(pending, to);
    });
  }

  #admit(connection: WebSocketConnection): void {
    const socket = new Connection(this.sockets.length + 1, connection);
    this.sockets.push(socket);
    const open = this.sockets.filter((one) => one.isOpen).length;
    if (open > MOST_SOCKETS) {
      socket.sendFrame({ type: "disconnect", reason: "too_many_websockets", debug_info: { host: HOST } });
      socket.close();
      return;
    }
    connection.onText = (text) => this.#receive(socket, text);
    connection.onClose = () => this.#lost(socket);
    socket.sendFrame({
      type: "hello",
      num_connections: open,
      debug_info: { host: HOST, build_number: 1, approximate_connection_time: 3600 },
      connection_info: { app_id: BOT.appId },
    });
    this.opened.add(socket);
    for (const pending of this.#pending.values()) if (pending.holder === null) this.#send(pending);
  }

  /** To the socket asked for, else to one that has not had it last, if there is one. Without any, it waits for one. */
  #send(pending: Pending, to?: number): void {
    const able = this.sockets.filter((socket) => socket.takesEvents && (to === undefined || socket.number === to));
    const last = pending.sentTo.at(-1);
    const others = able.filter((socket) => socket.number !== last);
    const choice = others.length > 0 ? others : able;
    const socket = choice[this.#turn++ % Math.max(1, choice.length)];
    pending.holder = socket ?? null;
    if (socket === undefined && pending.sentTo.length === 0 && to !== undefined) {
      this.#finish(pending, false);
      return;
    }
    if (socket !== undefined) {
      const attempt = pending.sentTo.push(socket.number) - 1;
      socket.sendFrame({
        envelope_id: pending.envelopeId,
        payload: pending.payload,
        type: "interactive",
        accepts_response_payload: true,
        ...(attempt === 0 ? {} : { retry_attempt: attempt, retry_reason: "timeout" }),
      });
    }
    pending.cancelTimer();
    pending.cancelTimer = this.#clock.after(ACKNOWLEDGE_WITHIN, () => this.#unanswered(pending));
  }

  #unanswered(pending: Pending): void {
    if (pending.sentTo.length > RETRIES || !this.hasSockets) this.#finish(pending, false);
    else this.#send(pending);
  }

  #receive(socket: Connection, text: string): void {
    const frame = parse(text);
    socket.received.push(frame);
    const id = isObject(frame) && typeof frame.envelope_id === "string" ? frame.envelope_id : "";
    const pending = this.#pending.get(id);
    if (pending === undefined || !isObject(frame) || !pending.sentTo.includes(socket.number)) {
      this.strays.push(frame);
      return;
    }
    this.#finish(pending, true, frame.payload);
  }

  /** What the lost socket had not acknowledged goes to another one at once, or to the next that opens. */
  #lost(socket: Connection): void {
    for (const pending of this.#pending.values()) if (pending.holder === socket) this.#send(pending);
  }

  #finish(pending: Pending, accepted: boolean, answer?: unknown): void {
    pending.cancelTimer();
    this.#pending.delete(pending.envelopeId);
    pending.settle(accepted, answer);
  }
}

const HOST = "applink-peer";

class Connection implements SlackSocket {
  readonly number: number;
  readonly sent: unknown[] = [];
  readonly received: unknown[] = [];
  readonly #connection: WebSocketConnection;
  #isEnding = false;

  constructor(number: number, connection: WebSocketConnection) {
    this.number = number;
    this.#connection = connection;
  }

  get isOpen(): boolean {
    return this.#connection.isOpen;
  }

  /** Once its end was announced, a socket gets nothing new. */
  get takesEvents(): boolean {
    return this.isOpen && !this.#isEnding;
  }

  get pings(): readonly string[] {
    return this.#connection.pings;
  }

  get pongs(): readonly string[] {
    return this.#connection.pongs;
  }

  get answersPings(): boolean {
    return this.#connection.answersPings;
  }

  set answersPings(answers: boolean) {
    this.#connection.answersPings = answers;
  }

  ping(text = "Ping from applink-peer"): void {
    this.#connection.ping(text);
  }

  disconnect(reason: DisconnectReason, { closes = reason !== "warning" } = {}): void {
    this.sendFrame({ type: "disconnect", reason, debug_info: { host: HOST } });
    if (reason !== "warning") this.#isEnding = true;
    if (closes) this.#connection.close(1000);
  }

  sendRaw(text: string): void {
    this.sent.push(parse(text));
    this.#connection.send(text);
  }

  sendFrame(frame: object): void {
    this.sendRaw(JSON.stringify(frame));
  }

  close(code = 1000): void {
    this.#connection.close(code);
  }

  drop(): void {
    this.#connection.terminate();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
