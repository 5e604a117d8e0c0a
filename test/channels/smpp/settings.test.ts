import { describe, expect, test } from "bun:test";
import { parseSmsc, smppSchema } from "../../../src/platform/config/smpp.ts";
import { makeAuthority } from "../../peers/certificates.ts";

const least = { kind: "smpp", url: "ssmpp://smsc.example.com", systemId: "pausepoint", from: "+13125550100" };
const issues = (changes: Record<string, unknown>) =>
  (smppSchema.safeParse({ ...least, ...changes }).error?.issues ?? []).map(
    ({ path, message }) => `${path.join(".")}: ${message}`,
  );

describe("the settings of smpp", () => {
  test("have defaults that most carriers take", () => {
    expect(smppSchema.parse(least)).toEqual({
      ...(least as { kind: "smpp"; url: string; systemId: string; from: string }),
      ...{ password: "", systemType: "", senders: {}, bind: "transceiver", tls: {}, window: 10, partsPerSecond: 5 },
      ...{
        charset: "auto",
        dataCodingGsm7: 0,
        dataCodingLatin1: 3,
        longMessages: "udh8",
        addressFormat: "without-plus",
      },
      ...{ validityPeriod: "relative", enquireLinkSeconds: 30, timeoutSeconds: 30, receipts: "final" },
      ...{ messageIdFormat: "auto", replies: "code", maxSegments: 2, transliterate: false, tellWhenOver: false },
      concurrency: 10,
    });
  });

  test.each([
    ["smpp://smsc.example.com", "smsc.example.com", 2775, false],
    ["ssmpp://smsc.example.com", "smsc.example.com", 3550, true],
    ["SSMPP://10.0.0.7:2776/", "10.0.0.7", 2776, true],
    ["smpp://[fd00::7]:3000", "fd00::7", 3000, false],
  ])("know a carrier by its address: %p", (url, host, port, isTls) => {
    expect(parseSmsc(url)).toEqual({ host, port, isTls });
  });

  test.each([
    "smsc.example.com",
    "http://smsc.example.com",
    "smpp://",
    "smpp://a:0",
    "smpp://a:65536",
    "smpp://u:p@a",
    "smpp://a/b",
    "smpp://[a]",
    "smpp://a b",
  ])("refuse %p as an address", (url) =>
    expect(issues({ url })[0]).toStartWith("url: smpp://host:2775 or ssmpp://host:3550"),
  );

  test.each(["", "+13125550100", "55512", "ACME", "ACME-Pay & C"])("take %p as a sender", (from) => {
    expect(issues({ from })).toHaveLength(from.length > 11 && !from.startsWith("+") ? 1 : 0);
  });

  test.each([
    [{ from: "13" }, "from: a number as +13125550100"],
    [{ systemId: "" }, "systemId: 1 to 64"],
    [{ password: "naïve" }, "password: at most 64 printable ASCII characters"],
    [{ password: "a\0b" }, "password: at most 64 printable ASCII characters"],
    [{ window: 0 }, "window: a whole number from 1 to 1000"],
    [{ senders: { XX: "ACME" } }, "senders.XX: senders for countries"],
    [{ addressFormat: "national" }, "country: the country of the numbers"],
    [{ country: "XX" }, "country: two capital letters"],
    [{ url: "smpp://a", tls: { serverName: "b" } }, "tls.serverName: nothing, unless url starts with ssmpp://"],
    [{ tls: { ca: "no" } }, "tls.ca: one or more certificates in PEM"],
    [{ bind: "receiver" }, 'bind: "transceiver" or "transmitter+receiver"'],
    [{ longMessage: "sar" }, ": url, systemId, password"],
  ])("say what is wrong with %p", (changes, told) => {
    expect(issues(changes)).toEqual([expect.stringContaining(told)]);
  });

  test("want a certificate together with its key", () => {
    const { cert, key } = makeAuthority().issue({ names: ["pausepoint.test"] });
    expect(issues({ tls: { cert, key } })).toEqual([]);
    expect(issues({ tls: { cert } })).toEqual(["tls.key: the private key that belongs to cert"]);
    expect(issues({ tls: { key } })).toEqual(["tls.cert: the certificate that belongs to key"]);
    expect(issues({ tls: { cert, key: "no" } })[0]).toStartWith("tls.key: a private key in PEM");
  });

  test("take a password that is longer than the standard's", () => {
    expect(issues({ password: "sixteen-letters!", systemId: "longer-than-fifteen-letters" })).toEqual([]);
  });
});
