import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { validateRequest } from "twilio";
import { isSignedByTwilio } from "../../../src/channels/twilio/signature.ts";
import { twilioSignature } from "../../peers/twilio/webhook.ts";

describe("a request's signature", () => {
  // From Twilio's page "Webhooks Security".
  const address = "https://mycompany.com/myapp.php?foo=1&bar=2";
  const published = new URLSearchParams({
    CallSid: "CA1234567890ABCDE",
    Caller: "+12349013030",
    Digits: "1234",
    From: "+12349013030",
    To: "+18005551212",
  });
  const signature = "0/KCTR6DLpKmkAf8muzZqo1nDgQ=";

  test("is the one of Twilio's own example", () => {
    expect(isSignedByTwilio("12345", signature, [address], published)).toBe(true);
  });

  test("holds for that token, that address and those fields alone", () => {
    const more = new URLSearchParams(published);
    more.set("Digits", "1235");
    expect(isSignedByTwilio("12346", signature, [address], published)).toBe(false);
    expect(isSignedByTwilio("12345", signature, [`${address}&x=1`], published)).toBe(false);
    expect(isSignedByTwilio("12345", signature, [address.replace("https", "http")], published)).toBe(false);
    expect(isSignedByTwilio("12345", signature, [address], more)).toBe(false);
    for (const wrong of ["", signature.slice(0, -1), `${signature} `, signature.toLowerCase(), "0".repeat(28)]) {
      expect(isSignedByTwilio("12345", wrong, [address], published)).toBe(false);
    }
    expect(isSignedByTwilio("12345", signature, [], published)).toBe(false);
  });

  test("holds with and without the port that goes without saying", () => {
    const fields = { Body: "K7 approve" };
    for (const [signed, seen] of [
      ["https://a.example/hooks/sms/inbound", "https://a.example:443/hooks/sms/inbound"],
      ["https://a.example:443/x", "https://a.example/x"],
      ["https://a.example/x", "https://a.example:8443/x"],
      ["http://a.example:80/x?y=1:2", "http://a.example/x?y=1:2"],
      ["http://[::1]/x", "http://[::1]:8787/x"],
    ] as const) {
      const made = twilioSignature("token", signed, fields);
      expect(isSignedByTwilio("token", made, [seen], new URLSearchParams(fields))).toBe(true);
    }
  });

  test("is told true exactly where Twilio's own package tells so, for any fields", () => {
    const name = fc.oneof(fc.constantFrom("Body", "From", "body", "Body2", ""), fc.string({ unit: "binary" }));
    const fields = fc.array(fc.tuple(name, fc.string({ unit: "binary" })), { maxLength: 8 });
    fc.assert(
      fc.property(fields, fc.boolean(), (pairs, isForged) => {
        const form = new URLSearchParams(new URLSearchParams(pairs).toString());
        const given: Record<string, string[]> = {};
        for (const key of form.keys())
          Object.defineProperty(given, key, { value: form.getAll(key), enumerable: true, configurable: true });
        const single = Object.fromEntries(form);
        const made = twilioSignature(isForged ? "other" : "token", address, single);
        expect(isSignedByTwilio("token", made, [address], form)).toBe(validateRequest("token", made, address, given));
      }),
    );
  });
});
