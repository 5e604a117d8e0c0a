import { expect, test } from "bun:test";
import { PausePoint } from "../../clients/typescript/src/index.ts";
import { waitForEnd } from "../../src/mcp/wait.ts";
import { systemClock } from "../../src/platform/clock.ts";

const problem = (status: number, type = "/problems/x") => ({ type, title: "t", status, detail: "d.", request_id: "r" });

/** A wait over the network, at a server that gives these answers one after the other. */
async function waited(answers: readonly (readonly [status: number, body: object, headers?: Record<string, string>])[]) {
  const left = [...answers];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => {
      const [status, body, headers = {}] = left.shift() ?? [500, problem(500)];
      return Response.json(body, { status, headers });
    },
  });
  const api = new PausePoint({ url: server.url.href, apiKey: "pp_test_x" });
  const call = { api, clock: systemClock, signal: new AbortController().signal, outlivesServer: true };
  try {
    return (await waitForEnd("pause_1", 20, call as never)).status;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await server.stop(true);
  }
}
const ended = [200, { pause_id: "pause_1", status: "responded" }] as const;

test("a wait over MCP outlives what the client's own wait does, and nothing else", async () => {
  const passing = [429, 500, 503].map((status) => waited([[status, problem(status), { "retry-after": "0" }], ended]));
  expect(await Promise.all(passing)).toEqual(["responded", "responded", "responded"]);
  expect(await waited([[429, problem(429, "/problems/quota")], ended])).toBe("d.");
  expect(await waited([[404, problem(404)], ended])).toBe("d.");
});

test("a wait over MCP asks again no sooner than the server says", async () => {
  const started = performance.now();
  expect(await waited([[429, problem(429), { "retry-after": "1" }], ended])).toBe("responded");
  expect(performance.now() - started).toBeGreaterThan(950);
});
