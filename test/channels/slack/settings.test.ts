import { describe, expect, test } from "bun:test";
import { slackSchema } from "../../../src/platform/config/slack.ts";

const least = { kind: "slack", botToken: "xoxb-1-2-abc" };

describe("the settings of Slack", () => {
  test("have a default for all but the bot token", () => {
    expect(slackSchema.parse(least)).toEqual({
      ...least,
      kind: "slack",
      apiBase: "https://slack.com/api",
      tellInThread: false,
      timeoutSeconds: 15,
      concurrency: 4,
    });
  });

  test.each([
    [{ botToken: "xoxp-1" }, "a bot token, which starts with xoxb-"],
    [{ botToken: undefined }, "a bot token, which starts with xoxb-"],
    [{ appToken: "xoxb-1" }, "an app-level token, which starts with xapp-"],
    [{ signingSecret: "" }, "the app's signing secret, without spaces"],
    [{ tellInThread: "yes" }, "true or false"],
    [{ timeoutSeconds: 0 }, "a whole number from 1 to 120"],
    [{ concurrency: 101 }, "a whole number from 1 to 100"],
    [{ apiBase: "slack.com" }, "an address that starts with http:// or https://, without user, query and fragment"],
  ])("%p is refused with what is allowed", (change, allowed) => {
    const { error } = slackSchema.safeParse({ ...least, ...change });
    expect(error?.issues.map(({ message }) => message)).toEqual([allowed]);
  });

  test("that do not exist are refused with those that do", () => {
    expect(slackSchema.safeParse({ ...least, token: "x" }).error?.issues[0]?.message).toContain("signingSecret");
  });
});
