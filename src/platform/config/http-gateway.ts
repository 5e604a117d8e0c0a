import { isSupportedCountry } from "libphonenumber-js";
import { z } from "zod";
import { httpUrl, network, oneOf, section, text, wholeNumber } from "./leaves.ts";
import { certificates, hostName, privateKey } from "./tls.ts";

/** What a body's function is given, and what placeholders stand for. */
export interface GatewayMessage {
  /** The number in the spelling of `phoneFormat`. */
  readonly to: string;
  /** The sender in `from`, or an empty string. */
  readonly from: string;
  /** The whole text with its link. */
  readonly text: string;
  readonly link: string;
  /** The same over all attempts at one message. */
  readonly id: string;
  /** Whole seconds that the question is still open; null for no end. */
  readonly ttlSeconds: number | null;
  /** The same in whole minutes, at least 1. */
  readonly ttlMinutes: number | null;
  readonly segments: number;
  readonly encoding: "GSM-7" | "UCS-2";
  /** Where the gateway can report what became of the message; null where nothing would be believed. */
  readonly receiptUrl: string | null;
}

/** A value as JSON knows it. In its texts `{{to}}` and so on stand for what {@link GatewayMessage} holds. */
export type Shape = string | number | boolean | null | readonly Shape[] | { readonly [name: string]: Shape };
export type BodyFunction = (message: GatewayMessage) => unknown;

/** The names that may stand in `{{…}}`. */
export const PLACEHOLDERS = [
  ...["to", "from", "text", "link", "id", "ttlSeconds", "ttlMinutes", "segments", "encoding", "receiptUrl"],
] as readonly (keyof GatewayMessage & string)[];

const KNOWN = `text in which only {{${PLACEHOLDERS.join("}}, {{")}}} stand for something`;
const NEVER_IN_HEADERS = ["text", "link"];

const isTemplate = (value: string, banned: readonly string[] = []) =>
  [...value.matchAll(/\{\{([^{}]*)\}\}/g)].every(
    ([, name = ""]) => PLACEHOLDERS.some((known) => known === name) && !banned.includes(name),
  );

const template = text(KNOWN, (value) => isTemplate(value));
/** RFC 9110, section 5.1: a token. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const header = text(
  "printable ASCII, without line breaks, in which {{to}}, {{from}}, {{id}} and numbers may stand, but not {{text}} or {{link}}",
  (value) => /^[ -~]*$/.test(value) && isTemplate(value, NEVER_IN_HEADERS),
);
/** What no header may be called here, because the exchange itself writes it. */
const RESERVED = /^(?:host|content-length|transfer-encoding|connection|upgrade|te|trailer)$/i;
const headerName = text(
  "the name of a header that the exchange does not write itself",
  (name) => HEADER_NAME.test(name) && !RESERVED.test(name),
);

const headers = z.record(headerName, header, {
  error: (issue) => (issue.code === "invalid_key" ? "header names" : "an object with one entry for each header"),
});

const isShape = (value: unknown): boolean => {
  if (typeof value === "string") return isTemplate(value);
  if (value === null || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value)))
    return true;
  if (Array.isArray(value)) return value.every(isShape);
  return typeof value === "object" && Object.values(value).every(isShape);
};

const SHAPE = `a function or a value as in JSON; in its texts {{${PLACEHOLDERS.join("}}, {{")}}} and no others`;
const shape = z.custom<Shape | BodyFunction>((value) => typeof value === "function" || isShape(value), SHAPE);

const body = z.union(
  [
    z.custom<BodyFunction>((value) => typeof value === "function"),
    section({ json: shape }),
    section({ form: shape }),
    section({ xml: shape }),
  ],
  "a function, { json: … }, { form: … } or { xml: … }, whose texts hold no unknown {{…}}",
);

const secret = text("a string that is not empty, without line breaks", /^[^\r\n]+$/);
const ascii = text("printable ASCII that is not empty", /^[!-~]+$/);

const auth = z.discriminatedUnion(
  "type",
  [
    /** RFC 7617. */
    section({ type: z.literal("basic"), user: text("a user without a colon", /^[^:\r\n]+$/), password: secret }),
    /** RFC 6750. */
    section({ type: z.literal("bearer"), token: ascii }),
    /** A key in a header of the vendor's. */
    section({ type: z.literal("header"), name: headerName, value: text("printable ASCII", /^[ -~]+$/) }),
    /** RFC 6749, section 4.4: a token is fetched, kept while it is good and fetched again when it is refused. */
    section({
      type: z.literal("oauth2"),
      tokenUrl: httpUrl,
      clientId: secret,
      clientSecret: secret,
      scope: text("scopes with spaces between", /^[!-~]+(?: [!-~]+)*$/).exactOptional(),
      /** Where the client's own credentials stand. Default `header` (RFC 6749, section 2.3.1). */
      credentialsIn: oneOf(["header", "body"]).default("header"),
    }),
    /** A signature over the body (RFC 2104), with the time before it where a `timestampHeader` is named. */
    section({
      type: z.literal("hmac"),
      secret,
      header: headerName.default("X-Signature"),
      algorithm: oneOf(["sha256", "sha512", "sha1"]).default("sha256"),
      encoding: oneOf(["hex", "base64"]).default("hex"),
      /** What stands before the signature, such as `sha256=`. */
      prefix: text("printable ASCII", /^[ -~]*$/).default(""),
      /** A header that gets the Unix time in seconds; what is signed is then `<time>.<body>`. */
      timestampHeader: headerName.exactOptional(),
    }),
  ],
  'an object whose type is "basic", "bearer", "header", "oauth2" or "hmac"',
);

/** What a connection of our own may need beside an address. */
export const tlsSchema = section({
  /** Certificates of the authorities that sign the peer's own, in PEM; they stand in place of the public ones. */
  ca: certificates.exactOptional(),
  /** This client's own certificate, in PEM, where the peer asks for one. */
  cert: certificates.exactOptional(),
  /** The private key of `cert`, in PEM, without a passphrase. */
  key: privateKey.exactOptional(),
  /** The name that the peer's certificate must hold. Default: the host in `url`. */
  serverName: hostName.exactOptional(),
}).superRefine(({ cert, key }, context) => {
  const refuse = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
  if (cert !== undefined && key === undefined) refuse("key", "the private key that belongs to cert");
  if (cert === undefined && key !== undefined) refuse("cert", "the certificate that belongs to key");
});

/** A proxy of the operator's own (RFC 9110, section 7.3.2), perhaps with user and password. */
export const proxyUrl = text("http://host:port or https://host:port, perhaps with user:password@", (value) => {
  const url = URL.parse(value);
  return url !== null && /^https?:$/.test(url.protocol) && /^\/?$/.test(url.pathname) && !/[?#\s]/.test(value);
});

const path = text("names and places with dots between, such as messages.0.id", /^[^.\s]+(?:\.[^.\s]+)*$/);
const pattern = z
  .union([z.string(), z.instanceof(RegExp)], "a regular expression")
  .refine((value) => isPattern(value), "a regular expression")
  .transform((value) => ({
    source: typeof value === "string" ? value : value.source,
    // What makes a pattern remember where it was has no place in a rule.
    flags: typeof value === "string" ? "u" : value.flags.replace(/[gy]/g, ""),
  }));

/** Holds for an answer for which all that is given holds. */
const rule = section({
  /** One of these HTTP statuses. */
  status: z.array(wholeNumber(100, 599), "an array of HTTP statuses").exactOptional(),
  /** The body matches this regular expression. */
  bodyMatches: pattern.exactOptional(),
  /** With `is`: what stands there in a JSON body is one of these values, compared as text. */
  path: path.exactOptional(),
  is: z
    .array(z.union([z.string(), z.number(), z.boolean()]), "an array of texts, numbers, true and false")
    .exactOptional(),
}).superRefine((given, context) => {
  if ((given.path === undefined) !== (given.is === undefined))
    context.addIssue({ code: "custom", path: ["is"], message: "path and is together" });
  if (Object.keys(given).length === 0)
    context.addIssue({
      code: "custom",
      path: ["status"],
      message: "at least one of status, bodyMatches, path with is",
    });
});

const rules = z.array(rule, "an array of rules { status, bodyMatches, path, is }").default([]);

const statuses = z.array(z.string(), "an array of the gateway's own words").default([]);

const receipts = section({
  /** Where the gateway's id of the message stands. Not needed where it calls the address in `{{receiptUrl}}`. */
  idPath: path.exactOptional(),
  /** Where its status stands. */
  statusPath: path,
  /** Where the receipts stand in a body that brings several. */
  listPath: path.exactOptional(),
  /** The gateway's words, in any case, for a message that arrived, */
  delivered: statuses,
  /** for one that never will, */
  failed: statuses,
  /** and for one that is on its way. Others change nothing. */
  sent: statuses,
});

const inbound = section({
  /** Where the sender's number stands. */
  fromPath: path,
  textPath: path,
  /** Where the gateway's id of the text stands, so that one that is told twice counts once. */
  idPath: path.exactOptional(),
  listPath: path.exactOptional(),
  /** How the words for the person go back: as a `message` through the gateway, as the `body` of our answer, or not. */
  answer: oneOf(["message", "body", "none"]).default("message"),
});

/** Who may call `/hooks/<name>/receipt` and `/inbound`. What is given must all hold. */
export const hooksSchema = section({
  /** Stands behind the path (`receipt-SECRET`), in `?secret=`, or in the header `x-pausepoint-secret`. */
  secret: text("16 to 128 letters, digits, _ and -", /^[\w-]{16,128}$/).exactOptional(),
  /** The networks that the gateway calls from. */
  allowFrom: z.array(network, "an array of networks in CIDR notation").min(1, "at least one network").exactOptional(),
  /** This server's address as the gateway reaches it. Default: `baseUrl`. */
  base: httpUrl.exactOptional(),
}).superRefine(({ secret, allowFrom }, context) => {
  if (secret === undefined && allowFrom === undefined)
    context.addIssue({ code: "custom", path: ["secret"], message: "secret, allowFrom or both" });
});

/** Settings that every channel of texts over HTTP has. */
export const textSettings = {
  tls: tlsSchema.prefault({}),
  /** An HTTP proxy on the way. Default: `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` of the environment. */
  proxy: proxyUrl.exactOptional(),
  /**
   * What a text that someone writes back can do: `code` answers the question whose code it holds, `open` may leave the
   * code out while one question alone waits for that number, `off` answers nothing. Default `code`.
   */
  replies: oneOf(["off", "code", "open"]).default("code"),
  /** How many segments a text may take, 1 to 10, where the message can be shortened to it. Default 2. */
  maxSegments: wholeNumber(1, 10).default(2),
  /** Whether Latin letters may lose accents that the GSM alphabet does not have. Default false. */
  transliterate: z.boolean("true or false").default(false),
  /** Whether those who were asked get a text when somebody else answers or the question is withdrawn. Default false. */
  tellWhenOver: z.boolean("true or false").default(false),
  /** How long one attempt may take, 1 to 120 s. Default 15. */
  timeoutSeconds: wholeNumber(1, 120).default(15),
  /** How many texts are handed over at the same time, 1 to 100. Default 4. */
  concurrency: wholeNumber(1, 100).default(4),
} as const;

/** How numbers are written for the gateway, and read when it tells one. */
export const phoneSettings = {
  /** `+4930…`, `4930…`, `004930…`, or as within `country`. Default `e164`. */
  phoneFormat: oneOf(["e164", "without-plus", "00", "national"]).default("e164"),
  /** The country of `national` numbers, ISO 3166-1 alpha-2. */
  country: text("a country as two capital letters (ISO 3166-1), such as GB", isSupportedCountry).exactOptional(),
} as const;

/** The settings of `httpGateway({ … })`: texts through any gateway that takes an HTTP request. */
export const httpGatewaySchema = section({
  kind: z.literal("httpGateway"),
  /** Where the request goes; what varies stands in `query` and `body`. */
  url: httpUrl,
  method: oneOf(["POST", "GET", "PUT"]).default("POST"),
  query: z.record(z.string().min(1), template, "an object with one text for each parameter").default({}),
  headers: headers.default({}),
  /** A function's value is sent as JSON. Default: none. */
  body: body.exactOptional(),
  /** The sender, for `{{from}}`. */
  from: text("at most 30 printable characters", /^[ -~]{1,30}$/).exactOptional(),
  ...phoneSettings,
  auth: auth.exactOptional(),
  /** A header that gets the message's id, so that a gateway that knows it sends a repeated one once. */
  idempotencyHeader: headerName.exactOptional(),
  /**
   * What is a success. A rule without a status holds for every 2xx. Default: status 200, 201, 202 or 204, unless it is a
   * web page that answers.
   */
  success: rule.exactOptional(),
  /** What will never be taken; looked at first. */
  permanent: rules,
  /** What is worth a retry; looked at after `permanent`. */
  retry: rules,
  /** Where the gateway's id of the message stands: in the JSON answer, in a header, or as a pattern's first group. */
  messageId: section({
    path: path.exactOptional(),
    header: headerName.exactOptional(),
    pattern: pattern.exactOptional(),
  }).exactOptional(),
  hooks: hooksSchema.exactOptional(),
  receipts: receipts.exactOptional(),
  inbound: inbound.exactOptional(),
  ...textSettings,
}).superRefine((settings, context) => {
  const refuse = (where: string, message: string) => context.addIssue({ code: "custom", path: [where], message });
  const { method, body, phoneFormat, country, hooks, receipts, inbound, auth, headers } = settings;
  if (method === "GET" && body !== undefined) refuse("body", "nothing with GET; use query");
  if (phoneFormat === "national" && country === undefined)
    refuse("country", 'the country of the numbers, such as GB, since phoneFormat is "national"');
  if ((receipts ?? inbound) !== undefined && hooks === undefined)
    refuse("hooks", "{ secret } or { allowFrom }, since receipts or inbound are given");
  if (auth !== undefined && Object.keys(headers).some((name) => name.toLowerCase() === "authorization"))
    refuse("headers", "no Authorization beside auth");
});

type Settings = z.input<typeof httpGatewaySchema>;

/** What `httpGateway({ … })` takes. The types allow undefined, as `process.env.X` may be; the start then refuses it. */
export type HttpGatewaySettings = { [Key in keyof Settings as Exclude<Key, "kind">]: Settings[Key] | undefined };

/** An HTTP gateway, checked, with its defaults. */
export type HttpGatewayConfig = Readonly<z.output<typeof httpGatewaySchema>>;
export type Rule = z.output<typeof rule>;
export type HooksConfig = z.output<typeof hooksSchema>;
export type GatewayAuth = z.output<typeof auth>;
export type TlsConfig = z.output<typeof tlsSchema>;

function isPattern(value: string | RegExp): boolean {
  try {
    if (typeof value === "string") new RegExp(value, "u");
    return true;
  } catch {
    return false;
  }
}
