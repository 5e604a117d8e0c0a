/** From an address to the conversation that messages for it are posted in. */
import type { Clock } from "../../platform/clock.ts";
import { isRecord } from "../../platform/json.ts";
import { slackRefusal } from "./refusals.ts";
import type { Attempt, Refused } from "./web-api.ts";

export interface Destinations {
  /**
   * The id of the conversation: a channel's id is its own; a user's (`U…`, `W…`) is that of the direct message with the
   * app, which is opened; an email address is looked up first. What was found is good for an hour.
   */
  find(attempt: Attempt, to: string): Promise<string | Refused>;
  /** Forgets what was found for this address, because it turned out wrong. */
  forget(to: string): void;
}

const GOOD_FOR_MS = 3_600_000;
const MOST_KEPT = 1_000;

export function createDestinations(botToken: string, clock: Clock): Destinations {
  const found = new Map<string, { readonly channel: string; readonly until: number }>();
  const keep = (to: string, channel: string) => {
    found.delete(to);
    found.set(to, { channel, until: clock.now() + GOOD_FOR_MS });
    const [oldest] = found.keys();
    if (found.size > MOST_KEPT && oldest !== undefined) found.delete(oldest);
    return channel;
  };
  return {
    async find(attempt, to) {
      if (/^[CGD][A-Z0-9]{2,31}$/.test(to)) return to;
      const known = found.get(to);
      if (known !== undefined && known.until > clock.now()) return known.channel;
      const user = /^[UW][A-Z0-9]{2,31}$/.test(to) ? to : await lookUp(attempt, botToken, to);
      if (typeof user !== "string") return user;
      const opened = await attempt.call("conversations.open", botToken, { users: user });
      if (!opened.isOk) return opened;
      const { channel } = opened.fields;
      return isRecord(channel) && typeof channel.id === "string"
        ? keep(to, channel.id)
        : refusedAs("channel_not_found");
    },
    forget: (to) => found.delete(to),
  };
}

async function lookUp(attempt: Attempt, botToken: string, email: string): Promise<string | Refused> {
  if (!email.includes("@")) return refusedAs("user_not_found");
  const answer = await attempt.call("users.lookupByEmail", botToken, { email });
  if (!answer.isOk) return answer;
  const { user } = answer.fields;
  if (!isRecord(user) || typeof user.id !== "string") return refusedAs("users_not_found");
  if (user.deleted === true) return refusedAs("user_disabled");
  return user.is_bot === true ? refusedAs("user_is_bot") : user.id;
}

/** A refusal that was seen without being told. */
function refusedAs(code: string): Refused {
  return { isOk: false, code, outcome: "failed", error: slackRefusal(code).words, status: null, excerpt: null };
}
