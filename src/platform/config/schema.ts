/**
 * Every setting of `pausepoint.config.ts`: its name, what is allowed, its default. What this version does not read is
 * not here, and is refused: a setting that is accepted and does nothing is a lie. A new section is one key here (and
 * a file of its own once it has more than a few settings, as `twilio.ts`), and its comment in `pausepoint.config.ts`.
 */
import { Cron } from "croner";
import { isSupportedCountry } from "libphonenumber-js";
import { z } from "zod";
import { auditSchema } from "./audit.ts";
import { contrast } from "./contrast.ts";
import { definedSchema } from "./defined.ts";
import { httpGatewaySchema } from "./http-gateway.ts";
import { kannelSchema } from "./kannel.ts";
import { line, named, network, oneOf, origin, phone, section, text, wholeNumber } from "./leaves.ts";
import { listenSchema } from "./listen.ts";
import { metricsSchema } from "./metrics.ts";
import { ntfySchema } from "./ntfy.ts";
import { isTimeZone, limitsSchema, type Plan, plansSchema } from "./plans.ts";
import { shutdownSchema } from "./shutdown.ts";
import { slackSchema } from "./slack.ts";
import { smppSchema } from "./smpp.ts";
import { smtpSchema } from "./smtp.ts";
import { twilioSchema } from "./twilio.ts";
import { whatsappSchema } from "./whatsapp.ts";

const HOURS = "a number above 0 and at most 8760 (a year)";

const mcp = section({
  /** Names, beside those of `baseUrl` and `listen.host`, by which agents reach `/mcp`. Default: none. */
  hosts: z
    .array(text("a host name in lower case, without scheme or port", /^[a-z0-9_.-]{1,253}$/), "an array of host names")
    .default([]),
});

const CHANNEL_NAME = /^[a-z][a-z0-9_-]{0,31}$/;
const CHANNEL_NAME_RULE = "1 to 32 of a-z, 0-9, _ and -, with a letter first";

const person = section({
  /** How this person is called in lists and logs. */
  name: line(100),
  /** The number for texts, in international notation. */
  sms: phone.exactOptional(),
  email: z.email("an email address").exactOptional(),
  /** A Slack user or channel id. */
  slack: text("a Slack user or channel id, such as U012AB3CD", /^[UWCDG][A-Z0-9]{2,30}$/).exactOptional(),
  /** The number for WhatsApp, in international notation. */
  whatsapp: phone.exactOptional(),
  /** An ntfy topic that this person alone knows: whoever knows it can read what is sent to it. */
  push: text("an ntfy topic, 1 to 64 letters, digits, _ and -", /^[\w-]{1,64}$/).exactOptional(),
  /** An address of its own for a channel, by the channel's name; before those above. */
  addresses: named("channel", CHANNEL_NAME, CHANNEL_NAME_RULE, line(200)).exactOptional(),
});

/** `fallback([…], { … })`: several channels, one after the other until one was seen. */
const fallbackSchema = section({
  kind: z.literal("fallback"),
  /** The names of 2 to 5 other channels, in the order they are tried. */
  channels: z
    .array(text("the name of another channel", CHANNEL_NAME), "the names of 2 to 5 other channels")
    .min(2, "the names of 2 to 5 other channels")
    .max(5, "the names of 2 to 5 other channels"),
  /** How long each has, 1 to 1440 minutes, until the next is tried: unless the link was opened. Default 5. */
  afterMinutes: wholeNumber(1, 1_440).default(5),
});

const RETRIES = "0 to 20 whole numbers of seconds, 1 to 86400 each";

/** What a channel's maker returns. The next maker is one more schema in this list. */
const channel = z.discriminatedUnion(
  "kind",
  [
    twilioSchema,
    smppSchema,
    httpGatewaySchema,
    kannelSchema,
    smtpSchema,
    slackSchema,
    whatsappSchema,
    ntfySchema,
    definedSchema,
    fallbackSchema,
  ],
  "what a channel's maker returns: twilio, smpp, httpGateway, kannel, smtp, slack, whatsapp, ntfy, defineChannel or fallback",
);

/** What each maker sends, and the built-in names that say what they send. */
const SENDS: Readonly<Record<string, string>> = {
  twilio: "texts",
  smpp: "texts",
  smtp: "email",
  slack: "Slack messages",
  whatsapp: "WhatsApp messages",
};
const NAMES_SEND: Readonly<Record<string, string>> = {
  sms: "texts",
  email: "email",
  slack: "Slack messages",
  whatsapp: "WhatsApp messages",
};
const ADDRESSES_SEND = {
  phone: "texts",
  email: "email",
  slack: "Slack messages",
  topic: "topics",
  text: "texts to addresses of its own",
} as const;

const channels = named("channel", CHANNEL_NAME, CHANNEL_NAME_RULE, channel).superRefine((configured, context) => {
  const refuse = (path: PropertyKey[], message: string) => context.addIssue({ code: "custom", path, message });
  for (const [name, settings] of Object.entries(configured)) {
    if (name === "outbox") refuse([name], "another name: outbox is where test messages are kept");
    // The address book has one number for WhatsApp, under this name.
    if (settings.kind === "whatsapp" && name !== "whatsapp") refuse([name], "the name whatsapp for whatsapp({ … })");
    const sends = settings.kind === "defined" ? ADDRESSES_SEND[settings.addressKind] : SENDS[settings.kind];
    const needed = NAMES_SEND[name];
    if (needed !== undefined && settings.kind === "fallback") refuse([name], "a channel of its own, not a fallback");
    else if (needed !== undefined && sends !== undefined && sends !== needed)
      refuse([name], `a channel that sends ${needed}: ${makerOf(settings.kind)}({ … }) sends ${sends}`);
    if (settings.kind !== "fallback") continue;
    for (const [index, step] of settings.channels.entries()) {
      const target = Object.hasOwn(configured, step) ? configured[step] : undefined;
      if (target === undefined || target.kind === "fallback")
        refuse([name, "channels", index], "the name of another channel that is configured here, and no fallback");
      else if (settings.channels.indexOf(step) !== index) refuse([name, "channels", index], "each channel once");
    }
  }
});

function makerOf(kind: string): string {
  return kind === "defined" ? "this defineChannel" : kind;
}

const webhooks = section({
  /** Private networks that webhooks may reach, in CIDR notation. Default: none. */
  allowNetworks: z.array(network, "an array of networks in CIDR notation").default([]),
  /** Seconds until each retry, ±20 %; after the last one a delivery has failed. 0 to 20 of 1 to 86400. */
  retrySeconds: z
    .array(wholeNumber(1, 86_400), RETRIES)
    .max(20, RETRIES)
    .default([5, 300, 1_800, 7_200, 18_000, 36_000, 36_000]),
});

/** `--paper` of public/tokens.css. It is a little darker than white, so white on the accent has the contrast too. */
const PAGE = "#f5f4f1";
const ACCENT = `#rrggbb with a contrast of at least 4.5 : 1 with the page, ${PAGE}`;

const contentRetention = {
  /** Days after a pause has ended until its content is erased, 1 to 36500. Default null: it is kept for ever. */
  contentDays: wholeNumber(1, 36_500).nullable().default(null),
};
/** What a project may say: the log is one for all. */
const retentionOfProject = section(contentRetention);
const retention = section({
  ...contentRetention,
  /** Days until an entry of the log is pruned, 1 to 36500, with its pause. Default null: the log is kept for ever. */
  auditDays: wholeNumber(1, 36_500).nullable().default(null),
});

const project = section({
  /** Who asks, on the page and in the text. Default: the project's name. */
  displayName: line(60).exactOptional(),
  /** An inline SVG of at most 4 kB, shown beside the name. Default: none. */
  logo: text(
    "an inline SVG of at most 4096 bytes, <svg …>…</svg>, without script and style, with nothing external",
    isPlainSvg,
  )
    .nullable()
    .default(null),
  /** The page's one accent colour. Default: the page's own. */
  accent: text(ACCENT, (value) => /^#[0-9a-f]{6}$/i.test(value) && contrast(value, PAGE) >= 4.5)
    .nullable()
    .default(null),
  /** The zone that exact times are shown in, an IANA name. Default `UTC`. */
  timeZone: text("the IANA name of a time zone, such as Europe/Berlin", isTimeZone).default("UTC"),
  /** How long this project keeps what it asked. Default: as `retention` says. */
  retention: retentionOfProject.nullable().default(null),
});

const texts = section({
  /** The text message. `{message}` and `{link}` must stand in it, `{project}` may, each once, so that all fits. */
  sms: text(
    "1 to 500 characters with {message} and {link}, perhaps {project}, each once, and no other {…}",
    isTemplate,
  ).default("PausePoint: {message}\n\nAnswer: {link}"),
});

const receipts = section({
  /** How long the receipt of an answer may be used, in hours; fractions are allowed. Default 24. */
  validHours: z.number(HOURS).positive(HOURS).max(8760, HOURS).default(24),
});

const log = section({
  /** The least that is logged: `debug`, `info`, `warn` or `error`. Default `info`. */
  level: oneOf(["debug", "info", "warn", "error"]).default("info"),
  /** `text` for people, `json` for collectors, one object a line; `auto` is text at a terminal, else JSON. Default `text`. */
  format: oneOf(["text", "json", "auto"]).default("text"),
  /** The level at which each request gets a line: `debug` or `info`. Default `debug`. */
  requests: oneOf(["debug", "info"]).default("debug"),
});

const backups = section({
  /** Where they are put; relative to this file. */
  folder: text("the path of a folder", /^[^\0]+$/),
  /** When, as a cron pattern in the machine's own time. Default `0 3 * * *`: each night at three. */
  at: text("a cron pattern, such as 0 3 * * * for each night at three", isCronPattern).default("0 3 * * *"),
  /** How many of the newest are kept, 1 to 1000. Default 14. */
  keep: wholeNumber(1, 1_000).default(14),
  /** A file with an age key or a passphrase, which they are encrypted with; relative to this file. Default: none. */
  keyFile: text("the path of a file", /^[^\0]+$/)
    .nullable()
    .default(null),
});

const NAME = /^[a-z0-9][a-z0-9_.-]{0,62}$/i;
const NAME_RULE = "1 to 63 of letters, digits, _, . and -, with a letter or digit first";

/** The whole file. */
export const configSchema = section({
  /** What links start with, as people reach this server from outside. Default: the address it listens on. */
  baseUrl: origin.exactOptional(),
  listen: listenSchema.prefault({}),
  /** The folder of the database and the generated secrets; relative to this file. Default `./.pausepoint`. */
  dataDir: text("the path of a folder", /^[^\0]+$/).default("./.pausepoint"),
  /** The country of phone numbers that are given without one, ISO 3166-1 alpha-2. Default `US`. */
  defaultRegion: text("a country as two capital letters (ISO 3166-1), such as US", isSupportedCountry).default("US"),
  /** How long a pause waits if its request does not say; fractions are allowed. Default 24. */
  timeoutHours: z.number(HOURS).positive(HOURS).max(8760, HOURS).default(24),
  /** Who can be asked by name: `@cfo`. */
  people: named("person", NAME, NAME_RULE, person).default({}),
  /** What a request's `channel` stands for. Once given, live keys no longer use the outbox. */
  channels: channels.optional(),
  /** What is told to other programs. While it is absent, webhooks to this machine are allowed too. */
  webhooks: webhooks.optional(),
  /** How each project appears to the people it asks. */
  projects: named("project", NAME, NAME_RULE, project).default({}),
  /** Backups that the server makes by itself. While it is absent, it makes none. */
  backups: backups.optional(),
  /** What a key made with `keys create --plan` may do, by name; beside and over those that are built in. */
  plans: plansSchema.default({}),
  /** What holds for every live key. */
  limits: limitsSchema.prefault({}),
  receipts: receipts.prefault({}),
  /** How long the content of pauses is kept. Default: for ever. */
  retention: retention.prefault({}),
  texts: texts.prefault({}),
  /** Who witnesses the audit log, and where its checkpoints are kept. */
  audit: auditSchema.prefault({}),
  /** Where MCP over HTTP is asked for. */
  mcp: mcp.prefault({}),
  /** Where Prometheus reads. While it is absent, nobody does. */
  metrics: metricsSchema.optional(),
  log: log.prefault({}),
  /** How the server stops. */
  shutdown: shutdownSchema.prefault({}),
}).superRefine(({ people, plans, channels = {} }, context) => {
  for (const [name, { channels: allowed }] of Object.entries(plans)) {
    for (const [index, channel] of (allowed ?? []).entries()) {
      if (Object.hasOwn(NAMES_SEND, channel) || Object.hasOwn(channels, channel)) continue;
      const message = `${Object.keys(NAMES_SEND).join(", ")} or the name of a channel that is configured`;
      context.addIssue({ code: "custom", path: ["plans", name, "channels", index], message });
    }
  }
  for (const [name, { addresses = {} }] of Object.entries(people)) {
    for (const channel of Object.keys(addresses)) {
      const kind = Object.hasOwn(channels, channel) ? channels[channel]?.kind : undefined;
      if (kind !== undefined && kind !== "fallback") continue;
      const message = "the name of a channel that is configured, and no fallback";
      context.addIssue({ code: "custom", path: ["people", name, "addresses", channel], message });
    }
  }
});

/** What `defineConfig` takes: every setting may be left out. */
export type ConfigInput = z.input<typeof configSchema>;

type Checked = z.output<typeof configSchema>;

/** The configuration as the appliance uses it: checked, every default filled in, frozen to the last leaf. */
export type Config = Immutable<
  Omit<Checked, "baseUrl" | "channels" | "webhooks" | "projects" | "plans"> & {
    /** An origin without a closing slash: `https://approve.example.com`. */
    baseUrl: string;
    /** As in the file, else the defaults of a file that says `webhooks: {}`. */
    webhooks: z.output<typeof webhooks>;
    /** By name; only those in the file. {@link projectAppearance} answers for all. */
    projects: Record<string, ProjectConfig>;
    /** By name; those of the file over those that are built in. */
    plans: Record<string, Plan>;
  }
> & {
  /** By name; empty when none is configured. */
  readonly channels: Readonly<Record<string, ChannelConfig>>;
};

/** The section's defaults, for a file without it. */
export const webhookDefaults = webhooks.parse({});

/** A configured channel, told apart by `kind`. */
export type ChannelConfig = Readonly<z.output<typeof channel>>;
export type ProjectConfig = Immutable<Required<z.output<typeof project>>>;

/** How a project appears, whether the file names it or not. */
export function projectAppearance(config: Pick<Config, "projects">, name: string): ProjectConfig {
  return config.projects[name] ?? withDisplayName(name, project.parse({}));
}

/** Days after the end of a pause until its content is erased; null: never. */
export function contentDays(
  config: Pick<Config, "projects"> & { readonly retention: Pick<Config["retention"], "contentDays"> },
  project: string,
): number | null {
  return (config.projects[project]?.retention ?? config.retention).contentDays;
}

/** The fewest days that six months have. */
const SIX_MONTHS = 183;

/** What an operator should know of the time that the log is kept, or null: a sentence without its full stop. */
export function auditDaysCaution({ retention: { auditDays } }: Pick<Config, "retention">): string | null {
  if (auditDays === null || auditDays >= SIX_MONTHS) return null;
  return `the log is kept for less than ${SIX_MONTHS} days: Articles 19 and 26(6) of the EU AI Act ask for at least six months`;
}

/** A project is called by its own name; the one that nobody named is called PausePoint. */
export function withDisplayName(name: string, settings: z.output<typeof project>): ProjectConfig {
  return { ...settings, displayName: settings.displayName ?? (name === "default" ? "PausePoint" : name) };
}

type Immutable<T> = T extends string | number | boolean | null | undefined
  ? T
  : { readonly [Key in keyof T]: Immutable<T[Key]> };

function isCronPattern(pattern: string): boolean {
  try {
    return new Cron(pattern, { paused: true }).nextRun() !== null;
  } catch {
    return false;
  }
}

function isTemplate(template: string): boolean {
  const placeholders: string[] = template.match(/\{[^{}]*\}/g) ?? [];
  return (
    template.length <= 500 &&
    ["{message}", "{link}"].every((needed) => placeholders.includes(needed)) &&
    new Set(placeholders).size === placeholders.length &&
    placeholders.every((placeholder) => ["{message}", "{link}", "{project}"].includes(placeholder))
  );
}

/** The operator is trusted; what is refused here, the page's Content-Security-Policy would block or draw wrong. */
function isPlainSvg(svg: string): boolean {
  const markup = svg.trim();
  return (
    Buffer.byteLength(svg) <= 4096 &&
    /^<svg[\s>].*<\/svg>$/s.test(markup) &&
    !/<(script|style|foreignObject|image)\b|\s(on\w+|style)\s*=|javascript:/i.test(markup) &&
    !/\b(href|src)\s*=\s*["']?(?!#)[^"'\s]|url\(\s*["']?(?!#)[^"'\s]/i.test(markup)
  );
}
