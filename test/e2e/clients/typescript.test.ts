/** The client as a stranger gets it: packed, installed from the tarball, run by Node and by Bun. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout } from "bun:test";
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environment, run, Started, serveBinary } from "../../support/binary.ts";
import { eventually } from "../../support/eventually.ts";
import { testNeeding } from "../../support/needs.ts";

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

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pausepoint-client-"));
  const source = join(folder, "source");
  cpSync(join(project, "clients/typescript"), source, { recursive: true, filter: (path) => !path.endsWith("/dist") });
  const must = async (command: string[], cwd: string) => {
    const ran = await run(command, cwd, environment({ HOME: folder }));
    if (ran.status !== 0) throw new Error(`${command.join(" ")}: ${ran.stdout}${ran.stderr}`);
  };
  await must([process.execPath, join(project, "node_modules/typescript/bin/tsc"), "-p", "."], source);
  await must(["npm", "pack", "--pack-destination", folder], source);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module", "private": true }');
  await must(["npm", "install", "--offline", "--no-audit", "--no-fund", `./${tarball}`], folder);
  writeFileSync(join(folder, "ask.js"), asks);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the client from its tarball", () => {
  for (const [name, runtime] of [
    ["Node", "node"],
    ["Bun", process.execPath],
  ] as const) {
    test(`under ${name} has its answer after the server was restarted in the middle of the wait, with one text sent`, async () => {
      await using server = await serveBinary();
      const { port } = new URL(server.url);
      const env = environment({ PAUSEPOINT_URL: server.url, PAUSEPOINT_API_KEY: server.key });
      const asking = run([runtime, "ask.js"], folder, env);
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
