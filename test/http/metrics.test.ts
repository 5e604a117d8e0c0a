import { afterEach, describe, expect, test } from "bun:test";
import { type Answer, type Appliance, startAppliance } from "../support/appliance.ts";
import { eventually } from "../support/eventually.ts";

const TOKEN = "0123456789abcdef-metrics";
const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const part of running.splice(0)) await part.stop();
});

async function appliance(metrics?: { token?: string; listen?: { host: string; port: number } }): Promise<Appliance> {
  const started = await startAppliance((config) => (metrics === undefined ? config : { ...config, metrics }));
  running.push(started);
  return started;
}

/** The value of one series, as it is written; undefined where there is none. */
function valueIn({ text }: Answer, series: string): number | undefined {
  const line = text.split("\n").find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

describe("metrics beside the API", () => {
  test("are not there until somebody configures them", async () => {
    const { call } = bound(await appliance());
    expect(await call("/metrics")).toMatchObject({ status: 404, body: { type: "/problems/not-found" } });
    expect((await call("/metrics", { key: TOKEN })).status).toBe(404);
  });

  test("are shown to whoever has the token, and to nobody else", async () => {
    const { call, keys } = bound(await appliance({ token: TOKEN }));
    for (const key of [undefined, `${TOKEN}x`, TOKEN.slice(1), TOKEN.toUpperCase(), keys.live]) {
      const refused = await call("/metrics", key === undefined ? {} : { key });
      expect(refused).toMatchObject({ status: 401, body: { type: "/problems/no-key" } });
      expect(refused.headers.get("www-authenticate")).toBe('Bearer realm="pausepoint metrics"');
      expect(refused.text).not.toContain("pausepoint_");
    }
    const shown = await call("/metrics", { key: TOKEN });
    expect(shown.status).toBe(200);
    expect(shown.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(valueIn(shown, "pausepoint_pauses_pending")).toBeUndefined();
    expect(valueIn(shown, 'pausepoint_pauses_pending{mode="live"}')).toBe(0);
  });
});

describe("a request", () => {
  test("of an MCP tool or a hook counts once, whatever the server asks itself for it", async () => {
    const { call, keys } = bound(await appliance({ token: TOKEN }));
    const tool = { name: "list_pause_requests", arguments: {} };
    const called = await call("/mcp", {
      key: keys.test,
      body: { jsonrpc: "2.0", id: 1, method: "tools/call", params: tool },
      headers: { accept: "application/json, text/event-stream" },
    });
    expect([called.status, called.text.includes('"isError":true')]).toEqual([200, false]);
    const event = { session_id: "s", cwd: "/", hook_event_name: "PreToolUse", tool_name: "Bash", tool_use_id: "t" };
    const asked = call("/v1/hooks/claude-code?to=%2B13128471928", {
      key: keys.test,
      body: { ...event, tool_input: { command: "git push" } },
    });
    const { body } = await eventually(
      () => call("/v1/pause?status=pending", { key: keys.test }),
      (answer) => answer.body.data.length === 1,
    );
    await call(`/v1/test/pause/${body.data[0].pause_id}/respond`, { key: keys.test, body: { choice: "Allow once" } });
    expect((await asked).status).toBe(200);
    const { text } = await call("/metrics", { key: TOKEN });
    const counted = [
      ...text.matchAll(/^pausepoint_http_requests_total\{route="([^"]+)",method="(\w+)",status="(\d+)"\}/gm),
    ];
    expect(counted.map(([, ...series]) => series.join(" ")).sort()).toEqual([
      "/mcp POST 200",
      "/v1/hooks/:agent POST 200",
      "/v1/pause GET 200",
      "/v1/test/pause/:pause_id/respond POST 200",
    ]);
    expect(text).toContain('pausepoint_http_requests_total{route="/mcp",method="POST",status="200"} 1\n');
    expect(text).toContain(
      'pausepoint_http_request_duration_seconds_count{route="/v1/hooks/:agent",method="POST"} 1\n',
    );
  });
});

describe("metrics on a listener of their own", () => {
  test("are there and nowhere else, by no other path and method", async () => {
    const { call, app } = bound(await appliance({ listen: { host: "127.0.0.1", port: 0 } }));
    const at = `http://127.0.0.1:${app.metricsPort}`;
    const shown = await fetch(`${at}/metrics`);
    expect(shown.status).toBe(200);
    expect(await shown.text()).toContain("pausepoint_build_info{");
    expect((await call("/metrics")).status).toBe(404);
    for (const path of ["/", "/healthz", "/v1/pause", "/metrics/", "/console"]) {
      expect((await fetch(`${at}${path}`)).status).toBe(404);
    }
    const posted = await fetch(`${at}/metrics`, { method: "POST" });
    expect(posted.status).toBe(405);
    expect(posted.headers.get("allow")).toBe("GET, HEAD");
  });

  test("are behind the token where there is one", async () => {
    const { app } = bound(await appliance({ token: TOKEN, listen: { host: "127.0.0.1", port: 0 } }));
    const at = `http://127.0.0.1:${app.metricsPort}/metrics`;
    expect((await fetch(at)).status).toBe(401);
    expect((await fetch(at, { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(200);
  });

  test("are gone when the server has stopped", async () => {
    const stopped = await startAppliance((config) => ({
      ...config,
      metrics: { listen: { host: "127.0.0.1", port: 0 } },
    }));
    const at = `http://127.0.0.1:${stopped.app.metricsPort}/metrics`;
    expect((await fetch(at)).status).toBe(200);
    await stopped.stop();
    expect(fetch(at)).rejects.toThrow();
  });
});

/** Its methods, to be taken apart. */
function bound(started: Appliance) {
  const { app, keys } = started;
  return { app, keys, call: started.call.bind(started) };
}
