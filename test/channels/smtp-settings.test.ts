import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { encryptionOf, parseRelay, smtpSchema } from "../../src/platform/config/smtp.ts";
import { type Certificates, makeCertificates, settings } from "./smtp-parts.ts";

let certificates: Certificates;
beforeAll(async () => {
  certificates = await makeCertificates();
});
afterAll(() => certificates.remove());

/** The dotted paths and rules of what is refused. */
function refusals(changes: Record<string, unknown>): string[] {
  const { error } = smtpSchema.safeParse({
    ...{ kind: "smtp", url: "smtp://relay.example.com", from: "approve@example.com" },
    ...changes,
  });
  return (error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("the relay's address", () => {
  test.each([
    ["smtp://relay", "relay", 587, false, null],
    ["smtps://relay.example.com/", "relay.example.com", 465, true, null],
    ["smtp://10.1.2.3:25", "10.1.2.3", 25, false, null],
    ["smtp://[fd00::25]:2525", "fd00::25", 2525, false, null],
    ["smtps://user:pass@relay:465", "relay", 465, true, { user: "user", password: "pass" }],
    [
      "smtps://a%40b.example:p%2F%3A%40%25%C3%BC@relay",
      "relay",
      465,
      true,
      { user: "a@b.example", password: "p/:@%ü" },
    ],
    ["SMTP://relay", "relay", 587, false, null],
  ])("%s", (url, host, port, isImplicitTls, login) => {
    expect(parseRelay(url)).toEqual({ host, port, isImplicitTls, login });
    expect(refusals({ url })).toEqual([]);
  });

  test.each([
    "relay.example.com",
    "https://relay.example.com",
    "smtp://",
    "smtp://relay/path",
    "smtp://relay?x=1",
    "smtp://relay:0",
    "smtp://relay:99999",
    "smtp://user@relay",
    "smtp://:pass@relay",
    "smtp://user:pa/ss@relay",
    "smtp://user:100%@relay",
    "smtp://user:a%00b@relay",
    "smtp://re lay",
    "smtp:relay",
  ])("%s is refused", (url) => {
    expect(refusals({ url })).toEqual([
      "url: smtp://host:587 or smtps://user:password@host:465, with characters such as @ / ? # % in user and password percent-encoded",
    ]);
  });
});

describe("the connection", () => {
  test.each([
    ["smtps://relay", undefined, "implicit"],
    ["smtp://relay", undefined, "required"],
    ["smtp://10.0.0.25:25", undefined, "required"],
    ["smtp://relay:25", "off", "off"],
    ["smtp://relay", "if-offered", "if-offered"],
    ["smtp://localhost:25", undefined, "off"],
    ["smtp://127.0.0.1:25", undefined, "off"],
    ["smtp://[::1]:25", undefined, "off"],
    ["smtp://localhost:25", "required", "required"],
    ["smtp://user:pass@localhost", undefined, "required"],
    ["smtp://localhost.example.com", undefined, "required"],
    ["smtp://127.0.0.1.example.com", undefined, "required"],
  ] as const)("of %s with startTls %p is encrypted: %s", (url, startTls, encryption) => {
    expect(encryptionOf(settings(url, { tls: startTls === undefined ? {} : { startTls } }))).toBe(encryption);
  });

  test("no password goes out unencrypted by the slip of one setting", () => {
    const url = "smtp://user:pass@relay:25";
    expect(refusals({ url, tls: { startTls: "off" } })).toEqual([
      'tls.startTls: "required" or "if-offered"; "off" would send the password as it is: see allowUnencryptedLogin',
    ]);
    expect(refusals({ url, tls: { startTls: "off", allowUnencryptedLogin: true } })).toEqual([]);
  });

  test("a setting that would do nothing is refused", () => {
    const { ca } = certificates;
    const only = 'nothing, unless startTls is "required" or "if-offered"';
    expect(refusals({ tls: { startTls: "off", ca } })).toEqual([`tls.ca: ${only}`]);
    expect(refusals({ tls: { startTls: "off", serverName: "relay" } })).toEqual([`tls.serverName: ${only}`]);
    expect(refusals({ url: "smtps://relay", tls: { startTls: "off" } })).toEqual([
      "tls.startTls: nothing beside smtps://, which is encrypted from the start",
    ]);
    const never = 'tls.allowUnencryptedLogin: false, unless url has a password and startTls is "if-offered" or "off"';
    expect(refusals({ tls: { startTls: "off", allowUnencryptedLogin: true } })).toEqual([never]);
    expect(refusals({ url: "smtp://u:p@relay", tls: { allowUnencryptedLogin: true } })).toEqual([never]);
  });

  test("an authority is given as certificates in PEM", () => {
    const { ca } = certificates;
    expect(refusals({ tls: { ca } })).toEqual([]);
    expect(refusals({ tls: { ca: `# ours\n${ca}\n${ca}` } })).toEqual([]);
    for (const wrong of ["", "/etc/ssl/ca.pem", ca.replace("MII", "XXX"), certificates.rsaKey]) {
      expect(refusals({ tls: { ca: wrong } })).toEqual(["tls.ca: one or more certificates in PEM"]);
    }
  });
});

describe("the sender", () => {
  test.each([
    ["approve@example.com", "", "approve@example.com"],
    ["PausePoint <approve@example.com>", "PausePoint", "approve@example.com"],
    ['"Doe, Jane" <jane.doe+x@relay>', "Doe, Jane", "jane.doe+x@relay"],
    ["Freigabe für Söhne <a@b.example>", "Freigabe für Söhne", "a@b.example"],
    ["<a@b.example>", "", "a@b.example"],
  ])("%s", (from, name, address) => {
    expect(settings("smtp://relay", { from, replyTo: from })).toMatchObject({
      from: { name, address },
      replyTo: { name, address },
    });
  });

  test.each([
    "PausePoint",
    "PausePoint approve@example.com",
    "a@b.example, c@d.example",
    "a@b@c.example",
    "a..b@example.com",
    "A\r\nBcc: x@y.example <a@b.example>",
    "A\u202EB <a@b.example>",
    "a@-b.example",
    "ä@example.com",
    `${"x".repeat(250)}@example.com`,
  ])("%p is refused", (from) => {
    expect(refusals({ from })).toEqual(["from: an address such as PausePoint <approve@example.com>"]);
    expect(refusals({ replyTo: from })).toEqual(["replyTo: an address such as Operations <ops@example.com>"]);
  });
});

test("a DKIM key that could not sign is refused at the start, not left out of every mail", () => {
  const dkim = { domain: "example.com", selector: "mail2026", privateKey: certificates.rsaKey };
  expect(refusals({ dkim })).toEqual([]);
  const pem = { type: "pkcs8", format: "pem" } as const;
  const short = generateKeyPairSync("rsa", { modulusLength: 512 }).privateKey.export(pem);
  const ed25519 = generateKeyPairSync("ed25519").privateKey.export(pem);
  for (const privateKey of ["", "mail.key", short, ed25519, certificates.ca]) {
    expect(refusals({ dkim: { ...dkim, privateKey } })).toEqual([
      "dkim.privateKey: an RSA private key in PEM, without a passphrase, of at least 1024 bits",
    ]);
  }
  expect(refusals({ dkim: { ...dkim, domain: "a;b" } })).toEqual(["dkim.domain: a domain, such as example.com"]);
});

test("what is not set has these values", () => {
  expect(settings("smtp://relay", { from: "a@b.example" })).toEqual({
    kind: "smtp",
    url: "smtp://relay",
    from: { name: "", address: "a@b.example" },
    tls: { allowUnencryptedLogin: false },
    timeoutSeconds: 30,
    concurrency: 4,
    tellWhenOver: false,
  });
});

test("an unknown setting is refused by name", () => {
  expect(refusals({ tls: { rejectUnauthorized: false } })).toEqual([
    "tls: ca, serverName, startTls, allowUnencryptedLogin",
  ]);
});
