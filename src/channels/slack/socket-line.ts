/**
 * One WebSocket of Socket Mode: hello, envelopes, a silence that means it is dead, the end.
 * https://docs.slack.dev/apis/events-api/using-socket-mode
 */
import { afterLong, type Clock } from "../../platform/clock.ts";
import { parseObject } from "../../platform/json.ts";

export interface LineEvents {
  /** Slack greeted: taps can arrive from now on. */
  onHello(): void;
  /** Slack will close this line soon, or has no use for it (`link_disabled`, `too_many_websockets`). */
  onDisconnect(reason: string): void;
  /** A payload of any kind; it is acknowledged once this resolves, and not at all when it rejects. */
  onEnvelope(payload: unknown): Promise<void>;
  /** It is over, for whatever reason. Called once. */
  onGone(why: string): void;
}

/** Slack pings every few seconds, and answers our pings: four of these without a sign of it, and the line is dead. */
const LISTEN_MS = 10_000;
const SILENT_TURNS = 4;
const HELLO_WITHIN_MS = 30_000;
/** Slack may leave a closed connection open on its side. */
const CLOSE_WITHIN_MS = 1_000;

export class SocketLine {
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #events: LineEvents;
  readonly #underWay = new Set<Promise<void>>();
  readonly #closed = Promise.withResolvers<void>();
  #stopTimer: () => void;
  #silentTurns = 0;
  #turns = 0;
  #isGone = false;

  constructor(url: string, clock: Clock, events: LineEvents) {
    this.#clock = clock;
    this.#events = events;
    this.#stopTimer = afterLong(clock, HELLO_WITHIN_MS, () => this.#end("no hello came"));
    this.#socket = new WebSocket(url);
    const heard = () => {
      this.#silentTurns = 0;
    };
    this.#socket.addEventListener("message", (event) => {
      heard();
      if (typeof event.data === "string") this.#read(event.data);
    });
    // Bun tells of these two beside the standard's events.
    for (const sign of ["ping", "pong"]) this.#socket.addEventListener(sign, heard);
    this.#socket.addEventListener("close", (event) => this.#end(`closed with ${event.code}`));
    this.#socket.addEventListener("error", () => this.#end("broken"));
  }

  /** How long it has been up, in milliseconds, to within ten seconds. */
  get age(): number {
    return this.#turns * LISTEN_MS;
  }

  /** Acknowledges what is being handled, then closes; resolves when that is done. */
  async close(): Promise<void> {
    const isLate = Promise.withResolvers<void>();
    const cancel = this.#clock.after(CLOSE_WITHIN_MS, isLate.resolve);
    await Promise.race([Promise.allSettled(this.#underWay), isLate.promise]);
    cancel();
    this.#end("closed by this side");
    await this.#closed.promise;
  }

  #read(text: string): void {
    const message = parseObject(text);
    if (message === null) return;
    const { type, envelope_id: envelopeId } = message;
    if (type === "hello") {
      this.#listen();
      this.#events.onHello();
    } else if (type === "disconnect") {
      this.#events.onDisconnect(typeof message.reason === "string" ? message.reason : "");
    } else if (typeof envelopeId === "string") {
      const handled = this.#handle(envelopeId, message.payload).finally(() => this.#underWay.delete(handled));
      this.#underWay.add(handled);
    }
  }

  async #handle(envelopeId: string, payload: unknown): Promise<void> {
    try {
      await this.#events.onEnvelope(payload);
    } catch {
      // Left without an acknowledgement, Slack tells the person that it did not work.
      return;
    }
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ envelope_id: envelopeId }));
  }

  #listen(): void {
    this.#stopTimer();
    this.#stopTimer = this.#clock.after(LISTEN_MS, () => {
      this.#turns++;
      this.#silentTurns++;
      if (this.#silentTurns >= SILENT_TURNS) return this.#end("silent");
      this.#socket.ping();
      this.#listen();
    });
  }

  #end(why: string): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#stopTimer();
    if (this.#socket.readyState === WebSocket.CLOSED) {
      this.#closed.resolve();
    } else {
      this.#socket.addEventListener("close", () => this.#closed.resolve());
      this.#stopTimer = this.#clock.after(CLOSE_WITHIN_MS, () => {
        this.#socket.terminate();
        this.#closed.resolve();
      });
      void this.#closed.promise.then(this.#stopTimer);
      this.#socket.close(1000);
    }
    this.#events.onGone(why);
  }
}
