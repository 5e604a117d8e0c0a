/** From a message to the bytes that are handed to the relay (RFC 5322, MIME), signed where a DKIM key is configured. */
import type { SmtpConfig } from "../../platform/config/smtp.ts";
import type { Conclusion, OutgoingMessage } from "../channel.ts";
import { askingHtml, overHtml } from "./html.ts";
import { askingText, overText } from "./text.ts";
import { visibleText } from "./visible.ts";
import { askingSubject, firstWords, overSubject } from "./wording.ts";

/** A mail as the relay gets it. */
export interface Mail {
  /** Sender and recipient as they stand in MAIL FROM and RCPT TO. */
  readonly envelope: { readonly from: string; readonly to: string };
  readonly bytes: Buffer;
}

/** What a mail says, before it has a form. */
interface Letter {
  readonly to: string;
  /** In angle brackets. */
  readonly messageId: string;
  /** The Message-ID of the mail that this one follows. */
  readonly inReplyTo: string | null;
  readonly subject: string;
  readonly text: string;
  readonly html: string | null;
}

/** The mail that asks; or, for a message without a question, its text alone. `now` becomes its Date. */
export function askingMail(config: SmtpConfig, message: OutgoingMessage, now: number): Promise<Mail> {
  const { to, question, link } = message;
  const messageId = messageIdOf(config, message.deliveryId);
  if (question === null) {
    const text = visibleText(message.text);
    return write(config, { to, messageId, inReplyTo: null, subject: firstWords(text), text, html: null }, now);
  }
  const subject = askingSubject(question.message);
  const text = askingText(question, link);
  const html = askingHtml(question, link, subject);
  return write(config, { to, messageId, inReplyTo: null, subject, text, html }, now);
}

/** The mail that says that the question is over, threaded under the one that asked it. */
export function overMail(config: SmtpConfig, conclusion: Conclusion, now: number): Promise<Mail> {
  const { to, deliveryId, question } = conclusion;
  const subject = overSubject(question.message);
  const letter: Letter = {
    to,
    messageId: messageIdOf(config, `${deliveryId}.over`),
    inReplyTo: messageIdOf(config, deliveryId),
    subject,
    text: overText(conclusion),
    html: overHtml(conclusion, subject),
  };
  return write(config, letter, now);
}

/** The same for every attempt at one delivery: a receiver that was handed a mail twice can tell (RFC 5322, 3.6.4). */
function messageIdOf({ from }: SmtpConfig, id: string): string {
  return `<${id}@${from.address.slice(from.address.lastIndexOf("@") + 1)}>`;
}

async function write(config: SmtpConfig, letter: Letter, now: number): Promise<Mail> {
  const { default: MailComposer } = await import("nodemailer/lib/mail-composer");
  const { to, messageId, inReplyTo, subject, text, html } = letter;
  const message = new MailComposer({
    from: { ...config.from },
    to,
    ...(config.replyTo === undefined ? {} : { replyTo: { ...config.replyTo } }),
    ...(inReplyTo === null ? {} : { inReplyTo, references: inReplyTo }),
    messageId,
    date: new Date(now),
    subject,
    // Text in base64, which the package takes for most scripts but Latin, keeps its line breaks: CRLF (RFC 2045, 6.8).
    text: text.replaceAll("\n", "\r\n"),
    ...(html === null ? {} : { html: html.replaceAll("\n", "\r\n") }),
    headers: {
      // No machine answers this with "out of office" (RFC 3834, and Microsoft's [MS-OXCMAIL] for Exchange).
      "Auto-Submitted": "auto-generated",
      "X-Auto-Response-Suppress": "All",
      // No List-Unsubscribe (RFC 2369, RFC 8058): there is no list. Each mail is one question to one person who was
      // named for it, and a button of the mail client's that silences the next question is not theirs to offer.
    },
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile();
  const envelope = message.getEnvelope();
  const bytes = await message.build();
  return {
    // In the spelling of the wire: an international domain in its ASCII form.
    envelope: { from: String(envelope.from), to: String(envelope.to[0] ?? to) },
    bytes: config.dkim === undefined ? bytes : await sign(bytes, config.dkim),
  };
}

async function sign(bytes: Buffer, { domain, selector, privateKey }: NonNullable<SmtpConfig["dkim"]>): Promise<Buffer> {
  const { default: DKIM } = await import("nodemailer/lib/dkim");
  const signer = new DKIM({ domainName: domain, keySelector: selector, privateKey });
  const chunks: Buffer[] = [];
  for await (const chunk of signer.sign(bytes)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
