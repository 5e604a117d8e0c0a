/** `plans: { … }`, what the operator lets a key do, and `limits: { … }`, what holds for every key. */
import { z } from "zod";
import { named, section, text, wholeNumber } from "./leaves.ts";

const HOURS = "a number above 0 and at most 8760 (a year)";
const CHANNELS = "an array of at least one channel's name, each once";

/** A name that a key is given with `keys create --plan`. */
const NAME = /^[a-z0-9][a-z0-9_.-]{0,62}$/i;
const NAME_RULE = "1 to 63 of letters, digits, _, . and -, with a letter or digit first";

const plan = section({
  /** How many pauses a key may create in a calendar month, 1 to 1000000000; test pauses count too. Default null: any. */
  pausesPerMonth: wholeNumber(1, 1_000_000_000).nullable().default(null),
  /** What a request's `channel` may be. Default null: every channel. */
  channels: z
    .array(text("a channel's name", /^[a-z][a-z0-9_-]{0,31}$/), CHANNELS)
    .min(1, CHANNELS)
    .refine((list) => new Set(list).size === list.length, CHANNELS)
    .nullable()
    .default(null),
  /** The longest `timeout_hours`, and the default where that is longer. Default null: as long as the API allows. */
  maxTimeoutHours: z.number(HOURS).positive(HOURS).max(8760, HOURS).nullable().default(null),
  /** Whether a key may set a `webhook_url` and make webhooks. Default true. */
  webhooks: z.boolean("true or false").default(true),
});

/** The plans of the file, by name. */
export const plansSchema = named("plan", NAME, NAME_RULE, plan);

/** `limits: { … }`. The rate limits hold for live keys alone. */
export const limitsSchema = section({
  /** The zone in which a plan's month begins, an IANA name. Default `UTC`. */
  timeZone: text("the IANA name of a time zone, such as Europe/Berlin", isTimeZone).default("UTC"),
  /** How many requests a live key may send in a second, 1 to 100000; as many at once. Default 100; null: any. */
  requestsPerSecond: wholeNumber(1, 100_000).nullable().default(100),
  /** How many messages one recipient may get within an hour, of all live keys, 1 to 1000. Default 20; null: any. */
  messagesPerHour: wholeNumber(1, 1_000).nullable().default(20),
  /** How many requests without a valid key one address may send in a minute, 1 to 100000. Default 60; null: any. */
  unknownKeysPerMinute: wholeNumber(1, 100_000).nullable().default(60),
});

/** What a plan allows, checked, with its defaults. */
export type Plan = Readonly<Omit<z.output<typeof plan>, "channels">> & { readonly channels: readonly string[] | null };

/** Plans that are there without a line in the file. One of the file takes the place of its namesake here, whole. */
export const builtInPlans: Readonly<Record<string, Plan>> = {
  free: { pausesPerMonth: 50, channels: ["sms"], maxTimeoutHours: 24, webhooks: false },
  pro: { pausesPerMonth: 5_000, channels: ["sms", "email", "slack"], maxTimeoutHours: 720, webhooks: true },
};

/** Whether `Intl` knows an IANA name; offsets such as `+02:00`, which it knows too, are none. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return /^[A-Za-z]/.test(name);
  } catch {
    return false;
  }
}
