import { describe, expect, test } from "bun:test";
import type { OutgoingMessage, PeerEvent, PeerRequest } from "../../../src/channels/channel.ts";
import { createDefinedChannel } from "../../../src/channels/defined/index.ts";
import { definedSchema } from "../../../src/platform/config/defined.ts";
import { type ChannelDefinition, defineChannel } from "../../../src/platform/config/index.ts";
import { createLog } from "../../../src/platform/log.ts";
import { TurnedClock } from "../../support/database.ts";

const link = "https://approve.example.com/r/AUx1dG9rZW5fdGhhdF9kZWNpZGVz";
const message: OutgoingMessage = {
  ...{ deliveryId: "dlv_1", to: "+13128471928", link, question: null, validForSeconds: 900 },
  text: `Billing: Pay the invoice of Meridian?\n\nAnswer: ${link}`,
};
const SECRET = "hunter2-hunter2";
const going = new AbortController().signal;

function stage(wanted: Partial<ChannelDefinition>, folder: string | null = null) {
  const clock = new TurnedClock();
  const logged: string[] = [];
  const log = createLog(
    "info",
    "text",
    () => 0,
    (line) => logged.push(line),
  );
  const written = { addressKind: "phone", send: async () => ({ outcome: "failed", error: "unused" }), ...wanted };
  const config = definedSchema.parse(defineChannel(written as ChannelDefinition));
  const hooksUrl = () => "https://hooks.example/pager";
  const channel = createDefinedChannel(config, { name: "pager", clock, log, hooksUrl, folder });
  const send = (stop = going) => channel.send(message, stop);
  return { channel, clock, logged, send };
}

/** A function that an author without types has written. */
const careless = (send: (...given: never[]) => unknown) => stage({ send: send as never, secrets: [SECRET] }).send();
const said = { status: null, excerpt: null };

describe("what send gives becomes the delivery's", () => {
  test("a result, with what was left out filled in", async () => {
    expect(await careless(() => ({ outcome: "sent" }))).toEqual({ outcome: "sent", providerId: null, ...said });
    expect(await careless(async () => ({ outcome: "delivered", providerId: "p-1", status: 201 }))).toEqual({
      ...{ outcome: "delivered", providerId: "p-1", status: 201, excerpt: null },
    });
    expect(await careless(() => ({ outcome: "sent", providerId: 4711 }))).toMatchObject({ providerId: "4711" });
    expect(await careless(() => ({ outcome: "retry", error: "busy", retryAfterMs: 5, isChannelDown: true }))).toEqual({
      ...{ outcome: "retry", error: "busy", retryAfterMs: 5, isChannelDown: true, ...said },
    });
    expect(await careless(() => ({ outcome: "failed", error: "no such pager", status: 404 }))).toEqual({
      ...{ outcome: "failed", error: "no such pager", status: 404, excerpt: null },
    });
  });

  test("with what the text costs, where it costs something", async () => {
    const { send } = stage({ maxSegments: 2, send: async () => ({ outcome: "sent" }) });
    expect(await send()).toMatchObject({ segments: { encoding: "GSM-7", count: 1 } });
    expect(await careless(() => ({ outcome: "sent" }))).not.toHaveProperty("segments");
  });

  test.each([
    [
      "nothing",
      undefined,
      'it is nothing; it has to be an object with outcome "sent", "delivered", "retry" or "failed"',
    ],
    ["a text", "ok", 'it is "ok"; it has to be an object with outcome "sent", "delivered", "retry" or "failed"'],
    ["another outcome", { outcome: "ok" }, 'outcome is "ok"; it has to be "sent", "delivered", "retry" or "failed"'],
    ["a failure without words", { outcome: "failed" }, "error is missing; it has to be a sentence for the operator"],
    [
      "a field that is not known",
      { outcome: "retry", error: "busy", retryAfterMS: 5 },
      "retryAfterMS is not known here; did you mean retryAfterMs?",
    ],
    ["a field of no name that is near", { outcome: "sent", zzz: 1 }, "zzz is not known here; known are outcome,"],
    [
      "an id that is none",
      { outcome: "sent", providerId: true },
      "providerId is true; it has to be a string of at most 256",
    ],
    [
      "an object that throws when it is looked at",
      Object.defineProperty({}, "outcome", { get: () => boom(), enumerable: true }),
      "it can't be read",
    ],
  ])("%s is a failure in words, since the message may have gone out", async (_, given, why) => {
    const result = await careless(() => given);
    expect(result).toMatchObject({ outcome: "failed", ...said });
    expect("error" in result && result.error).toContain(why);
  });

  test.each([
    ["an error", new Error("the line is dead"), "the channel's own code failed: the line is dead"],
    ["a text", "the line is dead", "the channel's own code failed: the line is dead"],
    ["nothing", undefined, "the channel's own code failed: something was thrown that is no Error"],
    ["an error without words", new RangeError(), "the channel's own code failed: RangeError"],
  ])("%s that it throws, at once or later, is a retry in words", async (_, thrown, error) => {
    const expected = { outcome: "retry" as const, error, retryAfterMs: null, ...said };
    expect(
      await careless(() => {
        throw thrown;
      }),
    ).toEqual(expected);
    expect(await careless(() => Promise.reject(thrown))).toEqual(expected);
  });

  test("what its code throws is told with its place in the configuration's folder, and in nobody else's", async () => {
    const send = () => boom();
    const inFile = await stage({ send }, import.meta.dir).send();
    expect("error" in inFile && inFile.error).toMatch(
      /^the channel's own code failed at defined\.test\.ts:\d+: the line is dead$/,
    );
    expect(await stage({ send }, "/etc/pausepoint").send()).toMatchObject({
      error: "the channel's own code failed: the line is dead",
    });
  });

  test("a peer that takes no connection is told by its origin, and as no fault of the code", async () => {
    const closed = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
    const { origin } = closed.url;
    await closed.stop(true);
    const { send } = stage({
      send: async ({ to }, signal, { fetch }) => {
        await fetch(`${origin}/pages/${to}`, { signal });
        return { outcome: "sent" };
      },
    });
    expect(await send()).toMatchObject({
      outcome: "retry",
      error: expect.stringMatching(new RegExp(`^${origin} cannot be reached \\(\\w+\\)$`)),
    });
  });

  test("no end within its time is a retry, and it is told by its signal", async () => {
    let heard: AbortSignal | null = null;
    const { clock, send } = stage({
      timeoutSeconds: 7,
      send: (_message, signal) => {
        heard = signal;
        return new Promise(() => {});
      },
    });
    const sending = send();
    await Promise.resolve();
    clock.turn(6_999);
    expect(heard).toMatchObject({ aborted: false });
    clock.turn(1);
    expect(await sending).toMatchObject({
      outcome: "retry",
      error: expect.stringContaining("the channel did not answer within 7 s; it may have taken the message"),
    });
    expect(heard).toMatchObject({ aborted: true });
  });

  test("a stop of the server ends it too, and what it throws for that says less than why", async () => {
    const stop = new AbortController();
    const { send } = stage({
      send: (_message, signal) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted")))),
    });
    const sending = send(stop.signal);
    stop.abort(new Error("stopping"));
    expect(await sending).toMatchObject({ outcome: "retry", error: expect.stringContaining("was stopped before") });
  });

  test("holds neither a secret nor the address, the link or the text, whatever it says", async () => {
    for (const leak of [SECRET, encodeURIComponent(SECRET), message.to, link, "Pay the invoice of Meridian?"]) {
      const given = { outcome: "retry", error: `refused: ${leak}`, excerpt: `{"echo":"${leak}"}` };
      for (const send of [() => given, () => Promise.reject(new Error(`refused: ${leak}`))]) {
        const text = JSON.stringify(await careless(send));
        for (const hidden of [SECRET, "hunter2", "13128471928", "AUx1dG9r", "invoice of"]) {
          expect(text).not.toContain(hidden);
        }
      }
    }
  });
});

describe("what it is handed", () => {
  test("is the message, the clock's time, where it can be called, and a log in which secrets are hidden", async () => {
    const { send, logged } = stage({
      secrets: [SECRET],
      send: async (given, _signal, { now, hooksUrl, log, sameSecret }) => {
        log.warn(`page ${given.to}`, { at: now(), key: SECRET, link: given.link });
        const same = [sameSecret(SECRET, SECRET), sameSecret("x", SECRET), sameSecret("", ""), sameSecret(null, "a")];
        return { outcome: "failed", error: `${hooksUrl} ${same.join()} ${given === message}` };
      },
    });
    expect(await send()).toMatchObject({
      error: "https://hooks.example/pager true,false,false,false true",
    });
    expect(logged.join("")).toBe(
      `1970-01-01T00:00:00.000Z warn page [hidden] channel="pager" at=${new TurnedClock().now()} key="[hidden]" link="[hidden]"\n`,
    );
  });
});

test("its log hides the message's text, whole and line by line, and keeps to one line", async () => {
  const { send, logged } = stage({
    send: async ({ text, to }, _signal, { log }) => {
      log.info(`paged\n${text}`, { text, line: text.split("\n")[0] ?? "", to: to.slice(1) });
      return { outcome: "sent" };
    },
  });
  await send();
  const [line = ""] = logged;
  for (const hidden of ["invoice", "AUx1dG9r", "13128471928"]) expect(line).not.toContain(hidden);
  expect(line.match(/\n/g)).toHaveLength(1);
  expect(line).toContain("info paged [hidden]");
});

test("word that a question is over has an id of its own, and that of the message that asked", async () => {
  const given: unknown[] = [];
  const { channel } = stage({
    conclude: async ({ deliveryId, askedId }) => {
      given.push({ deliveryId, askedId });
      return { outcome: "sent" };
    },
  });
  const question = {
    ...{ project: "Billing", message: "Pay?", options: ["Yes"], details: [], expiresAt: 0, timeoutDefault: null },
    ...{ timeZone: "UTC", isTest: false },
  };
  const over = {
    to: message.to,
    link,
    question,
    providerId: null,
    text: "Over",
    ending: "cancelled",
    choice: null,
  } as const;
  await channel.conclude?.({ ...over, deliveryId: "dlv_1" }, going);
  expect(given).toEqual([{ deliveryId: "dlv_1-over", askedId: "dlv_1" }]);
});

const request: PeerRequest = {
  ...{ method: "POST", url: "https://approve.example.com/hooks/pager/told", rest: "told", headers: {} },
  ...{ body: new Uint8Array(), address: "192.0.2.1" },
};

describe("what receive gives", () => {
  const receive = (own: ChannelDefinition["receive"], report = async (): Promise<string | null> => null) => {
    const { channel, clock } = stage({ receive: own, secrets: [SECRET] });
    return { clock, answer: channel.receive?.(request, report) ?? Promise.reject(new Error("it has none")) };
  };

  test("is the peer's answer, and words of the report come back to it", async () => {
    const told: PeerEvent[] = [];
    const { answer } = receive(
      async ({ rest }, report) => {
        await report({ kind: "receipt", deliveryId: "dlv_1", status: "failed", error: `no: ${SECRET}` });
        return { status: 200, body: { rest, words: await report({ kind: "reply", from: "1", text: "K7 1" }) } };
      },
      async (event?: PeerEvent) => {
        if (event !== undefined) told.push(event);
        return "Recorded";
      },
    );
    expect(await answer).toEqual({ status: 200, body: { rest: "told", words: "Recorded" } });
    expect(told).toEqual([
      { kind: "receipt", deliveryId: "dlv_1", status: "failed", error: "no: [hidden]" },
      { kind: "reply", from: "1", text: "K7 1" },
    ]);
  });

  test("may name a message by the id that the peer gave it, be it a number", async () => {
    const told: PeerEvent[] = [];
    await receive(
      async (_request, report) => {
        await report({ kind: "receipt", providerId: 4711, status: "delivered" });
        return { status: 204 };
      },
      async (event?: PeerEvent) => {
        if (event !== undefined) told.push(event);
        return null;
      },
    ).answer;
    expect(told).toEqual([
      { kind: "receipt", deliveryId: "", providerIds: ["4711"], status: "delivered", error: null },
    ]);
  });

  test("reports a reply by the channel's one spelling of who wrote, and none of nobody", async () => {
    const told: PeerEvent[] = [];
    const { channel, logged } = stage({
      normalizeAddress: (text) => /^\d{6}$/.exec(text.replaceAll("-", ""))?.[0] ?? null,
      receive: async (_request, report) => {
        const words = await report({ kind: "reply", from: " 12-34-56", text: "K7 1" });
        return { status: 200, body: { words, nobody: await report({ kind: "reply", from: "x", text: "K7 1" }) } };
      },
    });
    const answer = await channel.receive?.(request, async (event) => {
      told.push(event);
      return "Recorded";
    });
    expect(answer).toMatchObject({ body: { words: "Recorded", nobody: null } });
    expect(told).toEqual([{ kind: "reply", from: "123456", text: "K7 1" }]);
    expect(logged.join("")).toContain("no address of the channel");
  });

  test("has no body where HTTP has none", async () => {
    expect(await receive(async () => ({ status: 204, body: "x" })).answer).toEqual({ status: 204, body: null });
  });

  test.each([
    ["throws", () => Promise.reject(new Error(`bad ${SECRET}`)), "receive of the channel pager failed: bad [hidden]"],
    ["gives no answer", async () => "ok" as never, 'gave no answer: it is "ok"; it has to be an object with status'],
    ["gives no status", async () => ({ status: 7 }), "status is 7; it has to be a whole number from 200 to 599"],
  ])("is an error when it %s", async (_, own, words) => {
    expect(
      await receive(own).answer.then(
        () => "",
        (error: Error) => error.message,
      ),
    ).toContain(words);
  });

  test("is an error when there is no end to it", async () => {
    const { answer, clock } = receive(() => new Promise(() => {}));
    clock.turn(15_000);
    expect(answer).rejects.toThrow("no answer within 15 s");
  });

  test("is the very error of a report that could not be recorded, so that the peer is asked to come again", async () => {
    const full = new Error("the disk is full");
    const { answer } = receive(
      async (_request, report) => {
        await report({ kind: "reply", from: "1", text: "K7 1" });
        return { status: 204 };
      },
      () => Promise.reject(full),
    );
    expect(
      await answer.then(
        () => null,
        (error: unknown) => error,
      ),
    ).toBe(full);
  });

  test.each([
    ["a tap, which decides only where the vendor's own signature is known", { kind: "tap", from: "1", text: "K7 1" }],
    ["an unknown status", { kind: "receipt", deliveryId: "dlv_1", status: "gone" }],
    ["a receipt of no message", { kind: "receipt", deliveryId: "", status: "delivered" }],
    ["an unknown field", { kind: "receipt", deliveryId: "dlv_1", status: "delivered", state: 1 }],
    ["a reply of nobody", { kind: "reply", from: "", text: "yes" }],
  ])("reports nothing that is %s", async (_, event) => {
    let reported = 0;
    const { answer } = receive(
      async (_request, report) => {
        await report(event as never);
        return { status: 204 };
      },
      async () => {
        reported++;
        return null;
      },
    );
    expect(
      await answer.then(
        () => "",
        (error: Error) => error.message,
      ),
    ).toContain("report was given no event");
    expect(reported).toBe(0);
  });
});

describe("a connection of its own", () => {
  const report = async () => null;

  test("is up once it is made, waited for by a message, and stopped at the end", async () => {
    const happened: string[] = [];
    const made = Promise.withResolvers<void>();
    const { channel } = stage({
      send: async () => {
        happened.push("sent");
        return { outcome: "sent" };
      },
      connect: async () => {
        await made.promise;
        happened.push("made");
        return { stop: () => happened.push("stopped") };
      },
    });
    const connection = channel.connect?.(report);
    expect(connection?.isUp).toBe(false);
    const sending = channel.send(message, going);
    made.resolve();
    await sending;
    expect(connection?.isUp).toBe(true);
    await connection?.stop();
    expect(happened).toEqual(["made", "sent", "stopped"]);
  });

  test.each([
    ["throws", () => boom(), "the line is dead"],
    ["throws later", () => Promise.reject(new Error("the line is dead")), "the line is dead"],
    ["gives nothing", () => undefined as never, "connect gave no object with a function stop"],
  ])("that %s is logged, and stops neither the start nor the end", async (_, connect, words) => {
    const { channel, logged } = stage({ connect: connect as never });
    const connection = channel.connect?.(report);
    await connection?.stop();
    expect(connection?.isUp).toBe(false);
    expect(logged.join("")).toContain(
      `error the channel's own code failed to connect channel="pager" error="${words}"`,
    );
  });

  test("that never stops is given up after five seconds", async () => {
    const { channel, clock, logged } = stage({ connect: () => ({ stop: () => new Promise(() => {}) }) });
    const connection = channel.connect?.(report);
    const stopping = connection?.stop();
    await new Promise((resolve) => setImmediate(resolve));
    clock.turn(5_000);
    await stopping;
    expect(logged.join("")).toContain("failed to stop");
  });
});

describe("addresses of its own", () => {
  const normal = (normalizeAddress: (text: string) => unknown, text: string) => {
    const { channel, logged } = stage({ addressKind: "text", normalizeAddress: normalizeAddress as never });
    return { address: channel.normalizeAddress?.(text), logged: logged.join("") };
  };

  test("are as it spells them, and what is no address is refused", () => {
    expect(normal((text) => text.toUpperCase(), "desk 7")).toEqual({ address: "DESK 7", logged: "" });
    expect(normal(() => null, "desk 7")).toEqual({ address: null, logged: "" });
    for (const wrong of [7, "", "two\nlines", "x".repeat(201)]) {
      expect(normal(() => wrong, "desk 7")).toMatchObject({
        address: null,
        logged: expect.stringContaining("neither an"),
      });
    }
    expect(normal(() => boom(), "desk 7")).toMatchObject({ address: null, logged: expect.stringContaining("failed") });
    expect(normal(() => boom(), "desk 7").logged).not.toContain("line is dead");
  });
});

function boom(): never {
  throw new Error("the line is dead");
}
