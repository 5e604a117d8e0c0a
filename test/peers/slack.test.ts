import { afterEach, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { createConnection } from "node:net";
import { examineBlocks } from "./slack/blocks.ts";
import {
  type HttpOutcome,
  type SlackPeer,
  type SlackPeerOptions,
  type SocketOutcome,
  slackSignature,
  startSlack,
} from "./slack.ts";

const BOT_TOKEN = "xoxb-1";
const APP_TOKEN = "xapp-1";
const SECRET = "8f742231b10e8888abcd99yyyzzz85a5";
const ANA = "U0ANA00001";
const BEN = "U0BEN00001";
const GENERAL = "C0GENERAL1";

const running: { stop(): unknown }[] = [];
afterEach(async () => {
  for (const part of running.splice(0).reverse()) await part.stop();
});

async function startPeer(options: Partial<SlackPeerOptions> = {}): Promise<SlackPeer> {
  const peer = await startSlack({
    botToken: BOT_TOKEN,
    appToken: APP_TOKEN,
    signingSecret: SECRET,
    users: [
      { id: ANA, email: "ana@example.com", name: "ana" },
      { id: BEN, email: "ben@example.com", name: "ben" },
      { id: "U0GONE0001", email: "gone@example.com", name: "gone", isDeleted: true },
    ],
    channels: [
      { id: GENERAL, name: "general" },
      { id: "C0OTHER001", name: "other", isMember: false },
      { id: "G0SECRET01", name: "secret", isMember: false },
      { id: "C0OLD00001", name: "old", isArchived: true },
    ],
    ...options,
  });
  running.push(peer);
  return peer;
}

type Answer = Record<string, unknown> & {
  readonly ok: boolean;
  readonly error?: string;
  readonly ts: string;
  readonly channel: string;
  readonly response_metadata?: { readonly messages?: string[] };
};

function post(peer: SlackPeer, method: string, body: unknown, headers: Record<string, string> = {}) {
  return fetch(`${peer.apiBase}/${method}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${BOT_TOKEN}`, "Content-Type": "application/json; charset=utf-8", ...headers },
    body: JSON.stringify(body),
  });
}

async function call(peer: SlackPeer, method: string, body: unknown = {}, token = BOT_TOKEN): Promise<Answer> {
  return (await (await post(peer, method, body, { Authorization: `Bearer ${token}` })).json()) as Answer;
}

const button = (text: string, more: object = {}) => ({ type: "button", text: { type: "plain_text", text }, ...more });
const actions = (...elements: object[]) => ({ type: "actions", elements });
const QUESTION = [
  { type: "section", text: { type: "mrkdwn", text: "Refund *$40*?" } },
  actions(button("Approve", { action_id: "approve", value: "1" }), button("Reject", { action_id: "reject" })),
];

async function ask(peer: SlackPeer, channel = GENERAL) {
  const { channel: id, ts } = await call(peer, "chat.postMessage", { channel, text: "Refund?", blocks: QUESTION });
  return { channel: id, ts };
}

/** An app's interactivity endpoint, that checks signatures as Slack asks. */
function startApp(answer: () => Response | Promise<Response> = () => new Response()) {
  const received: { body: string; headers: Headers; age: number; isGenuine: boolean }[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const body = await request.text();
      const timestamp = request.headers.get("x-slack-request-timestamp") ?? "";
      const isGenuine = request.headers.get("x-slack-signature") === slackSignature(SECRET, timestamp, body);
      received.push({ body, headers: request.headers, age: Date.now() / 1000 - Number(timestamp), isGenuine });
      return answer();
    },
  });
  running.push({ stop: () => server.stop(true) });
  return { url: `http://127.0.0.1:${server.port}/slack`, received };
}

test("the signature is the one of Slack's published example", () => {
  const body =
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar" +
    "&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com" +
    "%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14" +
    "d10d2c447fce8b6703c";
  const expected = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
  expect(slackSignature("8f742231b10e8888abcd99yyyzzz85a5", 1531420618, body)).toBe(expected);
});

describe("the form of a call", () => {
  test("a token is needed, and the right kind of it", async () => {
    const peer = await startPeer();
    const anonymous = await fetch(`${peer.apiBase}/auth.test`, { method: "POST" });
    expect([anonymous.status, await anonymous.json()]).toEqual([200, { ok: false, error: "not_authed" }]);
    expect((await call(peer, "auth.test", {}, "xoxb-2")).error).toBe("invalid_auth");
    expect((await call(peer, "auth.test", {}, APP_TOKEN)).error).toBe("not_allowed_token_type");
    expect((await call(peer, "apps.connections.open")).error).toBe("not_allowed_token_type");
    expect(await call(peer, "auth.test")).toMatchObject({ ok: true, user_id: peer.bot.userId, bot_id: peer.bot.botId });
  });

  test("a token may stand in a form, but not in JSON or in the address", async () => {
    const peer = await startPeer();
    const send = async (query: string, init: RequestInit) =>
      ((await (await fetch(`${peer.apiBase}/auth.test${query}`, init)).json()) as Answer).error;
    const form = { method: "POST", body: new URLSearchParams({ token: BOT_TOKEN }) };
    const json = { method: "POST", headers: { "Content-Type": "application/json" }, body: `{"token":"${BOT_TOKEN}"}` };
    expect(await send("", form)).toBeUndefined();
    expect(await send("", json)).toBe("not_authed");
    expect(await send(`?token=${BOT_TOKEN}`, {})).toBe("not_authed");
  });

  test.each([
    ["broken JSON", "application/json; charset=utf-8", "{", "invalid_json"],
    ["a JSON array", "application/json; charset=utf-8", "[]", "json_not_object"],
    ["XML", "text/xml", "<a/>", "invalid_post_type"],
    ["an unknown charset", "application/json; charset=utf-16", "{}", "invalid_charset"],
  ])("%s is refused", async (_what, type, body, error) => {
    const peer = await startPeer();
    const headers = { Authorization: `Bearer ${BOT_TOKEN}`, "Content-Type": type };
    const answer = await fetch(`${peer.apiBase}/auth.test`, { method: "POST", headers, body });
    expect(await answer.json()).toMatchObject({ ok: false, error });
  });

  test("JSON without a charset is taken with a warning, and an unknown method is not taken", async () => {
    const peer = await startPeer();
    const answer = await post(peer, "auth.test", {}, { "Content-Type": "application/json" });
    expect(await answer.json()).toMatchObject({ ok: true, warning: "missing_charset" });
    expect((await call(peer, "chat.shout")).error).toBe("unknown_method");
    expect(peer.calls.map((one) => one.method)).toEqual(["auth.test", "chat.shout"]);
  });
});

describe("people and conversations", () => {
  test("someone is found by email over GET and a form; over JSON the argument is missing", async () => {
    const peer = await startPeer();
    const headers = { Authorization: `Bearer ${BOT_TOKEN}` };
    const find = async (email: string) => {
      const query = new URLSearchParams({ email });
      const got = await fetch(`${peer.apiBase}/users.lookupByEmail?${query}`, { headers });
      const posted = await fetch(`${peer.apiBase}/users.lookupByEmail`, { method: "POST", headers, body: query });
      return [(await got.json()) as Answer, (await posted.json()) as Answer];
    };
    for (const answer of await find("ANA@example.com")) expect(answer).toMatchObject({ ok: true, user: { id: ANA } });
    for (const answer of await find("no@example.com")) expect(answer.error).toBe("users_not_found");
    for (const answer of await find("gone@example.com")) expect(answer.error).toBe("users_not_found");
    expect((await call(peer, "users.lookupByEmail", { email: "ana@example.com" })).error).toBe("invalid_arguments");
  });

  test("a direct message is opened once and found again", async () => {
    const peer = await startPeer();
    const first = await call(peer, "conversations.open", { users: ANA });
    const again = await call(peer, "conversations.open", { users: ANA });
    expect(first).toEqual({ ok: true, channel: { id: peer.directMessage(ANA) } } as never);
    expect(again).toMatchObject({ already_open: true, channel: first.channel });
    expect(first.channel as unknown).toEqual({ id: expect.stringMatching(/^D/) });
  });

  test.each([
    ["nobody", {}, "users_list_not_supplied"],
    ["a stranger", { users: "U0NOBODY01" }, "user_not_found"],
    ["someone who left", { users: "U0GONE0001" }, "user_disabled"],
    ["nine people", { users: Array.from({ length: 9 }, () => ANA).join() }, "too_many_users"],
    ["a conversation that is not there", { channel: "D0NOTHING1" }, "channel_not_found"],
    ["a channel", { channel: GENERAL }, "method_not_supported_for_channel_type"],
  ])("a direct message with %s can't be opened", async (_whom, body, error) => {
    expect(await call(await startPeer(), "conversations.open", body)).toMatchObject({ ok: false, error });
  });
});

describe("messages", () => {
  test("a message is kept with its blocks, by channel id, name, or a person's id", async () => {
    const peer = await startPeer();
    const sent = [await ask(peer), await ask(peer, "#general"), await ask(peer, ANA)];
    expect(sent.map(({ channel }) => channel)).toEqual([GENERAL, GENERAL, peer.directMessage(ANA)]);
    expect(new Set(sent.map(({ ts }) => ts)).size).toBe(3);
    expect(sent[0]!.ts).toMatch(/^\d{10}\.\d{6}$/);
    expect((await peer.nextMessage({ channel: GENERAL })).text).toBe("Refund?");
    expect(peer.messages[0]!.blocks[0]).toMatchObject(QUESTION[0]!);
    expect(peer.controls(sent[0]!).map(({ actionId, text, value }) => [actionId, text, value])).toEqual([
      ["approve", "Approve", "1"],
      ["reject", "Reject", null],
    ]);
  });

  test("blocks may come as JSON in a form", async () => {
    const peer = await startPeer();
    const answer = await fetch(`${peer.apiBase}/chat.postMessage`, {
      method: "POST",
      headers: { Authorization: `Bearer ${BOT_TOKEN}` },
      body: new URLSearchParams({ channel: GENERAL, text: "Refund?", blocks: JSON.stringify(QUESTION) }),
    });
    expect(await answer.json()).toMatchObject({ ok: true, message: { text: "Refund?" } });
    expect(peer.messages[0]!.blocks).toHaveLength(2);
  });

  test.each([
    ["nowhere", { text: "x" }, "invalid_arguments"],
    ["an unknown channel", { channel: "C0NOTHING1", text: "x" }, "channel_not_found"],
    ["someone who left", { channel: "U0GONE0001", text: "x" }, "channel_not_found"],
    ["a channel without the bot", { channel: "C0OTHER001", text: "x" }, "not_in_channel"],
    ["a private channel without the bot", { channel: "G0SECRET01", text: "x" }, "channel_not_found"],
    ["an archived channel", { channel: "C0OLD00001", text: "x" }, "is_archived"],
    ["no text and no blocks", { channel: GENERAL }, "no_text"],
    ["no text and empty blocks", { channel: GENERAL, blocks: [] }, "no_text"],
    ["blocks that are not JSON", { channel: GENERAL, text: "x", blocks: "[" }, "invalid_blocks_format"],
    ["blocks that are not a list", { channel: GENERAL, text: "x", blocks: {} }, "invalid_blocks_format"],
    ["a wrong block", { channel: GENERAL, text: "x", blocks: [{ type: "section" }] }, "invalid_blocks"],
  ])("to %s nothing is posted", async (_what, body, error) => {
    const peer = await startPeer();
    expect(await call(peer, "chat.postMessage", body)).toMatchObject({ ok: false, error });
    expect(peer.messages).toEqual([]);
    expect(peer.calls[0]!.answer).toMatchObject({ error });
  });

  test("text above 40,000 characters is cut when posted; above 4,000 it can't be an update", async () => {
    const peer = await startPeer();
    const { channel, ts } = await call(peer, "chat.postMessage", { channel: GENERAL, text: "x".repeat(40_001) });
    expect(peer.messages[0]!.text).toHaveLength(40_000);
    const update = (length: number) => call(peer, "chat.update", { channel, ts, text: "x".repeat(length) });
    expect([(await update(4001)).error, (await update(4000)).ok]).toEqual(["msg_too_long", true]);
  });

  test("an update keeps every version; text without blocks takes the blocks away, blocks alone keep the text", async () => {
    const peer = await startPeer();
    const message = await ask(peer);
    await call(peer, "chat.update", { ...message, blocks: [QUESTION[0]] });
    expect(peer.messages[0]).toMatchObject({ text: "Refund?", blocks: [QUESTION[0]] });
    const answer = await call(peer, "chat.update", { ...message, text: "Approved by Ana." });
    expect(answer).toMatchObject({ ok: true, ...message, text: "Approved by Ana." });
    expect(peer.messages[0]!.blocks).toEqual([]);
    expect(peer.messages[0]!.versions.map(({ blocks }) => blocks.length)).toEqual([2, 1, 0]);
  });

  test("what can't be updated: nothing there, another's message, an ephemeral one, by a person's id", async () => {
    const peer = await startPeer();
    const { ts } = await ask(peer, ANA);
    const theirs = peer.writeAs(BEN, GENERAL, "hello");
    const secret = await call(peer, "chat.postEphemeral", { channel: GENERAL, user: ANA, text: "only you" });
    expect(secret).toEqual({ ok: true, message_ts: expect.stringMatching(/^\d+\.\d{6}$/) } as never);
    const update = async (channel: string, ts: unknown) =>
      (await call(peer, "chat.update", { channel, ts, text: "x" })).error;
    expect(await update(GENERAL, "1.000001")).toBe("message_not_found");
    expect(await update(GENERAL, theirs.ts)).toBe("cant_update_message");
    expect(await update(GENERAL, secret.message_ts)).toBe("message_not_found");
    expect(await update(ANA, ts)).toBe("channel_not_found");
    expect(await update("C0OLD00001", ts)).toBe("is_inactive");
    expect(await update(GENERAL, undefined)).toBe("invalid_arguments");
  });

  test("an ephemeral message is for someone in the conversation", async () => {
    const peer = await startPeer();
    const send = async (channel: string, user?: string) =>
      (await call(peer, "chat.postEphemeral", { channel, user, text: "x" })).error;
    expect(await send(peer.directMessage(ANA), BEN)).toBe("user_not_in_channel");
    expect(await send(GENERAL, "U0NOBODY01")).toBe("user_not_in_channel");
    expect(await send(GENERAL)).toBe("invalid_arguments");
    expect(await send(GENERAL, ANA)).toBeUndefined();
    expect(peer.messages[0]!.onlyFor).toBe(ANA);
  });
});

describe("the limits of blocks", () => {
  const plain = (length: number) => ({ type: "plain_text", text: "x".repeat(length) });
  const many = <T>(count: number, make: (index: number) => T) =>
    Array.from({ length: count }, (_, index) => make(index));
  const cases: [limit: string, fits: object[], breaks: object[], complaint: string][] = [
    [
      "50 blocks",
      many(50, () => ({ type: "divider" })),
      many(51, () => ({ type: "divider" })),
      "no more than 50 items allowed [json-pointer:/blocks]",
    ],
    [
      "3,000 in a section",
      [{ type: "section", text: plain(3000) }],
      [{ type: "section", text: plain(3001) }],
      "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ],
    [
      "10 fields",
      [{ type: "section", fields: many(10, () => plain(1)) }],
      [{ type: "section", fields: many(11, () => plain(1)) }],
      "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
    ],
    [
      "2,000 in a field",
      [{ type: "section", fields: [plain(2000)] }],
      [{ type: "section", fields: [plain(2001)] }],
      "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
    ],
    [
      "150 in a header",
      [{ type: "header", text: plain(150) }],
      [{ type: "header", text: plain(151) }],
      "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
    ],
    [
      "10 in a context",
      [{ type: "context", elements: many(10, () => plain(1)) }],
      [{ type: "context", elements: many(11, () => plain(1)) }],
      "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
    ],
    [
      "25 buttons",
      [actions(...many(25, () => button("x")))],
      [actions(...many(26, () => button("x")))],
      "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
    ],
    [
      "75 on a button",
      [actions(button("x".repeat(75)))],
      [actions(button("x".repeat(76)))],
      "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
    ],
    [
      "2,000 in a value",
      [actions(button("x", { value: "x".repeat(2000) }))],
      [actions(button("x", { value: "x".repeat(2001) }))],
      "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
    ],
    [
      "255 in an action id",
      [actions(button("x", { action_id: "x".repeat(255) }))],
      [actions(button("x", { action_id: "x".repeat(256) }))],
      "must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]",
    ],
    [
      "255 in a block id",
      [{ type: "divider", block_id: "x".repeat(255) }],
      [{ type: "divider", block_id: "x".repeat(256) }],
      "must be less than 256 characters [json-pointer:/blocks/0/block_id]",
    ],
    [
      "3,000 in a URL",
      [actions(button("x", { url: `https://a.example/${"x".repeat(2982)}` }))],
      [actions(button("x", { url: `https://a.example/${"x".repeat(2983)}` }))],
      "must be less than 3001 characters [json-pointer:/blocks/0/elements/0/url]",
    ],
    [
      "action ids once in a block",
      [actions(button("x", { action_id: "a" })), actions(button("x", { action_id: "a" }))],
      [actions(button("x", { action_id: "a" }), button("y", { action_id: "a" }))],
      "`action_id` `a` already exists for another element [json-pointer:/blocks/0/elements/1/action_id]",
    ],
    [
      "block ids once in a message",
      [{ type: "divider", block_id: "a" }, { type: "divider" }],
      [
        { type: "divider", block_id: "a" },
        { type: "divider", block_id: "a" },
      ],
      "`block_id` `a` already exists for another block [json-pointer:/blocks/1/block_id]",
    ],
  ];
  test.each(cases)("%s", (_limit, fits, breaks, complaint) => {
    expect(examineBlocks(fits)).toMatchObject({ blocks: expect.any(Array) });
    expect(examineBlocks(breaks)).toEqual({ error: "invalid_blocks", complaints: [complaint] });
  });

  test.each<[what: string, block: object, complaint: string]>([
    ["no type", {}, "missing required field: type [json-pointer:/blocks/0]"],
    ["an unknown type", { type: "poem" }, "unsupported type: poem [json-pointer:/blocks/0/type]"],
    [
      "a section of nothing",
      { type: "section" },
      "must define either `text` or `fields` [json-pointer:/blocks/0/type]",
    ],
    [
      "an empty text",
      { type: "section", text: plain(0) },
      "must be more than 0 characters [json-pointer:/blocks/0/text/text]",
    ],
    [
      "mrkdwn in a header",
      { type: "header", text: { type: "mrkdwn", text: "x" } },
      "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
    ],
    [
      "mrkdwn on a button",
      actions({ ...button("x"), text: { type: "mrkdwn", text: "x" } }),
      "unsupported type: mrkdwn [json-pointer:/blocks/0/elements/0/text/type]",
    ],
    [
      "emoji in mrkdwn",
      { type: "section", text: { type: "mrkdwn", text: "x", emoji: true } },
      "invalid additional property: emoji [json-pointer:/blocks/0/text]",
    ],
    [
      "a field it has not",
      { type: "divider", colour: "red" },
      "invalid additional property: colour [json-pointer:/blocks/0]",
    ],
    [
      "an unknown style",
      actions(button("x", { style: "success" })),
      "must be a valid enum value [json-pointer:/blocks/0/elements/0/style]",
    ],
    [
      "a URL that is none",
      actions(button("x", { url: "/r/1" })),
      "invalid url [json-pointer:/blocks/0/elements/0/url]",
    ],
    ["no buttons", actions(), "must have at least 1 item [json-pointer:/blocks/0/elements]"],
    [
      "a dialog without words",
      actions(button("x", { confirm: { title: plain(101) } })),
      "missing required field: deny [json-pointer:/blocks/0/elements/0/confirm]",
    ],
  ])("%s", (_what, block, complaint) => {
    const verdict = examineBlocks([block]);
    expect("complaints" in verdict && verdict.complaints).toContain(complaint);
  });

  test("the answer tells the reasons as Slack does", async () => {
    const answer = await call(await startPeer(), "chat.postMessage", {
      channel: GENERAL,
      blocks: [{ type: "section" }],
    });
    const reason = "must define either `text` or `fields` [json-pointer:/blocks/0/type]";
    expect(answer).toEqual({
      ok: false,
      error: "invalid_blocks",
      errors: [reason],
      response_metadata: { messages: [`[ERROR] ${reason}`] },
    } as never);
  });
});

describe("a tap over HTTP", () => {
  test("is signed, and carries the documented payload", async () => {
    const peer = await startPeer();
    const app = startApp();
    peer.setInteractivityUrl(app.url);
    const message = await ask(peer);
    const outcome = (await peer.tap({ ...message, actionId: "approve", user: ANA })) as HttpOutcome;
    expect(outcome).toMatchObject({ via: "http", accepted: true, status: 200, body: "" });
    expect(app.received[0]).toMatchObject({ isGenuine: true });
    expect(app.received[0]!.headers.get("content-type")).toBe("application/x-www-form-urlencoded");
    const payload = JSON.parse(new URLSearchParams(app.received[0]!.body).get("payload")!);
    expect(payload).toEqual(outcome.payload);
    expect(payload).toMatchObject({
      type: "block_actions",
      user: { id: ANA, username: "ana", team_id: payload.team.id },
      api_app_id: peer.bot.appId,
      container: { type: "message", message_ts: message.ts, channel_id: GENERAL, is_ephemeral: false },
      channel: { id: GENERAL, name: "general" },
      message: { type: "message", user: peer.bot.userId, ts: message.ts, text: "Refund?", blocks: [{}, {}] },
      state: { values: {} },
      response_url: expect.stringContaining("/actions/"),
      trigger_id: expect.any(String),
      actions: [{ type: "button", action_id: "approve", block_id: "b1", value: "1", text: { text: "Approve" } }],
    });
    expect(payload.actions[0].action_ts).toMatch(/^\d+\.\d{6}$/);
  });

  test("of the one seen by one person has no message, and nobody else can tap it", async () => {
    const peer = await startPeer({ interactivityUrl: startApp().url });
    const sent = await call(peer, "chat.postEphemeral", { channel: GENERAL, user: ANA, text: "x", blocks: QUESTION });
    const message = { channel: GENERAL, ts: sent.message_ts as string, index: 1 };
    const { payload } = await peer.tap({ ...message, user: ANA });
    expect(payload).toMatchObject({ container: { is_ephemeral: true }, actions: [{ action_id: "reject" }] });
    expect("message" in payload).toBe(false);
    await expect(peer.tap({ ...message, user: BEN })).rejects.toThrow("can't see");
  });

  test("is for people in the conversation, and for controls that are there", async () => {
    const peer = await startPeer({ interactivityUrl: startApp().url });
    const message = await ask(peer, ANA);
    await expect(peer.tap({ ...message, index: 0, user: BEN })).rejects.toThrow("can't see");
    await expect(peer.tap({ ...message, index: 2, user: ANA })).rejects.toThrow("approve (Approve), reject (Reject)");
    await call(peer, "chat.update", { ...message, text: "Done." });
    await expect(peer.tap({ ...message, index: 0, user: ANA })).rejects.toThrow("none");
    expect((await peer.tap({ ...message, index: 0, user: ANA, version: 0 })).payload).toMatchObject({
      actions: [{ action_id: "approve" }],
    });
  });

  test.each([
    ["wrong-secret", false, 0],
    ["no-signature", false, 0],
    ["tampered", false, 0],
    ["stale", true, 600],
    ["future", true, -600],
  ] as const)("%s: what a forger or a late line sends", async (forge, isGenuine, age) => {
    const app = startApp();
    const peer = await startPeer({ interactivityUrl: app.url });
    await peer.tap({ ...(await ask(peer)), index: 0, user: ANA, forge });
    expect(app.received[0]!.isGenuine).toBe(isGenuine);
    expect(Math.abs(app.received[0]!.age - age)).toBeLessThan(60);
    expect(new URLSearchParams(app.received[0]!.body).get("payload")).toStartWith('{"type":"block_actions"');
  });

  test("a payload can be altered before it is signed, for what Slack never sends", async () => {
    const app = startApp();
    const peer = await startPeer({ interactivityUrl: app.url });
    const alter = (payload: object) => ({ ...payload, actions: [] });
    await peer.tap({ ...(await ask(peer)), index: 0, user: ANA, alter });
    expect(app.received[0]!.isGenuine).toBe(true);
    expect(JSON.parse(new URLSearchParams(app.received[0]!.body).get("payload")!).actions).toEqual([]);
  });

  test("a replay is the same request, byte for byte", async () => {
    const app = startApp();
    const peer = await startPeer({ interactivityUrl: app.url });
    const outcome = (await peer.tap({ ...(await ask(peer)), index: 0, user: ANA })) as HttpOutcome;
    await peer.replay(outcome);
    const [first, second] = app.received;
    expect(second!.body).toBe(first!.body);
    for (const name of ["x-slack-signature", "x-slack-request-timestamp"]) {
      expect(second!.headers.get(name)).toBe(first!.headers.get(name)!);
    }
  });

  test("an app that says anything but 200 has not accepted it, nor one that is silent for 3 s", async () => {
    const timers: { milliseconds: number; fire: () => void }[] = [];
    const after = (milliseconds: number, fire: () => void) => {
      timers.push({ milliseconds, fire });
      return () => {};
    };
    const peer = await startPeer({ clock: { now: () => Date.now(), after } });
    const message = { ...(await ask(peer)), index: 0, user: ANA };
    const refusing = startApp(() => new Response("no", { status: 401 }));
    expect(await peer.tap({ ...message, url: refusing.url })).toMatchObject({
      accepted: false,
      status: 401,
      body: "no",
    });
    const heard = Promise.withResolvers<void>();
    const silent = startApp(() => {
      heard.resolve();
      return new Promise<Response>(() => {});
    });
    const outcome = peer.tap({ ...message, url: silent.url });
    await heard.promise;
    const timer = timers.findLast(({ milliseconds }) => milliseconds === 3000);
    timer!.fire();
    expect(await outcome).toMatchObject({ accepted: false, status: null });
  });

  test("menus and what was typed come along", async () => {
    const peer = await startPeer({ interactivityUrl: startApp().url });
    const options = ["Yes", "No"].map((text) => ({ text: { type: "plain_text", text }, value: text.toLowerCase() }));
    const { channel, ts } = await call(peer, "chat.postMessage", {
      channel: GENERAL,
      blocks: [
        {
          type: "input",
          block_id: "why",
          label: { type: "plain_text", text: "Why" },
          element: { type: "plain_text_input", action_id: "text" },
        },
        actions({ type: "static_select", action_id: "pick", options }),
      ],
    });
    const typed = { why: { text: "Known customer" } };
    const { payload } = await peer.tap({ channel, ts, actionId: "pick", option: "no", typed, user: ANA });
    expect(payload).toMatchObject({
      actions: [{ type: "static_select", selected_option: { value: "no" } }],
      state: { values: { why: { text: { type: "plain_text_input", value: "Known customer" } } } },
    });
  });
});

describe("a response URL", () => {
  async function tapped(options: Partial<SlackPeerOptions> = {}) {
    const peer = await startPeer({ interactivityUrl: startApp().url, ...options });
    const { payload } = await peer.tap({ ...(await ask(peer)), index: 0, user: ANA });
    const answer = (body: unknown) =>
      fetch(payload.response_url as string, { method: "POST", body: JSON.stringify(body) }).then(async (response) => [
        response.status,
        await response.text(),
      ]);
    return { peer, answer };
  }

  test("replaces, adds to, or deletes the message", async () => {
    const { peer, answer } = await tapped();
    expect(await answer({ replace_original: true, text: "Approved." })).toEqual([200, "ok"]);
    expect(peer.messages[0]).toMatchObject({ text: "Approved.", blocks: [], versions: [{ text: "Refund?" }, {}] });
    await answer({ text: "Thank you." });
    await answer({ text: "All: done.", response_type: "in_channel" });
    expect(peer.messages.slice(1).map(({ text, onlyFor }) => [text, onlyFor])).toEqual([
      ["Thank you.", ANA],
      ["All: done.", null],
    ]);
    await answer({ delete_original: true });
    expect(peer.messages[0]!.isDeleted).toBe(true);
    expect(peer.responses.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  test("works five times", async () => {
    const { peer, answer } = await tapped();
    for (let count = 0; count < 5; count++) await answer({ text: String(count) });
    expect(await answer({ text: "6" })).toEqual([404, '{"ok":false,"error":"used_url"}']);
    expect(peer.messages).toHaveLength(6);
    expect(peer.responses).toHaveLength(6);
  });

  test("works for thirty minutes", async () => {
    let now = Date.now();
    const { answer } = await tapped({ clock: { now: () => now, after: () => () => {} } });
    now += 30 * 60_000;
    expect(await answer({ text: "in time" })).toEqual([200, "ok"]);
    now += 1;
    expect(await answer({ text: "late" })).toEqual([404, '{"ok":false,"error":"expired_url"}']);
  });

  test("takes JSON with content only", async () => {
    const { peer, answer } = await tapped();
    expect(await answer("text")).toEqual([400, "invalid_payload"]);
    expect(await answer({ replace_original: true })).toEqual([400, "no_text"]);
    expect(await answer({ blocks: [{ type: "poem" }] })).toEqual([400, "invalid_blocks"]);
    expect(peer.messages).toHaveLength(1);
    expect((await fetch(`${peer.apiBase.replace("/api", "")}/actions/T/1/x`, { method: "POST" })).status).toBe(404);
  });
});

describe("Socket Mode", () => {
  async function connect(peer: SlackPeer, handle?: (envelope: { envelope_id: string }, socket: WebSocket) => void) {
    const { url } = await call(peer, "apps.connections.open", {}, APP_TOKEN);
    const client = new WebSocket(url as string);
    const frames: { type: string; reason?: string; envelope_id: string; retry_attempt?: number }[] = [];
    const closed = new Promise<number>((resolve) => client.addEventListener("close", ({ code }) => resolve(code)));
    client.addEventListener("message", ({ data }) => {
      const frame = JSON.parse(data as string);
      frames.push(frame);
      if (frame.envelope_id !== undefined) handle?.(frame, client);
    });
    running.push({ stop: () => client.terminate() });
    await new Promise((resolve) => client.addEventListener("open", resolve));
    return { client, frames, closed, url: url as string, socket: await peer.nextSocket() };
  }
  const acknowledge = ({ envelope_id }: { envelope_id: string }, socket: WebSocket) =>
    socket.send(JSON.stringify({ envelope_id, payload: { text: "seen" } }));

  test("says hello, and an acknowledged envelope is sent once", async () => {
    const peer = await startPeer();
    const app = await connect(peer, acknowledge);
    const message = await ask(peer, ANA);
    const outcome = (await peer.tap({ ...message, actionId: "reject", user: ANA })) as SocketOutcome;
    expect(outcome).toMatchObject({ via: "socket", accepted: true, answer: { text: "seen" }, sentTo: [1] });
    expect(app.frames).toEqual([
      {
        ...{ type: "hello", num_connections: 1, connection_info: { app_id: peer.bot.appId } },
        debug_info: expect.objectContaining({ approximate_connection_time: 3600 }),
      } as never,
      {
        ...{ type: "interactive", envelope_id: outcome.envelopeId, accepts_response_payload: true },
        payload: outcome.payload,
      } as never,
    ]);
    expect(app.socket.received).toEqual([{ envelope_id: outcome.envelopeId, payload: { text: "seen" } }]);
    expect(peer.strays).toEqual([]);
  });

  test("a ticket opens one socket, and an invented one none", async () => {
    const peer = await startPeer();
    const { url } = await connect(peer);
    expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/link\/\?ticket=.+&app_id=A/);
    for (const address of [url, url.replace(/ticket=[^&]+/, "ticket=invented")]) {
      const refused = new WebSocket(address);
      await new Promise((resolve) => refused.addEventListener("close", resolve));
    }
    expect(peer.sockets).toHaveLength(1);
  });

  test("of several sockets one gets the envelope; unacknowledged for 3 s, another gets it", async () => {
    const timers: { milliseconds: number; fire: () => void }[] = [];
    const after = (milliseconds: number, fire: () => void) => {
      const timer = { milliseconds, fire };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), 1);
    };
    const peer = await startPeer({ clock: { now: () => Date.now(), after } });
    const heard = Promise.withResolvers<void>();
    const first = await connect(peer, acknowledge);
    await connect(peer, () => heard.resolve());
    const outcome = peer.tap({ ...(await ask(peer)), index: 0, user: ANA, socket: 2 });
    await heard.promise;
    timers.find(({ milliseconds }) => milliseconds === 3000)!.fire();
    expect(await outcome).toMatchObject({ accepted: true, sentTo: [2, 1] });
    expect(first.frames.at(-1)).toMatchObject({ retry_attempt: 1, retry_reason: "timeout" } as never);
    expect(first.frames[0]).toMatchObject({ num_connections: 1 } as never);
  });

  test("nobody acknowledges: three retries, and then it is given up", async () => {
    const timers: (() => void)[] = [];
    const after = (milliseconds: number, fire: () => void) => {
      if (milliseconds === 3000) timers.push(fire);
      return () => {};
    };
    const peer = await startPeer({ clock: { now: () => Date.now(), after } });
    let count = 0;
    await connect(peer, () => {
      count += 1;
      timers.at(-1)!();
    });
    const outcome = await peer.tap({ ...(await ask(peer)), index: 0, user: ANA });
    expect(outcome).toMatchObject({ accepted: false, sentTo: [1, 1, 1, 1] });
    expect(count).toBe(4);
  });

  test("a dropped line hands its envelope to another socket at once, or to the one that opens next", async () => {
    const peer = await startPeer({ clock: { now: () => Date.now(), after: () => () => {} } });
    const heard = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    const first = await connect(peer, () => heard[0].resolve());
    const second = await connect(peer, () => heard[1].resolve());
    const outcome = peer.tap({ ...(await ask(peer)), index: 0, user: ANA, socket: 1 });
    await heard[0].promise;
    first.socket.drop();
    expect(await first.closed).not.toBe(1000);
    await heard[1].promise;
    second.client.close();
    await second.closed;
    await connect(peer, acknowledge);
    expect(await outcome).toMatchObject({ accepted: true, sentTo: [1, 2, 3] });
  });

  test("a warning closes nothing, a refresh closes and sends nothing new there", async () => {
    const peer = await startPeer();
    const old = await connect(peer, acknowledge);
    const fresh = await connect(peer, acknowledge);
    old.socket.disconnect("warning");
    old.socket.disconnect("refresh_requested", { closes: false });
    const outcomes = [];
    for (let count = 0; count < 2; count++) {
      outcomes.push(await peer.tap({ ...(await ask(peer)), index: 0, user: ANA }));
    }
    expect(outcomes.map((outcome) => (outcome as SocketOutcome).sentTo)).toEqual([[2], [2]]);
    fresh.socket.disconnect("refresh_requested");
    expect(await fresh.closed).toBe(1000);
    expect(old.frames.map(({ type, reason }) => reason ?? type)).toEqual(["hello", "warning", "refresh_requested"]);
    expect(old.client.readyState).toBe(WebSocket.OPEN);
  });

  test("answers pings until it is told not to, and hears the pong to its own", async () => {
    const peer = await startPeer();
    const { client, socket } = await connect(peer, acknowledge);
    const pong = new Promise((resolve) => client.addEventListener("pong" as "message", resolve));
    client.ping("one");
    await pong;
    socket.answersPings = false;
    let isAnswered = false;
    client.addEventListener("pong" as "message", () => {
      isAnswered = true;
    });
    client.ping("two");
    socket.ping("three");
    // What follows the ping on the same line has arrived, so the ping has too, and a pong would have come first.
    await peer.tap({ ...(await ask(peer)), index: 0, user: ANA });
    expect(socket.pings).toEqual(["one", "two"]);
    expect(socket.pongs).toEqual(["three"]);
    expect(isAnswered).toBe(false);
  });

  test("an acknowledgement of nothing is kept as a stray, however long it is", async () => {
    const peer = await startPeer();
    const { client } = await connect(peer, acknowledge);
    const long = "x".repeat(70_000);
    client.send(JSON.stringify({ envelope_id: long }));
    client.send("not JSON");
    await peer.tap({ ...(await ask(peer)), index: 0, user: ANA });
    expect(peer.strays).toEqual([{ envelope_id: long }, "not JSON"]);
  });

  test("only a socket that got an envelope can acknowledge it", async () => {
    const peer = await startPeer();
    const heard = Promise.withResolvers<{ envelope_id: string }>();
    const first = await connect(peer, heard.resolve);
    const second = await connect(peer);
    const outcome = peer.tap({ ...(await ask(peer)), index: 0, user: ANA, socket: 1 });
    acknowledge(await heard.promise, second.client);
    second.client.close();
    await second.closed;
    expect(peer.strays).toHaveLength(1);
    expect(Bun.peek.status(outcome)).toBe("pending");
    acknowledge(await heard.promise, first.client);
    expect(await outcome).toMatchObject({ accepted: true, sentTo: [1] });
  });

  test("holds an app to RFC 6455: a handshake of version 13, masked frames", async () => {
    const peer = await startPeer();
    const { url } = await call(peer, "apps.connections.open", {}, APP_TOKEN);
    const { port, pathname, search } = new URL(url as string);
    const shake = async (version: number) => {
      const client = createConnection(Number(port), "127.0.0.1");
      running.push({ stop: () => client.destroy() });
      const input: Buffer[] = [];
      client.on("data", (chunk: Buffer) => input.push(chunk));
      const ended = once(client, "close").then(() => Buffer.concat(input));
      client.write(
        `GET ${pathname}${search} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: ${version}\r\n\r\n`,
      );
      return { client, ended };
    };
    expect((await (await shake(12)).ended).toString("latin1")).toStartWith("HTTP/1.1 400 ");
    const { client, ended } = await shake(13);
    await peer.nextSocket();
    client.write(Buffer.from([0x81, 0x02, 0x7b, 0x7d]));
    const received = await ended;
    // The accept value of the RFC's own example, and a close frame with 1002 at the end.
    expect(received.toString("latin1")).toContain("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    expect(received.includes(Buffer.from([0x03, 0xea]))).toBe(true);
  });

  test("an eleventh socket is turned away", async () => {
    const peer = await startPeer();
    for (let count = 0; count < 10; count++) await connect(peer);
    const { url } = await call(peer, "apps.connections.open", {}, APP_TOKEN);
    const extra = new WebSocket(url as string);
    const first = await new Promise((resolve) => extra.addEventListener("message", ({ data }) => resolve(data)));
    expect(JSON.parse(first as string)).toMatchObject({ type: "disconnect", reason: "too_many_websockets" });
  });
});

describe("scripted trouble", () => {
  const say = { channel: GENERAL, text: "x" };

  test("is used up in order, a method's own before everyone's", async () => {
    const peer = await startPeer();
    peer.behave("*", { kind: "refuse", error: "internal_error" });
    peer.behave("chat.postMessage", { kind: "ratelimited", retryAfterSeconds: 7 });
    peer.behave("chat.postMessage", { kind: "status", status: 500 });
    const answers = [];
    for (let count = 0; count < 4; count++) answers.push(await post(peer, "chat.postMessage", say));
    expect(answers.map(({ status }) => status)).toEqual([429, 500, 200, 200]);
    expect(answers[0]!.headers.get("retry-after")).toBe("7");
    expect(await answers[0]!.json()).toEqual({ ok: false, error: "ratelimited" });
    expect(answers[1]!.headers.get("content-type")).toBe("text/html");
    expect(await answers[2]!.json()).toEqual({ ok: false, error: "internal_error" });
    expect([peer.messages.length, peer.calls.length]).toEqual([1, 4]);
  });

  test("garbage hides a success, and a connection can be cut before or after one", async () => {
    const peer = await startPeer();
    peer.behave("*", { kind: "garbage" });
    const garbage = await post(peer, "chat.postMessage", say);
    await expect(garbage.json()).rejects.toThrow();
    expect([garbage.status, peer.messages.length]).toEqual([200, 1]);
    for (const [when, written] of [
      ["before", 1],
      ["after", 2],
    ] as const) {
      peer.behave("*", { kind: "drop", when });
      await expect(post(peer, "chat.postMessage", say)).rejects.toThrow();
      expect(peer.messages).toHaveLength(written);
    }
  });

  test("a call can hang for ever, carried out or not, until the peer stops", async () => {
    const peer = await startPeer();
    peer.behave("*", { kind: "hang", accepted: true });
    peer.behave("*", { kind: "hang", accepted: false });
    peer.behave("*", { kind: "hang", accepted: false });
    const first = post(peer, "chat.postMessage", say).catch(() => "no answer");
    await peer.nextMessage();
    const second = post(peer, "chat.postMessage", say).catch(() => "no answer");
    await peer.nextCall();
    await peer.nextCall();
    peer.behaveWell();
    expect(peer.messages).toHaveLength(1);
    expect(await call(peer, "auth.test")).toMatchObject({ ok: true });
    expect(peer.calls[0]).toMatchObject({ method: "chat.postMessage", args: say, answer: null });
    await peer.stop();
    running.length = 0;
    expect(await Promise.all([first, second])).toEqual(["no answer", "no answer"]);
  });
});
