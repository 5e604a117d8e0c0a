/**
 * The executable with nothing configured, on a machine that has a network: it does its whole job and tries to reach nobody
 * but the receiver on the same machine that the request names. strace tells of every try, whether it came about or not.
 */

import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "../../crash/server.ts";
import { startReceiver } from "../../peers/receiver.ts";
import { environment, folderWith, run } from "../../support/binary.ts";
import { eventually } from "../../support/eventually.ts";
import { pathOf, testNeeding } from "../../support/needs.ts";
import { destinationsIn, TRACED } from "./connections.ts";

const straceTest = testNeeding("dist/pausepoint", "strace");

class Traced {
  readonly folder = folderWith();
  #traces = 0;

  command(...args: string[]): string[] {
    const file = join(this.folder, `trace-${this.#traces++}`);
    return [pathOf("strace"), ...TRACED, "-o", file, pathOf("dist/pausepoint"), ...args];
  }

  async run(...args: string[]) {
    const { status, stdout, stderr } = await run(this.command(...args), this.folder, environment());
    if (status !== 0) throw new Error(`${args.join(" ")}: ${stderr}`);
    return stdout;
  }

  async destinations(): Promise<string[]> {
    const files = Array.from({ length: this.#traces }, (_, n) => Bun.file(join(this.folder, `trace-${n}`)).text());
    return destinationsIn((await Promise.all(files)).join("\n"));
  }
}

straceTest(
  "with nothing configured a whole loop, and every page and command, reaches the receiver that was named and nobody else",
  async () => {
    const traced = new Traced();
    const receiver = await startReceiver();
    const data = join(traced.folder, "data");
    const server = await startServer(traced.command(), data);
    let ended = "";
    try {
      const key = (await traced.run("keys", "create", "--name", "agent", "--mode", "test", "--data", data)).trim();
      const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
      const asked = {
        recipient: "+13128471928",
        channel: "sms",
        message: "Deploy?",
        webhook_url: `${receiver.url}/told`,
      };
      const made = await fetch(`${server.url}/v1/pause`, { method: "POST", headers, body: JSON.stringify(asked) });
      const { pause_id } = (await made.json()) as { pause_id: string };
      const link = await eventually(
        async () => {
          const messages = await fetch(`${server.url}/v1/test/messages?pause_id=${pause_id}`, { headers });
          return ((await messages.json()) as { data: { link: string }[] }).data[0]?.link ?? "";
        },
        (sent) => sent !== "",
      );
      await (await fetch(link)).text();
      await fetch(link, { method: "POST", body: new URLSearchParams({ choice: "Approve" }), redirect: "manual" });
      expect((await receiver.nextRequest()).method).toBe("POST");
      const paths = ["/", "/docs", "/docs/api", "/llms.txt", "/openapi.json", "/console/sign-in", "/console/setup"];
      for (const path of [...paths, "/problems/internal", "/healthz", "/readyz", "/.well-known/pausepoint-keys.json"])
        expect([path, (await fetch(`${server.url}${path}`)).status]).toEqual([path, 200]);
      const says = { jsonrpc: "2.0", id: 1, method: "ping" };
      const accept = { accept: "application/json, text/event-stream" };
      await fetch(`${server.url}/mcp`, {
        method: "POST",
        headers: { ...headers, ...accept },
        body: JSON.stringify(says),
      });
      const archive = join(traced.folder, "a.tar.gz");
      for (const args of [
        ["audit", "verify"],
        ["audit", "export"],
        ["report", "--from", "2020-01-01T00:00:00Z", "--to", "2100-01-01T00:00:00Z"],
        ["keys", "list"],
        ["webhooks", "list"],
        ["backup", archive],
        ["config", "check"],
        ["setup-link"],
      ])
        await traced.run(...args, "--data", data);
      await traced.run("restore", archive, "--data", join(traced.folder, "restored"));
      await traced.run("version");
      await traced.run("licenses");
      const { status, response_via } = (await (
        await fetch(`${server.url}/v1/pause/${pause_id}`, { headers })
      ).json()) as {
        status: string;
        response_via: string;
      };
      ended = `${status} ${response_via}`;
    } finally {
      await server.stop();
    }
    const destinations = await traced.destinations();
    const own = new URL(receiver.url).host;
    await receiver.stop();
    rmSync(traced.folder, { recursive: true, force: true });
    expect(ended).toBe("responded page");
    // The list is not empty for want of looking: the webhook stands on it.
    expect(destinations).toEqual([own]);
  },
  300_000,
);

test("a name that is asked for would be on the list", () => {
  const asks = '7 connect(9, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.2")}, 16) = 0';
  expect(destinationsIn(asks)).toEqual(["10.0.0.2:53"]);
});
