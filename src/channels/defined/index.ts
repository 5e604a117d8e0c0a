/**
 * A channel that the operator has written. Its code is trusted to mean well, not to be right: whatever it throws, gives
 * back or never gives back becomes words in the delivery, and stops nothing else.
 */
import type { Clock } from "../../platform/clock.ts";
import { channelAnswer, channelEvent, channelResult, type DefinedConfig } from "../../platform/config/defined.ts";
import type { Log } from "../../platform/log.ts";
import { segmentsOf } from "../../platform/sms/segments.ts";
import type { Channel, Connection, OutgoingMessage, PeerAnswer, PeerRequest, Report, SendResult } from "../channel.ts";
import { type Concealed, excerptOf } from "../http-gateway/conceal.ts";
import { Late, within } from "./call.ts";
import { type Fetch, toolsFor } from "./tools.ts";
import { isWrong, placeOf, unreachable, wordsOf } from "./words.ts";

export interface DefinedParts {
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Where the peer can call this server for the channel. */
  readonly hooksUrl: () => string;
  /** Where the configuration lies, for the place of a fault in it; null or absent where there is no file. */
  readonly folder?: string | null;
  readonly fetch?: Fetch;
}

export interface DefinedChannel extends Channel {
  /** Whether what someone writes back would be heard. */
  takesReplies(to: string): boolean;
}

/** Neither `send` nor `conclude` rejects, `connect` never throws; `receive` rejects where the operator's own does. */
export function createDefinedChannel(config: DefinedConfig, parts: DefinedParts): DefinedChannel {
  const { addressKind, conclude, receive, connect, normalizeAddress, maxSegments } = config;
  const connected: { pending: Promise<unknown> } = { pending: Promise.resolve() };
  return {
    addressKind,
    async send(message, stop) {
      const sent = await handOver(config, parts, message, stop, async (signal, tools) => {
        // A connection that is still being made at the start is waited for, as long as the attempt may take.
        await connected.pending;
        return config.send(message, signal, tools);
      });
      return maxSegments === null ? sent : { ...sent, segments: segmentsOf(message.text) };
    },
    ...(conclude === undefined
      ? {}
      : {
          conclude: (over, stop) => {
            // With the id of the question it would be a double of it to a peer that drops those.
            const own = { ...over, deliveryId: `${over.deliveryId}-over`, askedId: over.deliveryId };
            return handOver(config, parts, over, stop, (signal, tools) => conclude(own, signal, tools));
          },
        }),
    ...(receive === undefined
      ? {}
      : { receive: (request, report) => receiveWith(receive, request, report, config, parts) }),
    ...(connect === undefined
      ? {}
      : {
          connect(report) {
            const connection = connectWith(connect, report, config, parts);
            connected.pending = connection.made;
            return connection;
          },
        }),
    ...(normalizeAddress === undefined ? {} : { normalizeAddress: (text) => normal(normalizeAddress, text, parts) }),
    ...(config.addressHint === undefined ? {} : { addressHint: config.addressHint }),
    takesReplies: () => config.replies !== "off" && (receive ?? connect) !== undefined,
  };
}

const MAYBE_TAKEN = "it may have taken the message, so a retry can send it twice";

async function handOver(
  config: DefinedConfig,
  parts: DefinedParts,
  message: Pick<OutgoingMessage, "to" | "link" | "text" | "isProbe">,
  stop: AbortSignal,
  call: (signal: AbortSignal, tools: ReturnType<typeof toolsFor>) => unknown,
): Promise<SendResult> {
  const { to, link, text, isProbe } = message;
  const hidden: Concealed = { to, link, text: isProbe ? "" : text, secrets: config.secrets };
  const tools = toolsFor(parts, hidden);
  const nothing = { status: null, excerpt: null } as const;
  const again = (error: string): SendResult => ({ outcome: "retry", error, ...nothing, retryAfterMs: null });
  let given: unknown;
  try {
    given = await within(config.timeoutSeconds, parts.clock, stop, (signal) => call(signal, tools));
  } catch (error) {
    if (stop.aborted) return again(`the attempt was stopped before the channel answered; ${MAYBE_TAKEN}`);
    if (error instanceof Late)
      return again(`the channel did not answer within ${config.timeoutSeconds} s; ${MAYBE_TAKEN}`);
    const peer = unreachable(error);
    return again(peer === null ? `the channel's own code failed${why(error, hidden, parts)}` : wordsOf(peer, hidden));
  }
  const checked = parse(channelResult, given, "outcome", RESULT_FIELDS);
  // It may well have sent it: trying again would send it once more at each attempt.
  if ("wrong" in checked)
    return {
      outcome: "failed",
      error: `the channel's own code gave no result: ${wordsOf(checked.wrong, hidden)}`,
      ...nothing,
    };
  const result = checked.value;
  const said = {
    status: result.status ?? null,
    excerpt: result.excerpt == null ? null : excerptOf(result.excerpt, hidden),
  };
  switch (result.outcome) {
    case "failed":
      return { outcome: "failed", error: wordsOf(result.error, hidden), ...said };
    case "retry": {
      const { error, retryAfterMs = null, isChannelDown } = result;
      return {
        ...{ outcome: "retry", error: wordsOf(error, hidden), ...said, retryAfterMs },
        ...(isChannelDown === true ? { isChannelDown } : {}),
      };
    }
    default:
      return { outcome: result.outcome, providerId: result.providerId || null, ...said };
  }
}

const RESULT_FIELDS = ["outcome", "providerId", "error", "retryAfterMs", "isChannelDown", "status", "excerpt"];
const EVENT_FIELDS = ["kind", "deliveryId", "providerId", "status", "error", "from", "text"];
const ANSWER_FIELDS = ["status", "headers", "body"];

/** ` at pausepoint.config.ts:12: the line is dead`. */
function why(error: unknown, hidden: Concealed, { folder = null }: DefinedParts): string {
  const place = placeOf(error, folder);
  return `${place === null ? "" : ` at ${place}`}: ${wordsOf(error, hidden)}`;
}

async function receiveWith(
  receive: NonNullable<DefinedConfig["receive"]>,
  request: PeerRequest,
  report: Report,
  config: DefinedConfig,
  parts: DefinedParts,
): Promise<PeerAnswer> {
  const hidden = nothingBut(config);
  // What could not be recorded is answered as such, not as a fault of the channel's.
  let refusal: { readonly error: unknown } | null = null;
  const reporting = checkedReport(report, config, parts, (error) => {
    refusal = { error };
  });
  let given: unknown;
  try {
    const { timeoutSeconds } = config;
    given = await within(timeoutSeconds, parts.clock, null, () => receive(request, reporting, toolsFor(parts, hidden)));
  } catch (error) {
    if (refusal !== null && (refusal as { error: unknown }).error === error) throw error;
    const words = error instanceof Late ? `: no answer within ${config.timeoutSeconds} s` : why(error, hidden, parts);
    throw new Error(`receive of the channel ${parts.name} failed${words}`);
  }
  const checked = parse(channelAnswer, given, "status", ANSWER_FIELDS);
  if ("wrong" in checked)
    throw new Error(`receive of the channel ${parts.name} gave no answer: ${wordsOf(checked.wrong, hidden)}`);
  const { status, headers, body } = checked.value;
  const hasNoBody = status === 204 || status === 205 || status === 304;
  return { status, ...(headers === undefined ? {} : { headers }), body: hasNoBody ? null : (body ?? null) };
}

/** A report that takes nothing but what it knows. */
function checkedReport(
  report: Report,
  config: DefinedConfig,
  parts: DefinedParts,
  onRefused: (error: unknown) => void,
) {
  return async (given: unknown): Promise<string | null> => {
    const checked = parse(channelEvent, given, "kind", EVENT_FIELDS);
    if ("wrong" in checked) throw new TypeError(`report was given no event: ${checked.wrong}`);
    const event = checked.value;
    try {
      if (event.kind === "reply") {
        const { normalizeAddress } = config;
        const from = normalizeAddress === undefined ? event.from : normal(normalizeAddress, event.from.trim(), parts);
        if (from !== null) return await report({ ...event, from });
        parts.log.warn("a reply came from what is no address of the channel", { channel: parts.name });
        return null;
      }
      const { deliveryId, providerId, status } = event;
      const error = event.error == null ? null : wordsOf(event.error, nothingBut(config));
      const names = providerId == null || providerId === "" ? {} : { providerIds: [providerId] };
      return await report({ kind: "receipt", deliveryId: deliveryId ?? "", ...names, status, error });
    } catch (error) {
      onRefused(error);
      throw error;
    }
  };
}

const STOP_SECONDS = 5;

function connectWith(
  connect: NonNullable<DefinedConfig["connect"]>,
  report: Report,
  config: DefinedConfig,
  parts: DefinedParts,
): Connection & { readonly made: Promise<unknown> } {
  const hidden = nothingBut(config);
  let connection: { readonly isUp?: unknown; stop(): unknown } | null = null;
  const failed = (what: string, error: unknown) =>
    parts.log.error(`the channel's own code failed to ${what}`, {
      channel: parts.name,
      error: unreachable(error) ?? why(error, hidden, parts).replace(/^(?:: | )/, ""),
    });
  const reporting = checkedReport(report, config, parts, () => {});
  const made = (async () => {
    try {
      const given: unknown = await connect(reporting, toolsFor(parts, hidden));
      if (!isConnection(given)) throw new TypeError("connect gave no object with a function stop");
      connection = given;
    } catch (error) {
      failed("connect", error);
    }
  })();
  return {
    made,
    get isUp() {
      try {
        return connection !== null && connection.isUp !== false;
      } catch {
        return false;
      }
    },
    async stop() {
      try {
        await within(STOP_SECONDS, parts.clock, null, async () => {
          await made;
          await connection?.stop();
        });
      } catch (error) {
        failed("stop", error);
      }
    },
  };
}

function isConnection(given: unknown): given is { readonly isUp?: unknown; stop(): unknown } {
  return typeof given === "object" && given !== null && "stop" in given && typeof given.stop === "function";
}

/** The operator's own spelling, or null; a fault of it refuses the address, and is logged. */
function normal(
  normalize: NonNullable<DefinedConfig["normalizeAddress"]>,
  text: string,
  { name, log }: DefinedParts,
): string | null {
  try {
    const given: unknown = normalize(text);
    if (given === null || given === undefined) return null;
    if (typeof given === "string" && /^[^\p{Cc}]{1,200}$/u.test(given)) return given;
    log.warn("normalizeAddress gave neither an address nor null", { channel: name });
  } catch {
    // Its own words may hold the address.
    log.warn("normalizeAddress failed", { channel: name });
  }
  return null;
}

function nothingBut({ secrets }: DefinedConfig): Concealed {
  return { to: "", link: "", text: "", secrets };
}

/** What zod makes of it, or what is wrong with it. Objects of others may throw when they are looked at. */
function parse<T>(
  schema: { safeParse(value: unknown): { success: true; data: T } | { success: false; error: unknown } },
  given: unknown,
  by: string,
  known: readonly string[],
): { readonly value: T } | { readonly wrong: string } {
  try {
    const checked = schema.safeParse(by === "outcome" ? ofOutcome(given) : given);
    return checked.success ? { value: checked.data } : { wrong: isWrong(checked.error, given, by, known) };
  } catch {
    return { wrong: "it can't be read" };
  }
}

/** What only another outcome would have is passed over: one object with all of them is a usual way to write it. */
function ofOutcome(given: unknown): unknown {
  if (typeof given !== "object" || given === null || !("outcome" in given)) return given;
  const others = FIELDS_OF_OTHERS[String(given.outcome)] ?? [];
  if (!others.some((name) => name in given)) return given;
  return Object.fromEntries(Object.entries(given).filter(([name]) => !others.includes(name)));
}

const FIELDS_OF_OTHERS: Readonly<Record<string, readonly string[]>> = {
  sent: ["error", "retryAfterMs", "isChannelDown"],
  delivered: ["error", "retryAfterMs", "isChannelDown"],
  retry: ["providerId"],
  failed: ["providerId", "retryAfterMs", "isChannelDown"],
};
