/**
 * Texts from the executable through Debian's Kannel, its fake SMSC as the phones behind it: the question out, receipt and
 * reply in, the decision out to a program and to the person.
 */

import { afterEach, expect, setDefaultTimeout } from "bun:test";
import { Webhook } from "standardwebhooks";
import { type Kannel, startKannel, USER } from "../../channels/kannel/stage.ts";
import { freePorts } from "../../peers/ports.ts";
import { type Receiver, startReceiver } from "../../peers/receiver.ts";
import type { BinaryServer } from "../../support/binary.ts";
import { eventually } from "../../support/eventually.ts";
import { testNeeding } from "../../support/needs.ts";
import { liveKey, serveWith, settled } from "./stage.ts";

const CFO = "+13128471928";
const STRANGER = "+13128470000";
const SECRET = "a-secret-of-the-hooks";
setDefaultTimeout(60_000);

const running: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const part of running.splice(0).reverse()) await part.stop();
});

/** The executable and a Kannel that know each other, as two configuration files say it. */
async function wired(): Promise<{ kannel: Kannel; server: BinaryServer; receiver: Receiver; key: string }> {
  const [port = 0] = await freePorts(1);
  const hooks = `http://127.0.0.1:${port}/hooks/sms`;
  const kannel = await startKannel(`${hooks}/inbound-${SECRET}?from=%p&text=%b&id=%I&charset=%C`);
  running.push(kannel);
  const receiver = await startReceiver();
  running.push(receiver);
  const server = await serveWith({
    port,
    channels: `sms: kannel({ url: "${kannel.url}", username: "${USER.username}", password: process.env.KANNEL_PASSWORD,
      from: "555", hooks: { secret: process.env.SMS_HOOK_SECRET } })`,
    env: { KANNEL_PASSWORD: USER.password, SMS_HOOK_SECRET: SECRET },
  });
  running.push(server);
  return { kannel, server, receiver, key: await liveKey(server) };
}

testNeeding("dist/pausepoint", "kannel")(
  "a question through Kannel is delivered, decided by a reply, and told to the program and to the person",
  async () => {
    const { kannel, server, receiver, key } = await wired();
    // Who was asked nothing decides nothing.
    const phone = kannel.phone([`${STRANGER} 555 text Approve`]);
    const { pause_id } = await server.ask(
      { recipient: CFO, message: 'Pay "Söhne & Co" 8,400 €? [ok]', webhook_url: `${receiver.url}/decided` },
      key,
    );
    // The first of two parts, which fakesmsc shows as a form is written.
    const shown = decodeURIComponent((await phone.hears("PausePoint")).replaceAll("+", " "));
    expect(shown).toContain('data PausePoint: Pay "Söhne & Co" 8,400 €? [ok]\n\nAnswer: http://127.0.0.1:');
    const code = /Or reply "(\w+) 1"/.exec(shown)?.[1] ?? "no code";
    expect(await settled(server, key, pause_id, "delivered")).toMatchObject({ reached: true, status: "pending" });

    await phone.stop();
    const again = kannel.phone([`${CFO} 555 text ${code} 2`]);
    const { body: decided } = await server.call(`/v1/pause/${pause_id}?wait=20`, { key });
    expect(decided).toMatchObject({
      ...{ status: "responded", response_choice: "Reject", response_source: "human" },
      ...{ response_via: "reply", responded_by: CFO },
    });
    expect(await again.hears("Recorded")).toContain(`555 ${CFO} text Recorded for ${code}: Reject`);

    const told = await receiver.nextRequest();
    const { secret } = (await server.call("/v1/webhooks/default-secret", { key })).body;
    const event = new Webhook(secret).verify(told.body.toString(), { ...told.headers });
    expect(event).toMatchObject({ type: "pause.responded", data: { pause_id, response_choice: "Reject" } });
    await listed(server, key, pause_id, [
      "pause.created",
      "pause.delivered",
      "pause.responded",
      "pause.webhook_delivered",
    ]);
    const verified = await server.run("audit", "verify", "--config", "no.ts");
    expect({ status: verified.status, stderr: verified.stderr }).toEqual({ status: 0, stderr: "" });
    for (const secret of [CFO, STRANGER, SECRET, USER.password]) expect(server.process.stderr).not.toContain(secret);
  },
);

/** Waits until the log tells this of the pause. A receipt may overtake Kannel's own answer: then nothing tells `sent`. */
async function listed(server: BinaryServer, key: string, id: string, types: readonly string[]): Promise<void> {
  await eventually(
    async (): Promise<string[]> => {
      const { body } = await server.call(`/v1/pause/${id}/audit`, { key });
      return body.data.map(({ type }: { type: string }) => type).filter((type: string) => type !== "pause.sent");
    },
    (told) => told.join() === types.join(),
  );
}
