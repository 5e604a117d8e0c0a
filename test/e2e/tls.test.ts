import { afterAll, beforeAll, describe, expect } from "bun:test";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Authority, makeAuthority, selfSigned } from "../peers/certificates.ts";
import { begun } from "../support/begun.ts";
import { folderWith, run, runBinary, serveBinary } from "../support/binary.ts";
import { openBrowser } from "../support/browser.ts";
import { eventually } from "../support/eventually.ts";
import { testNeeding } from "../support/needs.ts";

const binaryTest = testNeeding("dist/pausepoint");
const chromiumTest = testNeeding("dist/pausepoint", "chromium");

let authority: Authority;
beforeAll(() => {
  authority = makeAuthority();
});

const CONFIG = `import { defineConfig } from "pausepoint/config";
export default defineConfig({ listen: { tls: { cert: "tls/cert.pem", key: "tls/key.pem" } } });
`;

/** What a folder holds with this pair in place. */
function configured(pair: { cert: string; key: string }): Record<string, string> {
  return {
    "pausepoint.config.ts": CONFIG,
    "tls/cert.pem": pair.cert,
    "tls/key.pem": pair.key,
    "tls/ca.pem": authority.ca,
  };
}

describe("the executable with a certificate", () => {
  binaryTest("asks and answers over https, for curl and for fetch", async () => {
    await using server = await serveBinary({ files: configured(authority.issue({ addresses: ["127.0.0.1"] })) });
    expect(server.url).toStartWith("https://127.0.0.1:");
    const tls = { tls: { ca: authority.ca } } as RequestInit;
    const json = { recipient: "+1 (312) 847-1928", channel: "sms", message: "Wire $8,400 to Meridian?" };
    const { body } = await server.call("/v1/pause", { json, ...tls });
    expect(body.status).toBe("pending");
    const curl = (...words: string[]) =>
      run(
        ["curl", "-sS", "--cacert", "tls/ca.pem", "-H", `Authorization: Bearer ${server.key}`, ...words],
        server.folder,
      );
    const waiting = curl(`${server.url}/v1/pause/${body.pause_id}?wait=30`);
    const answered = await curl(
      `${server.url}/v1/test/pause/${body.pause_id}/respond`,
      "--json",
      `{"choice":"Approve"}`,
    );
    expect(answered.status).toBe(0);
    expect(JSON.parse((await waiting).stdout)).toMatchObject({ status: "responded", response_choice: "Approve" });
    const distrusting = await run(["curl", "-sS", `${server.url}/healthz`], server.folder);
    expect([distrusting.status, distrusting.stdout]).toEqual([60, ""]);
  });

  chromiumTest("shows a phone its page, and takes the tap", async () => {
    const pair = selfSigned({ names: ["localhost"], addresses: ["127.0.0.1"] });
    await using server = await serveBinary({ files: configured(pair) });
    const tls = { tls: { ca: pair.cert } } as RequestInit;
    const json = { recipient: "+13128471928", channel: "sms", message: "Wire $8,400 to Meridian?" };
    const { body } = await server.call("/v1/pause", { json, ...tls });
    const messages = await eventually(
      async () => (await server.call("/v1/test/messages", tls)).body.data,
      ({ length }) => length === 1,
    );
    const browser = await openBrowser();
    const page = await (await browser.context({ ignoreHTTPSErrors: true })).newPage();
    await page.goto(messages[0].link);
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByText("You chose").waitFor();
    await browser.close();
    expect((await server.call(`/v1/pause/${body.pause_id}`, tls)).body.response_via).toBe("page");
  });
});

describe("a certificate that can't be used", () => {
  const folders: string[] = [];
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });
  const stand = (pair: { cert: string; key: string }) => {
    const folder = folderWith(configured(pair));
    folders.push(folder);
    return folder;
  };

  binaryTest("stops the start, config check and doctor with its file; other commands need none", async () => {
    const { key } = authority.issue({ addresses: ["127.0.0.1"] });
    const { cert } = authority.issue({ addresses: ["127.0.0.1"] });
    for (const [pair, told] of [
      [authority.issue({ addresses: ["127.0.0.1"], days: -1 }), "tls/cert.pem: expired at "],
      [{ cert, key }, "tls/key.pem: is not the key of the certificate in "],
      [{ cert: "", key }, "tls/cert.pem: holds no certificate"],
    ] as const) {
      const folder = stand(pair);
      for (const [words, status] of [
        [["serve", "--port", "0"], 2],
        [["config", "check"], 2],
        [["doctor"], 1],
      ] as const) {
        const ran = await runBinary(words, folder);
        expect([words[0], ran.status, `${ran.stdout}${ran.stderr}`]).toEqual([
          words[0],
          status,
          expect.stringContaining(join(folder, told)),
        ]);
      }
      writeFileSync(
        join(folder, "plain.config.ts"),
        'import { defineConfig } from "pausepoint/config";\nexport default defineConfig({});\n',
      );
      await begun(folder, ["--config", "plain.config.ts"]);
      const keys = await runBinary(["keys", "create", "--name", "a", "--mode", "test"], folder);
      expect(keys.status).toBe(0);
    }
  });

  binaryTest(
    "for the host of the links, or can be read by everybody, is noted by config check and doctor",
    async () => {
      const other = stand(authority.issue({ names: ["approve.example.com"], days: 365 }));
      chmodSync(join(other, "tls/key.pem"), 0o604);
      const good = stand(authority.issue({ addresses: ["127.0.0.1"], days: 365 }));
      chmodSync(join(good, "tls/key.pem"), 0o640);
      const shown = async (folder: string) => {
        const { stdout: checked } = await runBinary(["config", "check", "--json"], folder);
        const { stdout: seen } = await runBinary(["doctor", "--json"], folder);
        const checks: { check: string; status: string; found: string }[] = JSON.parse(seen).checks;
        return [
          ...JSON.parse(checked).cautions,
          ...checks
            .filter(({ check }) => check.startsWith("certificate"))
            .map(({ status, found }) => `${status}: ${found}`),
        ];
      };
      expect(await shown(good)).toEqual([expect.stringMatching(/^ok: .*cert.pem, good until \S+Z \(36[34] days\)$/)]);
      expect(await shown(other)).toEqual([
        "listen.tls.cert: it does not name 127.0.0.1, which links lead to",
        expect.stringContaining("it does not name 127.0.0.1, which links lead to"),
        expect.stringMatching(
          /^fail: .*\/tls\/key.pem, mode 0604: everybody on this machine can pass for this server$/,
        ),
      ]);
    },
  );
});
