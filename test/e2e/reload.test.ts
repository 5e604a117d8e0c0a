/** A running executable that reads its configuration anew. */
import { afterEach, describe, expect, setDefaultTimeout } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { verifyLive } from "../../src/audit/index.ts";
import { openForReading } from "../../src/storage/index.ts";
import { type GatewayPeer, startGateway } from "../peers/gateway.ts";
import { type BinaryServer, folderWith, runBinary, serveBinary } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { testNeeding } from "../support/needs.ts";

const test = testNeeding("dist/pausepoint");
setDefaultTimeout(60_000);

const peers: GatewayPeer[] = [];
afterEach(async () => {
  for (const peer of peers.splice(0)) await peer.stop();
});

function gatewayPeer(): GatewayPeer {
  const peer = startGateway();
  peers.push(peer);
  return peer;
}

const CONFIG = "pausepoint.config.ts";
const gatewayConfig = (url: string, more = "") => `import { defineConfig, httpGateway } from "pausepoint/config";
  export default defineConfig({ ${more} channels: { sms: httpGateway({
    url: "${url}/send", body: (m) => ({ to: m.to, text: m.text }) }) } });`;

const write = (server: BinaryServer, text: string, name = CONFIG) => writeFileSync(join(server.folder, name), text);

async function liveKey(server: BinaryServer): Promise<string> {
  const made = await server.run("keys", "create", "--name", "agent", "--mode", "live", "--json");
  return JSON.parse(made.stdout).key;
}

/** What the log says was put in force, start and reloads. */
async function inForce(
  server: BinaryServer,
): Promise<{ type: string; actor: { type: string }; data: { config: string; channels: string[] } }[]> {
  const database = openForReading(join(server.folder, ".pausepoint"));
  try {
    expect(verifyLive(database).fault).toBeNull();
    const sql = 'SELECT entry FROM audit_entries WHERE entry LIKE \'%"type":"server.%\' ORDER BY seq';
    return database
      .prepare<[], string>(sql)
      .pluck()
      .all()
      .map((entry) => JSON.parse(entry));
  } finally {
    database.close();
  }
}

const firstText = async (gateway: GatewayPeer, count = 1) => {
  await eventually(
    () => gateway.requests.length,
    (length) => length >= count,
  );
  return gateway.requests[count - 1]!.body as { to: string; text: string };
};

describe("pausepoint config reload", () => {
  test("puts people, texts and channels in force while requests wait and texts are on their way", async () => {
    const [first, second] = [gatewayPeer(), gatewayPeer()];
    const gate = Promise.withResolvers<void>();
    first.answer = async () => {
      await gate.promise;
      return Response.json({ id: "1" });
    };
    await using server = await serveBinary({ files: { [CONFIG]: gatewayConfig(first.url) } });
    const live = await liveKey(server);
    const asked = await server.ask({}, live);
    const { text } = await firstText(first);
    const waiting = server.call(`/v1/pause/${asked.pause_id}?wait=60`, { key: live });
    await server.call("/readyz", { key: "" });

    write(server, 'export const cfo = { name: "Chief Financial Officer", sms: "+13125550142" };', "people.ts");
    write(
      server,
      `import { cfo } from "./people.ts";\n${gatewayConfig(second.url, 'people: { cfo }, texts: { sms: "{link} asks: {message}" }, listen: { port: 9 },')}`,
    );
    const reloading = server.run("config", "reload");
    // It goes on once the text that is on its way has been taken.
    expect(await Promise.race([reloading, Bun.sleep(600).then(() => "waits")])).toBe("waits");
    expect((await server.call("/readyz", { key: "" })).status).toBe(200);
    gate.resolve();
    const reloaded = await reloading;
    expect(reloaded).toMatchObject({ status: 0, stderr: "" });
    expect(reloaded.stdout).toContain(`Reloaded ${join(server.folder, CONFIG)}.`);
    // The port was given on the command line, which wins over the file again.
    expect(reloaded.stdout).not.toContain("restart");

    await server.ask({ recipient: "@cfo", message: "Pay?" }, live);
    const after = await firstText(second);
    expect(after.to).toBe("+13125550142");
    expect(after.text).toMatch(/^http\S+ asks: Pay\?$/);
    // Whoever waited all the while is told, and the link of before is as good as ever.
    await server.choose(new URL(/https?:\S+/.exec(text)![0]).pathname, "Approve");
    expect((await waiting).body).toMatchObject({ status: "responded", response_choice: "Approve" });
    expect(first.requests).toHaveLength(1);

    write(server, 'export const cfo = { name: "Chief Financial Officer", sms: "+13125550143" };', "people.ts");
    expect(JSON.parse((await server.run("config", "reload", "--json")).stdout)).toEqual({
      reloaded: true,
      source: join(server.folder, CONFIG),
      restart: [],
    });
    await server.ask({ recipient: "@cfo" }, live);
    expect((await firstText(second, 2)).to).toBe("+13125550143");

    const told = await inForce(server);
    expect(told.map(({ type }) => type)).toEqual(["server.started", "server.reloaded", "server.reloaded"]);
    expect(new Set(told.map(({ data }) => data.config)).size).toBe(3);
    expect(readdirSync(join(server.folder, ".pausepoint")).filter((name) => name === "reload.request")).toEqual([]);
  });

  test("names what takes a restart, and leaves it as it was", async () => {
    await using server = await serveBinary({ files: { [CONFIG]: "export default {};" } });
    write(
      server,
      'export default { timeoutHours: 2, dataDir: "elsewhere", listen: { trustProxy: ["10.0.0.1"] }, log: { format: "json" } };',
    );
    // The command is told where the server is; the file it is about names another folder now.
    const { status, stdout } = await server.run("config", "reload", "--data", ".pausepoint");
    expect(status).toBe(0);
    expect(stdout).toContain("Note: listen, dataDir, log changed as well; restart the server for that.");
    expect(Date.parse((await server.ask()).expires_at) - Date.now()).toBeLessThan(2 * 3_600_000 + 1);
    expect(readdirSync(server.folder)).not.toContain("elsewhere");
  });

  test("refuses a wrong configuration by path and reason with status 2, goes on with the old one, and takes the mended one", async () => {
    await using server = await serveBinary({ files: { [CONFIG]: "export default { timeoutHours: 3 };" } });
    const hours = async () => Math.round((Date.parse((await server.ask()).expires_at) - Date.now()) / 3_600_000);
    const wrongs: [string, string][] = [
      ['export default { timeoutHours: "4" };', 'timeoutHours\n    found    "4"'],
      ["export default { timeoutHours: 4, };;; const x = ;", "Correct the syntax"],
      ['throw new Error("no such thing"); export default {};', "no such thing"],
      ['import { x } from "./neighbour.ts"; export default { timeoutHours: x };', "neighbour.ts"],
      ["process.exit(0); export default {};", "ended its process with 0"],
    ];
    for (const [text, why] of wrongs) {
      write(server, text);
      const refused = await server.run("config", "reload", "--data", ".pausepoint");
      expect({ text, status: refused.status, stdout: refused.stdout }).toEqual({ text, status: 2, stdout: "" });
      expect(refused.stderr).toContain(why);
      expect(await hours()).toBe(3);
    }
    expect(server.process.stderr).toContain("configuration not reloaded");
    expect(server.process.stderr).toContain("timeoutHours");
    write(server, 'import { x } from "./neighbour.ts"; export default { timeoutHours: x };');
    write(server, 'throw new Error("in the neighbour"); export const x = 1;', "neighbour.ts");
    expect((await server.run("config", "reload", "--data", ".pausepoint")).stderr).toContain("in the neighbour");
    write(server, "export const x = 5;", "neighbour.ts");
    expect((await server.run("config", "reload")).status).toBe(0);
    expect(await hours()).toBe(5);
    expect((await inForce(server)).map(({ type }) => type)).toEqual(["server.started", "server.reloaded"]);
  });

  test("says so where no server runs", async () => {
    const folder = folderWith();
    const { status, stderr } = await runBinary(["config", "reload"], folder);
    expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining("No server is running on") });
  });
});

describe("SIGHUP", () => {
  test("does the same, and the server's log tells what came of it", async () => {
    await using server = await serveBinary({ files: { [CONFIG]: "export default { timeoutHours: 3 };" } });
    const hup = () => process.kill(server.process.pid, "SIGHUP");
    const logged = (text: string) =>
      eventually(
        () => server.process.stderr,
        (stderr) => stderr.includes(text),
      );
    write(server, "export default { timeoutHour: 4 };");
    hup();
    await logged("configuration not reloaded");
    expect(server.process.stderr).toContain("did you mean timeoutHours?");
    write(server, "export default { timeoutHours: 4 };");
    hup();
    await logged("configuration reloaded");
    expect(Math.round((Date.parse((await server.ask()).expires_at) - Date.now()) / 3_600_000)).toBe(4);
    expect((await inForce(server)).at(-1)).toMatchObject({ type: "server.reloaded", actor: { type: "system" } });
  });
});
