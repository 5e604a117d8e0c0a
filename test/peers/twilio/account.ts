import { type TwilioError, twilioError } from "./errors.ts";
import { countryOf } from "./parameters.ts";

/** A `twilio/quick-reply` template. Variables may stand in the body and in what a button sends back, not in its title. */
export interface QuickReplies {
  readonly body: string;
  readonly actions: readonly Button[];
}

export interface Button {
  /** At most 20 characters. */
  readonly title: string;
  /** What `ButtonPayload` holds after a tap; at most 200 characters. */
  readonly id: string;
}

/** The Twilio account the peer plays. Every setting has a default, see {@link createAccount}. */
export interface TwilioAccountOptions {
  /** `AC` + 32 hex. */
  readonly accountSid?: string;
  readonly authToken?: string;
  /** API keys of the account: `SK…` → secret. */
  readonly apiKeys?: Readonly<Record<string, string>>;
  /** Senders the account owns: E.164 numbers, short codes, alphanumeric sender ids, `whatsapp:+…` addresses. */
  readonly senders?: readonly string[];
  /** Messaging services: `MG…` → the senders in its pool. */
  readonly messagingServices?: Readonly<Record<string, readonly string[]>>;
  /** Content templates: `HX…` → its text with `{{1}}` or `{{name}}` placeholders, or that with quick-reply buttons. */
  readonly contents?: Readonly<Record<string, string | QuickReplies>>;
  /** Recipients who answered STOP before the test began. */
  readonly optedOut?: readonly string[];
  /** `active`, unless Twilio has suspended or closed it. */
  readonly status?: "active" | "suspended" | "closed";
  /** Recipients that are landlines. */
  readonly landlines?: readonly string[];
  /** Prefixes of the numbers the account may text, such as `+1` or `+49`; default every country. */
  readonly allowedPrefixes?: readonly string[];
  /** Regions the account may not text though the prefix is allowed, by ISO 3166-1 alpha-2, such as `CA`. */
  readonly blockedRegions?: readonly string[];
}

export interface TwilioAccount extends Required<Omit<TwilioAccountOptions, "optedOut">> {
  /** Changes when a recipient texts STOP or START. */
  readonly optedOut: Set<string>;
}

/** What a valid request asks to be sent. `from` is null while the messaging service has not chosen a sender. */
export interface Submission {
  readonly to: string;
  readonly from: string | null;
  readonly messagingServiceSid: string | null;
  readonly body: string;
  /** The template it was made from; null for a free-form message. */
  readonly contentSid: string | null;
  readonly buttons: readonly Button[];
  readonly statusCallback: string | null;
  /** Seconds. */
  readonly validityPeriod: number;
}

export function createAccount(options: TwilioAccountOptions): TwilioAccount {
  return {
    accountSid: options.accountSid ?? `AC${"5e".repeat(16)}`,
    authToken: options.authToken ?? "7".repeat(32),
    apiKeys: options.apiKeys ?? {},
    senders: options.senders ?? ["+15005550006"],
    messagingServices: options.messagingServices ?? {},
    contents: options.contents ?? {},
    landlines: options.landlines ?? [],
    allowedPrefixes: options.allowedPrefixes ?? ["+"],
    blockedRegions: options.blockedRegions ?? [],
    optedOut: new Set(options.optedOut),
    status: options.status ?? "active",
  };
}

/** Whether the `Authorization` header opens the account: null when it does, else the 401 to answer with. */
export function authenticate(
  account: TwilioAccount,
  accountSid: string,
  header: string | undefined,
): TwilioError | null {
  if (header === undefined) return { ...twilioError(20003), message: "Authentication Error - No credentials provided" };
  const [scheme = "", encoded = ""] = header.split(" ", 2);
  const credentials = Buffer.from(encoded, "base64").toString("utf8");
  const colon = credentials.indexOf(":");
  if (scheme.toLowerCase() !== "basic" || colon < 1) return twilioError(20003);
  const username = credentials.slice(0, colon);
  const secret = username === account.accountSid ? account.authToken : account.apiKeys[username];
  return accountSid === account.accountSid && secret === credentials.slice(colon + 1) ? null : twilioError(20003);
}

/** Checks a create request as the Messages resource documents it: what to send, or the refusal. */
export function examine(account: TwilioAccount, form: URLSearchParams): Submission | TwilioError {
  const to = form.get("To") ?? "";
  const from = form.get("From") || null;
  const messagingServiceSid = form.get("MessagingServiceSid") || null;
  const contents = resolveContents(account, form);
  const statusCallback = form.get("StatusCallback") || null;
  const validityPeriod = Number(form.get("ValidityPeriod") ?? 36_000);

  if (to === "") return twilioError(21604);
  if (from === null && messagingServiceSid === null) return twilioError(21603);
  if ("code" in contents) return contents;
  const { body } = contents;
  if (body === "") return twilioError(21602);
  if (body.length > 1600) return twilioError(21617);
  if (!PHONE_ADDRESS.test(to)) return twilioError(21211, to);
  const refusal = checkSender(account, from, messagingServiceSid, to) ?? checkRecipient(account, to);
  if (refusal !== null) return refusal;
  if (statusCallback !== null && !isCallbackUrl(statusCallback)) return twilioError(21609, statusCallback);
  if (!Number.isInteger(validityPeriod) || validityPeriod < 1 || validityPeriod > 36_000) {
    return twilioError(21624, form.get("ValidityPeriod") ?? "");
  }
  return { to, from, messagingServiceSid, ...contents, statusCallback, validityPeriod };
}

/** E.164, alone or as a WhatsApp address. */
const PHONE_ADDRESS = /^(?:whatsapp:)?\+[1-9]\d{6,14}$/;
/** What a sender may look like: the same, a short code, or an alphanumeric id with at least one letter. */
const SENDER_ADDRESS = /^(?:(?:whatsapp:)?\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 +_&-]{1,11})$/;

type Contents = Pick<Submission, "body" | "contentSid" | "buttons">;

/** The text of the message: free-form in `Body`, or a template filled in, with what is checked of its variables. */
function resolveContents(account: TwilioAccount, form: URLSearchParams): Contents | TwilioError {
  const contentSid = form.get("ContentSid");
  if (!contentSid) return { body: form.get("Body") ?? "", contentSid: null, buttons: [] };
  const template = account.contents[contentSid];
  if (template === undefined) return twilioError(21655, contentSid);
  const values = variablesOf(form.get("ContentVariables") || "{}");
  if ("code" in values) return values;
  const fill = (text: string) =>
    text.replace(/\{\{(\w+)\}\}/g, (placeholder, name: string) => values.named.get(name) ?? placeholder);
  if (typeof template === "string") return { body: fill(template), contentSid, buttons: [] };
  const body = fill(template.body);
  const buttons = template.actions.map(({ title, id }) => ({ title, id: fill(id) }));
  const isTooLong = body.length > 1_024 || buttons.some(({ title, id }) => title.length > 20 || id.length > 200);
  return isTooLong ? twilioError(21658) : { body, contentSid, buttons };
}

/** After the pages of 21656 and 21658: text that is not empty, without breaks, tabs and more than four spaces in a row. */
function variablesOf(json: string): { readonly named: ReadonlyMap<string, string> } | TwilioError {
  let variables: unknown;
  try {
    variables = JSON.parse(json);
  } catch {
    return twilioError(21656);
  }
  if (typeof variables !== "object" || variables === null || Array.isArray(variables)) return twilioError(21656);
  const named = new Map<string, string>();
  for (const [name, value] of Object.entries(variables)) {
    if (typeof value !== "string" || value === "" || /[\n\r\t]| {5}/.test(value)) return twilioError(21656);
    if (name.length > 16 || value.length > 1_600) return twilioError(21658);
    named.set(name, value);
  }
  return { named };
}

function checkSender(
  account: TwilioAccount,
  from: string | null,
  messagingServiceSid: string | null,
  to: string,
): TwilioError | null {
  let senders = account.senders;
  if (messagingServiceSid !== null) {
    if (!/^MG[0-9a-f]{32}$/i.test(messagingServiceSid)) return twilioError(21705, messagingServiceSid);
    const pool = account.messagingServices[messagingServiceSid];
    if (pool === undefined) return twilioError(21701, messagingServiceSid);
    if (pool.length === 0) return twilioError(21704);
    if (!pool.some((sender) => sameChannel(sender, to))) return twilioError(21703);
    senders = pool;
  }
  if (from === null) return null;
  if (!SENDER_ADDRESS.test(from)) return twilioError(21212, from);
  if (from === to) return twilioError(21266, to);
  if (!sameChannel(from, to)) return twilioError(21910);
  if (!senders.includes(from)) return twilioError(from.startsWith("whatsapp:") ? 63007 : 21606, from);
  return null;
}

function checkRecipient(account: TwilioAccount, to: string): TwilioError | null {
  const number = to.replace("whatsapp:", "");
  const isAllowed = account.allowedPrefixes.some((prefix) => number.startsWith(prefix));
  if (!isAllowed || account.blockedRegions.includes(countryOf(number) ?? "")) return twilioError(21408, to);
  if (account.landlines.includes(to)) return twilioError(21614, to);
  if (account.optedOut.has(to)) return twilioError(21610);
  return null;
}

/** SMS goes to SMS and WhatsApp to WhatsApp. */
export function sameChannel(from: string, to: string): boolean {
  return from.startsWith("whatsapp:") === to.startsWith("whatsapp:");
}

/** An absolute http(s) URL; Twilio allows no underscore in the host name. */
function isCallbackUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && !url.hostname.includes("_");
}
