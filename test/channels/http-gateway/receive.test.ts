import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createHttpGatewayChannel } from "../../../src/channels/http-gateway/index.ts";
import { type GatewayPeer, startGateway } from "../../peers/gateway.ts";
import { call, listening, PHONE, SECRET, settings } from "./stage.ts";

let peer: GatewayPeer;
beforeEach(() => {
  peer = startGateway();
});
afterEach(() => peer.stop());

const receipts = { idPath: "id", statusPath: "status", delivered: ["DELIVRD"], failed: ["UNDELIV"], sent: ["ENROUTE"] };
const inbound = { fromPath: "from", textPath: "text", idPath: "id" };

function channel(changes: Record<string, unknown> = {}) {
  const body = { json: { to: "{{to}}", text: "{{text}}" } };
  const given = { url: peer.url, from: "+15005550006", body, hooks: { secret: SECRET }, receipts, inbound };
  return createHttpGatewayChannel(settings({ ...given, ...changes }));
}

describe("who calls is believed", () => {
  const query = "delivery=dlv_1&status=DELIVRD";
  test.each([
    ["with the secret in the path", call(`receipt-${SECRET}`, { query }), 204],
    ["with the secret in the query", call("receipt", { query: `${query}&secret=${SECRET}` }), 204],
    ["with the secret in a header", call("receipt", { query, headers: { "x-pausepoint-secret": SECRET } }), 204],
    ["not without it", call("receipt", { query }), 403],
    ["not with another", call(`receipt-${SECRET}x`, { query }), 403],
    ["not elsewhere", call(`status-${SECRET}`, { query }), 404],
  ])("%s", async (_, request, status) => {
    const { events, report } = listening();
    expect((await channel().receive!(request, report)).status).toBe(status);
    expect(events).toHaveLength(status === 204 ? 1 : 0);
  });

  test.each([
    ["10.1.2.3", 204],
    ["::ffff:10.9.9.9", 204],
    ["fd00::7", 204],
    ["11.1.2.3", 403],
    ["fe80::1", 403],
    [null, 403],
  ])("from an address that is allowed: %p", async (address, status) => {
    const { report } = listening();
    const hooks = { allowFrom: ["10.0.0.0/8", "fd00::/8"] };
    expect((await channel({ hooks }).receive!(call("receipt", { query, address }), report)).status).toBe(status);
  });

  test("only with both where both are asked for", async () => {
    const hooks = { secret: SECRET, allowFrom: ["10.0.0.0/8"] };
    const { report } = listening();
    const status = async (rest: string, address: string) =>
      (await channel({ hooks }).receive!(call(rest, { query, address }), report)).status;
    expect(await status(`receipt-${SECRET}`, "10.0.0.1")).toBe(204);
    expect(await status(`receipt-${SECRET}`, "9.0.0.1")).toBe(403);
    expect(await status("receipt", "10.0.0.1")).toBe(403);
  });

  test("nowhere without hooks", () => {
    expect(channel({ hooks: undefined, receipts: undefined, inbound: undefined }).receive).toBeUndefined();
    expect(() => settings({ url: peer.url, inbound })).toThrow();
  });
});

describe("a receipt", () => {
  const told = async (text: string, changes = {}, headers?: Record<string, string>) => {
    const { events, report } = listening();
    const request = call(`receipt-${SECRET}`, { text, ...(headers === undefined ? {} : { headers }) });
    const { status } = await channel(changes).receive!(request, report);
    return { status, events };
  };

  test.each([
    ["delivrd", "delivered", null],
    ["UNDELIV", "failed", "the gateway could not deliver the text (undeliv)"],
    ["ENROUTE", "sent", null],
  ] as const)("of %s counts as %s, under the gateway's id", async (status, kind, error) => {
    const { events } = await told(JSON.stringify({ id: 77, status }));
    expect(events).toEqual([{ kind: "receipt", deliveryId: "", providerIds: ["77"], status: kind, error }]);
  });

  test("of another word, or without any id, changes nothing", async () => {
    expect((await told(JSON.stringify({ id: 77, status: "ACCEPTD" }))).events).toEqual([]);
    expect((await told(JSON.stringify({ status: "DELIVRD" }))).events).toEqual([]);
  });

  test("may be a form, and one of several", async () => {
    const form = { "content-type": "application/x-www-form-urlencoded" };
    expect((await told("id=a&status=DELIVRD", {}, form)).events).toHaveLength(1);
    const list = { receipts: { ...receipts, listPath: "results" } };
    const two = JSON.stringify({
      results: [
        { id: 1, status: "DELIVRD" },
        { id: 2, status: "UNDELIV" },
      ],
    });
    expect((await told(two, list)).events).toHaveLength(2);
  });

  test("that can't be read is refused", async () => {
    expect(await told("{")).toEqual({ status: 400, events: [] });
  });
});

describe("a reply", () => {
  const written = JSON.stringify({ id: "m1", from: "1 (312) 847-1928", text: "yes 42" });

  test("is told once, with the number in E.164, and answered by a text through the gateway", async () => {
    const { events, report } = listening("Recorded: Approve");
    const own = channel({ phoneFormat: "without-plus" });
    expect((await own.receive!(call(`inbound-${SECRET}`, { text: written }), report)).status).toBe(204);
    await own.receive!(call(`inbound-${SECRET}`, { text: written }), report);
    expect(events).toEqual([{ kind: "reply", from: PHONE, text: "yes 42" }]);
    expect(peer.requests.map(({ body }) => body)).toEqual([{ to: "13128471928", text: "Recorded: Approve" }]);
  });

  test("is told again when it could not be kept", async () => {
    const own = channel();
    const request = call(`inbound-${SECRET}`, { text: written });
    await expect(own.receive!(request, () => Promise.reject(new Error("disk")))).rejects.toThrow("disk");
    const { events, report } = listening();
    await own.receive!(request, report);
    expect(events).toHaveLength(1);
  });

  test("may be answered in the answer", async () => {
    const { report } = listening("Recorded: Approve");
    const own = channel({ inbound: { ...inbound, answer: "body" } });
    const answer = await own.receive!(call(`inbound-${SECRET}`, { text: written }), report);
    expect(answer).toMatchObject({ status: 200, body: "Recorded: Approve" });
    expect(peer.requests).toHaveLength(0);
  });

  test("of a short code or a name is nobody's", async () => {
    const { events, report } = listening();
    for (const from of ["72345", "ACME", ""])
      await channel().receive!(call(`inbound-${SECRET}`, { text: JSON.stringify({ from, text: "yes" }) }), report);
    expect(events).toEqual([]);
  });

  test("is asked for only where it would be heard", () => {
    expect(channel().takesReplies(PHONE)).toBe(true);
    expect(channel({ replies: "off" }).takesReplies(PHONE)).toBe(false);
    expect(channel({ from: "ACME" }).takesReplies(PHONE)).toBe(false);
    expect(channel({ inbound: undefined }).takesReplies(PHONE)).toBe(false);
  });
});
