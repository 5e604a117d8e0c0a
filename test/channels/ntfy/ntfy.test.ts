import { afterEach, describe, expect, test } from "bun:test";
import type { Conclusion, OutgoingMessage } from "../../../src/channels/channel.ts";
import { createNtfyChannel } from "../../../src/channels/ntfy/index.ts";
import { ntfySchema } from "../../../src/platform/config/ntfy.ts";
import { makeAuthority } from "../../peers/certificates.ts";
import { type NtfyPeer, type NtfyRules, startNtfy } from "../../peers/ntfy.ts";

const TOPIC = "cfo-Jk3_9sdFkw2";
const link = "https://approve.example.com/r/AUx1dG9rZW5fdGhhdF9kZWNpZGVz";
const question = {
  project: "Billing",
  message: 'Refund "1,200 €" to <b>Meridian</b>?\nIt is late 😀',
  options: ["Approve", "Reject"],
  details: [["Invoice", "INV-7"]] as const,
  expiresAt: 1_790_000_000_000,
  timeoutDefault: null,
  timeZone: "UTC",
  isTest: false,
};
const message: OutgoingMessage = {
  ...{ deliveryId: "dlv_1", to: TOPIC, link, question, validForSeconds: 900 },
  text: `Billing: ${question.message}\n\nAnswer: ${link}`,
};
const untilStopped = new AbortController().signal;

const running: NtfyPeer[] = [];
afterEach(async () => {
  for (const peer of running.splice(0)) await peer.stop();
});

function stage(rules: NtfyRules = {}, changes: Record<string, unknown> = {}) {
  const peer = startNtfy(rules);
  running.push(peer);
  const channel = createNtfyChannel(ntfySchema.parse({ kind: "ntfy", url: peer.url, ...changes }));
  const send = (given: Partial<OutgoingMessage> = {}) => channel.send({ ...message, ...given }, untilStopped);
  return { peer, channel, send };
}

describe("a notification", () => {
  test("shows the question, and both a tap and its button open the page", async () => {
    const { peer, send } = stage();
    expect(await send()).toMatchObject({ outcome: "sent", providerId: "hwQ2YpKdmg" });
    expect(peer.published).toEqual([
      {
        topic: TOPIC,
        title: "Billing",
        message: `${question.message}\nInvoice: INV-7`,
        priority: 4,
        click: link,
        actions: [{ action: "view", label: "Answer", url: link }],
      },
    ]);
  });

  test("of any length stays one message, whole in its characters, with its link", async () => {
    const { peer, send } = stage();
    await send({ question: { ...question, message: "👩‍👩‍👧 Größe ".repeat(600) } });
    const { message: shown = "", click } = peer.published[0]!;
    expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(3_500);
    expect(shown).toMatch(/(👩‍👩‍👧|Größe|👩‍👩‍👧 G\p{L}*)\.\.\.$/u);
    expect(click).toBe(link);
  });

  test("has the priority that was set, and says when it is a test", async () => {
    const { peer, send } = stage({}, { priority: "max" });
    await send({ question: { ...question, isTest: true } });
    expect(peer.published[0]).toMatchObject({ priority: 5, title: "Test: Billing" });
  });

  test("that asks nothing is text alone", async () => {
    const { peer, send } = stage();
    await send({ question: null, text: "Recorded." });
    expect(peer.published[0]).toEqual({ topic: TOPIC, title: "PausePoint", message: "Recorded.", priority: 4 });
  });

  test("tells quietly that a question is over, with nothing to tap", async () => {
    const { peer, channel } = stage();
    const over: Conclusion = {
      ...{ deliveryId: "d", to: TOPIC, link, question, providerId: "x", ending: "cancelled", choice: null },
      text: "The question was withdrawn.",
    };
    await channel.conclude!(over, untilStopped);
    const text = `The question was withdrawn.\n\nIt was: ${question.message}`;
    expect(peer.published[0]).toEqual({ topic: TOPIC, title: "Billing", message: text, priority: 2 });
    expect(stage({}, { tellWhenOver: false }).channel.conclude).toBeUndefined();
  });
});

describe("a server with accounts", () => {
  test.each([
    [{ token: "tk_abc" }, "Bearer tk_abc"],
    [{ user: "pp", password: "ü:1" }, `Basic ${Buffer.from("pp:ü:1").toString("base64")}`],
  ])("lets in %p", async (login, authorization) => {
    expect((await stage({ authorization }, login).send()).outcome).toBe("sent");
  });

  test("that refuses the log-in holds all others back too", async () => {
    const { send } = stage({ authorization: "Bearer tk_abc" }, { token: "tk_other" });
    expect(await send()).toMatchObject({ outcome: "retry", isChannelDown: true, status: 401 });
  });

  test("that refuses one topic holds nobody else back, and the topic stands in no word of it", async () => {
    const { send } = stage({ closed: [TOPIC] });
    const result = await send();
    expect(result).toMatchObject({ outcome: "retry", status: 403 });
    expect(result).not.toHaveProperty("isChannelDown");
    expect(JSON.stringify(result)).not.toContain(TOPIC);
  });

  test("takes only one of token and user", () => {
    expect(ntfySchema.safeParse({ kind: "ntfy", url: "http://n", token: "a", user: "b", password: "c" }).success).toBe(
      false,
    );
    expect(ntfySchema.safeParse({ kind: "ntfy", url: "http://n", user: "b" }).success).toBe(false);
  });
});

describe("an answer", () => {
  const answering = (status: number, body: string, headers: Record<string, string> = {}) =>
    stage({ failing: () => new Response(body, { status, headers }) }).send();

  test.each([
    [
      429,
      '{"code":42901,"http":429,"error":"limit reached"}',
      { outcome: "retry", isChannelDown: true, retryAfterMs: 9000 },
    ],
    [400, '{"code":40009,"http":400,"error":"invalid topic"}', { outcome: "failed" }],
    [500, '{"code":50001,"http":500,"error":"internal"}', { outcome: "retry" }],
    [503, "", { outcome: "retry", isChannelDown: true }],
    [200, "<html>Log in</html>", { outcome: "retry", isChannelDown: true }],
    [404, "not found", { outcome: "retry", isChannelDown: true }],
    [302, "", { outcome: "retry" }],
  ])("of %i %s", async (status, body, expected) => {
    expect(await answering(status, body, { "retry-after": "9", location: "/" })).toMatchObject(expected);
  });

  test("that echoes topic, text or link is not kept", async () => {
    expect(await stage().send()).toMatchObject({ outcome: "sent", excerpt: null });
    for (const echo of [`topic ${TOPIC.replace("-", " ")}`, TOPIC, link, "refused: Refund 1,200 € to Meridian"])
      expect(await answering(400, JSON.stringify({ code: 1, echo }))).not.toHaveProperty(
        "excerpt",
        expect.stringContaining(echo),
      );
    expect(await answering(400, '{"code":40009,"error":"invalid"}')).toMatchObject({
      excerpt: '{"code":40009,"error":"invalid"}',
    });
  });
});

test("an own authority vouches for the server, and without it nothing is sent", async () => {
  const authority = makeAuthority();
  const tls = authority.issue({ addresses: ["127.0.0.1"] });
  expect(await stage({ tls }, { tls: { ca: authority.ca } }).send()).toMatchObject({ outcome: "sent" });
  const { peer, send } = stage({ tls });
  expect(await send()).toMatchObject({ outcome: "retry", error: expect.stringContaining("not trusted") });
  expect(peer.published).toHaveLength(0);
});
