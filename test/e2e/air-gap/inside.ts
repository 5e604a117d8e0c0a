/**
 * Run in a network namespace of its own, where there is nothing but loopback: a gateway, an SMSC, a receiver of webhooks,
 * and the executable under strace, which does its whole job with them. From the folder that it is started in; prints a
 * {@link Report}. `--with-others` configures channels to hosts that are not there, too.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "../../crash/server.ts";
import { startGateway } from "../../peers/gateway.ts";
import { startReceiver } from "../../peers/receiver.ts";
import { startSmsc } from "../../peers/smsc.ts";
import { run } from "../../support/binary.ts";
import { eventually } from "../../support/eventually.ts";
import { pathOf } from "../../support/needs.ts";
import { destinationsIn, TRACED } from "./connections.ts";

/** What was done, and whom the executable tried to reach meanwhile. */
export interface Report {
  /** Network interfaces of the namespace. */
  readonly interfaces: readonly string[];
  /** The gateway, the SMSC and the receiver. */
  readonly configured: readonly string[];
  readonly destinations: readonly string[];
  /** How each of the pauses ended: status, choice, way, last state of its message. */
  readonly endings: readonly string[];
  readonly webhooks: number;
  readonly verified: number;
}

const PHONE = "+13128471928";
const OTHERS = `
  elsewhere: smpp({ url: "smpp://192.0.2.10:2775", systemId: "pause", from: "+15005550006" }),
  named: smpp({ url: "smpp://smsc.example.com:2775", systemId: "pause", from: "+15005550006" }),`;

const folder = process.cwd();
const withOthers = process.argv.includes("--with-others");
let traces = 0;

/** The executable's command line under strace. */
function traced(): { readonly command: readonly string[]; readonly file: string } {
  const file = join(folder, `trace-${traces++}`);
  return { command: [pathOf("strace"), ...TRACED, "-o", file, pathOf("dist/pausepoint")], file };
}

async function command(...args: string[]) {
  return await run([...traced().command, ...args, "--data", "data"], folder);
}

/** What `look` sees, once it is something. */
async function once<Seen>(look: () => Seen | null | Promise<Seen | null>): Promise<Seen> {
  return (await eventually(look, (seen) => seen !== null)) as Seen;
}

const destinations = async (): Promise<string[]> => {
  const texts = Array.from({ length: traces }, (_, n) => Bun.file(join(folder, `trace-${n}`)).text());
  return destinationsIn((await Promise.all(texts)).join("\n"));
};

async function main(): Promise<Report> {
  const gateway = startGateway();
  const smsc = await startSmsc({ systemId: "pause", password: "secret08", receipts: {} });
  const receiver = await startReceiver();
  writeFileSync(
    join(folder, "pausepoint.config.ts"),
    `import { defineConfig, httpGateway, smpp } from "pausepoint/config";
export default defineConfig({
  channels: {
    sms: httpGateway({ url: "${gateway.url}/send", body: (m) => ({ to: [m.to], text: m.text }) }),
    carrier: smpp({ url: "${smsc.url}", systemId: "pause", password: "secret08", from: "+15005550006" }),${withOthers ? OTHERS : ""}
  },
  webhooks: { allowNetworks: ["127.0.0.0/8"] },
});`,
  );
  const server = await startServer(traced().command, join(folder, "data"));
  const made = await command("keys", "create", "--name", "agent", "--mode", "live");
  const headers = { authorization: `Bearer ${made.stdout.trim()}`, "content-type": "application/json" };
  // biome-ignore lint/suspicious/noExplicitAny: a test says by its expectations what it takes the answer to be
  const call = async (path: string, body?: object): Promise<any> => {
    const init = body === undefined ? { headers } : { headers, method: "POST", body: JSON.stringify(body) };
    return await (await fetch(`${server.url}${path}`, init)).json();
  };
  const texts = {
    sms: () => once(() => (gateway.requests[0]?.body as { text: string } | undefined)?.text ?? null),
    carrier: async () => (await smsc.nextMessage()).text,
  };
  const endings: string[] = [];
  for (const channel of ["sms", "carrier"] as const) {
    const asked = { recipient: PHONE, message: "Wire $8,400?", channel, webhook_url: `${receiver.url}/decided` };
    const { pause_id } = await call("/v1/pause", asked);
    const link = /https?:\/\/\S+\/r\/[\w-]+/.exec(await texts[channel]())?.[0] ?? "";
    const waiting = call(`/v1/pause/${pause_id}?wait=20`);
    await (await fetch(link)).text();
    await fetch(link, { method: "POST", body: new URLSearchParams({ choice: "Approve" }), redirect: "manual" });
    const { status, response_choice, response_via } = await waiting;
    await receiver.nextRequest();
    const { delivery } = await call(`/v1/pause/${pause_id}`);
    endings.push([status, response_choice, response_via, delivery[0].status].join(" "));
  }
  const verified = await command("audit", "verify");
  // Whoever is not there is tried in the background.
  if (withOthers) await once(async () => ((await destinations()).some((one) => one.endsWith(":53")) ? true : null));
  await server.stop();
  const { port } = new URL(gateway.url);
  const report = {
    interfaces: (await run(["ip", "-brief", "link"], folder)).stdout.trim().split("\n"),
    configured: [port, smsc.port, receiver.port].map((one) => `127.0.0.1:${one}`),
    destinations: await destinations(),
    endings,
    webhooks: receiver.requests.length,
    verified: verified.status,
  };
  await Promise.all([gateway.stop(), smsc.stop(), receiver.stop()]);
  return report;
}

console.log(JSON.stringify(await main()));
