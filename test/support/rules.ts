import type { AskingRules } from "../../src/pauses/pauses.ts";

/** What may be asked where nothing is configured. */
export const unconfigured: AskingRules = {
  people: {},
  defaultRegion: "US",
  timeoutHours: 24,
  channels: { any: false, addressKinds: {}, fallbacks: {} },
  takesReplies: () => false,
  checkWebhookUrl: (url) => ({ url }),
};
