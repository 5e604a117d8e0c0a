/** One test message through a configured channel, as the delivery queue would hand it over; nothing is written. */
import { type ConfiguredChannel, channelsOf } from "../../channels/configured.ts";
import { systemClock } from "../../platform/clock.ts";
import type { LoadedConfig } from "../../platform/config/load.ts";
import { IdSource } from "../../platform/ids.ts";
import { createLog, logFormat } from "../../platform/log.ts";
import { systemRandom } from "../../platform/random.ts";
import { suggestion } from "../../platform/suggest.ts";
import {
  charsetTexts,
  readTarget,
  type Target,
  type Tested,
  type TestText,
  Trial,
  usualText,
} from "../../respond/trial/index.ts";
import { isFolderServed } from "../../storage/index.ts";
import { CommandFailed, printError, printJson, UsageError } from "../output.ts";
import { printTest } from "./print-test.ts";

export interface TestOptions {
  readonly json?: boolean;
  readonly channel?: string;
  readonly charset?: boolean;
  readonly dryRun?: boolean;
  /** A whole number of seconds. */
  readonly wait?: string;
}

const WAIT_SECONDS = 30;

/** @throws UsageError for an address or a channel that does not fit, CommandFailed when a message was not taken */
export async function sendTest(config: LoadedConfig, address: string, options: TestOptions): Promise<void> {
  const clock = systemClock;
  const isServed = isFolderServed(config.dataDir);
  const wait = options.wait === undefined ? (isServed ? 0 : WAIT_SECONDS) : Number(options.wait);
  const log = createLog("warn", logFormat(config.log.format, process.stderr.isTTY === true), Date.now, (line) =>
    printError(line.trimEnd()),
  );
  const random = systemRandom();
  const channels = channelsOf(config, {
    ...{ clock, log, random, baseUrl: () => config.baseUrl },
    // With no receipt to wait for, a session that only sends takes none away from a running server.
    onlySends: wait === 0,
  });
  const target = choose(config, channels, address, options.channel);
  const channel = channels.get(target.name) as ConfiguredChannel;
  const texts = options.charset === true ? charsetTexts : [usualText(config, channel.segments)];
  const trial = new Trial(target, channel, { clock, ids: new IdSource(clock, random) });
  if (isServed && wait > 0 && channel.sendsOverConnection) printError(SHARED);
  const tested = options.dryRun === true ? texts.map((text) => show(trial, text)) : await send(trial, texts, wait);
  report(target, tested, isServed, options.json === true);
}

async function send(trial: Trial, texts: readonly TestText[], waitSeconds: number): Promise<readonly Tested[]> {
  // The machine's own timers do not keep a process alive, and a channel may wait for nothing else.
  const hold = setInterval(() => {}, 1_000);
  try {
    return await trial.send(texts, waitSeconds);
  } finally {
    clearInterval(hold);
  }
}

function show(trial: Trial, text: TestText): Tested {
  try {
    return trial.show(text);
  } catch (error) {
    throw new CommandFailed(`The request can't be written: ${(error as Error).message}. Correct the configuration.`);
  }
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
  const refusals: string[] = [];
  const fitting = (wanted === undefined ? names : [wanted]).flatMap((name) => {
    const target = readTarget(config, name, channels.get(name) as ConfiguredChannel, asked);
    if (!("refusal" in target)) return [target];
    refusals.push(`${name}: the address ${target.refusal}`);
    return [];
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
      retry_after_ms: sent?.result.outcome === "retry" ? sent.result.retryAfterMs : null,
      is_channel_down: sent?.result.outcome === "retry" && sent.result.isChannelDown === true,
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
