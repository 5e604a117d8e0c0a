/** What the server's log says of a whole loop at its most talkative: ids, and nothing of what was asked, of whom, or by which link. */
import { afterEach, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { createKey, defaultScopes, noLimits } from "../../src/access/index.ts";
import { startApp } from "../../src/app.ts";
import { withFolder } from "../../src/cli/folder.ts";
import { loadConfig } from "../../src/platform/config/load.ts";
import { createLog } from "../../src/platform/log.ts";
import { temporaryFolder } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";

const running: { stop(): unknown }[] = [];
afterEach(async () => {
  for (const part of running.splice(0).reverse()) await part.stop();
});

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SECRET = ["quagga", "okapi", "zebra", "ibex", "3128471928", "bongo", "kudu-agent"] as const;

test("a whole loop leaves ids in the log and nothing of what was asked, of whom, by which link or key", async () => {
  const folder = temporaryFolder();
  running.push({ stop: () => rmSync(folder, { recursive: true, force: true }) });
  const loaded = await loadConfig({ flags: { data: join(folder, "data"), port: "0" }, env: {}, cwd: folder });
  const config = { ...loaded, log: { level: "debug", format: "json", requests: "debug" } } as const;
  const lines: string[] = [];
  let link = "";
  const app = await startApp({
    config,
    log: createLog("debug", "json", Date.now, (line) => lines.push(line)),
    onOutbox: (message) => {
      link = message.link;
    },
  });
  running.push(app);
  const receiver = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("bongo", { status: 500 }) });
  running.push({ stop: () => receiver.stop(true) });
  const { key } = await withFolder(config, ({ writer, context }) =>
    writer.write((tx) =>
      createKey(
        tx,
        context,
        { name: "n", mode: "test", project: "default", scopes: defaultScopes, limits: noLimits, plan: null } as never,
        { type: "operator", id: null },
      ),
    ),
  );
  const headers = {
    authorization: `Bearer ${key}`,
    "user-agent": "kudu-agent",
    "content-type": "application/json",
    traceparent: `00-${TRACE}-00f067aa0ba902b7-01`,
  };
  const post = (path: string, body: object) =>
    fetch(`${app.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  const asked = {
    ...{ recipient: "+1 312 847 1928", channel: "sms", message: "Sell the quagga?", options: ["okapi", "no"] },
    ...{ details: { Why: "zebra" }, allow_comment: true, webhook_url: `http://127.0.0.1:${receiver.port}/bongo` },
  };
  const created = (await (await post("/v1/pause", asked)).json()) as { pause_id: string };
  expect((await post("/v1/pause", { ...asked, quagga: 1 })).status).toBe(422);
  expect((await post("/v1/pause/quagga/cancel", {})).status).toBe(404);
  await eventually(
    () => link,
    (known) => known !== "",
  );
  expect((await fetch(link, { headers: { "user-agent": "kudu-agent" } })).status).toBe(200);
  const form = new URLSearchParams({ choice: "okapi", comment: "ibex" });
  expect((await fetch(link, { method: "POST", body: form, redirect: "manual" })).status).toBe(303);
  const said = await eventually(
    () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    (all) => all.some(({ event }) => event === "not delivered"),
  );

  const { pause_id } = created;
  const requests = said.filter(({ event }) => event === "request");
  expect(requests.map(({ method, route, status }) => `${method} ${route} ${status}`)).toEqual([
    "POST /v1/pause 201",
    "POST /v1/pause 422",
    "POST /v1/pause/:pause_id/cancel 404",
    "GET /r/:token 200",
    "POST /r/:token 303",
  ]);
  expect(requests[0]).toMatchObject({ level: "debug", pause_id, trace_id: TRACE });
  expect(String(requests[0]!.request_id)).toStartWith("req_");
  expect(requests[4]).toMatchObject({ pause_id });
  expect(said.find(({ event }) => event === "not delivered")).toMatchObject({ pause_id, trace_id: TRACE, status: 500 });
  const text = lines.join("");
  const token = /\/r\/([\w-]{52})/.exec(link)![1]!;
  for (const secret of [...SECRET, token, key]) expect([secret, text.includes(secret)]).toEqual([secret, false]);
});
