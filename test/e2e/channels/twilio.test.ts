/** Texts from the executable, as an operator configures it: the way back too, a crash in between, a channel taken away. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout } from "bun:test";
import { measure } from "../../../src/platform/sms/segments.ts";
import { startTwilioPeer, type TwilioMessage, type TwilioPeer } from "../../peers/twilio.ts";
import { BinaryServer, environment, Started } from "../../support/binary.ts";
import { testNeeding } from "../../support/needs.ts";
import { liveKey, reconfigure, serveWith, settled } from "./stage.ts";

const test = testNeeding("dist/pausepoint");
const CFO = "+13128471928";
const SENDER = "+13125550100";
setDefaultTimeout(60_000);

const PEOPLE = `people: { cfo: { name: "Chief Financial Officer", sms: "${CFO}", slack: "U0ADA00001" } },`;

function channelTo(peer: TwilioPeer, more = ""): string {
  return `sms: twilio({ accountSid: "${peer.accountSid}", authToken: process.env.TWILIO_AUTH_TOKEN, from: "${SENDER}", apiBase: "${peer.url}", ${more} })`;
}

/** The same folder, served again by a new process. */
async function again(server: BinaryServer, env: Record<string, string>): Promise<BinaryServer> {
  const started = new Started(["serve", "--port", "0", "--json"], server.folder, environment(env));
  const greeting: { url: string } = JSON.parse(await started.line());
  return new BinaryServer(started, server.folder, greeting.url, "");
}

const typesOf = async (server: BinaryServer, key: string, id: string): Promise<string[]> =>
  (await server.call(`/v1/pause/${id}/audit`, { key })).body.data.map(({ type }: { type: string }) => type);

const codeIn = ({ body }: TwilioMessage) => /Or reply "(\w+) 1"/.exec(body)?.[1] ?? "no code";

describe("the executable that texts", () => {
  let peer: TwilioPeer;
  let server: BinaryServer;
  let key = "";
  beforeAll(async () => {
    peer = await startTwilioPeer({ senders: [SENDER] });
    server = await serveWith({ channels: channelTo(peer), more: PEOPLE, env: { TWILIO_AUTH_TOKEN: peer.authToken } });
    peer.setInboundUrl(`${server.url}/hooks/sms/inbound`);
    key = await liveKey(server);
  });
  afterAll(async () => {
    await server?.stop();
    await peer?.stop();
  });

  test("has its receipt and its answer from Twilio's signed calls, and a log that verifies", async () => {
    const { pause_id } = await server.ask({ recipient: "@cfo", message: "Wire $8,400?" }, key);
    const message = await peer.nextMessage({ to: CFO });
    expect(measure(message.body).segments).toBeLessThanOrEqual(2);
    expect(message.body).toContain(`${server.url}/r/`);
    await settled(server, key, pause_id, "sent");
    expect((await peer.deliver(message.sid, "delivered"))?.status).toBe(204);
    expect((await settled(server, key, pause_id, "delivered")).reached).toBe(true);

    const code = codeIn(message);
    const forged = await peer.reply({ from: CFO, to: SENDER, body: `${code} 2` }, undefined, { forge: "wrong-token" });
    expect(forged.status).toBe(403);
    const answer = await peer.reply({ from: CFO, to: SENDER, body: `${code} 1` });
    expect(answer.twiml?.messages).toEqual([`Recorded for ${code}: Approve`]);
    expect((await server.call(`/v1/pause/${pause_id}?wait=20`, { key })).body).toMatchObject({
      status: "responded",
      response_choice: "Approve",
      response_source: "human",
      response_via: "reply",
      responded_by: "@cfo",
    });
    const late = await peer.reply({ from: CFO, to: SENDER, body: `${code} 2` });
    expect(late.twiml?.messages).toEqual(["You had already answered: Approve. Your first answer stands."]);
    expect(await typesOf(server, key, pause_id)).toEqual([
      "pause.created",
      "pause.sent",
      "pause.delivered",
      "pause.responded",
      "response.rejected",
    ]);
    expect((await server.run("audit", "verify", "--config", "no.ts")).status).toBe(0);
    expect(server.process.stderr).not.toContain(CFO);
    expect(server.process.stderr).not.toContain(message.body.slice(0, 20));
  });
});

describe("the executable that is killed after Twilio took a text and before it knew", () => {
  test("sends it again when it runs again, takes an answer to either, and its log verifies", async () => {
    const peer = await startTwilioPeer({ senders: [SENDER] });
    const env = { TWILIO_AUTH_TOKEN: peer.authToken };
    const first = await serveWith({ channels: channelTo(peer, "timeoutSeconds: 2"), more: PEOPLE, env });
    let second: BinaryServer | null = null;
    try {
      const key = await liveKey(first);
      peer.behave(CFO, { kind: "hang", accepted: true });
      const { pause_id } = await first.ask({ recipient: "@cfo" }, key);
      const taken = await peer.nextMessage({ to: CFO });
      process.kill(first.process.pid, "SIGKILL");
      await first.process.ended;
      second = await again(first, env);
      const repeated = await peer.nextMessage({ to: CFO });
      expect(repeated.body.replace(second.url, "")).toBe(taken.body.replace(first.url, ""));
      await settled(second, key, pause_id, "sent");
      const body = `${codeIn(taken)} 2`;
      const { twiml } = await peer.reply({ from: CFO, to: SENDER, body }, `${second.url}/hooks/sms/inbound`);
      expect(twiml?.messages).toEqual([`Recorded for ${codeIn(taken)}: Reject`]);
      expect(peer.messages.filter(({ direction }) => direction === "outbound-api")).toHaveLength(2);
      expect(await typesOf(second, key, pause_id)).toEqual(["pause.created", "pause.sent", "pause.responded"]);
      const verified = await second.run("audit", "verify", "--config", "no.ts");
      expect({ status: verified.status, stderr: verified.stderr }).toEqual({ status: 0, stderr: "" });
    } finally {
      await (second ?? first).stop();
      await peer.stop();
    }
  });
});

describe("a channel that is taken out of the configuration", () => {
  test("is refused for new pauses, its callbacks find nothing, and the pauses that went over it can still be answered", async () => {
    const peer = await startTwilioPeer({ senders: [SENDER] });
    const env = { TWILIO_AUTH_TOKEN: peer.authToken };
    const first = await serveWith({ channels: channelTo(peer), more: PEOPLE, env });
    let second: BinaryServer | null = null;
    try {
      const key = await liveKey(first);
      const sent = await first.ask({ recipient: "@cfo" }, key);
      const message = await peer.nextMessage({ to: CFO });
      await settled(first, key, sent.pause_id, "sent");
      peer.behave(CFO, { kind: "status", status: 503 }, 100);
      const waiting = await first.ask({ recipient: "@cfo" }, key);
      await first.process.stop();
      reconfigure(first, channelTo(peer).replace("sms:", "texts:"), PEOPLE);
      second = await again(first, env);

      const refused = await second.call("/v1/pause", {
        key,
        json: { recipient: "@cfo", channel: "sms", message: "Pay?" },
      });
      expect({ status: refused.status, pointer: refused.body.errors[0].pointer }).toEqual({
        status: 422,
        pointer: "/channel",
      });
      const callback = await peer.deliver(message.sid, "delivered", undefined, {
        url: `${second.url}/hooks/sms/status?delivery=dlv_1`,
      });
      expect(callback?.status).toBe(404);

      // The link names no channel.
      const link = /http:\/\/\S+\/r\/[\w-]+/.exec(message.body)?.[0]?.replace(first.url, second.url) ?? "";
      expect((await second.choose(link, "Approve")).status).toBe(303);
      expect((await second.call(`/v1/pause/${sent.pause_id}`, { key })).body.response_choice).toBe("Approve");
      // What nobody can carry any more does not look as if it were on its way.
      const left = await settled(second, key, waiting.pause_id, "failed");
      expect(left.delivery[0]?.error).toContain("sms");
      expect(left.reached).toBe(false);
      expect((await second.run("audit", "verify", "--config", "no.ts")).status).toBe(0);
    } finally {
      await (second ?? first).stop();
      await peer.stop();
    }
  });
});
