import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isNearItsEnd, readCertificate, timeLeft } from "../../src/platform/certificate.ts";
import { ConfigError } from "../../src/platform/config/error.ts";
import { makeAuthority, selfSigned } from "../peers/certificates.ts";

const folder = mkdtempSync(join(tmpdir(), "pausepoint-certificate-"));
afterAll(() => rmSync(folder, { recursive: true }));

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
const authority = makeAuthority();
const good = authority.issue({
  names: ["approve.example.com", "*.inside.example"],
  addresses: ["192.0.2.7", "2001:db8::7"],
});

function put({ cert, key }: { cert: string; key: string }): void {
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);
}

/** What the operator is told. */
function refusal(now = Date.now()): string {
  try {
    readCertificate(files, now);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error("the pair was taken");
}

describe("a certificate and its key", () => {
  test("that belong together are taken, with the authority's behind, and cover the names and addresses they name", () => {
    put({ cert: good.cert + authority.ca, key: good.key });
    const read = readCertificate(files, Date.now());
    expect({ cert: read.cert, key: read.key }).toEqual({ cert: good.cert + authority.ca, key: good.key });
    const hosts = ["approve.example.com", "a.inside.example", "192.0.2.7", "2001:db8::7", "[2001:db8::7]"];
    expect(hosts.filter((host) => !read.covers(host))).toEqual([]);
    expect(["example.com", "a.b.inside.example", "192.0.2.8", "[2001:db8::8]"].filter(read.covers)).toEqual([]);
  });

  test("cover nothing by a common name alone, which no browser reads", () => {
    put(selfSigned({ addresses: ["192.0.2.7"] }));
    expect(readCertificate(files, Date.now()).covers("nobody")).toBe(false);
  });

  test.each([
    ["no such file", () => rmSync(files.key), `listen.tls.key: ${files.key}: there is no such file`],
    [
      "a folder",
      () => rmSync(files.key) ?? mkdirSync(files.key),
      `listen.tls.key: ${files.key}: it can't be read (EISDIR)`,
    ],
    [
      "no certificate",
      () => writeFileSync(files.cert, good.key),
      `listen.tls.cert: ${files.cert}: holds no certificate`,
    ],
    ["a bent certificate", () => writeFileSync(files.cert, good.cert.replace("MII", "MAA")), "can't be read"],
    ["no key", () => writeFileSync(files.key, good.cert), `listen.tls.key: ${files.key}: holds no private key`],
    [
      "another's key",
      () => writeFileSync(files.key, selfSigned({ names: ["a"] }).key),
      `listen.tls.key: ${files.key}: is not`,
    ],
    ["the authority in front", () => writeFileSync(files.cert, authority.ca + good.cert), "put it first"],
  ])("are refused by name: %s", (_what, spoil, told) => {
    put(good);
    spoil();
    expect(refusal()).toContain(told);
    rmSync(files.key, { recursive: true, force: true });
  });

  test("are refused with a passphrase on the key", () => {
    put(good);
    const { exitCode } = Bun.spawnSync([
      "openssl",
      "ec",
      "-in",
      files.key,
      "-aes256",
      "-passout",
      "pass:x",
      "-out",
      files.key,
    ]);
    expect([exitCode, refusal()]).toEqual([0, `Correct listen.tls.key: ${files.key}: has a passphrase; take it off.`]);
  });

  test("are refused from the second on at which they end, and before they begin", () => {
    put(good);
    const { from, until } = readCertificate(files, Date.now());
    readCertificate(files, from);
    readCertificate(files, until - 1);
    expect(refusal(until)).toContain(`listen.tls.cert: ${files.cert}: expired at ${new Date(until).toISOString()}`);
    expect(refusal(from - 1)).toContain(`listen.tls.cert: ${files.cert}: is not valid before`);
  });
});

describe("the end of a certificate", () => {
  test.each([
    [365, 21],
    [90, 21],
    [6, 1.5],
  ])("of %d days is near with %d days left", (days, left) => {
    const certificate = { from: 0, until: days * DAY };
    expect(isNearItsEnd(certificate, (days - left) * DAY)).toBe(false);
    expect(isNearItsEnd(certificate, (days - left) * DAY + 1)).toBe(true);
  });

  test("is told in days, in hours for the last two", () => {
    expect([50 * HOUR, 47 * HOUR, 1 * HOUR, -HOUR].map((left) => timeLeft({ until: left }, 0))).toEqual([
      "2 days",
      "47 hours",
      "1 hour",
      "0 hours",
    ]);
  });
});
