/**
 * What `import { defineConfig, twilio } from "pausepoint/config"` gives. Both return what they are given: the values
 * are checked when the appliance starts, so that every mistake is told at once, with its path.
 */
import type { ConfigInput } from "./schema.ts";
import type { TwilioSettings } from "./twilio.ts";

export type { ConfigInput, TwilioSettings };

/**
 * The configuration; the default export of `pausepoint.config.ts`.
 *
 * @example
 * export default defineConfig({
 *   baseUrl: "https://approve.example.com",
 *   people: { cfo: { name: "Chief Financial Officer", sms: "+13128471928" } },
 * });
 */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config;
}

/**
 * A channel that sends texts through Twilio.
 *
 * @example
 * channels: {
 *   sms: twilio({ accountSid: "AC…", authToken: process.env.TWILIO_AUTH_TOKEN, from: "+13125550100" }),
 * }
 */
export function twilio(settings: TwilioSettings): TwilioChannel {
  return { ...settings, kind: "twilio" } as TwilioChannel;
}

type TwilioChannel = NonNullable<ConfigInput["channels"]>[string];
