/** docs/channels.md against the code: statuses, refusals in words, addresses to enter at the vendor. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { slackRefusal } from "../../../src/channels/slack/refusals.ts";
import { receiptError } from "../../../src/channels/twilio/errors.ts";
import { twilioHooksUrl } from "../../../src/channels/twilio/index.ts";
import { howToReply, recordedText } from "../../../src/respond/reply-texts.ts";

const text = readFileSync(join(import.meta.dir, "../../../docs/channels.md"), "utf8");
const rows = (pattern: RegExp) =>
  [...text.matchAll(pattern)].map(([, first = "", second = ""]) => [first, second] as const);

test("the document says of each of Twilio's codes what a pause says", () => {
  const shown = rows(/^\| (\d{5}) \| (.+) \|$/gm);
  expect(shown.length).toBeGreaterThan(5);
  for (const [code, words] of shown) expect(receiptError(code)).toBe(`${words} (Twilio ${code})`);
});

test("the document says of each of Slack's codes what a pause says, and all of them are final", () => {
  const shown = rows(/^\| `([a-z]+(?:_[a-z]+)+)` \| (.+) \|$/gm);
  expect(shown.length).toBeGreaterThan(3);
  for (const [code, words] of shown) expect([code, slackRefusal(code)]).toEqual([code, { words, means: "failed" }]);
});

test("the document shows how a text ends, what a reply is told, and the address that Twilio is given", () => {
  const question = { code: "K7", options: ["Approve", "Reject"] };
  expect(text).toContain(`\`${howToReply(question)}\``);
  expect(text).toContain(`\`${recordedText("Approve", "K7")}\``);
  const hooks = twilioHooksUrl("https://approve.example.com", "sms", "https://api.twilio.com");
  expect(text).toContain(`\`${hooks}/inbound\``);
});
