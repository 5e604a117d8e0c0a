import { dirname } from "node:path";
import type { Clock } from "../platform/clock.ts";
import type { LoadedConfig } from "../platform/config/load.ts";
import type { ChannelConfig } from "../platform/config/schema.ts";
import type { Log } from "../platform/log.ts";
import type { Random } from "../platform/random.ts";
import { type Segments, segmentsOf } from "../platform/sms/segments.ts";
import { cautionsOf } from "./cautions.ts";
import type { Channel, OutgoingMessage } from "./channel.ts";
import { createDefinedChannel } from "./defined/index.ts";
import type { ConfiguredChannels, OwnAddresses } from "./directory.ts";
import type { Exchange } from "./http-gateway/exchange.ts";
import { createHttpGatewayChannel, previewRequest, simpler } from "./http-gateway/index.ts";
import { createKannelChannel, previewKannel } from "./kannel/index.ts";
import { createNtfyChannel } from "./ntfy/index.ts";
import { createSlackChannel } from "./slack/index.ts";
import { createSmppChannel } from "./smpp/index.ts";
import { writeText } from "./smpp/text.ts";
import { createSmtpChannel } from "./smtp/index.ts";
import { createTwilioChannel, twilioHooksUrl } from "./twilio/index.ts";
import { createWhatsAppChannel } from "./whatsapp/index.ts";

/** A channel of the configuration, with what the queue and the inbound side need to know of it. */
export interface ConfiguredChannel {
  readonly channel: Channel;
  readonly concurrency: number;
  readonly timeoutMs: number;
  /** Whether the end of a question is told by changing the message that asked, or by another one. */
  readonly concludes: "in place" | "by message";
  /** What a text that someone writes back may decide. */
  readonly replies: "off" | "code" | "open";
  /** How many segments a text should stay within; null where they cost nothing. */
  readonly segments: number | null;
  /** What a text would cost, or null where it costs nothing. */
  costOf(text: string): Segments | null;
  /** Whether `send` needs the connection that `connect` makes. */
  readonly sendsOverConnection: boolean;
  /** The request that would be sent, with nothing secret in it; absent where a channel can't show one. */
  preview?(message: OutgoingMessage): Exchange;
  /** Whether a reply from this address would be heard. */
  takesReplies(address: string): boolean;
}

interface Parts {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly baseUrl: () => string;
  /** True where nothing that a peer brings is wanted: then SMPP is bound to send alone. */
  readonly onlySends?: boolean;
  /** Where the configuration lies, for the place of a fault in a channel that is written there. */
  readonly folder?: string | null;
}

/** The configured channels by name, cautions told. A name that stands for several is in {@link fallbacksOf}. */
export function channelsOf(config: LoadedConfig, parts: Parts): ReadonlyMap<string, ConfiguredChannel> {
  const channels = new Map<string, ConfiguredChannel>();
  for (const [name, settings] of Object.entries(config.channels)) {
    if (settings.kind === "fallback") continue;
    for (const caution of cautionsOf(settings)) parts.log.warn(caution, { channel: name });
    channels.set(
      name,
      make(name, settings, { folder: config.source === null ? null : dirname(config.source), ...parts }),
    );
  }
  return channels;
}

/** The names that stand for several channels, one after the other. */
export function fallbacksOf(config: LoadedConfig): ConfiguredChannels["fallbacks"] {
  return Object.fromEntries(
    Object.entries(config.channels).flatMap(([name, settings]) =>
      settings.kind === "fallback" ? [[name, settings]] : [],
    ),
  );
}

/** How those channels read addresses that do so by themselves too. */
export function ownAddressesOf(channels: ReadonlyMap<string, ConfiguredChannel>): Record<string, OwnAddresses> {
  return Object.fromEntries(
    [...channels].flatMap(([name, { channel }]) =>
      channel.normalizeAddress === undefined && channel.addressHint === undefined ? [] : [[name, channel]],
    ),
  );
}

function make(
  name: string,
  settings: Exclude<ChannelConfig, { readonly kind: "fallback" }>,
  { clock, log, random, baseUrl, onlySends = false, folder = null }: Parts,
): ConfiguredChannel {
  const common = {
    concurrency: settings.concurrency,
    timeoutMs: settings.timeoutSeconds * 1000,
    concludes: "by message",
    replies: "off",
    segments: null,
    costOf: () => null,
    sendsOverConnection: false,
    takesReplies: () => false,
  } as const;
  switch (settings.kind) {
    case "twilio": {
      const hooksUrl = () => twilioHooksUrl(baseUrl(), name, settings.apiBase);
      const channel = createTwilioChannel(settings, clock, hooksUrl);
      const { replies, maxSegments: segments } = settings;
      const takesReplies = (address: string) => channel.takesReplies(address);
      return { ...common, channel, replies, segments, takesReplies, costOf: (text) => segmentsOf(text) };
    }
    case "whatsapp": {
      const hooksUrl = () => twilioHooksUrl(baseUrl(), name, settings.apiBase);
      const channel = createWhatsAppChannel(settings, clock, hooksUrl);
      return { ...common, channel, replies: settings.replies, takesReplies: () => channel.takesReplies() };
    }
    case "smpp": {
      const channel = createSmppChannel(settings, { clock, log, random, onlySends });
      const { replies, maxSegments: segments } = settings;
      const takesReplies = (address: string) => channel.takesReplies(address);
      const costOf = (text: string) => writeText(settings, text)?.segments ?? null;
      return { ...common, channel, replies, segments, takesReplies, costOf, sendsOverConnection: true };
    }
    case "httpGateway":
    case "kannel": {
      const gateway = { clock, hooksUrl: () => `${baseUrl()}/hooks/${name}` };
      const channel =
        settings.kind === "kannel"
          ? createKannelChannel(settings, gateway)
          : createHttpGatewayChannel(settings, gateway);
      const { replies, maxSegments: segments, transliterate } = settings;
      const takesReplies = (address: string) => channel.takesReplies(address);
      const costOf = (text: string) => segmentsOf(spelledFor(text, transliterate));
      const preview = (message: OutgoingMessage) =>
        settings.kind === "kannel"
          ? previewKannel(settings, message, gateway.hooksUrl())
          : previewRequest(settings, simpler(message, transliterate), gateway.hooksUrl());
      return { ...common, channel, replies, segments, takesReplies, costOf, preview };
    }
    case "ntfy":
      return { ...common, channel: createNtfyChannel(settings, { clock }) };
    case "defined": {
      const hooksUrl = () => `${baseUrl()}/hooks/${name}`;
      const channel = createDefinedChannel(settings, { name, clock, log, hooksUrl, folder });
      const { replies, maxSegments: segments, concludes } = settings;
      const takesReplies = (address: string) => channel.takesReplies(address);
      const costOf = (text: string) => (segments === null ? null : segmentsOf(text));
      const sendsOverConnection = settings.connect !== undefined;
      return { ...common, channel, replies, segments, concludes, takesReplies, costOf, sendsOverConnection };
    }
    case "smtp":
      return { ...common, channel: createSmtpChannel(settings, clock) };
    case "slack":
      return { ...common, channel: createSlackChannel(settings, { clock, log, random }), concludes: "in place" };
  }
}

/** A text as a gateway is handed it. */
function spelledFor(text: string, transliterate: boolean): string {
  const unsent = { deliveryId: "", to: "", link: "", question: null, validForSeconds: null };
  return simpler({ ...unsent, text }, transliterate).text;
}
