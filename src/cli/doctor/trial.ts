import type { Connection, OutgoingMessage, PeerEvent, Report, SendResult } from "../../channels/channel.ts";
import type { ConfiguredChannel } from "../../channels/configured.ts";
import { afterLong, type Clock } from "../../platform/clock.ts";
import { IdSource } from "../../platform/ids.ts";
import { systemRandom } from "../../platform/random.ts";
import { outsideGsm7, type Segments } from "../../platform/sms/segments.ts";
import { CommandFailed } from "../output.ts";
import type { TestText } from "./test-texts.ts";
import type { Receipt, Target, Tested } from "./tested.ts";

/** The channel keeps its own time; this much later, one that does not is given up. */
const CUT_MARGIN_MS = 5_000;
const VALID_SECONDS = 900;

/** Test messages to one target. */
export class Trial {
  readonly #target: Target;
  readonly #channel: ConfiguredChannel;
  readonly #clock: Clock;
  readonly #ids: IdSource;

  constructor(target: Target, channel: ConfiguredChannel, clock: Clock) {
    this.#target = target;
    this.#channel = channel;
    this.#clock = clock;
    this.#ids = new IdSource(clock, systemRandom());
  }

  /** Sends nothing. */
  show(text: TestText): Tested {
    const message = this.#messageOf(text);
    let request: Tested["request"] = null;
    try {
      request = this.#channel.preview?.(message) ?? null;
    } catch (error) {
      throw new CommandFailed(`The request can't be written: ${(error as Error).message}. Correct the configuration.`);
    }
    return { ...this.#about(text, this.#channel.costOf(text.text)), sent: null, receipt: null, request };
  }

  async send(texts: readonly TestText[], waitSeconds: number): Promise<readonly Tested[]> {
    // The machine's own timers do not keep a process alive, and a channel may wait for nothing else.
    const hold = setInterval(() => {}, 1_000);
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
      clearInterval(hold);
    }
  }

  async #sendOne(text: TestText, receipts: Receipts, waitMs: number | null): Promise<Tested> {
    const message = this.#messageOf(text);
    receipts.expect(message.deliveryId);
    const startedAt = this.#clock.now();
    const result = await this.#handOver(message);
    const sent = { result, latencyMs: this.#clock.now() - startedAt };
    const isWaited = waitMs !== null && result.outcome === "sent";
    const receipt = isWaited ? ((await receipts.wait(message.deliveryId, waitMs)) ?? "none") : null;
    return { ...this.#about(text, result.segments ?? null), sent, receipt, request: null };
  }

  async #handOver(message: OutgoingMessage): Promise<SendResult> {
    const { channel, timeoutMs } = this.#channel;
    const signal = AbortSignal.timeout(timeoutMs + CUT_MARGIN_MS);
    const nothing = { status: null, excerpt: null, retryAfterMs: null } as const;
    try {
      const { promise: cut, reject } = Promise.withResolvers<never>();
      signal.addEventListener("abort", () => setImmediate(() => reject(new Error("there was no end to it"))));
      return await Promise.race([channel.send(message, signal), cut]);
    } catch (error) {
      return { outcome: "retry", error: (error as Error).message, ...nothing };
    }
  }

  #messageOf({ text, link }: TestText): OutgoingMessage {
    const deliveryId = this.#ids.next("dlv").id;
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
