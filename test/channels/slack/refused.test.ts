import { afterEach, describe, expect, test } from "bun:test";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { OutgoingMessage, SendResult } from "../../../src/channels/channel.ts";
import { createDestinations } from "../../../src/channels/slack/destination.ts";
import { createSlackChannel } from "../../../src/channels/slack/index.ts";
import { startAttempt } from "../../../src/channels/slack/web-api.ts";
import { type Clock, LONGEST_TIMER, systemClock } from "../../../src/platform/clock.ts";
import { slackSchema } from "../../../src/platform/config/slack.ts";

const BOT_TOKEN = "xoxb-1-2-secret";
const TOKEN = "AUx1dG9rZW5fdGhhdF9kZWNpZGVzX2FuZF9tdXN0X25vdF9sZWFr";
const link = `https://approve.example.com/r/${TOKEN}`;
const WORDS = "Refund 1,200 € to Meridian & Söhne?";
const untilStopped = new AbortController().signal;

const running: { stop(): unknown }[] = [];
afterEach(async () => {
  for (const part of running.splice(0).reverse()) await part.stop();
});

const asking: OutgoingMessage = {
  deliveryId: "dlv_1",
  to: "C012AB3CD",
  text: `PausePoint: ${WORDS}\n\nAnswer: ${link}`,
  link,
  validForSeconds: 900,
  question: {
    project: "Meridian",
    message: WORDS,
    options: ["Approve", "Reject"],
    details: [],
    expiresAt: 1_800_000_000_000,
    timeoutDefault: null,
    timeZone: "UTC",
    isTest: false,
  },
};

/** A server of the test's own, for answers that are not Slack's everyday ones. */
function serve(answer: (request: Request) => Response | Promise<Response>): string {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: answer });
  running.push({ stop: () => server.stop(true) });
  return `http://127.0.0.1:${server.port}/api`;
}

function send(apiBase: string, parts: { clock?: Clock; stop?: AbortSignal; to?: string } = {}): Promise<SendResult> {
  const { clock = systemClock, stop = untilStopped, to = asking.to } = parts;
  const config = slackSchema.parse({ kind: "slack", botToken: BOT_TOKEN, signingSecret: "s", apiBase });
  return createSlackChannel(config, { clock }).send({ ...asking, to }, stop);
}

/** What becomes of a message that the server answers so. */
const sendTo = (answer: (request: Request) => Response | Promise<Response>) => send(serve(answer));

const refuse = (error: string, status = 200, headers: Record<string, string> = {}) =>
  Response.json({ ok: false, error }, { status, headers });

describe("a message that Slack refuses", () => {
  test.each([
    ["channel_not_found", "the channel does not exist, or is private and the app was not invited"],
    ["not_in_channel", "the app is not in the channel; invite it there, or give it the scope chat:write.public"],
    ["is_archived", "the channel is archived"],
    ["msg_too_long", "the message is too long for Slack"],
    ["restricted_action", "a setting of the workspace keeps the app from writing there"],
    ["an_error_of_tomorrow", "Slack refused it"],
  ])("with %s has failed for good", async (code, words) => {
    expect(await sendTo(() => refuse(code))).toEqual({
      outcome: "failed",
      error: `${words} (Slack ${code})`,
      status: 200,
      excerpt: JSON.stringify({ ok: false, error: code }),
    });
  });

  test.each(["invalid_auth", "token_revoked", "account_inactive", "not_authed", "ratelimited", "service_unavailable"])(
    "with %s waits, and all others with it",
    async (code) => {
      expect(await sendTo(() => refuse(code))).toMatchObject({ outcome: "retry", isChannelDown: true });
    },
  );

  test("for a missing scope waits alone, and the scope is named", async () => {
    const result = await sendTo(() =>
      Response.json({ ok: false, error: "missing_scope", needed: "chat:write", provided: "im:write" }),
    );
    expect(result).toEqual({
      outcome: "retry",
      error: "the app lacks a scope; add it and install the app again: chat:write (Slack missing_scope)",
      status: 200,
      excerpt: '{"ok":false,"error":"missing_scope","needed":"chat:write","provided":"im:write"}',
      retryAfterMs: null,
      isChannelDown: false,
    });
  });

  test.each(["fatal_error", "internal_error"])("with %s may have been taken all the same", async (code) => {
    const result = await sendTo(() => refuse(code));
    expect(result).toMatchObject({ outcome: "retry", isChannelDown: false });
    expect((result as { error: string }).error).toBe(
      `Slack failed on its side (Slack ${code}); it may have taken the message, so a retry can send it twice`,
    );
  });

  test("is told where in the blocks the fault is, and nothing of what stands there", async () => {
    const messages = [`[ERROR] "${WORDS}" must be less than 3001 characters [json-pointer:/blocks/1/text/text]`];
    const result = await sendTo(() =>
      Response.json({ ok: false, error: "invalid_blocks", response_metadata: { messages } }),
    );
    expect(result.excerpt).toBe('{"ok":false,"error":"invalid_blocks","faults":["/blocks/1/text/text"]}');
  });
});

describe("a message that is sent too fast", () => {
  test.each([
    ["30", 30_000],
    ["soon", null],
    [null, null],
  ])("with Retry-After %p waits %p ms, and all others with it", async (after, retryAfterMs) => {
    const headers: Record<string, string> = after === null ? {} : { "Retry-After": after };
    expect(await sendTo(() => refuse("ratelimited", 429, headers))).toMatchObject({
      outcome: "retry",
      error: "Slack is being asked too often (Slack ratelimited)",
      status: 429,
      retryAfterMs,
      isChannelDown: true,
    });
    expect(await sendTo(() => new Response("slow down", { status: 429, headers }))).toMatchObject({
      outcome: "retry",
      status: 429,
      retryAfterMs,
      isChannelDown: true,
      excerpt: null,
    });
  });
});

test("a code that nobody knows, with HTTP 429, is a matter of time too", async () => {
  expect(await sendTo(() => refuse("an_error_of_tomorrow", 429))).toMatchObject({
    outcome: "retry",
    isChannelDown: true,
  });
});

describe("an answer that is not Slack's", () => {
  test.each([
    [200, "something other than Slack answered (HTTP 200); check `apiBase` and any proxy on the way", true],
    [404, "something other than Slack answered (HTTP 404); check `apiBase` and any proxy on the way", true],
    [302, "`apiBase` leads to a redirect (HTTP 302), which is not followed", true],
    [500, "the server in `apiBase` failed (HTTP 500)", false],
    [503, "the server in `apiBase` failed (HTTP 503)", true],
  ])("with HTTP %p is tried again, and nothing of it is kept", async (status, words, isChannelDown) => {
    const result = await sendTo(async (request) => {
      // As a proxy's error page that repeats the request.
      const page = `<html>${request.headers.get("authorization")} ${await request.text()}</html>`;
      return new Response(page, { status, headers: { Location: "https://elsewhere.example/" } });
    });
    expect(result).toMatchObject({ outcome: "retry", status, isChannelDown, excerpt: null });
    // An error page may hide an answer of Slack's own; a redirect or a page that is not found took nothing.
    const isDoubtful = status === 200 || status >= 500;
    const doubt = isDoubtful ? "; it may have taken the message, so a retry can send it twice" : "";
    expect((result as { error: string }).error).toBe(words + doubt);
    expect(JSON.stringify(result)).not.toContain(TOKEN);
  });

  test.each(['{"ok":"true"}', "[]", "null", "", '{"error":"is_archived"}', '{"ok":false,"error":"<b>"}'])(
    "with the body %p is no success",
    async (body) => {
      expect((await sendTo(() => new Response(body))).outcome).toBe("retry");
    },
  );

  test("whose success is an error by its status is no success", async () => {
    expect((await sendTo(() => Response.json({ ok: true }, { status: 502 }))).outcome).toBe("retry");
  });

  test("is not led elsewhere with the token", async () => {
    let led = 0;
    const elsewhere = serve(() => {
      led++;
      return Response.json({ ok: true, channel: "C012AB3CD", ts: "1.1" });
    });
    const result = await sendTo(() => Response.redirect(`${elsewhere}/chat.postMessage`, 307));
    expect([result.outcome, led]).toEqual(["retry", 0]);
  });
});

describe("half an answer", () => {
  test("leaves the doubt whether the message was taken", async () => {
    const server = createServer((_, response) => {
      response.writeHead(200, { "Content-Type": "application/json", "Content-Length": "500" });
      response.write('{"ok":true,"channel":"C012AB3CD"', () => response.socket?.end());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    running.push({ stop: () => server.close() });
    const result = await send(`http://127.0.0.1:${(server.address() as AddressInfo).port}/api`);
    expect(result).toMatchObject({
      outcome: "retry",
      error:
        "the connection to Slack broke in the middle of its answer; " +
        "it may have taken the message, so a retry can send it twice",
      isChannelDown: false,
    });
  });

  test("that has no end is not read to it", async () => {
    const page = new TextEncoder().encode("x".repeat(64 * 1024));
    const result = await sendTo(
      () => new Response(new ReadableStream({ pull: (controller) => controller.enqueue(page) })),
    );
    expect(result.outcome).toBe("retry");
  });
});

describe("a success", () => {
  test.each([
    [{ channel: "C012AB3CD", ts: "1700000000.000100" }, "C012AB3CD/1700000000.000100"],
    [{ channel: "C012/AB3CD", ts: "1700000000.000100" }, null],
    [{ channel: "C012AB3CD", ts: "now" }, null],
    [{}, null],
  ])("with %p has the id %p", async (place, providerId) => {
    expect(await sendTo(() => Response.json({ ok: true, ...place }))).toMatchObject({
      outcome: "delivered",
      providerId,
    });
  });
});

describe("who was looked up", () => {
  test.each([
    [{ id: "U012AB3CD", deleted: true }, "the user is deactivated"],
    [{ id: "U012AB3CD", is_bot: true }, "the user is a bot, which cannot answer"],
    [{}, "no user of this workspace has that email address"],
  ])("and is %p is not written to", async (user, error) => {
    const server = serve((request) => {
      if (!request.url.endsWith("users.lookupByEmail")) throw new Error("asked for more");
      return Response.json({ ok: true, user });
    });
    expect(await send(server, { to: "cfo@example.com" })).toMatchObject({ outcome: "failed", error });
  });

  test("is forgotten when there are many, the oldest first", async () => {
    let opened = 0;
    const server = serve((request) => {
      if (!request.url.endsWith("conversations.open")) return Response.json({ ok: true });
      return Response.json({ ok: true, channel: { id: `D0${opened++}` } });
    });
    const config = slackSchema.parse({ kind: "slack", botToken: BOT_TOKEN, apiBase: server });
    const attempt = startAttempt(config, systemClock, untilStopped);
    const destinations = createDestinations(BOT_TOKEN, systemClock);
    for (let number = 0; number <= 1_000; number++) await destinations.find(attempt, `U${1_000 + number}`);
    expect(opened).toBe(1_001);
    await destinations.find(attempt, "U1001");
    expect(opened).toBe(1_001);
    await destinations.find(attempt, "U1000");
    expect(opened).toBe(1_002);
    attempt.end();
  });
});

describe("no answer", () => {
  /** A clock that stands still until it is turned. */
  function handClock() {
    let timers: { left: number; callback: () => void }[] = [];
    const clock: Clock = {
      now: () => 0,
      after(milliseconds, callback) {
        const timer = { left: Math.min(milliseconds, LONGEST_TIMER), callback };
        timers.push(timer);
        return () => {
          timers = timers.filter((other) => other !== timer);
        };
      },
    };
    const turn = (milliseconds: number) => {
      for (const timer of timers) timer.left -= milliseconds;
      const due = timers.filter(({ left }) => left <= 0);
      timers = timers.filter(({ left }) => left > 0);
      for (const { callback } of due) callback();
    };
    return { clock, turn, armed: () => timers.length };
  }

  test("in time is tried again, with the doubt told", async () => {
    const { clock, turn, armed } = handClock();
    const asked = Promise.withResolvers<void>();
    const hanging = serve(() => {
      asked.resolve();
      return new Promise(() => {});
    });
    const result = send(hanging, { clock });
    await asked.promise;
    turn(14_999);
    expect(armed()).toBe(1);
    turn(1);
    expect(await result).toEqual({
      outcome: "retry",
      error: "Slack did not answer within 15 s; it may have taken the message, so a retry can send it twice",
      status: null,
      excerpt: null,
      retryAfterMs: null,
      isChannelDown: false,
    });
    expect(armed()).toBe(0);
  });

  test("to a look-up leaves no doubt, since nothing was sent", async () => {
    const { clock, turn } = handClock();
    const asked = Promise.withResolvers<void>();
    const hanging = serve(() => {
      asked.resolve();
      return new Promise(() => {});
    });
    const result = send(hanging, { clock, to: "U012AB3CD" });
    await asked.promise;
    turn(15_000);
    expect(await result).toMatchObject({ outcome: "retry", error: "Slack did not answer within 15 s" });
  });

  test("when the appliance stops is tried again", async () => {
    const stop = new AbortController();
    const hanging = serve(() => {
      stop.abort();
      return new Promise(() => {});
    });
    expect(await send(hanging, { stop: stop.signal })).toMatchObject({
      outcome: "retry",
      error:
        "the attempt was stopped before Slack answered; it may have taken the message, so a retry can send it twice",
    });
  });

  test("from a closed port holds up all others", async () => {
    const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    const { port } = server;
    await server.stop(true);
    const result = await send(`http://127.0.0.1:${port}/api`);
    expect(result).toMatchObject({ outcome: "retry", isChannelDown: true });
    expect((result as { error: string }).error).toStartWith("the server in `apiBase` cannot be reached");
  });

  test("is waited for no longer once there is one", async () => {
    const { clock, armed } = handClock();
    await send(
      serve(() => Response.json({ ok: true, channel: "C012AB3CD", ts: "1700000000.000100" })),
      { clock },
    );
    expect(armed()).toBe(0);
  });
});
