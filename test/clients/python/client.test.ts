import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeAuthority } from "../../peers/certificates.ts";
import { type Appliance, startAppliance } from "../../support/appliance.ts";
import { eventually } from "../../support/eventually.ts";
import { type Call, clients, Python, python } from "./python.ts";

setDefaultTimeout(30_000);
const wire = { recipient: "+13128471928", channel: "sms" };

let appliance: Appliance;
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  appliance = await startAppliance();
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(() => appliance.stop());

/** A call of the appliance, or of what stands before it. */
const on = (
  client: Call["on"],
  call: string,
  args: readonly unknown[] = [],
  kwargs: Readonly<Record<string, unknown>> = {},
  settings: Readonly<Record<string, unknown>> = {},
): Call => ({
  ...{ call, args, kwargs, client: { url: appliance.url, api_key: appliance.keys.test, ...settings } },
  ...(client === undefined ? {} : { on: client }),
});
const ask = (client: Call["on"], message: string, kwargs: object = {}, settings: Record<string, unknown> = {}): Call =>
  on(client, "ask", [message], { ...wire, ...kwargs }, settings);

interface Asked {
  readonly pause_id: string;
  readonly recipient: string;
  readonly status: string;
  readonly message: string;
}

async function pausesAsking(message: string): Promise<Asked[]> {
  const { body } = await appliance.get("/v1/pause?limit=100", appliance.keys.test);
  return body.data.filter((pause: Asked) => pause.message === message);
}

/** The pause that is asked with this message, once it is there. */
async function asked(message: string): Promise<Asked> {
  const [found] = await eventually(
    () => pausesAsking(message),
    ({ length }) => length > 0,
  );
  return found as Asked;
}

async function tap(message: string, choice: string, more: Record<string, string> = {}): Promise<void> {
  const [sent] = await appliance.messages(await asked(message));
  expect((await appliance.choose(sent!.link, choice, more)).status).toBe(303);
}

/** A server that stands before the appliance, and answers in its stead as long as `instead` gives something. */
function proxy(
  instead: (request: Request) => Response | null | Promise<Response | null>,
  tls?: { key: string; cert: string },
): string {
  const server = Bun.serve({
    ...{ port: 0, hostname: "127.0.0.1" },
    ...(tls === undefined ? {} : { tls }),
    fetch: async (request) => (await instead(request)) ?? (await passOn(request)),
  });
  closing.push(() => server.stop(true));
  return `http${tls === undefined ? "" : "s"}://127.0.0.1:${server.port}/`;
}

async function passOn(request: Request): Promise<Response> {
  return await fetch(request.url.replace(/^https?:\/\/[^/]*/, appliance.url), request);
}

/** A server that is none: it treats the connection as it likes. Answers its address. */
async function bare(behave: Parameters<typeof createServer>[1]): Promise<string> {
  const server: Server = createServer(behave as never);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

const problem = (status: number) => ({
  ...{ type: "/problems/passing", title: "Later", status, detail: "Not now.", request_id: "req_1" },
});

describe.each(clients)("%s asks", (client) => {
  const named = (message: string) => `${message} (${client})`;

  test("and waits until a person has tapped, and says that it was a person", async () => {
    const asking = python(ask(client, named("Tapped?"), { allow_comment: true, details: { Rows: "14,000" } }));
    await tap(named("Tapped?"), "Approve", { comment: "go on" });
    const [came] = await asking;
    expect(came?.gave).toMatchObject({
      ...{ choice: "Approve", source: "human", is_human: true, by_person: true, status: "responded" },
      ...{ comment: "go on", receipt: expect.stringMatching(/^ey/) },
      pause: { response_via: "page", details: { Rows: "14,000" } },
    });
  });

  test("and never takes the clock for a person", async () => {
    const message = named("Default?");
    const asking = python(ask(client, message, { timeout_hours: 1, timeout_default: "Approve" }));
    const { pause_id } = await asked(message);
    await appliance.held(1);
    await appliance.post(`/v1/test/pause/${pause_id}/expire`, appliance.keys.test);
    const [came] = await asking;
    expect(came?.gave).toMatchObject({
      ...{ choice: "Approve", source: "timeout_default", is_human: false, by_person: false, status: "responded" },
    });
    // Nor is a decision true by itself, whatever was chosen.
    const [truth] = await python({ call: "truth", args: [came?.gave.pause] });
    expect(truth).toMatchObject({ raised: "TypeError", said: expect.stringContaining("by_person") });
  });

  test("and has no choice where nobody answered in time, or the question was withdrawn", async () => {
    const asking = [named("Late?"), named("Gone?")].map((message) => python(ask(client, message)));
    await appliance.post(`/v1/test/pause/${(await asked(named("Late?"))).pause_id}/expire`, appliance.keys.test);
    const { pause_id } = await asked(named("Gone?"));
    expect((await python(on(client, "cancel_pause", [pause_id], { reason: "not needed" })))[0]?.gave.status).toBe(
      "cancelled",
    );
    const [[late], [gone]] = (await Promise.all(asking)) as [[{ gave: unknown }], [{ gave: unknown }]];
    expect(late.gave).toMatchObject({ choice: null, is_human: false, by_person: false, status: "timed_out" });
    expect(gone.gave).toMatchObject({
      ...{ choice: null, is_human: false, status: "cancelled", pause: { cancel_reason: "not needed" } },
    });
  });

  test("again under the same key, and goes on with the same question", async () => {
    const call = ask(client, named("Once?"), { idempotency_key: `run 7, step 3, ${client}` });
    const asking = [python(call), python(call)];
    await tap(named("Once?"), "Approve");
    const came = [...(await Promise.all(asking)).flat(), ...(await python(call))];
    expect(new Set(came.map(({ gave }) => gave.pause.pause_id)).size).toBe(1);
    expect(came.map(({ gave }) => gave.choice)).toEqual(["Approve", "Approve", "Approve"]);
    expect(await pausesAsking(named("Once?"))).toHaveLength(1);
  });

  test.each([
    ["withdraws the question when it was told to", true, "cancelled"],
    ["leaves the question when it was not", false, "pending"],
  ])("and on Ctrl-C %s", async (what, cancel_on_interrupt, status) => {
    const message = named(`${what}?`);
    const asking = new Python([ask(client, message, { cancel_on_interrupt })]);
    const { pause_id } = await asked(message);
    await appliance.held(1);
    expect(await asking.interrupt()).toEqual({ ended: "SIGINT", last: "KeyboardInterrupt" });
    expect((await appliance.pause(appliance.keys.test, pause_id)).status).toBe(status as never);
    await appliance.held(0);
  });

  test("and withdraws the question when a signal handler exits", async () => {
    const message = named("Terminated?");
    const asking = new Python([ask(client, message, { cancel_on_interrupt: true })]);
    const { pause_id } = await asked(message);
    await appliance.held(1);
    expect((await asking.interrupt("SIGTERM")).ended).toBe(143);
    expect((await appliance.pause(appliance.keys.test, pause_id)).status).toBe("cancelled");
  });

  test("and withdraws on Ctrl-C what was taken although its answer was never heard", async () => {
    const message = named("Unheard?");
    let creates = 0;
    const url = proxy(async (request) => {
      if (!request.url.endsWith("/v1/pause") || creates++ > 0) return null;
      await passOn(request);
      return await new Promise<Response>(() => {});
    });
    const asking = new Python([ask(client, message, { cancel_on_interrupt: true }, { url })]);
    const { pause_id } = await asked(message);
    expect((await asking.interrupt()).ended).toBe("SIGINT");
    expect((await appliance.pause(appliance.keys.test, pause_id)).status).toBe("cancelled");
    expect(await pausesAsking(message)).toHaveLength(1);
  });
});

describe.each(clients)("over a broken network, %s", (client) => {
  test.each([
    ["a proxy without a server", () => new Response("<h1>Bad gateway</h1>", { status: 502 })],
    ["a server that is stopping", () => Response.json(problem(503), { status: 503, headers: { "retry-after": "0" } })],
    ["too many requests", () => Response.json(problem(429), { status: 429, headers: { "retry-after": "0" } })],
    [
      "a create that is still under way",
      () => Response.json(problem(409), { status: 409, headers: { "retry-after": "0" } }),
    ],
  ])("waits %s out, and nobody is asked twice", async (name, answer) => {
    const message = `Over ${name}? (${client})`;
    // The first create gets there, and its answer is lost.
    let trouble = 0;
    const url = proxy(async (request) => {
      if (trouble++ === 0) await passOn(request);
      return trouble < 4 ? answer() : null;
    });
    const asking = python(ask(client, message, {}, { url }));
    await tap(message, "Approve");
    expect((await asking)[0]?.gave.choice).toBe("Approve");
    expect(trouble).toBeGreaterThan(3);
    expect(await pausesAsking(message)).toHaveLength(1);
  });

  test("does not wait for the next month where this one's pauses are used up", async () => {
    let asked = 0;
    const url = proxy(async () => {
      asked++;
      return Response.json(
        { ...problem(429), type: "/problems/quota" },
        { status: 429, headers: { "retry-after": "0" } },
      );
    });
    const [came] = await python(ask(client, `Used up? (${client})`, {}, { url }));
    expect([came?.raised, asked]).toEqual(["RateLimitedError", 1]);
  });

  test("asks again where the connection breaks in the middle of an answer, and reads one in chunks", async () => {
    const message = `Half? (${client})`;
    const chunked = proxy(async (request) => {
      const { body, ...answer } = await passOn(request);
      const text = await new Response(body).text();
      return new Response(new Blob([text]).stream(), { ...answer, headers: { "content-type": "application/json" } });
    });
    let connections = 0;
    const url = await bare((socket) => {
      connections++;
      socket.once("data", async (head) => {
        if (connections === 1) return socket.destroy();
        if (connections === 2) return socket.end('HTTP/1.1 201 Created\r\nContent-Length: 900\r\n\r\n{"pause_id": ');
        const upstream = await Bun.connect({
          ...{ hostname: "127.0.0.1", port: Number(new URL(chunked).port) },
          socket: {
            data: (_, bytes) => void socket.write(bytes),
            close: () => void socket.end(),
          },
        });
        upstream.write(head);
        socket.on("close", () => upstream.end());
      });
      socket.on("error", () => {});
    });
    const asking = python(ask(client, message, {}, { url }));
    await tap(message, "Approve");
    expect((await asking)[0]?.gave.choice).toBe("Approve");
    expect(connections).toBeGreaterThan(3);
    expect(await pausesAsking(message)).toHaveLength(1);
  });

  test("gives up after its time where nobody is, and names the server", async () => {
    const settings = { url: "http://127.0.0.1:9", patience_seconds: 0.3 };
    const [asking, waiting] = await python(
      ask(client, "?", {}, settings),
      on(client, "wait_for_end", ["pause_1"], {}, settings),
    );
    for (const came of [asking, waiting]) {
      expect(came?.raised).toBe("ConnectionError");
      expect(came?.said).toStartWith("http://127.0.0.1:9 can't be reached: ");
    }
  });

  test("gives up a server that says nothing, or says it byte by byte for ever", async () => {
    const silent = await bare((socket) => void socket.on("error", () => {}));
    const dripping = await bare((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
      const drip = setInterval(() => socket.write(" "), 20);
      socket.on("error", () => {}).on("close", () => clearInterval(drip));
    });
    const settings = (url: string) => ({ url, timeout_seconds: 0.3 });
    const came = await python(
      ...[silent, dripping].map((url) => on(client, "get_pause", ["pause_1"], {}, settings(url))),
    );
    expect(came.map(({ said }) => said)).toEqual(
      [silent, dripping].map((url) => `${url} can't be reached: no answer within 0.3 s`),
    );
  });

  test("says at once that something else stands in the server's place", async () => {
    const url = proxy(() => new Response("<h1>Welcome</h1>"));
    expect((await python(ask(client, "?", {}, { url })))[0]).toMatchObject({ raised: "AnswerError", status: 200 });
  });

  test("follows a redirect with its key nowhere", async () => {
    const seen: (string | null)[] = [];
    const elsewhere = proxy((request) => {
      seen.push(request.headers.get("authorization"));
      return Response.json({});
    });
    const url = proxy(() => Response.redirect(`${elsewhere}v1/pause`, 307));
    const [came] = await python(on(client, "create_pause", ["?"], wire, { url }));
    expect(came).toMatchObject({ raised: "AnswerError", status: 307 });
    expect(seen).toEqual([]);
  });

  test("waits out trouble in a wait for a pause that was asked before", async () => {
    const message = `Before? (${client})`;
    const { pause_id } = await appliance.ask(appliance.keys.test, { message });
    let left = 2;
    const url = proxy(() => (left-- > 0 ? new Response("", { status: 504 }) : null));
    const waiting = python(on(client, "wait_for_end", [pause_id], {}, { url }));
    await tap(message, "Reject");
    expect((await waiting)[0]?.gave.response_choice).toBe("Reject");
  });

  test("speaks TLS with a server that it was told to trust, and with no other", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pausepoint-ca-"));
    closing.push(() => rmSync(folder, { recursive: true }));
    const authority = makeAuthority();
    writeFileSync(join(folder, "ca.pem"), authority.ca);
    const url = proxy(() => null, authority.issue({ addresses: ["127.0.0.1"] }));
    const [trusted, unknown] = await python(
      on(client, "list_pauses", [], { limit: 1 }, { url, ca: join(folder, "ca.pem") }),
      on(client, "list_pauses", [], { limit: 1 }, { url }),
    );
    expect(trusted?.gave.data).toBeArray();
    expect(unknown).toMatchObject({
      raised: "ConnectionError",
      said: expect.stringMatching(/certificate verify failed/i),
    });
  });
});

test("rests longer with each try, never in step with others, and never less than the server asks for", async () => {
  const rests = await python(
    ...([1, 4, 9, 5000].map((attempt) => ({ call: "rests", args: [attempt, null] })) as Call[]),
    { call: "rests", args: [1, 7] },
  );
  const [first, fourth, ninth, last, asked7] = rests.map(({ gave }) => gave as number[]);
  for (const [seconds, low, high] of [
    [first!, 0.125, 0.375],
    [fourth!, 1, 3],
    [ninth!, 5, 15],
    [last!, 5, 15],
  ] as const) {
    expect(Math.min(...seconds)).toBeWithin(low, low + (high - low) / 4);
    expect(Math.max(...seconds)).toBeWithin(high - (high - low) / 4, high);
  }
  expect(new Set(asked7)).toEqual(new Set([7]));
});

describe.each(clients)("what the server refuses, %s raises", (client) => {
  const withKey = (api_key: string) => ({ api_key });

  test("in a class of its own, with the field that is wrong", async () => {
    const [wrong, twice, empty] = await python(
      on(client, "create_pause", ["?"], { ...wire, options: ["Yes", "Yes"] }),
      on(client, "create_pause", [""], { ...wire, channel: "" }),
      ask(client, ""),
    );
    expect(wrong).toMatchObject({
      ...{ raised: "InvalidRequestError", isProblem: true, status: 422, type: "/problems/invalid" },
      ...{ errors: [{ pointer: "/options/1", detail: "is the same as option 0" }] },
      request_id: expect.stringMatching(/^req_/),
      said: "/options/1: is the same as option 0",
    });
    expect(twice?.said).toMatch(/^\/(\w+): must be .* \(and 1 more\) \/(?!\1)\w+ must be [^/]*\.$/);
    // It is not tried again, whoever asks.
    expect(empty?.raised).toBe("InvalidRequestError");
  });

  test("in a class for each status", async () => {
    const reader = await appliance.newKey({ mode: "test", scopes: ["pauses:read"] });
    const { pause_id } = await appliance.ask(appliance.keys.test, {});
    await appliance.post(`/v1/test/pause/${pause_id}/respond`, appliance.keys.test, { choice: "Approve" });
    const answers = [429, 503, 500].map((status) =>
      proxy(() => Response.json(problem(status), { status, headers: { "retry-after": "3600" } })),
    );
    const came = await python(
      on(client, "list_pauses", [], {}, withKey("pp_test_none")),
      on(client, "get_pause", ["pause_none"]),
      on(client, "wait_for_end", ["pause_none"]),
      on(client, "create_pause", ["?"], wire, withKey(reader)),
      on(client, "cancel_pause", [pause_id]),
      // Asked to wait beyond its patience, it does not wait at all.
      ...answers.map((url) => ask(client, "?", {}, { url })),
    );
    expect(came.map(({ raised, status }) => [raised, status])).toEqual([
      ["UnauthorizedError", 401],
      ["NotFoundError", 404],
      ["NotFoundError", 404],
      ["ForbiddenError", 403],
      ["ConflictError", 409],
      ["RateLimitedError", 429],
      ["UnavailableError", 503],
      ["ProblemError", 500],
    ]);
    expect(came.at(-1)?.retry_after_seconds).toBe(3600);
    expect(came.every((one) => "isProblem" in one && one.isProblem)).toBe(true);
  });

  test("before it is sent, where an id or a key would lead elsewhere", async () => {
    const ids = ["../webhooks", "a/b", "", "a?b=c", "a\r\nX: y"];
    const came = await python(...ids.map((id) => on(client, "get_pause", [id])));
    expect(new Set(came.map(({ said }) => said))).toEqual(new Set(["That is no pause_id: they begin with pause_."]));
    const keys = ["a\r\nX: y", "ä", "x".repeat(256)];
    for (const { said } of await python(...keys.map((idempotency_key) => ask(client, "?", { idempotency_key })))) {
      expect(said).toBe("An idempotency key has 1 to 255 printable ASCII characters.");
    }
  });

  test("as Python does, where an argument is unknown or missing", async () => {
    const came = await python(
      ask(client, "?", { timeoutHours: 4 }),
      on(client, "create_pause", ["?"], { channel: "sms" }),
      ask(client, "?", { metadata: { half: "\ud800" } }),
    );
    expect(came[0]).toEqual({
      raised: "TypeError",
      said: "a question got an unexpected keyword argument 'timeoutHours'",
    });
    expect(came[1]).toEqual({ raised: "TypeError", said: "a question is missing the keyword argument 'recipient'" });
    expect(came[2]?.said).toStartWith("The request can't be written as JSON: ");
  });
});

describe.each(clients)("the rest of the API: %s", (client) => {
  test("lists by page and filter, and reads the log", async () => {
    const { pause_id } = await appliance.ask(appliance.keys.test, { message: `Logged? (${client})` });
    const [page, log, own] = await python(
      on(client, "list_pauses", [], { status: "pending", channel: "sms", created_after: "2026-01-01", limit: 1 }),
      on(client, "get_audit_log", [], { pause_id, type: "pause.created", actor: "developer", disclose: true }),
      on(client, "pause_audit", [pause_id], { limit: 1 }),
    );
    expect(page?.gave.data).toMatchObject([{ pause_id }]);
    const cursor = page?.gave.next_cursor;
    const filters = { status: "pending", channel: "sms", created_after: "2026-01-01", limit: 1, cursor };
    const [next] = await python(on(client, "list_pauses", [], filters));
    expect(next?.gave.data[0].pause_id).not.toBe(pause_id);
    expect(log?.gave.data).toMatchObject([{ type: "pause.created", pause_id }]);
    expect(Object.keys(log?.gave.disclosed[log.gave.data[0].seq])).toContain("/message");
    expect(own?.gave.data).toMatchObject([{ type: "pause.created", pause_id }]);
  });

  test("holds one request for as long as it is asked to, and answers as soon as it is over", async () => {
    const { pause_id } = await appliance.ask(appliance.keys.test, {});
    const waiting = python(on(client, "get_pause", [pause_id], { wait_seconds: 2.5 }));
    await appliance.held(1);
    appliance.clock.turn(2_500);
    expect((await waiting)[0]?.gave.status).toBe("pending");
  });

  test("needs a key and an address, and says which is missing", async () => {
    for (const api_key of ["", "pp test", "k\r\nX: y"]) {
      const [came] = await python(on(client, "list_pauses", [], {}, { api_key }));
      expect(came?.said).toBe("There is no API key: set PAUSEPOINT_API_KEY to one that pausepoint printed.");
    }
    const wrong = [
      "approve.example.com",
      "file:///etc",
      "http://a:b@c",
      "http://x:y",
      "http://",
      "http://a b",
      "http://a/?x",
    ];
    for (const came of await python(...wrong.map((url) => on(client, "list_pauses", [], {}, { url })))) {
      expect(came.said).toBe("The server's address must be like https://approve.example.com: set PAUSEPOINT_URL.");
    }
  });
});

test("the function asks the server that the environment names", async () => {
  const env = { PAUSEPOINT_URL: appliance.url, PAUSEPOINT_API_KEY: appliance.keys.test };
  const asking = new Python([{ call: "ask", args: ["By function?"], kwargs: wire }], env);
  await tap("By function?", "Approve");
  expect((await asking.came())[0]?.gave.is_human).toBe(true);
});
