import { describe, expect, test } from "bun:test";
import { type Directory, normaliseAddress, normaliseRecipients, type Person } from "../../src/pauses/recipients.ts";

const people: Record<string, Person> = {
  cfo: { sms: "+1 (312) 847-1928", email: "CFO@Example.com", slack: "U012AB3CD" },
  night: { whatsapp: "+49 30 901820", sms: "+13128471999" },
  mailonly: { email: "m@example.com" },
  broken: { sms: "not a number" },
};
const directory: Directory = { people, defaultRegion: "US" };
const sms = [{ channel: "sms", addressKind: "phone" }] as const;
const email = [{ channel: "email", addressKind: "email" }] as const;
const slack = [{ channel: "slack", addressKind: "slack" }] as const;
const whatsapp = [{ channel: "whatsapp", addressKind: "phone" }] as const;

describe("a phone number", () => {
  test.each([
    ["+13128471928", "US", "+13128471928"],
    ["+1 (312) 847-1928", "DE", "+13128471928"],
    ["(312) 847-1928", "US", "+13128471928"],
    ["312.847.1928", "US", "+13128471928"],
    ["1-312-847-1928", "US", "+13128471928"],
    ["011 44 20 7946 0958", "US", "+442079460958"],
    ["001 312 847 1928", "DE", "+13128471928"],
    ["020 7946 0958", "GB", "+442079460958"],
    ["+44 (0)20 7946 0958", "US", "+442079460958"],
    ["06 698 84857", "IT", "+390669884857"],
    ["8 (495) 123-45-67", "RU", "+74951234567"],
    ["+55 11 91234-5678", "US", "+5511912345678"],
    ["+４９３０９０１８２０", "US", "+4930901820"],
    ["+٤٩٣٠٩٠١٨٢٠", "US", "+4930901820"],
  ])("%p written in %p is %p", (text, region, expected) => {
    expect(normaliseAddress(text, "phone", region)).toBe(expected);
  });

  test.each([
    ["too short", "+1312847192"],
    ["too long", "+131284719280"],
    ["of no country that exists", "+999 1234567"],
    ["of no country, but freephone", "+800 12345678"],
    ["of no country, and premium rate", "+979 123456789"],
    ["with an extension, which no text can reach", "+13128471928 ext. 5"],
    ["with an extension in the URI's way", "tel:+13128471928;ext=5"],
    ["with other words", "call +13128471928"],
    ["followed by letters", "+13128471928abc"],
    ["two at once", "+13128471928/+13128471929"],
    ["with a line feed", "+13128471928\n"],
    ["behind a mark that can't be seen", "\u200e+13128471928"],
    ["of an emergency", "911"],
    ["a plus alone", "+"],
    ["nothing", ""],
    ["an email address", "cfo@example.com"],
  ])("that is %s is none: %p", (_, text) => {
    expect(normaliseAddress(text, "phone", "US")).toBeNull();
  });
});

describe("an email address", () => {
  test("keeps its local part, which is the mail server's to read, and has its domain in lower case", () => {
    expect(normaliseAddress("CFO+Pause@Example.COM", "email", "US")).toBe("CFO+Pause@example.com");
    expect(normaliseAddress("o'neil@xn--mnchen-3ya.de", "email", "US")).toBe("o'neil@xn--mnchen-3ya.de");
  });

  test("has at most 64 octets, an @ and a domain, and at most 254 in all", () => {
    const domain = (last: string) => `${"b".repeat(49)}.`.repeat(5) + last;
    expect(normaliseAddress(`${"a".repeat(64)}@x.com`, "email", "US")).not.toBeNull();
    expect(normaliseAddress(`${"a".repeat(65)}@x.com`, "email", "US")).toBeNull();
    expect(normaliseAddress(`a@${domain("co")}`, "email", "US")).toHaveLength(254);
    expect(normaliseAddress(`a@${domain("com")}`, "email", "US")).toBeNull();
    expect(normaliseAddress(`a@${"b".repeat(63)}.com`, "email", "US")).not.toBeNull();
    expect(normaliseAddress(`a@${"b".repeat(64)}.com`, "email", "US")).toBeNull();
  });

  test.each([
    "cfo",
    "cfo@",
    "cfo@localhost",
    "cfo@127.0.0.1",
    "cfo@[127.0.0.1]",
    "cfo@-x.com",
    "cfo@x-.com",
    "cfo@x..com",
    "cfo@x.c",
    ".cfo@x.com",
    "cfo.@x.com",
    "c..fo@x.com",
    '"c fo"@x.com',
    "c fo@x.com",
    "<cfo@x.com>",
    "CFO <cfo@x.com>",
    "a@x.com,b@x.com",
    "a@x.com\n",
    "a@x.com\r\nBcc: b@x.com",
    "a@x.com?subject=Hi",
    "müller@x.com",
    "cfo@münchen.de",
    "cfo@x.\u212Aom",
    "\u017fam@x.com",
    "a@b@x.com",
  ])("is none when it is %p", (text) => {
    expect(normaliseAddress(text, "email", "US")).toBeNull();
  });
});

describe("a Slack id", () => {
  test("is a user or a channel, as Slack writes it", () => {
    for (const id of ["U012AB3CD", "W012AB3CD", "C012AB3CD", "D012AB3CD", "G012AB3CD"])
      expect(normaliseAddress(id, "slack", "US")).toBe(id);
    for (const id of [
      "u012ab3cd",
      "U012",
      "T012AB3CD",
      "#general",
      "U012AB3CD ",
      "U012AB3C-",
      `U${"A".repeat(21)}`,
      "",
    ]) {
      expect(normaliseAddress(id, "slack", "US")).toBeNull();
    }
  });

  test("may be the email address that Slack knows the person by", () => {
    expect(normaliseAddress("cfo@Example.COM", "slack", "US")).toBe("cfo@example.com");
    expect(normaliseAddress("cfo@example", "slack", "US")).toBeNull();
    expect(normaliseAddress("cfo@example.com,ceo@example.com", "slack", "US")).toBeNull();
  });
});

describe("a person of the configuration", () => {
  test("is shown by name and reached at the address for the channel", () => {
    for (const [channel, destination] of [
      [sms, "+13128471928"],
      [email, "CFO@example.com"],
      [slack, "U012AB3CD"],
      [whatsapp, "+13128471928"],
    ] as const) {
      expect(normaliseRecipients("@cfo", channel, directory)).toEqual({
        recipients: [{ address: "@cfo", destinations: [destination] }],
      });
    }
    expect(normaliseRecipients("@night", whatsapp, directory)).toEqual({
      recipients: [{ address: "@night", destinations: ["+4930901820"] }],
    });
  });

  test("who has no address for the channel, or one that can't be used, is refused by name", () => {
    expect(normaliseRecipients("@mailonly", sms, directory)).toEqual({
      errors: [{ pointer: "/recipient", detail: "is a person without an address for sms" }],
    });
    expect(normaliseRecipients(["@broken"], sms, directory)).toEqual({
      errors: [
        {
          pointer: "/recipient/0",
          detail:
            "is a person whose address for sms can't be used: it must be a phone number that is possible in a known country, such as +1 (312) 847-1928",
        },
      ],
    });
  });

  test.each(["@nobody", "@CFO", "@", "@constructor", "@__proto__", "@toString", "@hasOwnProperty"])(
    "is nobody under %p",
    (name) => {
      expect(normaliseRecipients(name, sms, directory)).toEqual({
        errors: [{ pointer: "/recipient", detail: "names nobody in the configuration's people" }],
      });
    },
  );
});

describe("the recipients of a request", () => {
  test("keep their order", () => {
    expect(normaliseRecipients(["(312) 847-1999", "@cfo"], sms, directory)).toEqual({
      recipients: [
        { address: "+13128471999", destinations: ["+13128471999"] },
        { address: "@cfo", destinations: ["+13128471928"] },
      ],
    });
  });

  test.each([
    [["+13128471928", "(312) 847-1928"], sms],
    [["@cfo", "+13128471928"], sms],
    [["312-847-1928", "@cfo"], sms],
    [["a@Example.com", "a@EXAMPLE.com"], email],
    [["U012AB3CD", "@cfo"], slack],
  ])("that come out the same are refused at the second: %p", (asked, channel) => {
    expect(normaliseRecipients(asked, channel, directory)).toEqual({
      errors: [{ pointer: "/recipient/1", detail: "is the same as recipient 0" }],
    });
  });

  test("are all looked at: everything that is wrong is told at once, each by its pointer", () => {
    expect(normaliseRecipients(["12", "+13128471928", "@nobody", "+1 312 847 1928"], sms, directory)).toEqual({
      errors: [
        {
          pointer: "/recipient/0",
          detail: "must be a phone number that is possible in a known country, such as +1 (312) 847-1928, or @name",
        },
        { pointer: "/recipient/2", detail: "names nobody in the configuration's people" },
        { pointer: "/recipient/3", detail: "is the same as recipient 1" },
      ],
    });
  });
});
