import { z } from "zod";
import { httpUrl, oneOf, section, text, wholeNumber } from "./leaves.ts";
import { checkCredentials, twilioCredentials } from "./twilio.ts";

const contentSid = text("the content SID of an approved template, which starts with HX", /^HX\w{1,64}$/);

/** WhatsApp shows no more of a button's title. */
const LONGEST_TITLE = 20;
const TITLES = "2 or 3 different options, each of 1 to 20 characters, as the template's buttons are titled";

const titled = section({
  /** The titles of the template's buttons, in their order. A question with exactly these options is asked with it. */
  options: z
    .array(
      text(TITLES, (value) => value.trim() === value && value !== "" && [...value].length <= LONGEST_TITLE),
      TITLES,
    )
    .min(2, TITLES)
    .max(3, TITLES)
    .refine((options) => new Set(options).size === options.length, TITLES),
  contentSid,
});

/**
 * The settings of `whatsapp({ … })`: questions on WhatsApp, through Twilio's REST API. The texts that the templates must
 * have, and what stands in which of their variables: docs/channels.md.
 */
export const whatsappSchema = section({
  kind: z.literal("whatsapp"),
  ...twilioCredentials,
  /** The WhatsApp sender, a number in E.164 (`+13125550100`), without `whatsapp:`. Give it, or `messagingServiceSid`. */
  from: text("the number of a WhatsApp sender, as +13125550100", /^\+[1-9]\d{6,14}$/).exactOptional(),
  /** Templates that WhatsApp has approved: nobody can be written to first without one. */
  templates: section({
    /** Asks with the link alone: for what no other template fits. */
    link: contentSid,
    /** Ask with buttons that are titled as the options. Default: none. */
    titled: z.array(titled, "an array of { options, contentSid }").default([]),
    /** Asks with two buttons, titled 1 and 2. Default: none; two options are asked with the link alone. */
    two: contentSid.exactOptional(),
    /** Asks with three buttons, titled 1, 2 and 3. Default: none. */
    three: contentSid.exactOptional(),
    /** Tells that a question is over, where `tellWhenOver` is set. Default: told only to who wrote within 24 hours. */
    over: contentSid.exactOptional(),
  }),
  /**
   * What a message that someone writes back can do: `code` answers the question whose code it holds, `open` may leave
   * the code out while one question alone waits for that number, `off` answers nothing. Buttons work in any case.
   * Default `code`.
   */
  replies: oneOf(["off", "code", "open"]).default("code"),
  /** Where the API is; another one serves behind a proxy of your own and in tests. Default `https://api.twilio.com`. */
  apiBase: httpUrl.default("https://api.twilio.com"),
  /** Whether those who were asked are told when somebody else answers or the question is withdrawn. Default false. */
  tellWhenOver: z.boolean("true or false").default(false),
  /** How long one attempt may take, 1 to 120 s. Default 15. */
  timeoutSeconds: wholeNumber(1, 120).default(15),
  /** How many messages are handed over at the same time, 1 to 100. Default 8. */
  concurrency: wholeNumber(1, 100).default(8),
}).superRefine(checkCredentials);

type Settings = z.input<typeof whatsappSchema>;

/** What `whatsapp({ … })` takes. The types allow undefined, as `process.env.X` may be; the start then refuses it. */
export type WhatsAppSettings = { [Key in keyof Settings as Exclude<Key, "kind">]: Settings[Key] | undefined };

/** A WhatsApp channel, checked, with its defaults. */
export type WhatsAppConfig = Readonly<z.output<typeof whatsappSchema>>;
