import { z } from "zod";
import { proxyUrl, tlsSchema } from "./http-gateway.ts";
import { httpUrl, oneOf, section, text, wholeNumber } from "./leaves.ts";

/** The settings of `ntfy({ … })`: push notifications through an own ntfy server. */
export const ntfySchema = section({
  kind: z.literal("ntfy"),
  /** The server: `https://ntfy.example.com`. */
  url: httpUrl,
  /** An access token (`tk_…`). Give it, or `user` with `password`, or none where everybody may write. */
  token: text("printable ASCII that is not empty", /^[!-~]+$/).exactOptional(),
  user: text("a user without a colon", /^[^:\r\n]+$/).exactOptional(),
  password: text("a string that is not empty, without line breaks", /^[^\r\n]+$/).exactOptional(),
  /** How the phone is to make itself heard. Default `high`. */
  priority: oneOf(["min", "low", "default", "high", "max"]).default("high"),
  tls: tlsSchema.prefault({}),
  /** An HTTP proxy on the way. Default: `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` of the environment. */
  proxy: proxyUrl.exactOptional(),
  /** Whether those who were asked are told when somebody else answers or the question is withdrawn. Default true. */
  tellWhenOver: z.boolean("true or false").default(true),
  /** How long one attempt may take, 1 to 120 s. Default 15. */
  timeoutSeconds: wholeNumber(1, 120).default(15),
  /** How many notifications are handed over at the same time, 1 to 100. Default 4. */
  concurrency: wholeNumber(1, 100).default(4),
}).superRefine(({ token, user, password }, context) => {
  const refuse = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
  if (token !== undefined && user !== undefined) refuse("token", "token, or user with password, not both");
  if (user !== undefined && password === undefined) refuse("password", "the password that belongs to user");
  if (user === undefined && password !== undefined) refuse("user", "the user that belongs to password");
});

type Settings = z.input<typeof ntfySchema>;

/** What `ntfy({ … })` takes. The types allow undefined, as `process.env.X` may be; the start then refuses it. */
export type NtfySettings = { [Key in keyof Settings as Exclude<Key, "kind">]: Settings[Key] | undefined };

/** An ntfy channel, checked, with its defaults. */
export type NtfyConfig = Readonly<z.output<typeof ntfySchema>>;
