/** A test message through each kind of channel, against a peer that refuses what the real one refuses. */
import { describe, expect, test as plainTest, setDefaultTimeout } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { contentOf, noAiosmtpd, startAiosmtpd } from "../../peers/aiosmtpd.ts";
import { startGateway } from "../../peers/gateway.ts";
import { startNtfy } from "../../peers/ntfy.ts";
import { startPager } from "../../peers/pager.ts";
import { startSlack } from "../../peers/slack.ts";
import { type SmscOptions, startSmsc } from "../../peers/smsc.ts";
import { startTwilioPeer } from "../../peers/twilio.ts";
import { BinaryServer, environment, Started } from "../../support/binary.ts";
import { testNeeding } from "../../support/needs.ts";
import { configured, doctor, doctorWith, filesIn, started } from "./stage.ts";

const test = testNeeding("dist/pausepoint");
setDefaultTimeout(60_000);

const PHONE = "+13128471928";
const SENDER = "+13125550100";

describe("a test through Twilio", () => {
  async function twilio(more = "") {
    const peer = started(await startTwilioPeer({ senders: [SENDER], landlines: ["+13125550199"] }));
    const sms = `sms: twilio({ accountSid: "${peer.accountSid}", authToken: "${peer.authToken}", from: "${SENDER}", apiBase: "${peer.url}" })`;
    return { peer, folder: configured(`channels: { ${sms}, ${more} }`) };
  }

  test("is sent to a number in any notation, and shows id, answer, cost and time, nothing secret, and writes nothing", async () => {
    const { peer, folder } = await twilio();
    const { status, stdout, stderr } = await doctor(folder, "--send-test", "+1 (312) 847-1928");
    const [message] = peer.messages;
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(message).toMatchObject({
      to: PHONE,
      body: expect.stringContaining("Nothing is asked, and the link leads to the start page."),
    });
    expect(stdout).toStartWith(`channel   sms (twilio)\nto        ${PHONE}\ntext      PausePoint: This is a test`);
    expect(stdout).toContain("segments  1 in GSM-7\noutcome   sent\n");
    expect(stdout).toContain(`id        ${message!.sid}\nanswer    201  {`);
    expect(stdout).toMatch(/latency {3}\d+ ms\n$/);
    expect(stdout).not.toContain(peer.authToken);
    expect(filesIn(folder)).toEqual([]);
  });

  test("that is refused says why, with status 1, in words and in JSON", async () => {
    const { folder } = await twilio();
    const { status, told, stderr } = await doctor(folder, "--send-test", "+13125550199", "--json");
    expect(status).toBe(1);
    expect(stderr).toStartWith("The test message was not taken: the recipient's number is not a mobile number");
    expect(told).toMatchObject({
      ...{ channel: "sms", kind: "twilio", to: "+13125550199" },
      messages: [{ outcome: "failed", status: 400, error: expect.stringContaining("Twilio 21614"), receipt: null }],
    });
  });

  test("shows for a dry run what it would say and cost, and sends nothing", async () => {
    const { peer, folder } = await twilio();
    const { status, stdout } = await doctor(folder, "--send-test", PHONE, "--dry-run");
    expect({ status, sent: peer.messages.length }).toEqual({ status: 0, sent: 0 });
    expect(stdout).toContain("segments  1 in GSM-7\noutcome   nothing was sent\nrequest   twilio can't show one");
  });

  test("asks for the channel where several take the address, and takes the one that is named", async () => {
    const { peer, folder } = await twilio(`other: kannel({ url: "http://127.0.0.1:9/x", username: "u", password: "p" }),
      push: ntfy({ url: "http://127.0.0.1:9" }), both: fallback(["push", "sms"])`);
    const several = await doctor(folder, "--send-test", PHONE);
    expect(several).toMatchObject({ status: 2, stdout: "" });
    expect(several.stderr).toBe("Name one of the channels that take this address with --channel: sms, other.\n");
    expect(await doctor(folder, "--send-test", PHONE, "--channel", "sms")).toMatchObject({ status: 0 });
    expect(peer.messages).toHaveLength(1);
  });

  const wrong: readonly (readonly [string[], string])[] = [
    [["--send-test", "nobody at all"], "no channel takes this address.\n  sms: the address must be a phone number"],
    [["--send-test", PHONE, "--channel", "smss"], "knows no smss; configured are sms, push; did you mean sms?"],
    [["--send-test", PHONE, "--channel", "both"], "--channel both is a fallback; name one of its channels."],
    [["--send-test", "@cfo"], "sms: the address names nobody in the configuration's people"],
    [["--send-test", PHONE, "--wait", "601"], "--wait must be a whole number of seconds from 0 to 600"],
    [["--dry-run"], "Give an address with --send-test"],
  ];
  for (const [args, words] of wrong) {
    test(`with ${args.join(" ")} is wrong use, and says so`, async () => {
      const { folder } = await twilio(`push: ntfy({ url: "http://127.0.0.1:9" }), both: fallback(["push", "sms"])`);
      const { status, stdout, stderr } = await doctor(folder, ...args);
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
      expect(stderr).toContain(words);
    });
  }
});

test("without a channel there is nothing to test", async () => {
  expect(await doctor(configured(""), "--send-test", PHONE)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("No channel is configured"),
  });
});

describe("a test through a gateway", () => {
  function gateway(more = "") {
    const peer = started(startGateway());
    const url = `${peer.url}/send/path-token`;
    const body = "{ json: { to: '{{to}}', text: '{{text}}', tell: '{{receiptUrl}}', key: 'body-secret' } }";
    return {
      peer,
      folder:
        configured(`channels: { gw: httpGateway({ url: "${url}", body: ${body}, headers: { "x-api-key": "header-secret" },
        auth: { type: "basic", user: "me", password: "basic-secret" }, hooks: { secret: "hook-secret-0123" },
        receipts: { statusPath: "s" }, messageId: { path: "id" }, transliterate: true, ${more} }) }`),
    };
  }

  test("shows the raw answer, though it repeats the text, with secrets hidden in it", async () => {
    const { peer, folder } = gateway();
    peer.answer = (taken) => Response.json({ id: "g-7", echo: taken.body, auth: taken.headers.get("authorization") });
    const { status, stdout } = await doctor(folder, "--send-test", PHONE);
    expect(status).toBe(0);
    expect(stdout).toContain('id        g-7\nanswer    200  {"id":"g-7","echo":{');
    expect(stdout).toContain("This is a test by the operator");
    expect(stdout).not.toMatch(/-secret|bWU6YmFzaWMt/);
  });

  test("shows for a dry run the request with secrets hidden, and sends nothing", async () => {
    const { peer, folder } = gateway();
    const { status, told, stdout } = await doctor(folder, "--send-test", PHONE, "--dry-run", "--charset", "--json");
    expect({ status, requests: peer.requests.length }).toEqual({ status: 0, requests: 0 });
    expect(told.messages[0].request).toEqual({
      method: "POST",
      url: `${peer.url}/send/path-token`,
      headers: {
        "content-type": "application/json; charset=utf-8",
        "x-api-key": "[hidden]",
        authorization: "Basic [hidden]",
      },
      body: expect.stringContaining('"key":"[hidden]"'),
    });
    expect(stdout).not.toMatch(/-secret/);
    expect(told.messages.map(({ segments }: { segments: unknown }) => segments)).toEqual([
      { encoding: "GSM-7", count: 1 },
      { encoding: "UCS-2", count: 1 },
    ]);
  });

  test("that answers in no time it is given is a failure with words", async () => {
    const { peer, folder } = gateway("timeoutSeconds: 1");
    peer.answer = () => new Promise<Response>(() => {});
    const { status, stdout, stderr } = await doctor(folder, "--send-test", PHONE);
    expect(status).toBe(1);
    expect(stdout).toContain("outcome   retry: the gateway did not answer within 1 s");
    expect(stderr).toContain("The test message was not taken");
  });

  test("shows Kannel's request too, without its password", async () => {
    const kannel = `kannel({ url: "http://127.0.0.1:9/send", username: "me", password: "kannel-secret", from: "555" })`;
    const { status, stdout } = await doctor(
      configured(`channels: { box: ${kannel} }`),
      "--send-test",
      PHONE,
      "--dry-run",
    );
    expect(status).toBe(0);
    expect(stdout).toContain("request   POST http://127.0.0.1:9/send\n");
    expect(stdout).toContain("x-kannel-password: [hidden]\n");
    expect(stdout).not.toContain("kannel-secret");
  });
});

describe("a test over SMPP", () => {
  async function smpp(options: Partial<SmscOptions> = {}, more = "") {
    const smsc = started(await startSmsc({ systemId: "pause", password: "secret08", ...options }));
    const settings = `url: "${smsc.url}", systemId: "pause", password: "secret08", from: "${SENDER}", ${more}`;
    return { smsc, folder: configured(`channels: { sms: smpp({ ${settings} }) }`) };
  }

  test("waits for the receipt, and then unbinds", async () => {
    const { smsc, folder } = await smpp({ receipts: { state: "DELIVRD" } });
    const { status, stdout } = await doctor(folder, "--send-test", PHONE);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /outcome {3}sent\nid {8}\w+\nanswer {4}0 {2}no text.*\nlatency .*\nreceipt {3}delivered, after \d+ ms\n$/,
    );
    expect(smsc.records.map(({ pdu }) => pdu?.command)).toContain("unbind");
    expect(smsc.complaints).toEqual([]);
  });

  test("fails when the receipt says so, and does not when none comes in time", async () => {
    const lost = await smpp({ receipts: { state: "UNDELIV" } });
    const failed = await doctor(lost.folder, "--send-test", PHONE, "--json");
    expect(failed).toMatchObject({
      status: 1,
      told: { messages: [{ outcome: "sent", receipt: { status: "failed" } }] },
    });
    expect(failed.stderr).toStartWith("The test message did not arrive: ");
    const none = await smpp();
    expect(await doctor(none.folder, "--send-test", PHONE, "--wait", "1", "--json")).toMatchObject({
      status: 0,
      told: { messages: [{ receipt: "none" }] },
    });
  });

  test("with --charset sends each alphabet in a text of its own, and says what to compare", async () => {
    const { smsc, folder } = await smpp();
    const { stdout } = await doctor(folder, "--send-test", PHONE, "--charset", "--wait", "0");
    expect(smsc.parts.map(({ dataCoding }) => dataCoding)).toEqual([0, 8]);
    expect(smsc.messages.map(({ text }) => text)).toEqual([
      "PausePoint test 1 of 2: @£$¥_ äöüß ÄÖÜ éèñ € [~] {|} ^ \\ end",
      "PausePoint test 2 of 2: “x” … ł ж 水 😀 end",
    ]);
    expect(stdout).toContain("segments  1 in UCS-2, because of “ ” … ł ж 水 😀\n");
    expect(stdout.match(/^compare /gm)).toHaveLength(2);
  });

  test("beside a running server only sends, so that nothing meant for the server comes to it", async () => {
    const { smsc, folder } = await smpp();
    const serving = new Started(["serve", "--port", "0", "--json"], folder, environment());
    started(new BinaryServer(serving, folder, JSON.parse(await serving.line()).url, ""));
    while (smsc.sessions.length === 0) await Bun.sleep(10);
    expect(await doctor(folder, "--send-test", PHONE)).toMatchObject({ status: 0, stderr: "" });
    const binds = smsc.records.map(({ pdu }) => pdu?.command ?? "").filter((command) => /^bind_\w+er$/.test(command));
    expect(binds).toEqual(["bind_transceiver", "bind_transmitter"]);

    smsc.behave({ kind: "refuse", status: "ESME_RALYBND" }, { command: "bind_transmitter" });
    const { status, stderr, stdout } = await doctor(folder, "--send-test", PHONE);
    expect(status).toBe(1);
    expect(stdout).toContain("outcome   retry: the account is already bound");
    expect(stderr).toContain("A server is running on this data folder and has its own session");
  });

  test("gives back what a carrier brings it for somebody else", async () => {
    const { smsc, folder } = await smpp({ deliveries: { retryAfter: 50 } });
    const testing = doctor(folder, "--send-test", PHONE, "--wait", "2");
    await smsc.nextMessage();
    const [reply] = await smsc.reply({ from: PHONE, to: SENDER.slice(1), text: "K7 1" });
    expect(reply?.outcome).not.toBe("accepted");
    expect((await testing).status).toBe(0);
  });
});

describe("a test elsewhere", () => {
  test("goes to Slack without taking its socket from a running server", async () => {
    const ada = { id: "U0ADA00001", email: "ada@example.com", name: "ada" };
    const peer = started(await startSlack({ botToken: "xoxb-1-a", appToken: "xapp-1-a", users: [ada], channels: [] }));
    const folder = configured(
      `channels: { slack: slack({ botToken: "xoxb-1-a", appToken: "xapp-1-a", apiBase: "${peer.apiBase}" }) }`,
    );
    const { status, stdout } = await doctor(folder, "--send-test", ada.id);
    expect(status).toBe(0);
    expect(stdout).toContain("segments  cost nothing here\noutcome   delivered\n");
    expect(peer.sockets).toHaveLength(0);
    expect(stdout).not.toContain("xoxb-");
  });

  test("goes to a person of the configuration, through ntfy", async () => {
    const peer = started(startNtfy({ authorization: "Bearer tk_secret" }));
    const folder = configured(`people: { cfo: { name: "CFO", push: "topic-7f3a" } },
      channels: { push: ntfy({ url: "${peer.url}", token: "tk_secret" }) }`);
    const { status, stdout } = await doctor(folder, "--send-test", "@cfo");
    expect(status).toBe(0);
    expect(peer.published).toMatchObject([{ topic: "topic-7f3a", title: "PausePoint" }]);
    expect(stdout).toContain("id        hwQ2YpKdmg\nanswer    200  {");
    expect(stdout).not.toContain("tk_secret");
  });

  const relayTest =
    noAiosmtpd === null && existsSync(join(import.meta.dir, "../../../dist/pausepoint")) ? plainTest : plainTest.skip;
  relayTest(`goes by mail${noAiosmtpd === null ? "" : " [needs python3-aiosmtpd]"}`, async () => {
    const relay = await startAiosmtpd();
    started({ stop: () => relay.stop() });
    const folder = configured(
      `channels: { email: smtp({ url: "smtp://127.0.0.1:${relay.port}", from: "a@example.com" }) }`,
    );
    const { status, stdout, stderr } = await doctor(folder, "--send-test", "cfo@example.net");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/outcome {3}sent\nid .*\nanswer {4}250 /);
    expect(contentOf(await relay.nextMail(), "text/plain")).toContain(
      "Nothing is asked, and the link leads to the start page.",
    );
  });

  test("goes through a channel of the operator's own, which may keep a connection", async () => {
    const pager = started(startPager({ key: "key-0123456789", secret: "s", off: "999999" }));
    const own = `pager: defineChannel({ addressKind: "text", maxSegments: 1, secrets: [process.env.PAGER_KEY],
      connect: async () => ({ stop() { console.error("stopped") } }),
      async send({ to, text, deliveryId: id }, signal, { fetch }) {
        const headers = { authorization: "Bearer " + process.env.PAGER_KEY };
        const body = JSON.stringify({ pager: to, text, id });
        const response = await fetch("${pager.url}/pages", { method: "POST", headers, body, signal });
        const excerpt = (await response.text()) + headers.authorization;
        return { outcome: response.ok ? "sent" : "failed", error: "no such pager", status: response.status, excerpt };
      } })`;
    const folder = configured(`channels: { ${own} }`);
    const env = { PAGER_KEY: "key-0123456789" };
    const taken = await doctorWith(folder, env, "--send-test", "123456", "--wait", "0");
    expect(taken).toMatchObject({ status: 0, stderr: "stopped\n" });
    expect(taken.stdout).toContain('answer    201  {"page":"p-1"}Bearer [hidden]\n');
    expect(taken.stdout).toContain("segments  1 in GSM-7");
    const refused = await doctorWith(folder, env, "--send-test", "999999", "--wait", "0");
    expect(refused).toMatchObject({ status: 1, stderr: "stopped\nThe test message was not taken: no such pager.\n" });
  });
});
