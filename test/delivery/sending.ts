/**
 * A queue towards the Twilio peer over a real database, with a clock that only the test turns: what the lanes' tests
 * stand on.
 */

import { rmSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { OUTBOX } from "../../src/channels/directory.ts";
import { createTwilioChannel } from "../../src/channels/twilio/index.ts";
import { type Carrier, type Compose, DeliveryQueue, WebhookTraffic } from "../../src/delivery/index.ts";
import { asksOf } from "../../src/delivery/queries.ts";
import { createPause } from "../../src/pauses/create.ts";
import { expireForTest } from "../../src/pauses/expire.ts";
import { pauseByNumber, recipientsOf } from "../../src/pauses/queries.ts";
import { normaliseRecipients } from "../../src/pauses/recipients.ts";
import { createBody } from "../../src/pauses/request.ts";
import { type Pause, shapePause } from "../../src/pauses/shape.ts";
import { twilioSchema } from "../../src/platform/config/twilio.ts";
import type { Log } from "../../src/platform/log.ts";
import { check } from "../../src/platform/schema.ts";
import { WebhookSecrets } from "../../src/webhooks/index.ts";
import { startTwilioPeer, type TwilioPeer } from "../peers/twilio.ts";
import { seededRandom, TestDatabase, type TestKey, TurnedClock, temporaryFolder } from "../support/database.ts";
import { PATIENCE_MS } from "../support/eventually.ts";
import { withoutEnd } from "../support/rules.ts";

export const PHONE = "+13128471928";
export const SECOND = "+13125550142";
export const LINK = "https://approve.example.com/r/token";

/** One row of the queue. */
export interface QueuedRow {
  readonly status: string;
  readonly due_at: number;
  readonly attempts: number;
  readonly error: string | null;
  readonly provider_id: string | null;
}

export class Sending implements AsyncDisposable {
  /** What the lanes logged. */
  readonly logged: string[] = [];
  #queue: DeliveryQueue | null = null;

  private constructor(
    readonly peer: TwilioPeer,
    readonly key: TestKey["key"],
    readonly db: TestDatabase,
  ) {}

  /** A database with a live key and a peer; the queue is not started yet. */
  static async open(): Promise<Sending> {
    const db = new TestDatabase(temporaryFolder(), new TurnedClock(), seededRandom("sending"));
    const { key } = await db.newKey("live");
    return new Sending(await startTwilioPeer({ optedOut: ["+13125550177"] }), key, db);
  }

  /** A carrier that hands texts to the peer. */
  carrier(name = "sms", concurrency = 4): Carrier {
    const { accountSid, authToken, url } = this.peer;
    const config = twilioSchema.parse({
      kind: "twilio",
      accountSid,
      authToken,
      from: "+15005550006",
      apiBase: url,
      concurrency,
    });
    const channel = createTwilioChannel(config, this.db.clock);
    return { name, channel, concurrency, timeoutMs: config.timeoutSeconds * 1000 };
  }

  /** A queue over these carriers, as the start of the appliance makes it. */
  newQueue(...carriers: readonly Carrier[]): DeliveryQueue {
    const log: Log = {
      debug() {},
      info() {},
      warn: (event) => this.logged.push(event),
      error: (event) => this.logged.push(event),
    };
    return new DeliveryQueue({
      carriers,
      writer: this.db.writer,
      context: this.db.context,
      log,
      compose: this.#compose,
      outbox: { name: OUTBOX, onMessage: null },
      webhooks: new WebhookTraffic({
        client: { post: () => Promise.reject(new Error("no webhook was expected here")) },
        secrets: new WebhookSecrets(new Uint8Array(32)),
        compose: () => "{}",
        retrySeconds: [],
        context: this.db.context,
      }),
    });
  }

  readonly #compose: Compose = {
    ask: (due) => ({
      deliveryId: due.id,
      to: due.destination,
      text: `${due.message} ${LINK}`,
      link: LINK,
      question: null,
      validForSeconds: Math.floor((due.expires_at - this.db.clock.now()) / 1000),
    }),
    notice: () => {
      throw new Error("no notice was expected here");
    },
  };

  /** Starts a queue; with no carrier given, one named `sms`. */
  async start(...carriers: readonly Carrier[]): Promise<DeliveryQueue> {
    this.#queue = this.newQueue(...(carriers.length > 0 ? carriers : [this.carrier()]));
    await this.#queue.start();
    return this.#queue;
  }

  /** Asks through a carrier and lets the queue know, as the route does after its commit. */
  async ask(recipient: string | readonly string[] = PHONE, timeoutHours = 24, carrier = "sms"): Promise<number> {
    const request = check(
      createBody,
      { recipient, channel: "sms", message: "Pay?", timeout_hours: timeoutHours },
      "body",
    );
    const steps = [{ channel: "sms", lane: carrier, addressKind: "phone", afterMs: 0 }] as const;
    const normalised = normaliseRecipients(request.recipient, steps, { people: {}, defaultRegion: "US" });
    if ("errors" in normalised) throw new Error(JSON.stringify(normalised.errors));
    const { recipients } = normalised;
    const created = await this.db.writer.write((tx) =>
      createPause(tx, this.db.context, {
        key: this.key,
        request,
        recipients,
        steps,
        takesReplies: () => false,
        timeoutHours,
        allowance: withoutEnd,
        idempotency: null,
      }),
    );
    if (created.kind !== "created") throw new Error("the pause was a replay");
    this.#queue?.nudge(carrier);
    return this.db.numberOf(created.pause.pause_id);
  }

  /** Ends a pause now. */
  end(pauseN: number): Promise<boolean> {
    return this.db.writer.write((tx) => expireForTest(tx, this.db.context, pauseN));
  }

  rows(pauseN: number): QueuedRow[] {
    return this.db.connection
      .prepare<[number], QueuedRow>(
        "SELECT status, due_at, attempts, error, provider_id FROM deliveries WHERE pause_n = ? ORDER BY ordinal",
      )
      .all(pauseN);
  }

  row(pauseN: number): QueuedRow {
    const [row] = this.rows(pauseN);
    if (row === undefined) throw new Error(`the pause ${pauseN} has no delivery`);
    return row;
  }

  /** The attempts that were recorded for a pause's first delivery. */
  attempts(pauseN: number): { attempt: number; at: number; took_ms: number; outcome: string; status: number | null }[] {
    return this.db.connection
      .prepare<[number], { attempt: number; at: number; took_ms: number; outcome: string; status: number | null }>(
        "SELECT attempt, at, took_ms, outcome, status FROM delivery_attempts WHERE pause_n = ? AND ordinal = 0 ORDER BY attempt",
      )
      .all(pauseN);
  }

  /** The pause as an answer shows it. */
  pause(pauseN: number): Pause {
    const row = this.db.writer.one(pauseByNumber, { n: pauseN });
    if (row === undefined) throw new Error(`there is no pause ${pauseN}`);
    const recipients = this.db.writer.all(recipientsOf, { pause_n: pauseN }).map(({ address }) => address);
    return shapePause(row, "live", recipients, this.db.writer.all(asksOf, { pause_n: pauseN }));
  }

  /** The types of a pause's entries in the log that tell of sending. */
  told(pauseN: number): { type: string; attempts: unknown }[] {
    return this.db
      .log(pauseN)
      .filter(({ type }) => /^pause.(sent|deliver)/.test(type))
      .map(({ type, data: { attempts } }) => ({ type, attempts }));
  }

  /** Waits, in turns of the event loop, until something holds; timers due by now are called meanwhile. */
  async until(holds: () => boolean): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!holds()) {
      if (performance.now() > deadline) throw new Error(`waited in vain for ${holds.toString()}`);
      this.db.clock.turn(0);
      await nextTurn();
    }
  }

  /** Lets everything that is due by now begin, and what is on its way to the peer arrive there. */
  async quiet(): Promise<void> {
    for (let turn = 0; turn < 50; turn++) {
      this.db.clock.turn(0);
      await nextTurn();
      await this.db.writer.drained();
    }
    // A round trip to the peer: a request sent before it has arrived too.
    await fetch(this.peer.url);
  }

  /** How many texts were handed to the peer, refused ones included. */
  get handed(): number {
    return this.peer.requests.filter(({ method }) => method === "POST").length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.peer.stop();
    const stopped = this.#queue?.stop(5_000);
    this.db.clock.turn(60_000);
    await stopped;
    await this.db.writer.drained();
    this.db.close();
    rmSync(this.db.folder, { recursive: true, force: true });
  }
}
