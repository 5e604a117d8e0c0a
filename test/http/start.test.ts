/** What the log says was in force from a start on. */
import { afterEach, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { startApp } from "../../src/app.ts";
import { entries } from "../../src/audit/queries.ts";
import { configDigest } from "../../src/platform/config/digest.ts";
import { type LoadedConfig, loadConfig } from "../../src/platform/config/load.ts";
import { smtpSchema } from "../../src/platform/config/smtp.ts";
import { twilioSchema } from "../../src/platform/config/twilio.ts";
import { createLog } from "../../src/platform/log.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { templateVersion } from "../../src/respond/index.ts";
import { folderSecret, openForReading, Reader } from "../../src/storage/index.ts";
import { TurnedClock, temporaryFolder } from "../support/database.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function folder(): Promise<LoadedConfig> {
  const path = temporaryFolder();
  folders.push(path);
  return loadConfig({ flags: { data: path, host: "127.0.0.1", port: "0" }, env: {}, cwd: path });
}

/** Starts and stops, and answers what the entry of that start says. */
async function started(config: LoadedConfig): Promise<Record<string, unknown>> {
  const clock = new TurnedClock();
  await (
    await startApp({
      config,
      clock,
      log: createLog(
        "error",
        "text",
        () => clock.now(),
        () => {},
      ),
    })
  ).stop();
  const database = openForReading(config.dataDir);
  try {
    const log = new Reader(database).all(entries, { after: 0, limit: 100 }).map(({ entry }) => JSON.parse(entry));
    return log.findLast(({ type }) => type === "server.started").data;
  } finally {
    database.close();
  }
}

const twilio = (more: object) =>
  twilioSchema.parse({ kind: "twilio", accountSid: "AC1", authToken: "t0", from: "+13125550100", ...more });
const smtp = (url: string) => smtpSchema.parse({ kind: "smtp", url, from: "approve@example.com" });

describe("a start", () => {
  test("names the configuration and the page's template; both stay the same until they change", async () => {
    const config = await folder();
    const first = await started(config);
    expect(first).toMatchObject({ channels: [], template: templateVersion() });
    expect(first.config).toMatch(/^hmac-sha256:[0-9a-f]{64}$/);
    expect(await started(config)).toEqual(first);
    expect((await started({ ...config, timeoutHours: 23 })).config).not.toBe(first.config);
    // Another installation with the same settings: nobody can look one up by the other's name.
    const other = await folder();
    expect((await started({ ...other })).config).not.toBe(first.config);
  });
});

describe("the name of a configuration", () => {
  const named = async (change: Partial<LoadedConfig>) => {
    const config = await base;
    return configDigest({ ...config, ...change }, folderSecret(config.dataDir, systemRandom()));
  };
  let base: Promise<LoadedConfig> = Promise.resolve(null as never);

  test("is another one for another address of a person, channel, limit or text, or another folder's secret", async () => {
    base = folder();
    const people = (sms: string) => ({ people: { cfo: { name: "Chief Financial Officer", sms } } });
    const names = [
      await named({}),
      await named(people("+13128471928")),
      await named(people("+13128471929")),
      await named({ channels: { sms: twilio({}) } }),
      await named({ channels: { sms: twilio({ maxSegments: 3 }) } }),
      await named({ channels: { email: smtp("smtps://user:one@relay.example.com") } }),
      await named({ channels: { email: smtp("smtps://user:one@other.example.com") } }),
      await named({ texts: { sms: "{message} {link}" } }),
      configDigest(await base, new Uint8Array(32)),
    ];
    expect(new Set(names).size).toBe(names.length);
  });

  test("stays the same when a secret is renewed, when members stand in another order, and wherever the file lies", async () => {
    base = folder();
    const config = await base;
    const name = await named({ channels: { sms: twilio({}) } });
    expect(await named({ channels: { sms: twilio({ authToken: "t1" }) } })).toBe(name);
    const turned = Object.fromEntries(Object.entries({ ...config, channels: { sms: twilio({}) } }).reverse());
    expect(await named(turned)).toBe(name);
    expect(await named({ source: "/elsewhere/pausepoint.config.ts", channels: { sms: twilio({}) } })).toBe(name);
    const mail = await named({ channels: { email: smtp("smtps://user:one@relay.example.com") } });
    expect(await named({ channels: { email: smtp("smtps://user:two@relay.example.com") } })).toBe(mail);
  });
});
