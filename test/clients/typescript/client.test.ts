import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import {
  AnswerError,
  ConflictError,
  ConnectionError,
  ForbiddenError,
  InvalidRequestError,
  NotFoundError,
  PausePoint,
  PausePointError,
  type PausePointOptions,
  ProblemError,
  RateLimitedError,
  UnauthorizedError,
  UnavailableError,
} from "../../../clients/typescript/src/index.ts";
import { type Appliance, startAppliance } from "../../support/appliance.ts";
import { eventually } from "../../support/eventually.ts";

const HOUR = 3_600_000;
const wire = { recipient: "+13128471928", channel: "sms", message: "Wire $8,400?" };

let appliance: Appliance;
let client: PausePoint;
const servers: Bun.Server<undefined>[] = [];

beforeAll(async () => {
  appliance = await startAppliance();
  client = new PausePoint({ url: appliance.url, apiKey: appliance.keys.test });
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true);
});
afterAll(() => appliance.stop());

/** The pause that is asked with this message, once it is there. */
async function asked(message: string): Promise<{ pause_id: string; recipient: string }> {
  const found = await eventually(
    async () => (await client.listPauses({ limit: 100 })).data.find((pause) => pause.message === message),
    (pause) => pause !== undefined,
  );
  return found as never;
}

async function tap(message: string, choice: string, more: Record<string, string> = {}): Promise<void> {
  const [sent] = await appliance.messages(await asked(message));
  expect((await appliance.choose(sent!.link, choice, more)).status).toBe(303);
}

/** A server that stands before the appliance, and answers in its stead as long as `instead` gives something. */
function proxy(
  instead: (request: Request) => Response | null | Promise<Response | null>,
  options: PausePointOptions = {},
): PausePoint {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) =>
      (await instead(request)) ?? (await fetch(request.url.replace(/^http:\/\/[^/]*/, appliance.url), request)),
  });
  servers.push(server);
  return new PausePoint({ url: `http://127.0.0.1:${server.port}/`, apiKey: appliance.keys.test, ...options });
}

const times = (count: number, answer: () => Response) => {
  let left = count;
  return () => (left-- > 0 ? answer() : null);
};

describe("ask", () => {
  test("blocks until a person has tapped, and says that it was a person", async () => {
    const asking = client.ask({ ...wire, message: "Tapped?", allow_comment: true });
    await tap("Tapped?", "Approve", { comment: "go on" });
    expect(await asking).toMatchObject({
      ...{ choice: "Approve", isHuman: true, source: "human", status: "responded", comment: "go on" },
      ...{ receipt: expect.stringMatching(/^ey/), pause: { response_via: "page" } },
    });
  });

  test("never takes the clock for a person", async () => {
    const asking = client.ask({ ...wire, message: "Default?", timeout_hours: 1, timeout_default: "Reject" });
    const { pause_id } = await asked("Default?");
    await appliance.held(1);
    await appliance.post(`/v1/test/pause/${pause_id}/expire`, appliance.keys.test);
    expect(await asking).toMatchObject({ choice: "Reject", isHuman: false, source: "timeout_default" });
  });

  test("has no choice where nobody answered in time, or the question was withdrawn", async () => {
    const [late, withdrawn] = [client.ask({ ...wire, message: "Late?" }), client.ask({ ...wire, message: "Gone?" })];
    await appliance.post(`/v1/test/pause/${(await asked("Late?")).pause_id}/expire`, appliance.keys.test);
    await client.cancelPause((await asked("Gone?")).pause_id, { reason: "not needed" });
    expect(await late).toMatchObject({ choice: null, isHuman: false, status: "timed_out" });
    expect(await withdrawn).toMatchObject({
      ...{ choice: null, isHuman: false, status: "cancelled", pause: { cancel_reason: "not needed" } },
    });
  });

  test("asked again under the same key goes on with the same question", async () => {
    const again = { idempotencyKey: "run 7, step 3" };
    const asking = [1, 2, 3].map(() => client.ask({ ...wire, message: "Once?" }, again));
    await tap("Once?", "Approve");
    const ids = (await Promise.all(asking)).map(({ pause }) => pause.pause_id);
    expect(new Set(ids).size).toBe(1);
    // And once more, after it was answered.
    expect((await client.ask({ ...wire, message: "Once?" }, again)).choice).toBe("Approve");
    expect((await client.listPauses({ limit: 100 })).data.filter(({ message }) => message === "Once?")).toHaveLength(1);
  });

  test("tells whoever listens that it is open, and what became of it when it was stopped", async () => {
    for (const [message, answered, end] of [
      ["Heard?", false, { status: "cancelled" }],
      // Somebody was faster than the withdrawal.
      ["Heard too late?", true, { status: "responded", response_choice: "Approve" }],
    ] as const) {
      const aborter = new AbortController();
      const heard: unknown[] = [];
      const slow = proxy(async (request) => {
        if (answered && request.url.endsWith("/cancel")) await tap(message, "Approve");
        return null;
      });
      const asking = slow.ask(
        { ...wire, message },
        {
          signal: aborter.signal,
          cancelOnAbort: true,
          onPending: ({ status }) => {
            heard.push(status);
            if (heard.length === 2) aborter.abort(new Error("Ctrl-C"));
          },
          onStopped: (pause) => heard.push(pause),
        },
      );
      const stopped = asking.catch((error: Error) => error.message);
      await appliance.held(1);
      appliance.clock.turn(1_000);
      expect(await stopped).toBe("Ctrl-C");
      expect(heard).toEqual(["pending", "pending", expect.objectContaining(end)]);
    }
  });

  test("withdraws the question when it is aborted and was told to, and else leaves it", async () => {
    for (const [message, cancelOnAbort] of [
      ["Withdrawn?", true],
      ["Left?", false],
    ] as const) {
      const aborter = new AbortController();
      const asking = client.ask({ ...wire, message }, { signal: aborter.signal, cancelOnAbort });
      const { pause_id } = await asked(message);
      await appliance.held(1);
      aborter.abort(new Error("Ctrl-C"));
      expect(asking).rejects.toThrow("Ctrl-C");
      await asking.catch(() => {});
      expect((await client.getPause(pause_id)).status).toBe(cancelOnAbort ? "cancelled" : "pending");
    }
    expect(client.ask(wire, { signal: AbortSignal.abort(new Error("too soon")) })).rejects.toThrow("too soon");
  });
});

describe("a broken network", () => {
  test.each([
    ["a proxy without a server", () => new Response("<h1>Bad gateway</h1>", { status: 502 })],
    ["a server that is stopping", () => Response.json(problem(503), { status: 503, headers: { "retry-after": "0" } })],
    ["too many requests", () => Response.json(problem(429), { status: 429, headers: { "retry-after": "0" } })],
  ])("with %s is waited out, and nobody is asked twice", async (name, answer) => {
    const message = `Over ${name}?`;
    // The first create gets there, and its answer is lost.
    let lost = 0;
    const flaky = proxy(async (request) => {
      if (request.method === "POST" && lost++ === 0) {
        await fetch(request.url.replace(/^http:\/\/[^/]*/, appliance.url), request);
        return answer();
      }
      return lost < 3 && lost++ > 0 ? answer() : null;
    });
    const asking = flaky.ask({ ...wire, message });
    await tap(message, "Approve");
    expect((await asking).choice).toBe("Approve");
    expect((await client.listPauses({ limit: 100 })).data.filter((pause) => pause.message === message)).toHaveLength(1);
  });

  test("is not meant where the month's pauses are used up: it is told at once", async () => {
    let asked = 0;
    const used = proxy(() => {
      asked++;
      return Response.json(
        { ...problem(429), type: "/problems/quota" },
        { status: 429, headers: { "retry-after": "0" } },
      );
    });
    expect(await used.ask(wire).catch((error: unknown) => error)).toBeInstanceOf(RateLimitedError);
    expect(asked).toBe(1);
  });

  test("with nobody at all is an error after its time, which names the server", async () => {
    const nobody = new PausePoint({ url: "http://127.0.0.1:9", apiKey: appliance.keys.test, patienceMs: 300 });
    const failed = await nobody.ask(wire).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(ConnectionError);
    expect((failed as Error).message).toBe("http://127.0.0.1:9 can't be reached: nothing listens there");
  });

  test("is waited out for as long as the question is open, and no longer than patience lasts after that", async () => {
    const broken = (message: string, timeout_hours: number) => {
      const gone = times(3, () => new Response("", { status: 502 }));
      const hasty = proxy((request) => (request.method === "GET" ? gone() : null), { patienceMs: 0 });
      return hasty.ask({ ...wire, message, timeout_hours });
    };
    const asking = broken("Open?", 8_000);
    await tap("Open?", "Approve");
    expect((await asking).choice).toBe("Approve");
    await expect(broken("Expired?", 1e-6)).rejects.toBeInstanceOf(AnswerError);
  });

  test("with a server that does not answer is given up", async () => {
    const silent = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Promise<Response>(() => {}) });
    servers.push(silent);
    const url = `http://127.0.0.1:${silent.port}`;
    const impatient = new PausePoint({ url, apiKey: appliance.keys.test, timeoutMs: 100, patienceMs: 0 });
    await expect(impatient.getPause("pause_1")).rejects.toThrow(`${url} can't be reached: no answer within 0.1 s`);
  });

  test("with something else in the server's place is told as that, at once", async () => {
    const page = proxy(() => new Response("<h1>Welcome</h1>"));
    const failed = await page.ask(wire).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(AnswerError);
    expect(failed).toMatchObject({ status: 200 });
  });

  test("with a redirect sends the key nowhere else", async () => {
    const seen: string[] = [];
    const elsewhere = Bun.serve({
      ...{ port: 0, hostname: "127.0.0.1" },
      fetch: (request) => {
        seen.push(request.headers.get("authorization") ?? "");
        return new Response("{}");
      },
    });
    servers.push(elsewhere);
    const away = proxy(() => Response.redirect(`http://127.0.0.1:${elsewhere.port}/v1/pause`, 307));
    expect(away.createPause(wire)).rejects.toBeInstanceOf(AnswerError);
    await away.createPause(wire).catch(() => {});
    expect(seen).toEqual([]);
  });

  test("is waited out by a wait for a pause that was asked before", async () => {
    const { pause_id } = await client.createPause({ ...wire, message: "Before?" });
    const waiting = proxy(times(2, () => new Response("", { status: 504 }))).waitForEnd(pause_id);
    await tap("Before?", "Reject");
    expect((await waiting).response_choice).toBe("Reject");
  });
});

describe("what the server refuses", () => {
  const fault = (work: Promise<unknown>) =>
    work.then(
      () => null,
      (error: unknown) => error as ProblemError,
    );
  const withKey = (apiKey: string) => new PausePoint({ url: appliance.url, apiKey });

  test("is an error of its own class, with the field that is wrong", async () => {
    const wrong = await fault(client.createPause({ ...wire, options: ["Yes", "Yes"] }));
    expect(wrong).toBeInstanceOf(InvalidRequestError);
    expect(wrong).toMatchObject({
      status: 422,
      errors: [{ pointer: "/options/1", detail: "is the same as option 0" }],
      requestId: expect.stringMatching(/^req_/),
    });
    expect(wrong!.message).toBe("/options/1: is the same as option 0");
    const twice = await fault(client.createPause({ ...wire, message: "", channel: "" }));
    expect(twice!.message).toMatch(/^\/(\w+): must be .* \(and 1 more\) \/(?!\1)\w+ must be [^/]*\.$/);
    // It is not tried again, whoever asks.
    expect(await fault(client.ask({ ...wire, message: "" }))).toBeInstanceOf(InvalidRequestError);
  });

  test.each([
    ["a key that is none", UnauthorizedError, () => withKey("pp_test_none").listPauses()],
    ["a pause that is not there", NotFoundError, () => client.getPause("pause_none")],
    ["a wait for one", NotFoundError, () => client.waitForEnd("pause_none")],
    [
      "what the key may not",
      ForbiddenError,
      async () => withKey(await appliance.newKey({ mode: "test", scopes: ["pauses:read"] })).createPause(wire),
    ],
    [
      "to withdraw what was answered",
      ConflictError,
      async () => {
        const { pause_id } = await client.createPause(wire);
        await appliance.post(`/v1/test/pause/${pause_id}/respond`, appliance.keys.test, { choice: "Approve" });
        return await client.cancelPause(pause_id);
      },
    ],
    [
      "too much",
      RateLimitedError,
      () => proxy(() => Response.json(problem(429), { status: 429, headers: { "retry-after": "7" } })).listPauses(),
    ],
    [
      "a server that is stopping",
      UnavailableError,
      () => proxy(() => Response.json(problem(503), { status: 503 })).listPauses(),
    ],
  ])("has a class of its own for %s", async (_, Class, work) => {
    const error = await fault(work());
    expect(error).toBeInstanceOf(Class);
    expect(error).toBeInstanceOf(ProblemError);
    expect(error).toBeInstanceOf(PausePointError);
  });

  test("never reaches the server where an id would lead elsewhere", async () => {
    for (const id of ["../webhooks", "a/b", "", "a?b=c"]) {
      expect(() => client.getPause(id)).toThrow("That is no pause_id");
    }
  });
});

describe("the rest of the API", () => {
  test("lists by page and filter, and reads the log", async () => {
    const { pause_id } = await client.createPause({ ...wire, message: "Logged?" });
    const page = await client.listPauses({ status: "pending", limit: 1 });
    expect(page.data.map((pause) => pause.pause_id)).toEqual([pause_id]);
    const next = await client.listPauses({ status: "pending", limit: 1, cursor: page.next_cursor! });
    expect(next.data[0]!.pause_id).not.toBe(pause_id);
    const { data, disclosed } = await client.getAuditLog({ pause_id, type: "pause.created", disclose: true });
    expect(data).toMatchObject([{ type: "pause.created", pause_id, actor: { type: "developer" } }]);
    expect(Object.keys(disclosed![data[0]!.seq]!)).toContain("/message");
    expect((await client.pauseAudit(pause_id, { limit: 1 })).data).toMatchObject([{ type: "pause.created" }]);
  });

  test("needs a key and an address, and says which is missing", () => {
    for (const apiKey of ["", "pp test"]) {
      expect(() => new PausePoint({ apiKey })).toThrow("There is no API key: set PAUSEPOINT_API_KEY");
    }
    expect(() => new PausePoint({ url: "approve.example.com", apiKey: "k" })).toThrow("set PAUSEPOINT_URL");
    expect(() => new PausePoint({ url: "file:///etc", apiKey: "k" })).toThrow("set PAUSEPOINT_URL");
  });
});

function problem(status: number) {
  return { type: "/problems/passing", title: "Later", status, detail: "Not now.", request_id: "req_1" };
}

test("an answer that comes after the wait's own time is waited for again", async () => {
  const asking = client.ask({ ...wire, message: "Slow?" });
  const { pause_id } = await asked("Slow?");
  await appliance.held(1);
  appliance.clock.turn(50_000);
  await eventually(
    () => appliance.app.waiting,
    (waiting) => waiting === 1,
  );
  expect((await client.getPause(pause_id)).status).toBe("pending");
  await tap("Slow?", "Approve");
  expect((await asking).choice).toBe("Approve");
  appliance.clock.turn(HOUR);
});
