import { z } from "zod";
import { httpUrl, section, text, wholeNumber } from "./leaves.ts";

/**
 * The settings of `slack({ … })`: questions in Slack, through the Web API. Buttons need a way back: `signingSecret`
 * (Slack calls this server), `appToken` (Socket Mode: this server calls Slack, no port has to be open), or both.
 * With neither, a message has a link to the page alone.
 */
export const slackSchema = section({
  kind: z.literal("slack"),
  /**
   * The app's bot token, which starts with `xoxb-`. Scopes: `chat:write`, `im:write`; to find
   * people by email address, `users:read` and `users:read.email`.
   */
  botToken: text("a bot token, which starts with xoxb-", /^xoxb-[\w-]{1,250}$/),
  /** The app's signing secret: buttons work, once Slack's interactivity request URL leads to this server. */
  signingSecret: text("the app's signing secret, without spaces", /^\S{1,250}$/).exactOptional(),
  /** An app-level token with the scope `connections:write` (starts with `xapp-`): buttons work through Socket Mode. */
  appToken: text("an app-level token, which starts with xapp-", /^xapp-[\w-]{1,250}$/).exactOptional(),
  /** Where the Web API is; another one serves in GovSlack, behind a proxy and in tests. Default `https://slack.com/api`. */
  apiBase: httpUrl.default("https://slack.com/api"),
  /** Whether the end of a question is also told in the message's thread, which notifies its followers. Default false. */
  tellInThread: z.boolean("true or false").default(false),
  /** How long one attempt may take, 1 to 120 s. Default 15. */
  timeoutSeconds: wholeNumber(1, 120).default(15),
  /** How many messages are handed over at the same time, 1 to 100. Default 4. */
  concurrency: wholeNumber(1, 100).default(4),
});

type Settings = z.input<typeof slackSchema>;

/** What `slack({ … })` takes. The types allow undefined, as `process.env.X` may be; the start then refuses it. */
export type SlackSettings = { [Key in keyof Settings as Exclude<Key, "kind">]: Settings[Key] | undefined };

/** A Slack channel, checked, with its defaults. */
export type SlackConfig = Readonly<z.output<typeof slackSchema>>;
