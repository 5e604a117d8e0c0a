/** WhatsApp from the executable: a tap comes back signed, and a new process still knows who may be written to freely. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout } from "bun:test";
import { startTwilioPeer, type TwilioPeer } from "../../peers/twilio.ts";
import { BinaryServer, environment, Started } from "../../support/binary.ts";
import { testNeeding } from "../../support/needs.ts";
import { liveKey, serveWith, settled } from "./stage.ts";

const test = testNeeding("dist/pausepoint");
const CFO = "whatsapp:+13128471928";
const SENDER = "whatsapp:+13125550100";
const ASKS =
  "A question from {{1}}: {{2}}\n\nThe whole question: {{3}}\n\nHow to answer: {{4}}\n\nNothing is decided before.";
const BUTTONS = ["Approve", "Reject"].map((title, index) => ({ title, id: `{{5}}.${index}` }));
const LONG = `Pay ${"for one more thing that nobody can shorten, ".repeat(30)}all of it?`;
setDefaultTimeout(60_000);

describe("the executable on WhatsApp", () => {
  let peer: TwilioPeer;
  let server: BinaryServer;
  let key = "";
  beforeAll(async () => {
    peer = await startTwilioPeer({ senders: [SENDER], contents: { HX1: ASKS, HX2: { body: ASKS, actions: BUTTONS } } });
    const templates = `{ link: "HX1", titled: [{ options: ["Approve", "Reject"], contentSid: "HX2" }] }`;
    const account = `accountSid: "${peer.accountSid}", authToken: process.env.TWILIO_AUTH_TOKEN, from: "+13125550100"`;
    server = await serveWith({
      channels: `whatsapp: whatsapp({ ${account}, apiBase: "${peer.url}", templates: ${templates} })`,
      more: `people: { cfo: { name: "Chief Financial Officer", sms: "+13128471928" } },`,
      env: { TWILIO_AUTH_TOKEN: peer.authToken },
    });
    key = await liveKey(server);
  });
  afterAll(async () => {
    await server?.stop();
    await peer?.stop();
  });

  test("asks with buttons, takes the tap, and keeps over a restart when the person wrote; its log verifies", async () => {
    const { pause_id } = await server.ask({ recipient: "@cfo", channel: "whatsapp", message: "Wire $8,400?" }, key);
    const message = await peer.nextMessage({ to: CFO });
    await settled(server, key, pause_id, "sent");
    const inbound = () => ({ url: `${server.url}/hooks/whatsapp/inbound` });
    expect((await peer.tap(message.sid, 0, { ...inbound(), forge: "wrong-token" })).status).toBe(403);
    expect((await peer.tap(message.sid, 0, inbound())).twiml?.messages).toEqual(["Recorded: Approve"]);
    expect((await server.call(`/v1/pause/${pause_id}`, { key })).body).toMatchObject({
      response_choice: "Approve",
      response_via: "whatsapp",
      responded_by: "@cfo",
    });
    await peer.nextMessage({ to: CFO });

    await server.process.stop();
    const env = environment({ TWILIO_AUTH_TOKEN: peer.authToken });
    const started = new Started(["serve", "--port", "0", "--json"], server.folder, env);
    const { url }: { url: string } = JSON.parse(await started.line());
    server = new BinaryServer(started, server.folder, url, "");
    const later = await server.ask({ recipient: "@cfo", channel: "whatsapp", message: LONG }, key);
    const whole = await peer.nextMessage({ to: CFO });
    expect(whole).toMatchObject({ contentSid: null, body: expect.stringContaining(LONG) });

    await settled(server, key, later.pause_id, "sent");
    await peer.deliver(whole.sid, "failed", 63016);
    expect((await peer.nextMessage({ to: CFO })).contentSid).toBe("HX1");
    await settled(server, key, later.pause_id, "sent");
    expect(await server.run("audit", "verify", "--config", "no.ts")).toMatchObject({ status: 0 });
  });
});
