import { expect, test } from "bun:test";
import { normaliseRecipients } from "../../../src/pauses/recipients.ts";

const steps = [{ channel: "push", addressKind: "topic" }] as const;
const directory = { people: { cfo: { push: "cfo-Jk3_9sdFkw2" }, cto: { sms: "+13128471928" } }, defaultRegion: "US" };
const asked = (recipient: string) => normaliseRecipients(recipient, steps, directory);

test("a topic is an address, and a person of the configuration can have one, which is not what is shown", () => {
  expect(asked("Team_1-x")).toEqual({ recipients: [{ address: "Team_1-x", destinations: ["Team_1-x"] }] });
  expect(asked("@cfo")).toEqual({ recipients: [{ address: "@cfo", destinations: ["cfo-Jk3_9sdFkw2"] }] });
});

test.each(["a/b", "a b", "x".repeat(65), "", "@cto"])("%p is no topic, nor a person with one", (recipient) => {
  expect(asked(recipient)).toHaveProperty("errors");
});
