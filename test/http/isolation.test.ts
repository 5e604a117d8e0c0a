import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Route, scopes } from "../../src/access/index.ts";
import type { Pause } from "../../src/pauses/index.ts";
import { type Answer, type Appliance, startAppliance, unhurried } from "../support/appliance.ts";
import { expectProblem } from "./problem.ts";

/** Who may reach these needs no key. Whoever adds one says so here. */
const PUBLIC = [
  "GET /",
  "GET /.well-known/pausepoint-keys.json",
  // Shows `doctor`, which asks at the base URL, that this very server is there.
  "GET /.well-known/pausepoint-self",
  // Each asks for a session of its own, and a role.
  "GET /console",
  "GET /console/:view",
  "GET /console/:view/:id",
  "GET /console/:view/:id/:act",
  "POST /console",
  "POST /console/:view",
  "POST /console/:view/:id",
  "POST /console/:view/:id/:act",
  "GET /docs",
  "GET /docs/",
  "GET /docs/:page",
  "GET /docs/files/:file",
  "GET /healthz",
  // Each request is verified by the channel that it is for.
  "GET /hooks/:channel/:rest",
  "POST /hooks/:channel/:rest",
  "GET /llms.txt",
  "GET /openapi.json",
  "GET /problems/:slug",
  "GET /r/:token",
  "GET /readyz",
  "POST /r/:token",
];

/** These answer for as long as the caller listens. */
const STREAMS = new Set(["/v1/events"]);

let appliance: Appliance;
/** A pause in each of the four worlds. */
let pauses: Record<keyof Appliance["keys"], Pause>;

beforeAll(async () => {
  appliance = await startAppliance(unhurried);
  const { test: key, live, otherTest, otherLive } = appliance.keys;
  pauses = {
    test: await appliance.ask(key),
    live: await appliance.ask(live),
    otherTest: await appliance.ask(otherTest),
    otherLive: await appliance.ask(otherLive),
  };
});
afterAll(() => appliance.stop());

type Asked = Pick<Route, "path"> & { readonly method: string };
const nameOf = (route: Asked) => `${route.method} ${route.path}`;
const closed = () => appliance.app.routes.filter((route) => route.access !== "public");
const pathOf = (route: Asked, pauseId: string) => route.path.replace(":pause_id", pauseId).replace(/:\w+/g, "some");

/** Sends what the route would take, so that nothing but the key can be the reason of a refusal. */
function send(route: Asked, pauseId: string, authorization: string | null): Promise<Answer> {
  const bodies: Record<string, unknown> = {
    "/v1/pause": { recipient: "+13128471928", channel: "sms", message: "Pay?" },
    "/v1/test/pause/:pause_id/respond": { choice: "Approve" },
  };
  return appliance.call(pathOf(route, pauseId), {
    method: route.method,
    headers: authorization === null ? {} : { authorization },
    ...(route.method === "GET" || route.method === "HEAD" ? {} : { body: bodies[route.path] ?? {} }),
  });
}

const everyStatus = async () => {
  const found: string[] = [];
  for (const [world, { pause_id }] of Object.entries(pauses))
    found.push((await appliance.pause(appliance.keys[world as keyof typeof pauses], pause_id)).status);
  return found;
};

describe("over the whole route table", () => {
  test("the public routes are these and no others", () => {
    const open = appliance.app.routes.filter(({ access }) => access === "public").map(nameOf);
    expect(open.toSorted()).toEqual(PUBLIC.toSorted());
    expect(closed().length).toBeGreaterThanOrEqual(9);
    expect(new Set(appliance.app.routes.map(nameOf)).size).toBe(appliance.app.routes.length);
  });

  test("without a valid key every other route is 401", async () => {
    const { live } = appliance.keys;
    const revoked = `${live.slice(0, 12)}${live[12] === "a" ? "b" : "a"}${live.slice(13)}`;
    const bad = [null, "", "Bearer", "Bearer ", live, `Basic ${live}`, `Bearer ${live}x`, `Bearer ${live} ${live}`];
    for (const route of closed()) {
      for (const authorization of [...bad, `Bearer ${revoked}`, `Bearer ${live.slice(0, -1)}`, "Bearer pp_live_"]) {
        const answer = await send(route, pauses.test.pause_id, authorization);
        expectProblem(answer, "no-key");
        expect(answer.headers.get("www-authenticate")).toStartWith("Bearer");
        expect(answer.text).not.toContain(live.slice(8));
      }
    }
    expect(new Set(await everyStatus())).toEqual(new Set(["pending"]));
  });

  test("the scheme's name is read in any case", async () => {
    const { status } = await appliance.call("/v1/pause", {
      headers: { authorization: `bEARER ${appliance.keys.live}` },
    });
    expect(status).toBe(200);
  });

  test("with every scope but its own a route is 403, and with its own alone it is not", async () => {
    for (const route of closed()) {
      if (route.access === "test" || route.access === "key") continue;
      const others = scopes.filter((scope) => scope !== route.access);
      const without = await appliance.newKey({ mode: "test", scopes: others });
      expectProblem(await send(route, pauses.test.pause_id, `Bearer ${without}`), "scope");
      // What reaches both worlds takes a live key.
      const mode = route.path.startsWith("/v1/privacy/") ? "live" : "test";
      const alone = await appliance.newKey({ mode, project: "scratch", scopes: [route.access as "admin"] });
      // A stream has no end to wait for: its head tells whether the key may have it.
      const asked = STREAMS.has(route.path) ? { ...route, method: "HEAD" } : route;
      const { status } = await send(asked, pauses.test.pause_id, `Bearer ${alone}`);
      expect([401, 403]).not.toContain(status);
    }
    expect(new Set(await everyStatus())).toEqual(new Set(["pending"]));
  });

  test("a live key is 403 at every test route, also for its own pause", async () => {
    const test = closed().filter(({ path, access }) => path.startsWith("/v1/test/") || access === "test");
    expect(test.length).toBeGreaterThanOrEqual(3);
    for (const route of test) {
      for (const { pause_id } of Object.values(pauses))
        expectProblem(await send(route, pause_id, `Bearer ${appliance.keys.live}`), "test-only");
    }
  });

  test("another project's pause, and one of the other mode, is a 404 at every route, as if it were not there", async () => {
    const routes = closed().filter(({ path }) => path.includes(":pause_id"));
    expect(routes.length).toBeGreaterThanOrEqual(5);
    for (const route of routes) {
      for (const [mine, key] of Object.entries(appliance.keys)) {
        if (route.access === "test" && mine.toLowerCase().includes("live")) continue;
        const missing = await send(route, "pause_00000000000000000000000000", `Bearer ${key}`);
        expectProblem(missing, "not-found");
        for (const [theirs, { pause_id }] of Object.entries(pauses)) {
          if (theirs === mine) continue;
          const answer = await send(route, pause_id, `Bearer ${key}`);
          expectProblem(answer, "not-found");
          expect({ ...answer.body, request_id: "" }).toEqual({ ...missing.body, request_id: "" });
        }
      }
    }
    expect(await everyStatus()).toEqual(["pending", "pending", "pending", "pending"]);
  });

  test("a pause named in the query is a 404 alike, and no list or log shows another world's", async () => {
    for (const [mine, key] of Object.entries(appliance.keys)) {
      for (const [theirs, { pause_id }] of Object.entries(pauses)) {
        if (theirs === mine) continue;
        expectProblem(await appliance.get(`/v1/audit?pause_id=${pause_id}`, key), "not-found");
        if (mine === "test" || mine === "otherTest")
          expectProblem(await appliance.get(`/v1/test/messages?pause_id=${pause_id}`, key), "not-found");
        for (const path of ["/v1/pause?limit=100", "/v1/audit?limit=100&disclose=true"])
          expect((await appliance.get(path, key)).text).not.toContain(pause_id);
      }
    }
  });

  test("an id in another spelling is a 404, never a pause", async () => {
    const { pause_id } = pauses.test;
    const spelled = [
      pause_id.toUpperCase(),
      `${pause_id}0`,
      pause_id.slice(0, -1),
      pause_id.slice(6),
      `${pause_id}%00`,
    ];
    for (const id of [...spelled, `${pause_id}%20`, `%2e%2e%2f${pause_id}`, "pause_%F0%9F%98%80", "*", "%25"])
      expectProblem(await appliance.get(`/v1/pause/${id}`, appliance.keys.test), "not-found");
  });

  test("an unknown method is 405 with exactly what the route takes", async () => {
    const byPath = Map.groupBy(appliance.app.routes, ({ path }) => path);
    for (const [path, routes] of byPath) {
      const methods = routes.map(({ method }) => method as string);
      const allowed = [...methods, ...(methods.includes("GET") ? ["HEAD"] : [])].toSorted();
      for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
        if (methods.includes(method)) continue;
        const target = path.replace(":pause_id", pauses.test.pause_id).replace(/:\w+/g, "some");
        const answer = await appliance.call(target, { method });
        expectProblem(answer, "method-not-allowed");
        expect(answer.headers.get("allow")!.split(", ").toSorted()).toEqual(allowed);
      }
    }
  });

  test("what is no route is 404, with a trailing slash, in capitals or beside one", async () => {
    for (const path of ["/v1", "/v1/", "/v1/pause/", "/V1/pause", "/v1//pause", "/v1/pauses", "/r", "/r/"])
      expectProblem(await appliance.get(path, appliance.keys.test), "not-found");
  });
});

describe("what is public", () => {
  test("each problem has a page, with nothing foreign in it, and an unknown one is 404", async () => {
    const { text, status, headers } = await appliance.call("/problems/not-found");
    expect([status, headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(text).toContain("404");
    for (const slug of ["nothing", "constructor", "__proto__", "%3Cb%3E"])
      expectProblem(await appliance.call(`/problems/${slug}`), "not-found");
  });

  test("liveness and readiness answer without a key", async () => {
    for (const path of ["/healthz", "/readyz"]) expect((await appliance.call(path)).status).toBe(200);
  });

  test("no answer is kept by a cache, guessed at by a browser, or without a request id", async () => {
    for (const path of ["/", "/healthz", "/v1/pause", "/nowhere", "/r/x", "/problems/scope"]) {
      const { headers } = await appliance.call(path);
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("x-request-id")).toMatch(/^req_[0-9a-z]{26}$/);
    }
  });

  test("a HEAD is a GET without its body, and asks for the same key", async () => {
    const head = await appliance.call(`/v1/pause/${pauses.test.pause_id}`, {
      method: "HEAD",
      key: appliance.keys.test,
    });
    expect([head.status, head.text]).toEqual([200, ""]);
    expect((await appliance.call("/v1/pause", { method: "HEAD" })).status).toBe(401);
  });
});
