/**
 * Questions on WhatsApp, through Twilio. Nobody may be written to there in words of one's own unless they wrote within
 * the last 24 hours; before that, a message is a template that WhatsApp has approved.
 */
import type { Clock } from "../../platform/clock.ts";
import type { WhatsAppConfig } from "../../platform/config/whatsapp.ts";
import type { Channel, Conclusion, OutgoingMessage, SendResult } from "../channel.ts";
import { type Reading, twilioReceiver } from "../twilio/callbacks.ts";
import { OUTSIDE_SESSION } from "../twilio/errors.ts";
import { createMessage, reportingTo } from "../twilio/messages-api.ts";
import { probeAccount } from "../twilio/probe.ts";
import { tapIn } from "./tap.ts";
import { type Filled, overTemplate, questionTemplate } from "./template.ts";
import { oneLine, shortened } from "./variable.ts";

export interface WhatsAppChannel extends Channel {
  /** Whether what someone writes back would be heard: replies are on, and Twilio can call us and prove that it is Twilio. */
  takesReplies(): boolean;
}

/**
 * `hooksUrl` is where Twilio can call this server for the channel, or null: then there are no receipts, and a tap is
 * not heard, so that every question is asked with its link alone. The same holds without `authToken`, which is what a
 * request of Twilio's is verified with.
 */
export function createWhatsAppChannel(
  config: WhatsAppConfig,
  clock: Clock,
  hooksUrl: () => string | null,
): WhatsAppChannel {
  const { authToken } = config;
  const isHeard = () => authToken !== undefined && hooksUrl() !== null;

  async function send(message: OutgoingMessage, signal: AbortSignal): Promise<SendResult> {
    const { question, text, link, heardAt = null } = message;
    const post = (contents: Contents) => {
      const reports = reportingTo(isHeard() ? hooksUrl() : null, message.deliveryId);
      const fields = { to: wire(message.to), ...senderOf(config), ...contents, ...reports };
      return createMessage(config, fields, { to: message.to, link }, { clock, signal });
    };
    if (question === null) return (await post({ body: text })).result;
    const template = questionTemplate(isHeard() ? config.templates : linkAlone(config), message, question);
    if (template.isWhole || !isInSession(heardAt, clock)) return (await post(contentsOf(template))).result;
    // What the template has no room for is read whole in words of our own, while those are allowed.
    const { result, code } = await post({ body: text });
    return code === OUTSIDE_SESSION ? (await post(contentsOf(template))).result : result;
  }

  async function conclude(over: Conclusion, signal: AbortSignal): Promise<SendResult> {
    const { to, link, heardAt = null } = over;
    const template = overTemplate(config.templates, over);
    const post = async (contents: Contents) =>
      createMessage(config, { to: wire(to), ...senderOf(config), ...contents }, { to, link }, { clock, signal });
    if (isInSession(heardAt, clock)) {
      const { result, code } = await post({ body: wordsOf(over) });
      if (code !== OUTSIDE_SESSION || template === null) return result;
    }
    return template === null ? NOT_ALLOWED : (await post(contentsOf(template))).result;
  }

  return {
    addressKind: "phone",
    hasSessions: true,
    probe: (signal) => probeAccount(config, clock, signal),
    send,
    ...(config.tellWhenOver ? { conclude } : {}),
    ...(authToken === undefined ? {} : { receive: twilioReceiver(authToken, hooksUrl, WHATSAPP) }),
    takesReplies: () => config.replies !== "off" && isHeard(),
  };
}

type Contents = { readonly body: string } | { readonly contentSid: string; readonly contentVariables: string };

/** From when they last wrote; a little less than the 24 hours, for what is on its way and for clocks that differ. */
function isInSession(heardAt: number | null, clock: Clock): boolean {
  return heardAt !== null && clock.now() - heardAt < SESSION_MS;
}

const SESSION_MS = (24 * 60 - 5) * 60_000;

const NOT_ALLOWED = {
  outcome: "failed",
  error: "the person has not written within 24 hours, and there is no template `over` to tell them with",
  status: null,
  excerpt: null,
} as const;

function contentsOf({ contentSid, variables }: Filled): Contents {
  return { contentSid, contentVariables: JSON.stringify(variables) };
}

function linkAlone({ templates: { link } }: WhatsAppConfig): WhatsAppConfig["templates"] {
  return { link, titled: [] };
}

/** How WhatsApp numbers are written at Twilio. */
function wire(number: string): string {
  return `whatsapp:${number}`;
}

function senderOf({ from, messagingServiceSid }: WhatsAppConfig) {
  return from === undefined ? { messagingServiceSid: messagingServiceSid ?? "" } : { from: wire(from) };
}

/** Word that a question is over, naming it. */
function wordsOf({ question, text }: Conclusion): string {
  return `${question.project}: ${text}\n\nIt was: ${shortened(oneLine(question.message), LONGEST_QUOTE)}`;
}

const LONGEST_QUOTE = 1_000;

/** On WhatsApp Twilio answers no keyword by itself but those it marks, with Advanced Opt-Out. */
const WHATSAPP: Reading = {
  addressOf: (from) => /^whatsapp:(\+[1-9]\d{6,14})$/.exec(from)?.[1] ?? null,
  keywords: new Set(),
  tapIn,
};
