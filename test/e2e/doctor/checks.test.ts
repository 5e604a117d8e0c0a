/** `pausepoint doctor` by itself: what it finds, and that it changes nothing. */
import { describe, expect, setDefaultTimeout } from "bun:test";
import { chmodSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { begun } from "../../support/begun.ts";
import { BinaryServer, environment, Started } from "../../support/binary.ts";
import { testNeeding } from "../../support/needs.ts";
import { configured, type Doctored, doctor, filesIn, started } from "./stage.ts";

const test = testNeeding("dist/pausepoint");
setDefaultTimeout(60_000);

const CHANNELS = `channels: { sms: twilio({ accountSid: "AC1", authToken: "auth-token-1", from: "+13125550100" }) }`;

/** A folder in which a server has been. */
async function used(settings = "", umask = 0o077): Promise<string> {
  const folder = configured(settings);
  chmodSync(join(folder, "pausepoint.config.ts"), 0o600);
  await begun(folder);
  chmodSync(join(folder, ".pausepoint"), 0o777 & ~umask);
  return folder;
}

// biome-ignore lint/suspicious/noExplicitAny: as in Doctored
const finding = ({ told }: Doctored, check: string): any =>
  told.checks.find((one: { check: string }) => one.check === check);

describe("doctor", () => {
  test("says in aligned lines that all is well where nothing was ever started, and makes nothing", async () => {
    const folder = configured("");
    chmodSync(join(folder, "pausepoint.config.ts"), 0o600);
    const { status, stdout, stderr } = await doctor(folder);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    expect(lines.map((line) => line.slice(0, 6))).toEqual(lines.map(() => "ok    "));
    expect(lines[0]).toBe(`ok    configuration  ${folder}/pausepoint.config.ts`);
    expect(lines).toContain(`ok    data folder    ${folder}/.pausepoint is not there yet; the first start makes it`);
    expect(lines.join("\n")).toMatch(/^ok {4}SQLite {9}3\.\d+\.\d+$/m);
    expect(filesIn(folder)).toEqual([]);
    expect(readdirSync(folder)).toEqual(["pausepoint.config.ts"]);
  });

  test("looks at a used folder without changing a file, also while a server runs on it", async () => {
    const folder = await used();
    const seen = () =>
      filesIn(folder).map((name) => {
        const { size, mtimeMs, mode } = statSync(join(folder, ".pausepoint", name));
        return [name, size, mtimeMs, mode];
      });
    const before = seen();
    const still = await doctor(folder, "--json");
    expect(still).toMatchObject({ status: 0, told: { healthy: true } });
    expect(finding(still, "database")).toMatchObject({
      status: "ok",
      found: expect.stringContaining("journal_mode=WAL"),
    });
    expect(finding(still, "server").found).toBe("is not running on this folder");
    expect(seen()).toEqual(before);

    const serving = new Started(["serve", "--port", "0", "--json"], folder, environment());
    const server = started(new BinaryServer(serving, folder, JSON.parse(await serving.line()).url, ""));
    expect(finding(await doctor(folder, "--json"), "server").found).toBe("is running on this folder");
    expect((await server.call("/readyz")).status).toBe(200);
  });

  const spoilt: readonly (readonly [string, string, (data: string) => void, string])[] = [
    ["a secret that others can read", "secret", (data: string) => chmodSync(`${data}/secret`, 0o644), "chmod 600 "],
    ["a secret that is missing", "secret", (data: string) => rmSync(`${data}/secret`), "Restore it from the backup"],
    [
      "a database that others can read",
      "database files",
      (data: string) => chmodSync(`${data}/pausepoint.db`, 0o640),
      "chmod 600 ",
    ],
    [
      "a database that is none",
      "database",
      (data: string) =>
        writeFileSync(`${data}/pausepoint.db`, "not a database, but long enough to be taken for one ".repeat(40)),
      "Restore it from a backup",
    ],
  ];
  for (const [what, check, spoil, todo] of spoilt) {
    test(`fails with status 1 for ${what}, and says what to do`, async () => {
      const folder = await used();
      spoil(join(folder, ".pausepoint"));
      const ran = await doctor(folder, "--json");
      expect(ran).toMatchObject({ status: 1, stderr: "One check failed.\n", told: { healthy: false } });
      expect(finding(ran, check)).toMatchObject({ status: "fail", todo: expect.stringContaining(todo) });
      expect((await doctor(folder)).stdout).toMatch(new RegExp(`^fail  ${check} `, "m"));
    });
  }

  test("fails for a data folder that is a file", async () => {
    const folder = configured("");
    writeFileSync(join(folder, ".pausepoint"), "");
    expect(finding(await doctor(folder, "--json"), "data folder")).toMatchObject({ status: "fail" });
  });

  test("warns, with status 0, of a folder and a configuration that others can get at", async () => {
    const folder = await used("", 0o022);
    chmodSync(join(folder, "pausepoint.config.ts"), 0o664);
    const ran = await doctor(folder, "--json");
    expect(ran.status).toBe(0);
    expect(finding(ran, "data folder")).toMatchObject({ status: "warn", todo: `chmod 700 ${folder}/.pausepoint` });
    expect(finding(ran, "configuration")).toMatchObject({
      status: "warn",
      todo: `chmod go-w ${folder}/pausepoint.config.ts`,
    });
  });

  const baseUrls: readonly (readonly [string, string, string])[] = [
    ["", "warn", "links with it open on this machine alone"],
    [`baseUrl: "http://localhost:9000",`, "warn", "links with it open on this machine alone"],
    [`baseUrl: "http://approve.example.com",`, "warn", "whoever is on the way can read links"],
    [`baseUrl: "https://approve.example.com",`, "ok", "https://approve.example.com"],
  ];
  for (const [baseUrl, status, found] of baseUrls) {
    test(`says of a server with channels and ${baseUrl || "no base URL"} that it is ${status}`, async () => {
      const ran = await doctor(configured(`${baseUrl} ${CHANNELS}`), "--json", "--offline");
      expect(finding(ran, "base URL")).toMatchObject({ status, found: expect.stringContaining(found) });
    });
  }

  test("lists the settings of each channel, and nothing that is secret", async () => {
    const folder = configured(`channels: {
      sms: twilio({ accountSid: "AC1", authToken: "auth-token-1", from: "+13125550100", senders: { GB: "ACME" } }),
      gw: httpGateway({ url: "http://10.0.0.7/send/path-token", query: { k: "query-secret" }, headers: { a: "header-secret" },
        body: (m) => ({ to: m.to }), auth: { type: "bearer", token: "bearer-secret" }, proxy: "http://u:proxy-secret@10.0.0.8" }),
      carrier: smpp({ url: "smpp://10.0.0.9", systemId: "pause", password: "smpp-secret", from: "" }),
      email: smtp({ url: "smtps://user:mail-secret@relay.example.com", from: "PausePoint <a@example.com>" }),
      own: defineChannel({ addressKind: "text", secrets: ["own-secret"], send: async () => ({ outcome: "sent" }) }),
      both: fallback(["sms", "gw"]) }`);
    for (const args of [["--offline"], ["--json", "--offline"]]) {
      const { status, stdout } = await doctor(folder, ...args);
      expect(status).toBe(0);
      expect(stdout).not.toMatch(/-secret|auth-token|path-token/);
    }
    const ran = await doctor(folder, "--json", "--offline");
    expect(finding(ran, "channel sms")).toMatchObject({
      ...{ status: "ok", found: "twilio" },
      settings: { authToken: "set", from: "+13125550100", senders: "GB ACME", maxSegments: "2" },
    });
    expect(finding(ran, "channel gw").settings).toMatchObject({
      url: "http://10.0.0.7",
      body: "a function",
      auth: "set",
    });
    expect(finding(ran, "channel carrier").settings).toMatchObject({
      url: "smpp://10.0.0.9",
      from: '""',
      receipts: "final",
    });
    expect(finding(ran, "channel email").settings).toMatchObject({
      url: "smtps://relay.example.com",
      from: "a@example.com",
    });
    expect(finding(ran, "channel own")).toMatchObject({ found: "defineChannel", settings: { send: "a function" } });
    expect(finding(ran, "channel both").settings).toEqual({ channels: "sms, gw", afterMinutes: "5" });
  });

  test("stops with status 2 at a configuration that would not start", async () => {
    const ran = await doctor(configured("listen: { port: -1 }"));
    expect(ran).toMatchObject({ status: 2, stdout: "", stderr: expect.stringContaining("  listen.port\n") });
  });
});
