/** One test message through a configured channel, as the delivery queue would hand it over; nothing is written. */
import type { Connection, OutgoingMessage, PeerEvent, Report, SendResult } from "../../channels/channel.ts";
import { type ConfiguredChannel, channelsOf, ownAddressesOf } from "../../channels/configured.ts";
import { normaliseRecipients } from "../../pauses/index.ts";
import { type Clock, systemClock } from "../../platform/clock.ts";
import type { LoadedConfig } from "../../platform/config/load.ts";
import { IdSource } from "../../platform/ids.ts";
import { createLog } from "../../platform/log.ts";
import { systemRandom } from "../../platform/random.ts";
import { outsideGsm7, type Segments } from "../../platform/sms/segments.ts";
import { suggestion } from "../../platform/suggest.ts";
import { isFolderServed } from "../../storage/index.ts";
import type { DoctorOptions } from "../doctor.ts";
import { CommandFailed, printError, printJson, UsageError } from "../output.ts";
import { printTest } from "./print-test.ts";
import { charsetTexts, type TestText, usualText } from "./test-texts.ts";

/** What became of one test message. */
export interface Tested {
  readonly text: string;
  readonly compare: string | null;
  readonly segments: Segments | null;
  /** What keeps the text out of GSM-7, where that costs something. */
  readonly outsideGsm7: readonly string[];
  /** Null for a dry run. */
  readonly sent: { readonly result: SendResult; readonly latencyMs: number } | null;
  /** Null where none was waited for, `none` where none came. */
  readonly receipt: Receipt | "none" | null;
  /** What would be sent, where a channel can show it. */
  readonly request: ReturnType<NonNullable<ConfiguredChannel["preview"]>> | null;
}

export interface Receipt {
  readonly status: "delivered" | "failed";
  readonly error: string | null;
  readonly afterMs: number;
}

export interface Target {
  readonly name: string;
  readonly kind: string;
  readonly to: string;
}

const WAIT_SECONDS = 30;
/** The channel keeps its own time; this much later, one that does not is given up. */
const CUT_MARGIN_MS = 5_000;
const VALID_SECONDS = 900;

/** @throws UsageError for an address or a channel that does not fit, CommandFailed when a message was not taken */
export async function sendTest(config: LoadedConfig, address: string, options: DoctorOptions): Promise<void> {
  const clock = systemClock;
  const isServed = isFolderServed(config.dataDir);
  const wait = options.wait === undefined ? (isServed ? 0 : WAIT_SECONDS) : Number(options.wait);
  const log = createLog("warn", config.log.format, Date.now, (line) => printError(line.trimEnd()));
  const channels = channelsOf(config, {
    ...{ clock, log, random: systemRandom(), baseUrl: () => config.baseUrl },
    // With no receipt to wait for, a session that only sends takes none away from a running server.
    onlySends: wait === 0,
  });
  const target = choose(config, channels, address, options.channel);
  const channel = channels.get(target.name) as ConfiguredChannel;
  const texts = options.charset === true ? charsetTexts : [usualText(config, channel.segments)];
  const trial = new Trial(target, channel, clock);
  if (isServed && wait > 0 && channel.sendsOverConnection) printError(SHARED);
  const tested = options.dryRun === true ? texts.map((text) => trial.show(text)) : await trial.send(texts, wait);
  report(target, tested, isServed, options.json === true);
}

/** The channel and the address in its normal form. */
function choose(
  config: LoadedConfig,
  channels: ReadonlyMap<string, ConfiguredChannel>,
  asked: string,
  wanted: string | undefined,
): Target {
  const names = [...channels.keys()];
  if (names.length === 0)
    throw new UsageError("No channel is configured, so there is nothing to test: messages go to the outbox.");
  if (wanted !== undefined && !channels.has(wanted)) {
    if (config.channels[wanted]?.kind === "fallback")
      throw new UsageError(`--channel ${wanted} is a fallback; name one of its channels.`);
    throw new UsageError(
      `--channel knows no ${wanted}; configured are ${names.join(", ")}${suggestion(wanted, names)}.`,
    );
  }
  const own = ownAddressesOf(channels);
  const refusals: string[] = [];
  const fitting = (wanted === undefined ? names : [wanted]).flatMap((name) => {
    const { channel } = channels.get(name) as ConfiguredChannel;
    const reads = own[name];
    const step = { channel: name, addressKind: channel.addressKind, ...(reads === undefined ? {} : { own: reads }) };
    const read = normaliseRecipients(asked, [step], config);
    if ("errors" in read) {
      refusals.push(`${name}: the address ${read.errors[0]?.detail}`);
      return [];
    }
    const kind = config.channels[name]?.kind ?? "";
    return [{ name, kind: kind === "defined" ? "defineChannel" : kind, to: read.recipients[0]?.destinations[0] ?? "" }];
  });
  const [only, ...others] = fitting;
  if (only === undefined)
    throw new UsageError(`--send-test: no channel takes this address.\n  ${refusals.join("\n  ")}`);
  if (others.length > 0) {
    const several = fitting.map(({ name }) => name).join(", ");
    throw new UsageError(`Name one of the channels that take this address with --channel: ${several}.`);
  }
  return only;
}

class Trial {
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
    const end = this.#clock.now() + milliseconds;
    let cancel = () => {};
    const arm = () => {
      const left = end - this.#clock.now();
      cancel = left <= 0 ? (resolve(null), () => {}) : this.#clock.after(left, arm);
    };
    arm();
    const expected = this.#expected.get(deliveryId);
    try {
      return await Promise.race([expected?.came.promise ?? over, over]);
    } finally {
      cancel();
    }
  }
}

function report(target: Target, tested: readonly Tested[], isServed: boolean, json: boolean): void {
  if (json) printJson(shownAsJson(target, tested));
  else printTest(target, tested);
  const refused = tested.flatMap(({ sent }) => (sent !== null && "error" in sent.result ? [sent.result.error] : []))[0];
  const lost = tested.flatMap(({ receipt }) => (receipt !== null && receipt !== "none" ? [receipt] : []));
  if (refused !== undefined) {
    const hint = isServed && target.kind === "smpp" ? `\n${SECOND_SESSION}` : "";
    throw new CommandFailed(`The test message was not taken: ${refused}.${hint}`);
  }
  const failed = lost.find(({ status }) => status === "failed");
  if (failed !== undefined) throw new CommandFailed(`The test message did not arrive: ${failed.error ?? "no reason"}.`);
}

const SHARED =
  "A server is running on this data folder. While this waits, the carrier may bring it what is meant for the server: " +
  "replies are given back, receipts are not.";

const SECOND_SESSION =
  "A server is running on this data folder and has its own session; a carrier that allows one for each account refuses " +
  "a second. Stop the server for the test, or ask the carrier for two sessions.";

function shownAsJson({ name, kind, to }: Target, tested: readonly Tested[]): object {
  return {
    ...{ channel: name, kind, to },
    messages: tested.map(({ text, compare, segments, outsideGsm7, sent, receipt, request }) => ({
      text,
      segments,
      outside_gsm7: outsideGsm7,
      outcome: sent?.result.outcome ?? null,
      error: sent !== null && "error" in sent.result ? sent.result.error : null,
      provider_id: sent !== null && "providerId" in sent.result ? sent.result.providerId : null,
      status: sent?.result.status ?? null,
      body: sent?.result.excerpt ?? null,
      latency_ms: sent?.latencyMs ?? null,
      receipt:
        receipt === null || receipt === "none"
          ? receipt
          : { status: receipt.status, error: receipt.error, after_ms: receipt.afterMs },
      ...(sent === null ? { request } : {}),
      compare,
    })),
  };
}
