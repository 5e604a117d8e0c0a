import { afterEach, describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import type { PeerEvent, PeerRequest } from "../../../src/channels/channel.ts";
import { createSlackChannel } from "../../../src/channels/slack/index.ts";
import { isFromSlack } from "../../../src/channels/slack/signature.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { slackSchema } from "../../../src/platform/config/slack.ts";
import { createLog } from "../../../src/platform/log.ts";
import { handClock, listeningLog } from "./stage.ts";

const NOW = 1_800_000_000_000;
const SECRET = "8f742231b10e8888abcd99yyyzzz85a5";
const TOKEN = "AUx1dG9rZW5fdGhhdF9kZWNpZGVzX2FuZF9tdXN0X25vdF9sZWFr";
const clock = { ...systemClock, now: () => NOW };

const running: { stop(): unknown }[] = [];
afterEach(async () => {
  for (const part of running.splice(0)) await part.stop();
});

/** A channel at this moment, with what it reported and logged. */
function start(answer: string | null | Error = null, apiBase = "https://slack.com/api") {
  const reported: PeerEvent[] = [];
  const logged: string[] = [];
  const log = createLog("debug", "text", clock.now, (line) => logged.push(line));
  const config = slackSchema.parse({ kind: "slack", botToken: "xoxb-1", signingSecret: SECRET, apiBase });
  const channel = createSlackChannel(config, { clock, log });
  const receive = (request: PeerRequest) =>
    channel.receive!(request, async (event) => {
      if (answer instanceof Error) throw answer;
      reported.push(event);
      return answer;
    });
  return { receive, reported, logged };
}

function request(body: string, changes: Partial<PeerRequest> & { at?: number; secret?: string } = {}): PeerRequest {
  const { at = NOW, secret = SECRET, ...rest } = changes;
  const timestamp = String(Math.floor(at / 1000));
  const signature = createHmac("sha256", secret).update(`v0:${timestamp}:${body}`).digest("hex");
  return {
    method: "POST",
    url: "https://approve.example.com/hooks/slack/interactions",
    rest: "interactions",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      "x-slack-request-timestamp": timestamp,
      "x-slack-signature": `v0=${signature}`,
    },
    body: Buffer.from(body),
    address: null,
    ...rest,
  };
}

function form(payload: object): string {
  return new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
}

function tap(changes: object = {}): object {
  return {
    type: "block_actions",
    user: { id: "U012AB3CD", username: "cfo", team_id: "T0001" },
    actions: [{ type: "button", action_id: "pausepoint_option_1", value: `${TOKEN}.1` }],
    ...changes,
  };
}

describe("the example in Slack's documents", () => {
  const timestamp = "1531420618";
  const signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
  const body =
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar" +
    "&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com" +
    "%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a1" +
    "4d10d2c447fce8b6703c";
  const check = (changes: { secret?: string; body?: string; signature?: string; timestamp?: string; late?: number }) =>
    isFromSlack(
      changes.secret ?? SECRET,
      {
        "x-slack-request-timestamp": changes.timestamp ?? timestamp,
        "x-slack-signature": changes.signature ?? signature,
      },
      Buffer.from(changes.body ?? body),
      (Number(timestamp) + (changes.late ?? 0)) * 1000,
    );

  test("is from Slack, five minutes long", () => {
    expect([-301, -300, 0, 300, 301].map((late) => check({ late }))).toEqual([false, true, true, true, false]);
  });

  test.each([
    { secret: "8f742231b10e8888abcd99yyyzzz85a6" },
    { body: `${body}&` },
    { signature: signature.replace("v0=", "v1=") },
    { signature: signature.slice(0, -1) },
    { signature: signature.toUpperCase() },
    { signature: "" },
    { timestamp: "1531420619" },
    { timestamp: "" },
    { timestamp: "NaN" },
    { timestamp: "1531420618.0" },
  ])("is not from Slack with %p", (changes) => {
    expect(check(changes)).toBe(false);
  });
});

describe("a tap over HTTP", () => {
  test("is reported with the token, the option and who tapped, then acknowledged", async () => {
    const { receive, reported } = start();
    expect(await receive(request(form(tap())))).toEqual({ status: 200, body: null });
    expect(reported).toEqual([{ kind: "tap", token: TOKEN, option: 1, by: "U012AB3CD", via: "slack" }]);
  });

  test("is not acknowledged when it could not be recorded", async () => {
    const { receive } = start(new Error("disk full"));
    await expect(receive(request(form(tap())))).rejects.toThrow("disk full");
  });

  test.each([
    ["signed with another secret", { secret: "another" }],
    ["of six minutes ago", { at: NOW - 360_000 }],
    ["without a signature", { headers: {} }],
    ["with another body than was signed", { body: Buffer.from(form(tap({ user: { id: "U0EVIL000" } }))) }],
  ])("%s is refused and reported to nobody", async (_, changes) => {
    const { receive, reported } = start();
    expect((await receive(request(form(tap()), changes))).status).toBe(401);
    expect(reported).toEqual([]);
  });

  test.each([
    ["the link to the page", tap({ actions: [{ action_id: "pausepoint_page", value: `${TOKEN}.0` }] })],
    ["a button of another's", tap({ actions: [{ action_id: "deploy", value: `${TOKEN}.0` }] })],
    ["a value that is not ours", tap({ actions: [{ action_id: "pausepoint_option_0", value: "0" }] })],
    ["a shortcut", tap({ type: "message_action" })],
    ["nobody", tap({ user: null })],
    ["a name in place of an id", tap({ user: { id: "the cfo" } })],
    ["no action", tap({ actions: "pausepoint_option_0" })],
  ])("on %s is acknowledged, and decides nothing", async (_, payload) => {
    const { receive, reported } = start();
    expect((await receive(request(form(payload)))).status).toBe(200);
    expect(reported).toEqual([]);
  });

  test.each(["", "payload=", "payload=%7B", "payload=null", "payload=[]", "ssl_check=1"])(
    "that is no payload (%p) is a bad request",
    async (body) => {
      expect((await start().receive(request(body))).status).toBe(400);
    },
  );

  test("comes by POST, at interactions only", async () => {
    const { receive } = start();
    expect(await receive(request("", { method: "GET" }))).toMatchObject({ status: 405, headers: { Allow: "POST" } });
    expect((await receive(request(form(tap()), { rest: "events" }))).status).toBe(404);
  });

  test("is not what Slack asks for when it looks at the certificate", async () => {
    const url = "https://approve.example.com/hooks/slack/interactions?ssl_check=1";
    expect((await start().receive(request("", { method: "GET", url }))).status).toBe(200);
  });
});

describe("who tapped", () => {
  /** A server that is told something, and what it was told. */
  function listen(hostname = "127.0.0.1") {
    const told = Promise.withResolvers<unknown>();
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch(incoming) {
        told.resolve(await incoming.json());
        return new Response("ok");
      },
    });
    running.push({ stop: () => server.stop(true) });
    return { url: `http://${hostname}:${server.port}/actions/T1/1/x`, told: told.promise };
  }

  test("is told what became of it, alone, in words that do nothing", async () => {
    const { url, told } = listen();
    const { receive } = start("Recorded: <!channel> & \u202Emore", "http://127.0.0.1:1/api");
    await receive(request(form(tap({ response_url: url }))));
    expect(await told).toEqual({
      response_type: "ephemeral",
      replace_original: false,
      text: "Recorded: &lt;!channel&gt; &amp; [U+202E]more",
      blocks: [
        {
          type: "section",
          text: { type: "plain_text", text: "Recorded: <!channel> & [U+202E]more", emoji: false },
        },
      ],
    });
  });

  test.each([
    ["http://hooks.slack.com/actions/x", "https://slack.com/api"],
    ["https://slack.com.example.net/x", "https://slack.com/api"],
    ["https://hooks-slack.com/x", "https://slack.com/api"],
    ["https://user:pass@hooks.slack.com/x", "https://slack.com/api"],
    ["http://localhost:9/x", "http://127.0.0.1:1/api"],
    ["http://127.0.0.1:9/x", "https://127.0.0.1:1/api"],
    ["file:///etc/passwd", "https://slack.com/api"],
    ["no address", "https://slack.com/api"],
  ])("is told nothing at %s, which is not Slack's", async (response_url, apiBase) => {
    const { receive, reported, logged } = start("Recorded: Approve", apiBase);
    expect((await receive(request(form(tap({ response_url }))))).status).toBe(200);
    expect(reported).toHaveLength(1);
    expect(logged.join("")).toContain("it is not Slack's");
    expect(logged.join("")).not.toContain(response_url);
  });

  describe("and cannot be told", () => {
    /** Taps at an appliance whose word to the person has no good end; resolves with what is logged of it. */
    async function tapWith(responseUrl: string) {
      const { log, next } = listeningLog();
      const warned = next("warn");
      const { clock, turn } = handClock(NOW);
      const config = slackSchema.parse({
        kind: "slack",
        botToken: "xoxb-1",
        signingSecret: SECRET,
        apiBase: "http://127.0.0.1:1/api",
      });
      const channel = createSlackChannel(config, { clock, log });
      const answer = await channel.receive!(request(form(tap({ response_url: responseUrl }))), async () => "Recorded");
      expect(answer.status).toBe(200);
      return { warned, turn };
    }

    test("because Slack says no: it is logged, with the status alone", async () => {
      const server = Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        fetch: () => new Response("used_url", { status: 404 }),
      });
      running.push({ stop: () => server.stop(true) });
      const { warned } = await tapWith(`http://127.0.0.1:${server.port}/actions/secret`);
      const line = await warned;
      expect(line).toContain("status=404");
      expect(line).not.toMatch(/secret|Recorded|used_url/);
    });

    test("because it leads elsewhere: that is not followed", async () => {
      const { url } = listen();
      const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => Response.redirect(url, 307) });
      running.push({ stop: () => server.stop(true) });
      const { warned } = await tapWith(`http://127.0.0.1:${server.port}/actions`);
      expect(await warned).toContain("status=307");
    });

    test("because nobody is there: it is logged", async () => {
      const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
      const { port } = server;
      await server.stop(true);
      const { warned } = await tapWith(`http://127.0.0.1:${port}/actions`);
      expect(await warned).toContain("Slack could not be told");
    });

    test("because no answer comes: it is given up in time", async () => {
      const asked = Promise.withResolvers<void>();
      const server = Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        fetch: () => {
          asked.resolve();
          return new Promise<Response>(() => {});
        },
      });
      running.push({ stop: () => server.stop(true) });
      const { warned, turn } = await tapWith(`http://127.0.0.1:${server.port}/actions`);
      await asked.promise;
      turn(15_000);
      expect(await warned).toContain("Slack could not be told");
    });
  });
});
