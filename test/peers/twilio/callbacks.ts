import type { Clock } from "../../../src/platform/clock.ts";
import type { TwilioAccount } from "./account.ts";
import { type MessageStatus, moveOn, type StoredMessage, sidFrom } from "./message.ts";
import { inboundParameters, type OptOutType, statusParameters } from "./parameters.ts";
import { postWebhook, type Webhook, type WebhookAnswer, type WebhookForgery } from "./webhook.ts";

export interface CallbackOptions {
  /** Where to, instead of the message's own `StatusCallback`. */
  readonly url?: string;
  /** Signs with this token instead of the account's, to play a forger. */
  readonly authToken?: string;
  /** Further fields, signed with the others; Twilio adds new ones without notice. */
  readonly extra?: Readonly<Record<string, string>>;
  readonly forge?: WebhookForgery;
}

export interface InboundText {
  readonly from: string;
  readonly to: string;
  readonly body: string;
  /** As Advanced Opt-Out marks a keyword of its list; then it, not the body, decides who may be texted. */
  readonly optOutType?: OptOutType;
  /** Further fields of the message, as a tapped button has them. */
  readonly fields?: Readonly<Record<string, string>>;
}

/** How long after someone last wrote on WhatsApp they may be sent free-form messages. */
const SESSION_MS = 24 * 3_600_000;

/** A webhook that was sent, and its answer; null while there is none, or when nobody answered. */
export interface SentWebhook extends Webhook {
  readonly kind: "status" | "message";
  answer: WebhookAnswer | null;
}

/** What the account calls back: statuses of what it sent, and messages that came in. */
export class Callbacks {
  readonly sent: SentWebhook[] = [];
  inboundUrl: string | null;
  readonly #account: TwilioAccount;
  readonly #clock: Clock;
  readonly #messages: StoredMessage[];
  readonly #taken: (message: StoredMessage) => void;
  readonly #proxies = new Map<string, string>();

  /** `taken` hears of each message the account sends by itself, in answer to one that came in. */
  constructor(
    account: TwilioAccount,
    clock: Clock,
    messages: StoredMessage[],
    inboundUrl: string | null,
    taken: (message: StoredMessage) => void,
  ) {
    this.#account = account;
    this.#clock = clock;
    this.#messages = messages;
    this.inboundUrl = inboundUrl;
    this.#taken = taken;
  }

  /** From now on, what is configured for the public origin is called at the local one, as a reverse proxy does. */
  proxy(publicOrigin: string, localOrigin: string): void {
    this.#proxies.set(new URL(publicOrigin).origin, new URL(localOrigin).origin);
  }

  async deliver(
    sid: string,
    status: MessageStatus,
    errorCode: number | undefined,
    options: CallbackOptions,
  ): Promise<WebhookAnswer | null> {
    const message = this.#messages.find((stored) => stored.sid === sid);
    if (message === undefined) throw new Error(`the Twilio peer has taken no message ${sid}`);
    const failed = status === "failed" || status === "undelivered";
    moveOn(this.#account, message, status, failed ? (errorCode ?? 30008) : null, this.#clock.now());
    const url = options.url ?? message.statusCallback;
    if (url === null) return null;
    return this.#post("status", url, statusParameters(this.#account.accountSid, message), options);
  }

  async reply(
    text: InboundText,
    url: string | null = this.inboundUrl,
    options: CallbackOptions = {},
  ): Promise<WebhookAnswer> {
    if (url === null) throw new Error("the Twilio peer has no URL for inbound messages");
    const { from, to, body, optOutType, fields = {} } = text;
    // Twilio acts on keywords of its own for SMS; on WhatsApp they are for whoever is written to.
    this.#heed(from, optOutType ?? (from.startsWith("whatsapp:") ? null : keyword(body)));
    const at = this.#clock.now();
    const message: StoredMessage = {
      ...{
        sid: this.#newSid(),
        from,
        to,
        body,
        contentSid: null,
        buttons: [],
        direction: "inbound",
        status: "received",
        errorCode: null,
      },
      ...{ messagingServiceSid: this.#serviceOf(to), statusCallback: null, validityPeriod: 36_000 },
      ...{ at, sentAt: at, updatedAt: at, requestNumber: 0, attempt: 0 },
    };
    this.#messages.push(message);
    const parameters = { ...inboundParameters(this.#account.accountSid, message, optOutType), ...fields };
    const answer = await this.#post("message", url, parameters, options);
    for (const line of answer.twiml?.messages ?? []) this.#answer(message, line);
    return answer;
  }

  /** A tap on a button of a message that was delivered, as WhatsApp has it reported: a message of the person's own. */
  async tap(sid: string, index: number, options: CallbackOptions & { readonly from?: string } = {}) {
    const asked = this.#messages.find((stored) => stored.sid === sid);
    const button = asked?.buttons[index];
    if (asked === undefined || button === undefined) throw new Error(`message ${sid} has no button ${index}`);
    const us = asked.from ?? "";
    const fields = {
      ...{ ButtonText: button.title, ButtonPayload: button.id, MessageType: "button" },
      ...{ OriginalRepliedMessageSender: us, OriginalRepliedMessageSid: sid },
    };
    const { from = asked.to, url, ...rest } = options;
    return await this.reply({ from, to: us, body: button.title, fields }, url, rest);
  }

  /** Whether a message may be free-form: always but on WhatsApp, and there for 24 hours after the person last wrote. */
  isInSession(to: string): boolean {
    const since = this.#clock.now() - SESSION_MS;
    const wrote = ({ direction, from, at }: StoredMessage) => direction === "inbound" && from === to && at > since;
    return !to.startsWith("whatsapp:") || this.#messages.some(wrote);
  }

  /** The same request again: same parameters, same signature, same idempotency token. */
  async repeat(webhook: SentWebhook): Promise<WebhookAnswer> {
    const again: SentWebhook = { ...webhook, answer: null };
    this.sent.push(again);
    again.answer = await postWebhook(again, again.kind === "message");
    return again.answer;
  }

  async #post(
    kind: SentWebhook["kind"],
    url: string,
    parameters: Readonly<Record<string, string>>,
    { authToken = this.#account.authToken, extra = {}, forge }: CallbackOptions,
  ): Promise<WebhookAnswer> {
    const webhook: SentWebhook = {
      ...{ kind, url, calledUrl: this.#calledUrl(url), parameters: { ...parameters, ...extra }, authToken, forge },
      idempotencyToken: sidFrom("", url, this.sent.length + 1),
      answer: null,
    };
    this.sent.push(webhook);
    webhook.answer = await postWebhook(webhook, kind === "message");
    return webhook.answer;
  }

  #calledUrl(url: string): string {
    const { origin } = new URL(url);
    return (this.#proxies.get(origin) ?? origin) + url.slice(origin.length);
  }

  /** Sends what TwiML asked for back to who wrote, unless they opted out. */
  #answer(inbound: StoredMessage, body: string): void {
    const { from, to } = inbound;
    if (from === null || this.#account.optedOut.has(from)) return;
    const at = this.#clock.now();
    const message: StoredMessage = {
      ...{ ...inbound, sid: this.#newSid(), from: to, to: from, body },
      ...{ direction: "outbound-reply", status: "queued", at, sentAt: null, updatedAt: at },
    };
    this.#messages.push(message);
    this.#taken(message);
  }

  #heed(from: string, wish: OptOutType | null): void {
    if (wish === "STOP") this.#account.optedOut.add(from);
    if (wish === "START") this.#account.optedOut.delete(from);
  }

  #serviceOf(number: string): string | null {
    const services = Object.entries(this.#account.messagingServices);
    return services.find(([, pool]) => pool.includes(number))?.[0] ?? null;
  }

  #newSid(): string {
    return sidFrom("SM", this.#account.accountSid, this.#messages.length + 1);
  }
}

/** The words that Twilio itself acts on, for long codes in the default configuration. */
function keyword(body: string): OptOutType | null {
  const word = body.trim();
  if (/^(?:stop|stopall|unsubscribe|cancel|end|quit|revoke|optout)$/i.test(word)) return "STOP";
  if (/^(?:start|yes|unstop)$/i.test(word)) return "START";
  return /^(?:help|info)$/i.test(word) ? "HELP" : null;
}
