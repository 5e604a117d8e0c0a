/**
 * What `import { defineConfig, … } from "pausepoint/config"` gives. All return what they are given: the values
 * are checked when the appliance starts, so that every mistake is told at once, with its path.
 */
import type { ChannelDefinition } from "./defined.ts";
import type { HttpGatewaySettings } from "./http-gateway.ts";
import type { KannelSettings } from "./kannel.ts";
import type { NtfySettings } from "./ntfy.ts";
import type { ConfigInput } from "./schema.ts";
import type { SlackSettings } from "./slack.ts";
import type { SmppSettings } from "./smpp.ts";
import type { SmtpSettings } from "./smtp.ts";
import type { TwilioSettings } from "./twilio.ts";
import type { WhatsAppSettings } from "./whatsapp.ts";

export type {
  ChannelAnswer,
  ChannelConclusion,
  ChannelConnection,
  ChannelEvent,
  ChannelMessage,
  ChannelQuestion,
  ChannelReport,
  ChannelRequest,
  ChannelResult,
  ChannelTools,
} from "./defined.ts";
export { gatewayPresets } from "./gateway-presets.ts";
export type {
  ChannelDefinition,
  ConfigInput,
  HttpGatewaySettings,
  KannelSettings,
  NtfySettings,
  SlackSettings,
  SmppSettings,
  SmtpSettings,
  TwilioSettings,
  WhatsAppSettings,
};

/**
 * The configuration; the default export of `pausepoint.config.ts`.
 *
 * @example
 * export default defineConfig({
 *   baseUrl: "https://approve.example.com",
 *   people: { cfo: { name: "Chief Financial Officer", sms: "+13128471928" } },
 * });
 */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config;
}

/**
 * A channel that sends texts through Twilio.
 *
 * @example
 * channels: {
 *   sms: twilio({ accountSid: "AC…", authToken: process.env.TWILIO_AUTH_TOKEN, from: "+13125550100" }),
 * }
 */
export function twilio(settings: TwilioSettings): ChannelInput {
  return { ...settings, kind: "twilio" } as ChannelInput;
}

/**
 * A channel that sends texts to a carrier or an aggregator over SMPP 3.4.
 *
 * @example
 * channels: { sms: smpp({ url: "ssmpp://smsc.example.com:3550", systemId: "pausepoint", password: process.env.SMPP_PASSWORD, from: "12345" }) }
 */
export function smpp(settings: SmppSettings): ChannelInput {
  return { ...settings, kind: "smpp" } as ChannelInput;
}

/**
 * A channel that sends texts through any gateway that takes an HTTP request.
 *
 * @example
 * channels: { sms: httpGateway({ url: "https://gateway.example.com/send", body: (m) => ({ to: m.to, text: m.text }) }) }
 */
export function httpGateway(settings: HttpGatewaySettings): ChannelInput {
  return { ...settings, kind: "httpGateway" } as ChannelInput;
}

/**
 * A channel that sends texts through a Kannel of one's own.
 *
 * @example
 * channels: { sms: kannel({ url: "http://127.0.0.1:13013/cgi-bin/sendsms", username: "u", password: process.env.KANNEL }) }
 */
export function kannel(settings: KannelSettings): ChannelInput {
  return { ...settings, kind: "kannel" } as ChannelInput;
}

/**
 * A channel that sends push notifications through an ntfy server of one's own.
 *
 * @example
 * channels: { push: ntfy({ url: "https://ntfy.example.com", token: process.env.NTFY_TOKEN }) }
 */
export function ntfy(settings: NtfySettings): ChannelInput {
  return { ...settings, kind: "ntfy" } as ChannelInput;
}

/**
 * A channel that sends email through an SMTP relay.
 *
 * @example
 * channels: { email: smtp({ url: process.env.SMTP_URL, from: "PausePoint <approve@example.com>" }) }
 */
export function smtp(settings: SmtpSettings): ChannelInput {
  return { ...settings, kind: "smtp" } as ChannelInput;
}

/**
 * A channel that asks in Slack, with buttons.
 *
 * @example
 * channels: { slack: slack({ botToken: process.env.SLACK_BOT_TOKEN, appToken: process.env.SLACK_APP_TOKEN }) }
 */
export function slack(settings: SlackSettings): ChannelInput {
  return { ...settings, kind: "slack" } as ChannelInput;
}

/**
 * A channel that asks on WhatsApp, through Twilio, with buttons. Its name is `whatsapp`.
 *
 * @example
 * channels: {
 *   whatsapp: whatsapp({ accountSid: "AC…", authToken: process.env.TWILIO_AUTH_TOKEN, from: "+13125550100", templates: { link: "HX…" } }),
 * }
 */
export function whatsapp(settings: WhatsAppSettings): ChannelInput {
  return { ...settings, kind: "whatsapp" } as ChannelInput;
}

/**
 * A channel of your own. docs/channels.md, "Write a channel", has a whole one.
 *
 * @example
 * channels: {
 *   pager: defineChannel({
 *     addressKind: "text",
 *     async send({ to, text, deliveryId: id }, signal, { fetch }) {
 *       const { ok, status } = await fetch("http://10.0.0.7/page", { method: "POST", body: JSON.stringify({ to, text, id }), signal });
 *       return ok ? { outcome: "sent", status } : { outcome: "retry", error: "the pager server refused it", status };
 *     },
 *   }),
 * }
 */
export function defineChannel(definition: ChannelDefinition): ChannelInput {
  return { ...definition, kind: "defined" } as ChannelInput;
}

/**
 * A channel that is several others, one after the other: the next is tried when a message could not be delivered, or
 * its link was not opened within the time. For people of the configuration, who have an address for each.
 *
 * @example
 * channels: { slack: slack({ … }), sms: twilio({ … }), oncall: fallback(["slack", "sms"], { afterMinutes: 5 }) }
 */
export function fallback(channels: string[], settings: { afterMinutes?: number | undefined } = {}): ChannelInput {
  return { ...settings, channels, kind: "fallback" } as ChannelInput;
}

type ChannelInput = NonNullable<ConfigInput["channels"]>[string];
