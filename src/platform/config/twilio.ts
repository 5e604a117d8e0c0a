import { isSupportedCountry } from "libphonenumber-js";
import { z } from "zod";
import { httpUrl, named, oneOf, section, text, wholeNumber } from "./leaves.ts";

const CREDENTIALS = "authToken, or apiKey with apiSecret";
const SENDER = "from, or messagingServiceSid";

const sender = text(
  "a number as +13125550100, a short code of 3 to 8 digits, or a name of at most 11 letters, digits and spaces",
  /^(\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11})$/,
);

const NO_COUNTRY = "senders for countries with phone numbers (ISO 3166-1), such as GB";

/** Whom Twilio knows us by: what every channel through it has. {@link checkCredentials} looks at them together. */
export const twilioCredentials = {
  /** The account the texts are billed to: the SID that starts with `AC`. */
  accountSid: text("an account SID, which starts with AC", /^AC\w{1,64}$/),
  /**
   * The account's auth token. Twilio signs what it tells us with it, so that without it there are no receipts and no
   * replies. Give it, or `apiKey` with `apiSecret`, or all three: then texts are sent with the key.
   */
  authToken: text("a string that is not empty", /\S/).exactOptional(),
  /** The SID of an API key (starts with `SK`): texts are sent with it in place of the auth token. */
  apiKey: text("the SID of an API key, which starts with SK", /^SK\w{1,64}$/).exactOptional(),
  /** The secret of `apiKey`. */
  apiSecret: text("a string that is not empty", /\S/).exactOptional(),
  /** A messaging service (starts with `MG`) that chooses the sender. */
  messagingServiceSid: text("the SID of a messaging service, which starts with MG", /^MG\w{1,64}$/).exactOptional(),
};

/** The settings of `twilio({ … })`: texts through Twilio's REST API (Messages resource, 2010-04-01). */
export const twilioSchema = section({
  kind: z.literal("twilio"),
  ...twilioCredentials,
  /** The sender: a number in E.164 (`+13125550100`), a short code or a name. Give it, or `messagingServiceSid`. */
  from: sender.exactOptional(),
  /** A sender of its own for recipients of a country (ISO 3166-1 alpha-2): `{ GB: "+447700900123", FR: "ACME" }`. */
  senders: named("country", /^[A-Z]{2}$/, "two capital letters (ISO 3166-1), such as GB", sender).default({}),
  /**
   * What a text that someone writes back can do: `code` answers the question whose code it holds, `open` may leave the
   * code out while one question alone waits for that number, `off` answers nothing. Default `code`.
   */
  replies: oneOf(["off", "code", "open"]).default("code"),
  /** How many segments a text may take, 1 to 10, where the message can be shortened to it. Default 2. */
  maxSegments: wholeNumber(1, 10).default(2),
  /** Where the API is; another one serves behind a proxy of your own and in tests. Default `https://api.twilio.com`. */
  apiBase: httpUrl.default("https://api.twilio.com"),
  /** Whether those who were asked get a text when somebody else answers or the question is withdrawn. Default false. */
  tellWhenOver: z.boolean("true or false").default(false),
  /** How long one attempt may take, 1 to 120 s. Default 15. */
  timeoutSeconds: wholeNumber(1, 120).default(15),
  /** How many texts are handed over at the same time, 1 to 100. Default 8. */
  concurrency: wholeNumber(1, 100).default(8),
}).superRefine((settings, context) => {
  checkCredentials(settings, context);
  for (const country of Object.keys(settings.senders)) {
    if (!isSupportedCountry(country))
      context.addIssue({ code: "custom", path: ["senders", country], message: NO_COUNTRY });
  }
});

/** Whether there is one way to log in and one sender, in settings that begin with {@link twilioCredentials}. */
export function checkCredentials(
  settings: Partial<Readonly<Record<"authToken" | "apiKey" | "apiSecret" | "from" | "messagingServiceSid", string>>>,
  context: z.core.$RefinementCtx,
): void {
  const refuse = (key: string, message: string) => context.addIssue({ code: "custom", path: [key], message });
  const { authToken, apiKey, apiSecret, from, messagingServiceSid } = settings;
  if (authToken === undefined && apiKey === undefined) refuse("authToken", `${CREDENTIALS}: one of the two is needed`);
  if (apiKey !== undefined && apiSecret === undefined) refuse("apiSecret", "the secret that belongs to apiKey");
  if (apiKey === undefined && apiSecret !== undefined) refuse("apiSecret", "nothing, unless there is an apiKey");
  if (from === undefined && messagingServiceSid === undefined) refuse("from", `${SENDER}: one of the two is needed`);
  if (from !== undefined && messagingServiceSid !== undefined) refuse("messagingServiceSid", `${SENDER}, not both`);
}

type Settings = z.input<typeof twilioSchema>;

/** What `twilio({ … })` takes. The types allow undefined, as `process.env.X` may be; the start then refuses it. */
export type TwilioSettings = { [Key in keyof Settings as Exclude<Key, "kind">]: Settings[Key] | undefined };

/** The account that a request is made with. */
export type TwilioAccount = Pick<
  TwilioConfig,
  "accountSid" | "authToken" | "apiKey" | "apiSecret" | "apiBase" | "timeoutSeconds"
>;

/** A Twilio channel, checked, with its defaults. */
export type TwilioConfig = Readonly<z.output<typeof twilioSchema>>;
