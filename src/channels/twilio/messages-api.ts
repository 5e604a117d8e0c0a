/**
 * Twilio's Messages resource (2010-04-01): one POST for each attempt, whatever kind of message it is. The official
 * package writes the request; the exchange itself is fetch, so that `apiBase`, the time limit and a proxy of the
 * environment hold.
 */

import type twilio from "twilio";
import type { MessageListInstanceCreateOptions } from "twilio/lib/rest/api/v2010/account/message";
import { afterLong, type Clock } from "../../platform/clock.ts";
import type { TwilioAccount } from "../../platform/config/twilio.ts";
import { parseObject } from "../../platform/json.ts";
import { readRetryAfter } from "../../platform/retry-after.ts";
import type { SendResult } from "../channel.ts";
import { notFromTwilio, twilioRefusal } from "./errors.ts";

export interface Attempt {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Where Twilio reports what becomes of the text, or null for nowhere. */
  readonly hooksUrl: string | null;
}

/** Whom a message is for, and the link in it: what is kept of an answer shows neither. */
type About = { readonly to: string; readonly link: string };

/** What became of it, and Twilio's code where it refused. */
export type Created = { readonly result: SendResult; readonly code: number | null };

/** One attempt. Never rejects for what the peer or the network does. */
export async function createMessage(
  account: TwilioAccount,
  fields: MessageListInstanceCreateOptions,
  about: About,
  { clock, signal }: Pick<Attempt, "clock" | "signal">,
): Promise<Created> {
  // Loaded here because it takes some 30 MB that an appliance without this channel should not spend.
  const { default: connect } = await import("twilio");
  if (signal.aborted)
    return { result: unanswered("the attempt was stopped before the text was handed to Twilio"), code: null };
  const deadline = startDeadline(clock, account.timeoutSeconds * 1000);
  const wire = createWire(account.apiBase, AbortSignal.any([signal, deadline.signal]));
  try {
    const client = connect(account.apiKey ?? account.accountSid, account.apiSecret ?? account.authToken, {
      accountSid: account.accountSid,
      httpClient: wire.client,
    });
    await client.messages.create(fields);
  } catch (error) {
    // The package throws for any answer but a success in JSON. The answer itself says more than its exceptions do.
    if (wire.answer() === null) return { result: whyUnanswered(account, signal, deadline.signal, error), code: null };
  } finally {
    deadline.cancel();
  }
  const answer = wire.answer();
  return answer === null
    ? { result: unanswered("nothing was handed to Twilio"), code: null }
    : judge(answer, account, { ...about, sent: `${fields.body ?? ""} ${fields.contentVariables ?? ""}` }, clock);
}

/** Where Twilio is to report what becomes of a message. */
export function reportingTo(hooksUrl: string | null, deliveryId: string) {
  return hooksUrl === null ? {} : { statusCallback: `${hooksUrl}/status?delivery=${encodeURIComponent(deliveryId)}` };
}

// The exchange

interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  /** At most the first {@link LONGEST_ANSWER} bytes of the body. */
  readonly text: string;
  /** Whether the connection ended in the middle of the body. */
  readonly isCut: boolean;
}

const LONGEST_ANSWER = 64 * 1024;

/** What the package gives its HTTP client. */
interface ExchangeRequest {
  readonly method: string;
  readonly uri: string;
  readonly username: string;
  readonly password: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** An HTTP client for the package that makes one exchange and keeps its answer. */
function createWire(apiBase: string, signal: AbortSignal) {
  let answer: Answer | null = null;
  const client = {
    async request(options: ExchangeRequest) {
      const { pathname, search } = new URL(options.uri);
      const credentials = Buffer.from(`${options.username}:${options.password}`).toString("base64");
      const fields = new URLSearchParams();
      for (const [name, value] of Object.entries(options.data ?? {})) fields.set(name, String(value));
      const response = await fetch(`${apiBase}${pathname}${search}`, {
        method: options.method.toUpperCase(),
        headers: { ...options.headers, Authorization: `Basic ${credentials}` },
        body: fields,
        // Following one would hand the credentials to a host that the operator did not name.
        redirect: "manual",
        signal,
      });
      const { status, headers } = response;
      answer = { status, retryAfter: headers.get("retry-after"), ...(await readStart(response)) };
      return { statusCode: status, body: answer.text, headers: Object.fromEntries(headers) };
    },
  };
  // The package asks for its own class, of which it calls this one method.
  return { client: client as unknown as twilio.RequestClient, answer: (): Answer | null => answer };
}

async function readStart(response: Response): Promise<Pick<Answer, "text" | "isCut">> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let isCut = false;
  try {
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= LONGEST_ANSWER) break;
    }
  } catch {
    // The status line has come, and it alone tells whether the text was taken.
    isCut = true;
  }
  return { text: Buffer.concat(chunks).subarray(0, LONGEST_ANSWER).toString("utf8"), isCut };
}

/** A signal that aborts after that long, unless it is cancelled first. */
function startDeadline(clock: Clock, milliseconds: number) {
  const controller = new AbortController();
  return { signal: controller.signal, cancel: afterLong(clock, milliseconds, () => controller.abort()) };
}

// What became of it

function unanswered(error: string) {
  return { outcome: "retry", error, status: null, excerpt: null, retryAfterMs: null } as const;
}

/** No other text would get through either. */
const DOWN = { isChannelDown: true } as const;

const MAYBE_TAKEN = "it may have taken the text, so a retry can send it twice";

function whyUnanswered(account: TwilioAccount, stop: AbortSignal, deadline: AbortSignal, error: unknown): SendResult {
  if (stop.aborted) return unanswered(`the attempt was stopped before Twilio answered; ${MAYBE_TAKEN}`);
  if (deadline.aborted) return unanswered(`Twilio did not answer within ${account.timeoutSeconds} s; ${MAYBE_TAKEN}`);
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "no code";
  if (NEVER_CONNECTED.test(code))
    return { ...unanswered(`the server in \`apiBase\` cannot be reached (${code})`), ...DOWN };
  return unanswered(`the connection to Twilio broke before it answered (${code}); ${MAYBE_TAKEN}`);
}

/** No such name, a closed port, no way through the network, or a TLS handshake or certificate refused. */
const NEVER_CONNECTED = /^(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EPROTO|.*(?:CERT|VERIFY).*)$/;

function judge(
  answer: Answer,
  account: TwilioAccount,
  about: About & { readonly sent: string },
  clock: Clock,
): Created {
  const { status } = answer;
  const fields = parseObject(answer.text);
  const hide = concealer(account, about);
  const excerpt = excerptOf(answer, fields, hide);
  const sid = typeof fields?.sid === "string" && /^[A-Z]{2}\w{1,64}$/.test(fields.sid) ? fields.sid : null;
  // Twilio creates with 201. Any other success needs a SID to be believed: a proxy's log-in page is a 200 too.
  if (status === 201 || (status >= 200 && status < 300 && sid !== null)) {
    return { result: { outcome: "sent", providerId: sid, status, excerpt }, code: null };
  }
  const code = typeof fields?.code === "number" ? fields.code : null;
  const refusal = code === null ? undefined : twilioRefusal(code);
  const told = typeof fields?.message === "string" ? hide(fields.message).replace(/\s+/g, " ").slice(0, 300) : "";
  // In the attempt it stands whole. An error is logged too, where no word of the message belongs.
  const said = repeats(told, about.sent) ? "" : told;
  const words = code === null ? notFromTwilio(status) : `${refusal?.words ?? (said || "refused")} (Twilio ${code})`;
  const error = status >= 500 ? `${words}; ${MAYBE_TAKEN}` : words;
  // Without a code it is not Twilio that refuses but something on the way, which the operator can mend in time.
  const isLasting = code !== null && status >= 400 && status < 500 && !PASSING_STATUS.has(status) && !refusal?.passes;
  if (isLasting) return { result: { outcome: "failed", error, status, excerpt }, code };
  const retryAfterMs = readRetryAfter(answer.retryAfter, clock);
  const isDown = DOWN_STATUS.has(status) || (code !== null && DOWN_CODE.has(code));
  return { result: { outcome: "retry", error, status, excerpt, retryAfterMs, ...(isDown ? DOWN : {}) }, code };
}

/** Unauthorized, Request Timeout, Too Early, Too Many Requests (RFC 9110, 8470 and 6585). */
const PASSING_STATUS: ReadonlySet<number> = new Set([401, 408, 425, 429]);

/** Unauthorized, Too Many Requests, Service Unavailable: said of the account or of Twilio, not of one text. */
const DOWN_STATUS: ReadonlySet<number> = new Set([401, 429, 503]);
/** The same by Twilio's codes: credentials, too many requests, no service, a full queue. */
const DOWN_CODE: ReadonlySet<number> = new Set([20003, 20429, 20503, 21611, 30001]);

/** Twilio echoes the text, and with it the link that decides: neither is kept. Of half an answer nothing is. */
function excerptOf(answer: Answer, fields: ReturnType<typeof parseObject>, hide: (text: string) => string) {
  if (answer.isCut) return null;
  return hide(fields === null ? answer.text : JSON.stringify({ ...fields, body: undefined })).slice(0, 1000);
}

/** Whether words repeat a message: one of its longer words is enough. */
function repeats(words: string, message: string): boolean {
  return message.split(/[^\p{L}\p{N}]+/u).some((word) => word.length > 4 && words.includes(word));
}

/** Takes the credentials, the recipient's number and the link's token out of what came back. */
function concealer({ accountSid, authToken, apiKey, apiSecret }: TwilioAccount, { to, link }: About) {
  const secrets = [apiSecret ?? "", authToken ?? ""];
  const basic = Buffer.from(`${apiKey ?? accountSid}:${apiSecret ?? authToken ?? ""}`).toString("base64");
  // The token alone: it is base64url, so that no escaping in JSON or HTML changes its spelling.
  const token = link.slice(link.lastIndexOf("/") + 1);
  const hidden = [basic, ...secrets, to.replace(/^\+/, ""), token].filter((part) => part !== "");
  return (text: string) => hidden.reduce((rest, part) => rest.replaceAll(part, "[hidden]"), text);
}
