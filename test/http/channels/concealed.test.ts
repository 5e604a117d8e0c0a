/**
 * What the server's own log says of a message that did not get through, over every channel: a peer that is as talkative
 * as can be repeats all that it was sent, and none of it may be found there, nor in what the agent is shown.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import type { Channel } from "../../../src/channels/channel.ts";
import type { DeliveryContext } from "../../../src/delivery/index.ts";
import { Cut } from "../../../src/delivery/lane.ts";
import { type Compose, MessageTraffic } from "../../../src/delivery/messages.ts";
import type { Pause } from "../../../src/pauses/index.ts";
import { loadConfig } from "../../../src/platform/config/load.ts";
import { folderWith } from "../../support/binary.ts";
import { eventually } from "../../support/eventually.ts";
import { SharedClock, withChannels } from "./stage.ts";

const running: { stop(): unknown }[] = [];
afterEach(async () => {
  for (const part of running.splice(0).reverse()) await part.stop();
});

/** Answers whatever it is asked with a failure that repeats it: as it came, decoded, and in the fields of a JSON error. */
function startParrot() {
  const heard: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const asked = `${await request.text()}\n${request.url}\n${[...request.headers].join("\n")}`;
      const said = decoded(asked);
      heard.push(said);
      // So that Slack comes to the message.
      if (request.url.endsWith("/conversations.open"))
        return Response.json({ ok: true, channel: { id: "D0ADA00001" } });
      const [, login = ""] = /^Basic (.*)$/.exec(request.headers.get("authorization") ?? "") ?? [];
      const told = {
        code: atob(login).includes("unknown") ? 29_999 : 21_211,
        status: 400,
        message: said,
        error: said,
        errors: [said],
        response_metadata: { messages: [said] },
      };
      return Response.json({ ok: false, ...told }, { status: 400 });
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, heard, stop: () => server.stop(true) };
}

/** A mail relay that refuses each recipient, and the mail, in words that repeat what it was told. */
function startParrotRelay() {
  const heard: string[] = [];
  let isData = false;
  // A line, and a link in it, may come in pieces.
  let unread = "";
  const server = Bun.listen({
    port: 0,
    hostname: "127.0.0.1",
    socket: {
      open: (socket) => void socket.write("220 relay ESMTP\r\n"),
      data(socket, bytes) {
        unread += bytes.toString("latin1");
        if (!unread.endsWith(isData ? "\r\n.\r\n" : "\r\n")) return;
        const said = unread;
        unread = "";
        heard.push(said);
        if (isData) socket.write(`554 5.7.1 refused: ${said.replaceAll(/\s+/g, " ").slice(0, 900)}\r\n`);
        else if (/^EHLO/i.test(said)) socket.write("250 relay\r\n");
        else if (/^DATA/im.test(said)) {
          isData = true;
          socket.write("354 go on\r\n");
        } else socket.write("250 2.0.0 ok\r\n");
      },
    },
  });
  return { url: `smtp://127.0.0.1:${server.port}`, heard, stop: () => server.stop(true) };
}

/** However a text is wrapped for the way: the URL of a link survives each of these. */
function decoded(text: string): string {
  const form = text.replaceAll("+", " ");
  try {
    return `${decodeURIComponent(form)}\n${text}`;
  } catch {
    return text;
  }
}

const PHONE = "+13128471928";
const MESSAGE = "Zebra quagga okapi?";

/** The channel as the configuration has it, and whom it is asked to reach. `@` stands for the peer's address. */
const channels: Readonly<Record<string, readonly [recipient: string, config: string, more?: string]>> = {
  twilio: [PHONE, `twilio({ accountSid: "AC1", authToken: "t0k3n-t0k3n", from: "+13125550100", apiBase: "@" })`],
  "twilio with a code that nobody knows": [
    PHONE,
    `twilio({ accountSid: "AC1", authToken: "unknown-unknown", from: "+13125550100", apiBase: "@" })`,
  ],
  whatsapp: [
    PHONE,
    `whatsapp({ accountSid: "AC1", authToken: "t0k3n-t0k3n", from: "+13125550100", apiBase: "@", templates: { link: "HX1" } })`,
  ],
  httpGateway: [
    PHONE,
    `httpGateway({ url: "@/send", body: (m) => ({ to: m.to, text: m.text }), permanent: [{ status: [400] }] })`,
  ],
  "httpGateway in a query": [
    PHONE,
    `httpGateway({ url: "@/send", method: "GET", query: { to: "{{to}}", text: "{{text}}" } })`,
  ],
  "httpGateway whose body fails": [
    PHONE,
    `httpGateway({ url: "@/send", body: (m) => ({ toJSON() { throw new Error(m.to + m.text); } }) })`,
  ],
  kannel: [PHONE, `kannel({ url: "@/cgi-bin/sendsms", username: "user", password: "passw0rd" })`],
  slack: ["U0ADA00001", `slack({ botToken: "xoxb-1-a", signingSecret: "${"5".repeat(32)}", apiBase: "@" })`],
  ntfy: ["finance-topic", `ntfy({ url: "@", })`],
  smtp: ["ada@example.com", `smtp({ url: "@", from: "PausePoint <a@example.com>", tls: { startTls: "off" } })`],
  "a channel of the operator's own, that throws": [
    PHONE,
    `defineChannel({ addressKind: "phone", async send({ to, text, link }) { await fetch("@", { method: "POST", body: text }); throw new Error(to + text + link); } })`,
  ],
  "a channel of the operator's own, that says why": [
    PHONE,
    `defineChannel({ addressKind: "phone", async send({ to, text, link }) { await fetch("@", { method: "POST", body: text }); return { outcome: "failed", error: to + text + link, excerpt: text }; } })`,
  ],
};

describe("what is logged and shown of a message that a peer has refused", () => {
  test.each(Object.entries(channels))("over %s holds no address, link or text", async (name, [recipient, config]) => {
    const peer = name === "smtp" ? startParrotRelay() : startParrot();
    running.push(peer);
    const channel = name === "whatsapp" ? "whatsapp" : "night";
    const folder = folderWith({
      "pausepoint.config.ts": `import * as c from "pausepoint/config";
        const { twilio, whatsapp, httpGateway, kannel, slack, ntfy, smtp, defineChannel } = c;
        export default c.defineConfig({ channels: { ${channel}: ${config.replaceAll('"@', `"${peer.url}`)} } });`,
    });
    const loaded = await loadConfig({ env: {}, cwd: folder });
    rmSync(folder, { recursive: true });
    const appliance = await withChannels(new SharedClock(), loaded.channels);
    running.push(appliance);
    const key = appliance.keys.live;
    const { pause_id } = await appliance.ask(key, { channel, recipient, message: MESSAGE });
    const shown = await eventually(
      () => appliance.pause(key, pause_id),
      ({ delivery }: Pause) => delivery[0]!.error !== null,
    );
    const logged = await eventually(
      () => appliance.logged.filter((line) => line.includes("not delivered")),
      (lines) => lines.length > 0,
    );
    // The peer has heard all of it, or the request could not be made.
    const token = /\/r\/([\w-]{52})/.exec(peer.heard.join("\n").replaceAll("=\r\n", ""))?.[1];
    if (!name.includes("body fails")) expect(token).toBeString();
    const deliveries = (await appliance.get(`/v1/pause/${pause_id}/deliveries`, key)).body.data;
    // Who asks knows the text, but neither the link nor where a name leads.
    const secrets = [...(token === undefined ? [] : [token]), recipient.replace(/^\+/, "")];
    const hidden = [MESSAGE, "quagga", ...secrets];
    for (const [where, text, words] of [
      ["the log", logged.join(""), hidden],
      ["everything that was logged", appliance.logged.join(""), hidden],
      ["the error that the agent sees", String(shown.delivery[0]!.error), hidden],
      [
        "the delivery's attempts",
        JSON.stringify(deliveries.map(({ attempts }: { attempts: unknown }) => attempts)),
        secrets,
      ],
    ] as const) {
      for (const secret of words)
        expect({ where, holds: text.includes(secret), secret, text }).toMatchObject({ holds: false });
    }
  });
});

test("what a channel throws that nobody has foreseen is told in words that hold nothing of the message", () => {
  const traffic = new MessageTraffic({} as Channel, {} as Compose, {} as DeliveryContext);
  expect(traffic.broken(new TypeError(`no such ${MESSAGE}`))).toMatchObject({
    ...{ outcome: "retry", error: "the channel failed in a way that was not foreseen (TypeError)" },
  });
  expect(traffic.broken(new Cut("no end within 15 s"))).toMatchObject({ error: "no end within 15 s" });
});
