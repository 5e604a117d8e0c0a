/** The client as a stranger gets it: packed, installed from the tarball, run by Node, by Bun and by Deno. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout } from "bun:test";
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestAction, PausePoint } from "../../../clients/typescript/src/index.ts";
import { sign } from "../../../src/webhooks/signing.ts";
import { environment, run, runBinary, Started, serveBinary } from "../../support/binary.ts";
import { eventually } from "../../support/eventually.ts";
import { pathOf, testNeeding } from "../../support/needs.ts";

const test = testNeeding("dist/pausepoint");
setDefaultTimeout(120_000);

const project = join(import.meta.dir, "../../..");
const asks = `
import { PausePoint } from "@pausepoint/client";

const decision = await new PausePoint().ask({
  recipient: "+13128471928",
  channel: "sms",
  message: "Purge 14,000 records?",
  options: ["Purge", "Keep"],
});
console.log(decision.choice, decision.isHuman, decision.pause.pause_id);
`;

/** An executor: the action's digest, the receipt checked and consumed, a webhook believed; and each of them refused. */
const executes = `
import { digestAction, fetchReceiptKeys, PausePoint, verifyReceipt, verifyWebhook } from "@pausepoint/client";

const { url, action, receipt, secret, headers, body } = JSON.parse(process.env.ORDER);
const { digest } = await digestAction(action);
const keys = await fetchReceiptKeys(url, "test");
const demands = { keys, mode: "test", actionDigest: digest, audience: "default", choices: ["Approve"] };
const refused = (error) => error.fault ?? error.name;
console.log((await verifyReceipt(receipt, demands)).source);
console.log(await verifyReceipt(receipt, { ...demands, actionDigest: "sha256:00" }).catch(refused));
console.log(await verifyReceipt(receipt.replace(/..$/, ""), demands).catch(refused));
console.log(await verifyReceipt(receipt.replace(/[^.]*$/, "A".repeat(86)), demands).catch(refused));
const executor = new PausePoint();
console.log((await executor.consumeReceipt({ receipt, action_digest: digest })).choice);
console.log(await executor.consumeReceipt({ receipt, action_digest: digest }).catch(refused));
console.log((await verifyWebhook(body, headers, { secret })).type);
console.log(await verifyWebhook(body + " ", headers, { secret }).catch(refused));
`;
const executed = "human\nother action\nmalformed\nforged\nApprove\nConflictError\nwebhook.test\nWebhookError\n";

const runtimes = [
  { name: "Node", needs: [], command: () => ["node"] },
  { name: "Bun", needs: [], command: () => [process.execPath] },
  { name: "Deno", needs: ["deno"], command: () => [pathOf("deno"), "run", "--allow-env", "--allow-net"] },
] as const;

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pausepoint-client-"));
  const source = join(folder, "source");
  cpSync(join(project, "clients/typescript"), source, { recursive: true, filter: (path) => !path.endsWith("/dist") });
  const path = `${join(project, "node_modules/.bin")}:${process.env.PATH ?? ""}`;
  const must = async (command: string[], cwd: string) => {
    const ran = await run(command, cwd, environment({ HOME: folder, PATH: path }));
    if (ran.status !== 0) throw new Error(`${command.join(" ")}: ${ran.stdout}${ran.stderr}`);
  };
  await must(["npm", "pack", "--pack-destination", folder], source);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module", "private": true }');
  await must(["npm", "install", "--offline", "--no-audit", "--no-fund", `./${tarball}`], folder);
  writeFileSync(join(folder, "ask.js"), asks);
  writeFileSync(join(folder, "execute.js"), `import process from "node:process";${executes}`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the client from its tarball", () => {
  for (const { name, needs, command } of runtimes) {
    const test = testNeeding("dist/pausepoint", ...needs);

    test(`under ${name} has its answer after the server was restarted in the middle of the wait, with one text sent`, async () => {
      await using server = await serveBinary();
      const { port } = new URL(server.url);
      const env = environment({ PAUSEPOINT_URL: server.url, PAUSEPOINT_API_KEY: server.key });
      const asking = run([...command(), "ask.js"], folder, env);
      const [asked] = await eventually(
        async () => (await server.call("/v1/pause")).body.data as { pause_id: string }[],
        (pauses) => pauses.length === 1,
      );
      const { pause_id } = asked!;
      const link = await server.link(pause_id);
      await server.process.stop();
      const again = new Started(["serve", "--port", port, "--json"], server.folder);
      try {
        await again.line();
        expect((await server.choose(link, "Purge")).status).toBe(303);
        expect(await asking).toEqual({ status: 0, stdout: `Purge true ${pause_id}\n`, stderr: "" });
        expect((await server.call("/v1/test/messages")).body.data).toHaveLength(1);
      } finally {
        await again.stop();
      }
    });

    test(`under ${name} checks and consumes a receipt and believes a webhook, and refuses what is not genuine`, async () => {
      await using server = await serveBinary();
      const { action, digest } = await digestAction({ do: "purge", rows: 14_000 });
      const asked = { recipient: "+13128471928", channel: "sms", message: "Purge?", action_digest: digest };
      const { pause_id } = await new PausePoint({ url: server.url, apiKey: server.key }).createPause(asked);
      await server.choose(await server.link(pause_id), "Approve");
      const { receipt } = await server.pause(pause_id);
      const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
      const body = '{"type":"webhook.test","timestamp":"2026-11-24T00:00:00.000Z","data":{"webhook_id":"whk_1"}}';
      const headers = sign({ id: "evt_1", timestampSeconds: Math.floor(Date.now() / 1000), body, secrets: [secret] });
      const ORDER = JSON.stringify({ url: server.url, action, receipt, secret, headers, body });
      const made = await runBinary(
        ["keys", "create", "--name", "executor", "--mode", "test", "--scopes", "receipts:consume"],
        server.folder,
      );
      const env = environment({ PAUSEPOINT_URL: server.url, PAUSEPOINT_API_KEY: made.stdout.trim(), ORDER });
      expect((await run([...command(), "execute.js"], folder, env)).stdout).toBe(executed);
    });
  }

  test("says in one line what it needs when there is no key", async () => {
    const { status, stderr } = await run(
      ["node", "ask.js"],
      folder,
      environment({ PAUSEPOINT_URL: "http://127.0.0.1:9" }),
    );
    expect(status).toBe(1);
    expect(stderr).toContain("There is no API key: set PAUSEPOINT_API_KEY to one that pausepoint printed.");
  });

  test("brings types that a strict project compiles with, and that refuse what the API would", async () => {
    const compile = async (text: string) => {
      writeFileSync(join(folder, "typed.ts"), `import { PausePoint } from "@pausepoint/client";\n${text}\n`);
      const tsc = join(project, "node_modules/typescript/bin/tsc");
      const options =
        "--noEmit --strict --exactOptionalPropertyTypes --target es2022 --lib es2023,dom --module nodenext";
      return await run([process.execPath, tsc, ...options.split(" "), "typed.ts"], folder, environment());
    };
    const question = 'recipient: ["@cfo"], channel: "sms", message: "?"';
    const good = `const { choice } = await new PausePoint().ask({ ${question} });\nexport const text: string | null = choice;`;
    expect(await compile(good)).toMatchObject({ status: 0, stdout: "" });
    const bad = await compile(`await new PausePoint().ask({ ${question}, timeoutHours: 4 });`);
    expect(bad.stdout).toContain("'timeoutHours' does not exist");
  });
});
