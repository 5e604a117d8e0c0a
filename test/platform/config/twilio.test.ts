import { describe, expect, test } from "bun:test";
import { twilioSchema } from "../../../src/platform/config/twilio.ts";

const least = { kind: "twilio", accountSid: "AC1", authToken: "t", from: "+13125550100" };

/** What is refused: path and what is allowed. */
function refused(changes: Record<string, unknown>) {
  const result = twilioSchema.safeParse({ ...least, ...changes });
  return result.error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];
}

describe("the settings of twilio({ … })", () => {
  test("answer replies that hold a code, in two segments, unless they say otherwise", () => {
    expect(twilioSchema.parse(least)).toMatchObject({ replies: "code", maxSegments: 2, senders: {} });
  });

  test("may have the auth token beside an API key, for what Twilio tells", () => {
    expect(refused({ apiKey: "SK1", apiSecret: "s" })).toEqual([]);
    expect(refused({ apiKey: "SK1" })).toEqual(["apiSecret: the secret that belongs to apiKey"]);
    expect(refused({ apiSecret: "s" })).toEqual(["apiSecret: nothing, unless there is an apiKey"]);
  });

  test("name senders by countries that have numbers", () => {
    expect(refused({ senders: { GB: "+447700900123", FR: "ACME", US: "12345" } })).toEqual([]);
    expect(refused({ senders: { XX: "+447700900123" } })).toEqual([
      "senders.XX: senders for countries with phone numbers (ISO 3166-1), such as GB",
    ]);
    expect(refused({ senders: { gb: "+447700900123" } })[0]).toStartWith("senders.gb: a name of two capital letters");
    expect(refused({ senders: { GB: "07700 900123" } })[0]).toStartWith("senders.GB: a number as +13125550100");
  });

  test.each([
    ["replies", "all"],
    ["maxSegments", 0],
    ["maxSegments", 11],
    ["maxSegments", 1.5],
  ])("refuse %s: %p", (key, value) => {
    expect(refused({ [key]: value })[0]).toStartWith(`${key}: `);
  });
});
