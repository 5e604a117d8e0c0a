/** Real texts from the executable, configured by a file, through a peer that speaks as Twilio does. */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Pause } from "../../src/pauses/index.ts";
import { startTwilioPeer, type TwilioPeer } from "../peers/twilio.ts";
import { type BinaryServer, serveBinary } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { testNeeding } from "../support/needs.ts";

const test = testNeeding("dist/pausepoint");
const CFO = "+13128471928";
const SENDER = "+13125550100";
setDefaultTimeout(60_000);

describe("a configured channel", () => {
  let peer: TwilioPeer;
  let server: BinaryServer;
  let key = "";
  beforeAll(async () => {
    peer = await startTwilioPeer({ senders: [SENDER] });
    server = await serveBinary({
      env: { TWILIO_AUTH_TOKEN: peer.authToken },
      files: {
        "pausepoint.config.ts": `
          import { defineConfig, twilio } from "pausepoint/config";
          export default defineConfig({
            people: { cfo: { name: "Chief Financial Officer", sms: "${CFO}" } },
            channels: {
              sms: twilio({
                accountSid: "${peer.accountSid}",
                authToken: process.env.TWILIO_AUTH_TOKEN,
                from: "${SENDER}",
                apiBase: "${peer.url}",
              }),
            },
          });`,
      },
    });
    // The command reads the same file, and needs the same environment.
    writeFileSync(join(server.folder, "no.ts"), "export default {};");
    key = (await server.run("keys", "create", "--name", "agent", "--mode", "live", "--config", "no.ts")).stdout.trim();
  });
  afterAll(async () => {
    await server?.stop();
    await peer?.stop();
  });

  const pauseOf = async (id: string): Promise<Pause> => (await server.call(`/v1/pause/${id}`, { key })).body;

  /** The pause, once its message has got that far. */
  async function delivered(id: string, status: string): Promise<Pause> {
    return await eventually(
      () => pauseOf(id),
      ({ delivery }) => delivery[0]?.status === status,
    );
  }

  const logOf = async (id: string) => (await server.call(`/v1/pause/${id}/audit`, { key })).body.data;

  test("texts the person by name, and the answer by the link in the text decides", async () => {
    const asked = await server.ask({ recipient: "@cfo", message: "Wire $8,400?", timeout_default: "Reject" }, key);
    const message = await peer.nextMessage({ to: CFO });
    expect(message).toMatchObject({ to: CFO, from: SENDER });
    const [, link = ""] =
      /^PausePoint: Wire \$8,400\?\n\nAnswer: (\S+)\nOr reply "[A-Z]\d 1" for Approve, "[A-Z]\d 2" for Reject\.$/.exec(
        message.body,
      ) ?? [];
    expect(link).toStartWith(`${server.url}/r/`);

    const sent = await delivered(asked.pause_id, "sent");
    expect(JSON.stringify(sent)).not.toContain(link.slice(-52));
    expect((await server.call(`/v1/test/messages?pause_id=${asked.pause_id}`, { key })).status).toBe(403);

    expect((await server.choose(link, "Approve")).status).toBe(303);
    const answered = {
      status: "responded",
      response_choice: "Approve",
      responded_by: "@cfo",
      response_source: "human",
    };
    expect(await pauseOf(asked.pause_id)).toMatchObject(answered);
    expect((await server.choose(link, "Reject")).status).toBe(410);
  });

  test("that fails for the moment is tried again until the text is taken, once", async () => {
    peer.behave(CFO, { kind: "status", status: 503 });
    const before = peer.messages.length;
    const { pause_id } = await server.ask({ recipient: "@cfo" }, key);
    await peer.nextMessage({ to: CFO });
    expect((await delivered(pause_id, "sent")).delivery).toMatchObject([{ recipient: "@cfo", error: null }]);
    expect(peer.messages.length - before).toBe(1);
    const sent = (await logOf(pause_id)).filter(({ type }: { type: string }) => type === "pause.sent");
    expect(sent).toMatchObject([{ data: { channel: "sms", recipient: 0, attempts: 2 } }]);
  });

  test("that refuses the person for good shows on the pause, with the reason, and in the log", async () => {
    peer.behave(CFO, { kind: "refuse", code: 21610 });
    const { pause_id } = await server.ask({ recipient: "@cfo" }, key);
    const pause = await delivered(pause_id, "failed");
    expect(pause).toMatchObject({ status: "pending", reached: false });
    expect(pause.delivery[0]?.error).toContain("has opted out of messages from this number");
    const failed = (await logOf(pause_id)).at(-1);
    expect(failed).toMatchObject({ type: "pause.delivery_failed", data: { channel: "sms", attempts: 1 } });
    expect(server.process.stderr).toContain(pause_id);
    expect(server.process.stderr).not.toContain(CFO);
  });

  test("is not used for what is not configured, and a test key still has the outbox", async () => {
    const json = { recipient: "cfo@example.com", channel: "email", message: "Pay?" };
    const refused = await server.call("/v1/pause", { key, json });
    expect({ status: refused.status, pointer: refused.body.errors[0].pointer }).toEqual({
      status: 422,
      pointer: "/channel",
    });
    const made = await server.run("keys", "create", "--name", "t", "--mode", "test", "--config", "no.ts");
    const before = peer.requests.length;
    const { pause_id } = await server.ask({ recipient: "@cfo" }, made.stdout.trim());
    const messages = await server.call(`/v1/test/messages?pause_id=${pause_id}`, { key: made.stdout.trim() });
    expect(messages.status).toBe(200);
    expect(peer.requests.length).toBe(before);
  });
});
