import { afterAll, describe, expect, test } from "bun:test";
import { configFile, load, refusal, removeFolders } from "./folder.ts";

afterAll(removeFolders);

const block = (path: string, found: string, allowed: string) =>
  `  ${path}\n    found    ${found}\n    allowed  ${allowed}`;
const refused = async (config: string) => (await refusal(configFile(config))).split("\n").slice(1).join("\n");

describe("plans", () => {
  test("free and pro are there without a line, and one of the same name takes the place of its namesake, whole", async () => {
    const { plans } = await load(
      configFile('{ plans: { free: { pausesPerMonth: 7 }, "team-a": { channels: ["sms"] } } }'),
    );
    expect({ ...plans }).toEqual({
      free: { pausesPerMonth: 7, channels: null, maxTimeoutHours: null, webhooks: true },
      pro: { pausesPerMonth: 5_000, channels: ["sms", "email", "slack"], maxTimeoutHours: 720, webhooks: true },
      "team-a": { pausesPerMonth: null, channels: ["sms"], maxTimeoutHours: null, webhooks: true },
    });
  });

  test.each([
    ["{ plans: { x: { pausesPerMonth: 0 } } }", "plans.x.pausesPerMonth", "0", "a whole number from 1 to 1000000000"],
    [
      "{ plans: { x: { pausesPerMonth: 1.5 } } }",
      "plans.x.pausesPerMonth",
      "1.5",
      "a whole number from 1 to 1000000000",
    ],
    [
      "{ plans: { x: { maxTimeoutHours: 0 } } }",
      "plans.x.maxTimeoutHours",
      "0",
      "a number above 0 and at most 8760 (a year)",
    ],
    ['{ plans: { x: { webhooks: "no" } } }', "plans.x.webhooks", '"no"', "true or false"],
    ["{ limits: { messagesPerHour: 1001 } }", "limits.messagesPerHour", "1001", "a whole number from 1 to 1000"],
    ["{ limits: { requestsPerSecond: 0 } }", "limits.requestsPerSecond", "0", "a whole number from 1 to 100000"],
    [
      '{ limits: { timeZone: "+02:00" } }',
      "limits.timeZone",
      '"+02:00"',
      "the IANA name of a time zone, such as Europe/Berlin",
    ],
  ])("%s is refused with its path, what was found and what is allowed", async (config, path, found, allowed) => {
    expect(await refused(config)).toBe(block(path, found, allowed));
  });

  test("a setting that a plan does not have, and a name that it can't have, are refused", async () => {
    expect(await refused("{ plans: { x: { pausesPerMoth: 5 } } }")).toContain(
      "plans.x.pausesPerMoth\n    found    5, but this version has no such setting\n    allowed  pausesPerMonth, channels, maxTimeoutHours, webhooks; did you mean pausesPerMonth?",
    );
    expect(await refused('{ plans: { "a b": {} } }')).toContain("a name of 1 to 63 of letters, digits");
  });

  test("a channel of a plan is one that always exists or is configured", async () => {
    expect(await refused('{ plans: { x: { channels: ["sms", "pager"] } } }')).toBe(
      block(
        "plans.x.channels[1]",
        '"pager"',
        "sms, email, slack, whatsapp or the name of a channel that is configured",
      ),
    );
    expect(await refused("{ plans: { x: { channels: [] } } }")).toContain("plans.x.channels");
    expect(await refused('{ plans: { x: { channels: ["sms", "sms"] } } }')).toContain("each once");
    const configured = `{ channels: { pager: { kind: "ntfy", url: "https://ntfy.example.com" } }, plans: { x: { channels: ["pager"] } } }`;
    expect((await load(configFile(configured))).plans.x?.channels).toEqual(["pager"]);
  });
});
