/** Test messages from the console, each to a real peer on loopback. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { httpGatewaySchema } from "../../src/platform/config/http-gateway.ts";
import { smppSchema } from "../../src/platform/config/smpp.ts";
import { smtpSchema } from "../../src/platform/config/smtp.ts";
import { SharedClock, withChannels } from "../http/channels/stage.ts";
import { contentOf, header, noAiosmtpd, startAiosmtpd } from "../peers/aiosmtpd.ts";
import { type GatewayPeer, startGateway } from "../peers/gateway.ts";
import { type Smsc, startSmsc } from "../peers/smsc.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { HOUR } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { administrator, colleague, type Operator } from "../support/operator.ts";

const PHONE = "+13128471928";
const SECRET = "0123456789abcdef";

let appliance: Appliance;
let gateway: GatewayPeer;
let smsc: Smsc;
let admin: Operator;
let operator: Operator;
let viewer: Operator;

beforeAll(async () => {
  gateway = startGateway();
  smsc = await startSmsc({ systemId: "pause", password: "secret08" });
  const inbound = { fromPath: "from", textPath: "text", answer: "body" };
  const text = { url: `${gateway.url}/send`, body: { json: { to: "{{to}}", text: "{{text}}" } }, from: "+15005550006" };
  const account = { url: smsc.url, systemId: "pause", password: "secret08", from: "+15005550006" };
  appliance = await withChannels(
    new SharedClock(),
    {
      sms: httpGatewaySchema.parse({
        ...{ kind: "httpGateway", ...text, messageId: { path: "messages.0.id" } },
        ...{ hooks: { secret: SECRET }, inbound },
      }),
      carrier: smppSchema.parse({ kind: "smpp", ...account, partsPerSecond: 0 }),
      both: { kind: "fallback", channels: ["sms", "carrier"], afterMinutes: 5 },
    },
    { people: { cfo: { name: "Chief Financial Officer", sms: PHONE } } },
  );
  admin = await administrator(appliance);
  operator = await colleague(admin, "Olga", "operator");
  viewer = await colleague(admin, "Vera", "viewer");
});
afterAll(async () => {
  await appliance.stop();
  await gateway.stop();
  await smsc.stop();
});

const tests = (who: Operator, channel: string, address: string) =>
  who.send(`/console/channels/${channel}/test`, { address });
const entries = (type: string): { data: Record<string, unknown>; actor: object }[] =>
  appliance
    .bytesOf(
      `SELECT CAST(entry || char(10) AS BLOB) FROM audit_entries WHERE entry LIKE '%"type":"${type}"%' ORDER BY seq`,
    )
    .toString()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
const plain = (text: string) => text.replaceAll("&#39;", "'").replaceAll("&quot;", '"');

describe("a test message", () => {
  // The first: a clock that is turned far ends the session, since nobody asks meanwhile whether it lives.
  test("over SMPP takes the session that the server has", async () => {
    await eventually(
      () => smsc.sessions.length,
      (count) => count === 1,
    );
    const { text } = await tests(admin, "carrier", PHONE);
    expect(text).toContain('<h2 id="outcome">It was taken</h2>');
    expect((await smsc.nextMessage()).text).toContain("Nothing is asked");
    expect(smsc.connections).toBe(1);
  });

  test("goes through the channel's own path to an address in any notation, and stands in the log without it", async () => {
    const answer = await tests(operator, "sms", "+1 (312) 847-1928");
    expect(answer.status).toBe(200);
    const sent = gateway.requests.at(-1)?.body as { to: string; text: string };
    expect(sent).toEqual({
      to: PHONE,
      text: expect.stringMatching(/Nothing is asked, and the link leads to the start page\.\s+Answer: http:/),
    });
    expect(sent.text).toEndWith(`${appliance.url}/`);
    expect(answer.text).toContain('<h2 id="outcome">It was taken</h2>');
    expect(answer.text).toContain('<code><bdi lang="">msg-1</bdi></code>');
    expect(answer.text).toContain("1 segment in GSM-7");
    const [requested, tested] = [entries("channel.test_requested").at(-1), entries("channel.tested").at(-1)];
    const actor = { type: "operator", id: expect.stringMatching(/^op_/) };
    expect(requested).toMatchObject({ actor, data: { channel: "sms", test: expect.stringMatching(/^dlv_/) } });
    expect(tested?.data).toEqual({ channel: "sms", test: requested?.data.test, outcome: "sent" });
    // Nothing that the server keeps holds the number. Another process looks: closing a database's file in this one would
    // take SQLite's locks with it.
    const { exitCode, stdout } = Bun.spawnSync(["grep", "-rlF", "3128471928", appliance.config.dataDir]);
    expect([exitCode, stdout.toString()]).toEqual([1, ""]);
    expect(appliance.logged.join("\n")).not.toContain("3128471928");
    expect(appliance.faultInLog()).toBeNull();
  });

  test("goes to a person of the configuration by name", async () => {
    expect((await tests(operator, "sms", "@cfo")).status).toBe(200);
    expect(gateway.requests.at(-1)?.body).toMatchObject({ to: PHONE });
  });

  test("that the other side refuses says so, and why", async () => {
    appliance.clock.turn(10 * 60_000);
    gateway.answer = () => Response.json({ error: "unknown <number>" }, { status: 422 });
    const { status, text } = await tests(operator, "sms", PHONE);
    expect(status).toBe(200);
    expect(text).toContain('<h2 id="outcome">It was refused</h2>');
    expect(plain(text)).toMatch(/The reason: <bdi lang="">the gateway .*422/);
    expect(text).toContain("unknown &lt;number&gt;");
    expect(entries("channel.tested").at(-1)?.data).toMatchObject({ channel: "sms", outcome: "failed" });
    gateway.answer = () => new Response("busy", { status: 503 });
    const busy = (await tests(operator, "sms", PHONE)).text;
    expect(busy).toContain('<h2 id="outcome">It was not taken now</h2>');
    expect(busy).toContain("A question would be tried again by itself; a test is not.");
    gateway.answer = () => Response.json({ messages: [{ id: "msg-2" }] });
  });

  test.skipIf(noAiosmtpd !== null)(
    `goes by mail${noAiosmtpd === null ? "" : " [needs python3-aiosmtpd]"}`,
    async () => {
      const relay = await startAiosmtpd({
        replies: { recipient: { "nobody@example.net": ["550 5.1.1 no such user"] } },
      });
      const email = smtpSchema.parse({ kind: "smtp", url: `smtp://127.0.0.1:${relay.port}`, from: "a@example.com" });
      const mailing = await withChannels(new SharedClock(), { email });
      try {
        const one = await administrator(mailing);
        const { text } = await tests(one, "email", "cfo@example.net");
        expect(text).toContain('<h2 id="outcome">It was taken</h2>');
        const mail = await relay.nextMail();
        expect(header(mail, "to")).toBe("cfo@example.net");
        expect(contentOf(mail, "text/plain")).toContain("Nothing is asked, and the link leads to the start page.");
        const refused = (await tests(one, "email", "nobody@example.net")).text;
        expect(refused).toContain('<h2 id="outcome">It was refused</h2>');
        expect(refused).toContain("no such user");
      } finally {
        await mailing.stop();
        await relay.stop();
      }
    },
    120_000,
  );
});

describe("what can't be sent", () => {
  test("names the address, keeps what was typed, and sends and logs nothing", async () => {
    const [before, sent] = [appliance.count("SELECT count(*) FROM audit_entries"), gateway.requests.length];
    for (const [address, said] of [
      ["", "must be a phone number"],
      ["nobody at all", "must be a phone number"],
      ["cfo@example.com", "must be a phone number"],
      ["@nobody", "names nobody in the configuration's people"],
      ["+1 312", "must be a phone number"],
    ] as const) {
      const { status, text } = await tests(operator, "sms", address);
      expect([address, status]).toEqual([address, 422]);
      expect(plain(text)).toContain(`<a href="#address">Address</a> ${said}`);
      expect(text).toContain(`value="${address}" aria-invalid="true"`);
    }
    expect((await tests(operator, "nothing", PHONE)).status).toBe(404);
    expect((await tests(operator, "both", PHONE)).status).toBe(404);
    expect((await tests(viewer, "sms", PHONE)).status).toBe(403);
    expect([appliance.count("SELECT count(*) FROM audit_entries"), gateway.requests.length]).toEqual([before, sent]);
  });

  test("is a sixth test at once: then one a minute, for each operator", async () => {
    appliance.clock.turn(10 * 60_000);
    const number = (of: number) => `+1312847${String(3000 + of)}`;
    const statuses: number[] = [];
    for (let sent = 0; sent < 6; sent++) statuses.push((await tests(operator, "sms", number(sent))).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
    const refused = await tests(operator, "sms", number(6));
    expect(refused.text).toContain(
      "Nothing was sent: you have sent several tests in the last minutes. Try again in 1 minute.",
    );
    expect(refused.headers.get("retry-after")).toBe("60");
    expect((await tests(admin, "sms", number(7))).status).toBe(200);
    appliance.clock.turn(60_000);
    expect((await tests(operator, "sms", number(8))).status).toBe(200);
  });

  test("is what would bury a phone: tests count among the messages to one recipient", async () => {
    appliance.clock.turn(HOUR);
    const buried = "+13128472222";
    for (let asked = 0; asked < 19; asked++)
      await appliance.ask(appliance.keys.live, { recipient: buried, message: `Number ${asked}?` });
    expect((await tests(admin, "sms", buried)).status).toBe(200);
    const { status, text, headers } = await tests(admin, "sms", buried);
    expect(status).toBe(429);
    expect(text).toContain(
      "Nothing was sent: this recipient has had 20 messages in the last hour. Try again in 60 minutes.",
    );
    expect(headers.get("retry-after")).toBe("3600");
    const { status: live } = await appliance.post("/v1/pause", appliance.keys.live, {
      ...{ recipient: buried, channel: "sms", message: "One more?" },
    });
    expect(live).toBe(429);
  });

  test("goes to nobody who has asked for no more", async () => {
    const body = JSON.stringify({ from: "+13128473333", text: "STOP" });
    const headers = { "content-type": "application/json" };
    await fetch(`${appliance.url}/hooks/sms/inbound-${SECRET}`, { method: "POST", headers, body });
    const { status, text } = await tests(admin, "sms", "+13128473333");
    expect(status).toBe(409);
    expect(text).toContain(
      "Nothing was sent: this number has asked for no more texts; its owner has to reply START first.",
    );
  });
});

describe("a channel's page", () => {
  test("stands under Settings, with the form for whoever may", async () => {
    expect((await viewer.get("/console/settings")).text).toContain('<a href="/console/channels/sms">sms</a>');
    const shown = (await viewer.get("/console/channels/sms")).text;
    expect([shown.includes("httpGateway"), shown.includes("Send me a test")]).toEqual([true, false]);
    expect((await operator.get("/console/channels/sms")).text).toContain("Send me a test");
    const both = (await operator.get("/console/channels/both")).text;
    expect(both).toContain('<a href="/console/channels/carrier">carrier</a>');
    expect((await operator.get("/console/channels/constructor")).status).toBe(404);
  });

  test("is not there where every message goes to the outbox", async () => {
    const plainly = await startAppliance();
    try {
      const one = await administrator(plainly);
      expect((await one.get("/console/channels/sms")).status).toBe(404);
      expect((await one.get("/console/settings")).text).toContain("every message goes to the outbox");
    } finally {
      await plainly.stop();
    }
  });
});
