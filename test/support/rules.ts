import type { Allowance } from "../../src/pauses/create.ts";
import type { AskingRules } from "../../src/pauses/pauses.ts";
import { monthsIn } from "../../src/platform/months.ts";

/** As many pauses and messages as one likes. */
export const withoutEnd: Allowance = { pausesPerMonth: null, monthAt: monthsIn("UTC"), messagesPerHour: null };

/** What may be asked where nothing is configured. */
export const unconfigured: AskingRules = {
  people: {},
  defaultRegion: "US",
  timeoutHours: 24,
  plans: {},
  monthAt: monthsIn("UTC"),
  messagesPerHour: null,
  channels: { any: false, addressKinds: {}, fallbacks: {} },
  takesReplies: () => false,
  checkWebhookUrl: (url) => ({ url }),
};
