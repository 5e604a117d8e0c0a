import type { Connection, OutgoingMessage, PeerEvent, Report, SendResult } from "../../channels/channel.ts";
import type { ConfiguredChannel } from "../../channels/configured.ts";
import { afterLong, type Clock } from "../../platform/clock.ts";
import type { IdSource } from "../../platform/ids.ts";
import { outsideGsm7, type Segments } from "../../platform/sms/segments.ts";
import type { Target } from "./target.ts";
import type { Receipt, Tested } from "./tested.ts";
import type { TestText } from "./texts.ts";

/** The channel keeps its own time; this much later, one that does not is given up. */
const CUT_MARGIN_MS = 5_000;
const VALID_SECONDS = 900;

/** Test messages to one target. */
export class Trial {
  readonly #target: Target;
  readonly #channel: ConfiguredChannel;
  readonly #clock: Clock;
  readonly #ids: IdSource;

  constructor(
    target: Target,
    channel: ConfiguredChannel,
    { clock, ids }: { readonly clock: Clock; readonly ids: IdSource },
  ) {
    this.#target = target;
    this.#channel = channel;
    this.#clock = clock;
    this.#ids = ids;
  }

  /** Sends nothing. @throws what the channel's author wrote throws, where a request is made by functions. */
  show(text: TestText): Tested {
    const request = this.#channel.preview?.(this.#messageOf(text)) ?? null;
    return { ...this.#about(text, this.#channel.costOf(text.text)), sent: null, receipt: null, request };
  }

  /** Through a channel that the server has in use: over the connection that it has, and without waiting for a receipt. */
  async sendInUse(text: TestText, id: string): Promise<Tested & { readonly sent: NonNullable<Tested["sent"]> }> {
    const sent = await this.#handOver(this.#messageOf(text, id));
    return { ...this.#about(text, sent.result.segments ?? null), sent, receipt: null, request: null };
  }

  /** Through a channel that was made for the test, and connects for it where it has to; waits so long for each receipt. */
  async send(texts: readonly TestText[], waitSeconds: number): Promise<readonly Tested[]> {
    const receipts = new Receipts(this.#clock);
    const { channel, sendsOverConnection } = this.#channel;
    let connection: Connection | null = null;
    try {
      // A channel that does not need its connection to send would only take away what a running server is told.
      connection = sendsOverConnection ? (channel.connect?.(receipts.report) ?? null) : null;
      const tested: Tested[] = [];
      for (const text of texts) {
        const waited = connection === null || waitSeconds === 0 ? null : waitSeconds * 1000;
        tested.push(await this.#sendOne(text, receipts, waited));
      }
      return tested;
    } finally {
      await connection?.stop();
    }
  }

  async #sendOne(text: TestText, receipts: Receipts, waitMs: number | null): Promise<Tested> {
    const message = this.#messageOf(text);
    receipts.expect(message.deliveryId);
    const sent = await this.#handOver(message);
    const isWaited = waitMs !== null && sent.result.outcome === "sent";
    const receipt = isWaited ? ((await receipts.wait(message.deliveryId, waitMs)) ?? "none") : null;
    return { ...this.#about(text, sent.result.segments ?? null), sent, receipt, request: null };
  }

  async #handOver(message: OutgoingMessage): Promise<NonNullable<Tested["sent"]>> {
    const { channel, timeoutMs } = this.#channel;
    const startedAt = this.#clock.now();
    const cut = new AbortController();
    const { promise: over, reject } = Promise.withResolvers<never>();
    const stopTimer = afterLong(this.#clock, timeoutMs + CUT_MARGIN_MS, () => {
      cut.abort();
      // A moment later, so that a channel that heeds it can still tell what became of the message.
      setImmediate(() => reject(new Error("there was no end to it")));
    });
    let result: SendResult;
    try {
      result = await Promise.race([channel.send(message, cut.signal), over]);
    } catch (error) {
      const nothing = { status: null, excerpt: null, retryAfterMs: null } as const;
      result = { outcome: "retry", error: (error as Error).message, ...nothing };
    } finally {
      stopTimer();
    }
    return { result, latencyMs: this.#clock.now() - startedAt };
  }

  #messageOf({ text, link }: TestText, deliveryId = this.#ids.next("dlv").id): OutgoingMessage {
    return {
      deliveryId,
      to: this.#target.to,
      text,
      link,
      question: null,
      validForSeconds: VALID_SECONDS,
      isProbe: true,
    };
  }

  #about({ text, compare }: TestText, segments: Segments | null) {
    return { text, compare, segments, outsideGsm7: segments?.encoding === "UCS-2" ? outsideGsm7(text) : [] };
  }
}

/** Takes the receipts of the test's own messages; what else a peer brings it is asked to bring again, to the server. */
class Receipts {
  readonly #clock: Clock;
  readonly #expected = new Map<string, { readonly at: number; readonly came: PromiseWithResolvers<Receipt> }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly report: Report = async (event: PeerEvent) => {
    const expected = event.kind === "receipt" ? this.#expected.get(event.deliveryId) : undefined;
    if (event.kind !== "receipt" || expected === undefined)
      throw new Error("this is a test: it takes nothing that is not about its own message");
    const { status, error } = event;
    if (status !== "sent") expected.came.resolve({ status, error, afterMs: this.#clock.now() - expected.at });
    return null;
  };

  expect(deliveryId: string): void {
    this.#expected.set(deliveryId, { at: this.#clock.now(), came: Promise.withResolvers<Receipt>() });
  }

  /** Null when none has come within that time. */
  async wait(deliveryId: string, milliseconds: number): Promise<Receipt | null> {
    const { promise: over, resolve } = Promise.withResolvers<null>();
    const cancel = afterLong(this.#clock, milliseconds, () => resolve(null));
    const expected = this.#expected.get(deliveryId);
    try {
      return await Promise.race([expected?.came.promise ?? over, over]);
    } finally {
      cancel();
    }
  }
}
