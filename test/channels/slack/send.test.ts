import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { OutgoingMessage, Question } from "../../../src/channels/channel.ts";
import { createSlackChannel } from "../../../src/channels/slack/index.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import type { SlackPeer } from "../../peers/slack.ts";
import {
  APP_TOKEN,
  AUDITOR,
  asking,
  BOT_TOKEN,
  CFO,
  FINANCE,
  GONE,
  handClock,
  LINK,
  question,
  settings,
  startWorkspace,
  TOKEN,
} from "./stage.ts";

const untilStopped = new AbortController().signal;
let peer: SlackPeer;
beforeEach(async () => {
  peer = await startWorkspace();
});
afterEach(() => peer.stop());

const channelFor = (changes: Record<string, unknown> = {}) =>
  createSlackChannel(settings(peer, changes), { clock: systemClock });
const send = (to: string, changes: Partial<Question> = {}) => channelFor().send(asking(to, changes), untilStopped);
const methods = () => peer.calls.map(({ method }) => method);

describe("a question", () => {
  test("to a person is in their direct message, where they see it", async () => {
    const result = await send(CFO);
    const message = peer.messages[0]!;
    expect(message.channel).toBe(peer.directMessage(CFO));
    expect(result).toEqual({
      outcome: "delivered",
      providerId: `${message.channel}/${message.ts}`,
      status: 200,
      excerpt: null,
    });
    expect(methods()).toEqual(["conversations.open", "chat.postMessage"]);
  });

  test("to an email address is found by it, whoever of an organization that is", async () => {
    expect((await send("Auditor@example.com")).outcome).toBe("delivered");
    expect(peer.messages[0]!.channel).toBe(peer.directMessage(AUDITOR));
    expect(methods()).toEqual(["users.lookupByEmail", "conversations.open", "chat.postMessage"]);
  });

  test("to a channel is posted there, in one call", async () => {
    expect((await send(FINANCE)).outcome).toBe("delivered");
    expect(methods()).toEqual(["chat.postMessage"]);
  });

  test("shows its choices and the way to the page", async () => {
    await send(FINANCE);
    expect(peer.controls(peer.messages[0]!)).toMatchObject([
      { text: "Approve", value: `${TOKEN}.0`, url: null },
      { text: "Reject", value: `${TOKEN}.1`, url: null },
      { text: "Open the page", value: null, url: LINK },
    ]);
  });

  test("unfurls nothing, names nobody, and is not led by the asker's formatting", async () => {
    await send(FINANCE, { message: "<!channel> <https://evil.example|x> *now*" });
    expect(peer.calls[0]!.args).toMatchObject({
      unfurl_links: false,
      unfurl_media: false,
      link_names: false,
      mrkdwn: false,
    });
    expect(peer.messages[0]!.text).toStartWith("Meridian asks: &lt;!channel&gt; &lt;https://evil.example|x&gt; *now*");
  });

  test("carries the bot's token in the header only, and Slack has no warning about the request", async () => {
    await send("cfo@example.com");
    for (const { headers, body, answer } of peer.calls) {
      expect(headers.authorization).toBe(`Bearer ${BOT_TOKEN}`);
      expect(body).not.toContain(BOT_TOKEN);
      expect(answer).not.toHaveProperty("warning");
    }
  });

  const twenty = Array.from({ length: 20 }, (_, index) => [`${"l".repeat(57)}${index}`, "v".repeat(400)] as const);
  test.each<[string, Partial<Question>]>([
    ["1,600 letters", { message: "m".repeat(1_600) }],
    ["1,600 emoji", { message: "😀".repeat(1_600) }],
    ["1,600 ampersands", { message: "&".repeat(1_600) }],
    ["1,600 hidden characters", { message: "\u200B\u202E".repeat(800) }],
    ["ten options of 60 emoji", { options: Array.from({ length: 10 }, (_, index) => `${index}${"😀".repeat(59)}`) }],
    ["twenty details", { details: twenty }],
    ["one long option", { options: ["x".repeat(60)] }],
    ["an empty detail", { details: [["Note", ""]] }],
  ])("of %s is taken by Slack", async (_, changes) => {
    expect((await send(FINANCE, changes)).outcome).toBe("delivered");
    expect(peer.controls(peer.messages[0]!).length).toBeGreaterThanOrEqual(1);
  });

  test("has no option buttons where no tap could come back", async () => {
    await channelFor({ signingSecret: undefined }).send(asking(FINANCE), untilStopped);
    expect(peer.controls(peer.messages[0]!)).toMatchObject([{ text: "Answer on the page", url: LINK }]);
  });

  test("has option buttons with Socket Mode alone", async () => {
    await channelFor({ signingSecret: undefined, appToken: APP_TOKEN }).send(asking(FINANCE), untilStopped);
    expect(peer.controls(peer.messages[0]!)).toHaveLength(3);
  });

  test.each(["msg_blocks_too_long", "msg_too_long", "invalid_blocks"])(
    "that Slack finds too long after all (%s) is cut, and answered on the page",
    async (error) => {
      peer.behave("chat.postMessage", { kind: "refuse", error });
      expect((await send(FINANCE)).outcome).toBe("delivered");
      expect(peer.messages).toHaveLength(1);
      expect(peer.controls(peer.messages[0]!)).toMatchObject([{ text: "Answer on the page", url: LINK }]);
    },
  );

  test("that Slack finds too long even then has failed", async () => {
    peer.behave("chat.postMessage", { kind: "refuse", error: "msg_blocks_too_long" }, 2);
    expect(await send(FINANCE)).toMatchObject({ outcome: "failed" });
    expect(methods()).toHaveLength(2);
  });
});

test("a message that asks nothing is posted as it is", async () => {
  const note: OutgoingMessage = { ...asking(FINANCE), question: null, text: "This code is not known." };
  expect((await channelFor().send(note, untilStopped)).outcome).toBe("delivered");
  expect(peer.messages[0]!.text).toBe("This code is not known.");
});

describe("what was looked up", () => {
  test("is kept for an hour", async () => {
    const { clock, turn } = handClock();
    const channel = createSlackChannel(settings(peer), { clock });
    const callsFor = async () => {
      const before = peer.calls.length;
      await channel.send(asking("cfo@example.com"), untilStopped);
      return methods().slice(before);
    };
    const all = ["users.lookupByEmail", "conversations.open", "chat.postMessage"];
    expect(await callsFor()).toEqual(all);
    turn(3_599_999);
    expect(await callsFor()).toEqual(["chat.postMessage"]);
    turn(1);
    expect(await callsFor()).toEqual(all);
  });

  test("is looked up again once the conversation is not there", async () => {
    const channel = channelFor();
    await channel.send(asking(CFO), untilStopped);
    peer.behave("chat.postMessage", { kind: "refuse", error: "channel_not_found" });
    await channel.send(asking(CFO), untilStopped);
    await channel.send(asking(CFO), untilStopped);
    expect(methods().slice(-2)).toEqual(["conversations.open", "chat.postMessage"]);
  });
});

describe("who cannot be asked", () => {
  test.each([
    ["nobody@example.com", "no user of this workspace has that email address (Slack users_not_found)"],
    ["gone@example.com", "no user of this workspace has that email address (Slack users_not_found)"],
    [GONE, "the user is deactivated (Slack user_disabled)"],
    ["U0NOBODY01", "no such user in this workspace (Slack user_not_found)"],
    ["C0NOWHERE1", "the channel does not exist, or is private and the app was not invited (Slack channel_not_found)"],
    ["G0UNINVITE", "the channel does not exist, or is private and the app was not invited (Slack channel_not_found)"],
    [
      "C0UNINVITE",
      "the app is not in the channel; invite it there, or give it the scope chat:write.public (Slack not_in_channel)",
    ],
    ["C0ARCHIVED", "the channel is archived (Slack is_archived)"],
    ["finance", "no such user in this workspace"],
  ])("%s: the message has failed, and the error says why", async (to, error) => {
    const result = await send(to);
    expect(result).toMatchObject({ outcome: "failed", error });
    expect(JSON.stringify(result)).not.toContain(to);
    expect(peer.messages).toEqual([]);
  });

  test("with a token that is not Slack's: all wait", async () => {
    const result = await channelFor({ botToken: "xoxb-another" }).send(asking(FINANCE), untilStopped);
    expect(result).toMatchObject({
      outcome: "retry",
      error: "Slack does not accept the token; check `botToken` and `appToken` (Slack invalid_auth)",
      isChannelDown: true,
    });
  });
});

describe("trouble on the way", () => {
  test("of any kind is tried again, and nothing of the message is told", async () => {
    const kinds = [
      { kind: "ratelimited", retryAfterSeconds: 30 },
      { kind: "status", status: 500 },
      { kind: "status", status: 503 },
      { kind: "garbage" },
      { kind: "drop", when: "before" },
      { kind: "drop", when: "after" },
      { kind: "refuse", error: "fatal_error" },
    ] as const;
    for (const kind of kinds) {
      peer.behave("chat.postMessage", kind);
      const result = await send(FINANCE);
      expect(result.outcome).toBe("retry");
      expect(JSON.stringify(result)).not.toMatch(/Meridian|AUx1|xoxb/);
      if (kind.kind === "ratelimited") expect(result).toMatchObject({ retryAfterMs: 30_000, isChannelDown: true });
      else if (kind.kind !== "status") expect(JSON.stringify(result)).toContain("it may have taken the message");
    }
    expect((await send(FINANCE)).outcome).toBe("delivered");
  });

  test("at a look-up is the message's", async () => {
    peer.behave("conversations.open", { kind: "ratelimited", retryAfterSeconds: 7 });
    expect(await send(CFO)).toMatchObject({ outcome: "retry", retryAfterMs: 7_000, isChannelDown: true });
    peer.behave("users.lookupByEmail", { kind: "refuse", error: "missing_scope" });
    expect(await send("cfo@example.com")).toMatchObject({ outcome: "retry", isChannelDown: false });
  });
});

describe("a question that is over", () => {
  const over = (providerId: string | null) => ({
    deliveryId: "dlv_1",
    to: CFO,
    link: LINK,
    question,
    providerId,
    text: "Answered: Approve, by another recipient.",
    ending: "responded" as const,
    choice: "Approve",
  });
  const ask = async (to = CFO) => {
    const result = await send(to);
    return result.outcome === "delivered" ? result.providerId! : "";
  };

  test("changes in place: no buttons, how it ended", async () => {
    const providerId = await ask();
    expect(await channelFor().conclude!(over(providerId), untilStopped)).toEqual({
      outcome: "delivered",
      providerId,
      status: 200,
      excerpt: null,
    });
    const message = peer.messages[0]!;
    expect(peer.messages).toHaveLength(1);
    expect(message.versions).toHaveLength(2);
    expect(peer.controls(message)).toEqual([]);
    expect(JSON.stringify(message.blocks)).toContain("Answered: Approve, by another recipient.");
    expect(JSON.stringify(message.blocks)).toContain("A-1007");
    expect(JSON.stringify([message.text, message.blocks])).not.toContain(TOKEN);
  });

  test("is told in the thread too, where that is set", async () => {
    const providerId = await ask(FINANCE);
    await channelFor({ tellInThread: true }).conclude!(over(providerId), untilStopped);
    const [first, reply] = peer.messages;
    expect(reply).toMatchObject({
      threadTs: first!.ts,
      channel: FINANCE,
      text: "Answered: Approve, by another recipient.",
    });
    expect(peer.calls.at(-1)!.args).not.toHaveProperty("reply_broadcast", true);
  });

  test("that a thread could not be told of is told again", async () => {
    const providerId = await ask(FINANCE);
    peer.behave("chat.postMessage", { kind: "ratelimited", retryAfterSeconds: 5 });
    const channel = channelFor({ tellInThread: true });
    expect(await channel.conclude!(over(providerId), untilStopped)).toMatchObject({
      outcome: "retry",
      retryAfterMs: 5_000,
    });
    expect(await channel.conclude!(over(providerId), untilStopped)).toMatchObject({ outcome: "delivered", providerId });
  });

  test("and never arrived leaves nothing to change", async () => {
    expect(await channelFor().conclude!(over(null), untilStopped)).toMatchObject({ outcome: "sent" });
    expect(peer.calls).toEqual([]);
  });

  test("and whose message is gone has failed", async () => {
    await ask();
    const nowhere = `${peer.messages[0]!.channel}/1.000001`;
    expect(await channelFor().conclude!(over(nowhere), untilStopped)).toMatchObject({
      outcome: "failed",
      error: "the message is no longer there (Slack message_not_found)",
    });
  });
});
