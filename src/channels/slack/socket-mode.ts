/**
 * Socket Mode: this server calls Slack and keeps the line open, so that taps arrive without an open port. Slack renews
 * its lines every few hours; the next one stands before the old one goes.
 */
import { afterLong, type Clock } from "../../platform/clock.ts";
import type { SlackConfig } from "../../platform/config/slack.ts";
import type { Log } from "../../platform/log.ts";
import type { Random } from "../../platform/random.ts";
import type { Connection } from "../channel.ts";
import { needsOperator } from "./refusals.ts";
import { isSlackAddress } from "./response-url.ts";
import { SocketLine } from "./socket-line.ts";
import { startAttempt } from "./web-api.ts";

export interface SocketModeParts {
  readonly config: SlackConfig;
  readonly appToken: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Handles what arrives, of which only taps count; resolves once it is recorded. */
  readonly handle: (payload: unknown) => Promise<void>;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** What only an operator can mend is asked for again this seldom. */
const OPERATOR_PAUSE_MS = 300_000;
/** A line that lived this long was a good one: trouble is counted anew. */
const GOOD_AGE_MS = 60_000;
/** Slack closes a line that it has renewed; if it does not, we do. */
const OLD_LINE_MS = 30_000;

export class SocketMode implements Connection {
  readonly #parts: SocketModeParts;
  readonly #stopping = new AbortController();
  /** Every line that is not gone. */
  readonly #lines = new Set<SocketLine>();
  /** The one that Slack has greeted; taps arrive over it. */
  #current: SocketLine | null = null;
  /** The one to come: not begun, asked for or waited for, or opened but not yet greeted. Never two at once. */
  #next: "none" | "asked" | SocketLine = "none";
  #opening: Promise<void> = Promise.resolve();
  #failures = 0;
  #cancelTimer = () => {};

  constructor(parts: SocketModeParts) {
    this.#parts = parts;
    this.#renew(0);
  }

  get isUp(): boolean {
    return this.#current !== null;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#cancelTimer();
    this.#current = null;
    await this.#opening;
    await Promise.all([...this.#lines].map((line) => line.close()));
  }

  /** Opens a line in so many milliseconds, unless one is on its way. */
  #renew(pauseMs: number): void {
    if (this.#next !== "none" || this.#stopping.signal.aborted) return;
    this.#next = "asked";
    const open = () => {
      this.#opening = this.#open().catch(() => this.#retry("failed", this.#pause()));
    };
    if (pauseMs > 0) this.#cancelTimer = afterLong(this.#parts.clock, pauseMs, open);
    else open();
  }

  async #open(): Promise<void> {
    const { config, appToken, clock } = this.#parts;
    const attempt = startAttempt(config, clock, this.#stopping.signal);
    const answer = await attempt.call("apps.connections.open", appToken, {}).finally(() => attempt.end());
    if (this.#stopping.signal.aborted) return;
    if (!answer.isOk) {
      const asked = answer.outcome === "retry" ? (answer.retryAfterMs ?? 0) : 0;
      const isForOperator = answer.code !== null && needsOperator(answer.code);
      const pause = isForOperator ? this.#jittered(OPERATOR_PAUSE_MS) : this.#pause();
      this.#retry(answer.error, Math.max(pause, asked));
      return;
    }
    const { url } = answer.fields;
    if (typeof url !== "string" || !isSlackAddress(url, "wss", config.apiBase)) {
      this.#retry("an address that is not Slack's", this.#jittered(OPERATOR_PAUSE_MS));
      return;
    }
    const line: SocketLine = new SocketLine(url, clock, {
      onHello: () => this.#greeted(line),
      onDisconnect: (reason) => this.#leaving(line, reason),
      onEnvelope: (payload) => this.#take(payload),
      onGone: (why) => this.#gone(line, why),
    });
    this.#next = line;
    this.#lines.add(line);
  }

  async #take(payload: unknown): Promise<void> {
    try {
      await this.#parts.handle(payload);
    } catch (error) {
      this.#parts.log.error("a tap in Slack could not be recorded");
      throw error;
    }
  }

  #greeted(line: SocketLine): void {
    if (line !== this.#next) return;
    const old = this.#current;
    this.#current = line;
    this.#next = "none";
    this.#parts.log.info("Slack connection is up");
    // Slack may still send something over the old one, until it closes it.
    if (old !== null) this.#parts.clock.after(OLD_LINE_MS, () => void old.close());
  }

  #leaving(line: SocketLine, reason: string): void {
    const isCurrent = line === this.#current;
    if (this.#stopping.signal.aborted || !(isCurrent || line === this.#next)) return;
    this.#parts.log.debug("Slack ends a connection", { reason: /^\w{1,40}$/.test(reason) ? reason : "unnamed" });
    if (isCurrent && (reason === "warning" || reason === "refresh_requested")) {
      this.#count(line);
      // A renewal is at once; one line after another that will not last is trouble.
      this.#renew(this.#failures++ === 0 ? 0 : this.#pause());
      return;
    }
    // Socket Mode was switched off, or too many lines are open.
    if (isCurrent) this.#current = null;
    else this.#next = "none";
    void line.close();
    this.#parts.log.warn("Slack connection lost", { why: reason === "link_disabled" ? reason : "turned away" });
    this.#renew(this.#jittered(reason === "link_disabled" ? OPERATOR_PAUSE_MS : LONGEST_PAUSE_MS));
  }

  #gone(line: SocketLine, why: string): void {
    this.#lines.delete(line);
    if (this.#stopping.signal.aborted) return;
    if (line === this.#next) {
      this.#retry(why, this.#pause());
    } else if (line === this.#current) {
      this.#current = null;
      // It was announced, and the next line is on its way.
      if (this.#next !== "none") return;
      this.#parts.log.warn("Slack connection lost", { why });
      this.#count(line);
      this.#renew(this.#pause());
      this.#failures++;
    }
  }

  #retry(why: string, pauseMs: number): void {
    if (this.#stopping.signal.aborted) return;
    this.#failures++;
    this.#next = "none";
    this.#parts.log.warn("Slack connection could not be opened", { why, retryInMs: Math.round(pauseMs) });
    this.#renew(pauseMs);
  }

  #count(line: SocketLine): void {
    if (line.age >= GOOD_AGE_MS) this.#failures = 0;
  }

  /** Twice as long each time, up to a minute. */
  #pause(): number {
    return this.#jittered(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures, 10)));
  }

  /** From half of it to the whole, so that not all who lost their lines at once come back at once. */
  #jittered(milliseconds: number): number {
    const [byte = 0] = this.#parts.random.bytes(1);
    return milliseconds * (0.5 + byte / 510);
  }
}
