/** What doctor learns by asking: this server at its base URL, through real proxies, and each channel's peer. */
import { afterAll, afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSilence } from "node:net";
import { Stage } from "../../backup/stage.ts";
import { startProxy, stopWhatIsLeft } from "../../http/proxies/stage.ts";
import { noAiosmtpd, startAiosmtpd } from "../../peers/aiosmtpd.ts";
import { makeAuthority } from "../../peers/certificates.ts";
import { startNtfy } from "../../peers/ntfy.ts";
import { freePorts } from "../../peers/ports.ts";
import { startSlack } from "../../peers/slack.ts";
import { startSmsc } from "../../peers/smsc.ts";
import { startTwilioPeer } from "../../peers/twilio.ts";
import { testNeeding } from "../../support/needs.ts";

setDefaultTimeout(60_000);
afterAll(stopWhatIsLeft);
const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});
function started<Part extends { stop(): unknown }>(part: Part): Part {
  stops.push(() => part.stop());
  return part;
}

interface Check {
  readonly check: string;
  readonly status: string;
  readonly found: string;
  readonly todo: string | null;
}

/** What doctor says of a folder that a server runs on, with these settings. */
async function look(
  stage: Stage,
  settings: string,
  { args = [], env = {}, data = stage.data }: { args?: string[]; env?: Record<string, string>; data?: string } = {},
) {
  const makers = "httpGateway, kannel, ntfy, slack, smpp, smtp, twilio";
  const file = stage.path("pausepoint.config.ts");
  writeFileSync(file, `import { ${makers} } from "pausepoint/config";\nexport default { ${settings} };\n`, {
    mode: 0o600,
  });
  const ran = await stage.cli(["doctor", "--json", "--config", file, "--data", data, ...args], env);
  if (ran.stdout === "") throw new Error(ran.stderr);
  const { checks } = JSON.parse(ran.stdout) as { checks: Check[] };
  return { status: ran.status, text: ran.stdout, of: (check: string) => checks.filter((one) => one.check === check) };
}

/** A server that answers everything so, and is not ours. */
async function another(status: number, headers: Record<string, string>, body = "Hello") {
  const server = createServer((_, response) => response.writeHead(status, headers).end(body));
  await new Promise<void>((up) => server.listen(0, "127.0.0.1", up));
  const { port } = server.address() as { port: number };
  started({ stop: () => server.close() && server.closeAllConnections() });
  return `http://127.0.0.1:${port}`;
}

describe("the base URL", () => {
  const reached = async (stage: Stage, baseUrl: string, more: Parameters<typeof look>[2] = {}) =>
    (await look(stage, `baseUrl: "${baseUrl}", listen: { trustProxy: ["127.0.0.1"] }`, more)).of("base URL reached");

  test("that leads here is told from every other, also where the other answers with the same words", async () => {
    const stage = started(await Stage.start());
    const { url } = stage.appliance;
    expect(await reached(stage, url)).toMatchObject([{ status: "ok", found: `${url} answers, and it is this server` }]);
    const stranger = started(await Stage.start());
    expect(await reached(stage, stranger.appliance.url)).toMatchObject([
      {
        status: "fail",
        found: expect.stringContaining("another server answers"),
        todo: expect.stringContaining("listen.port"),
      },
    ]);
    const copied = stage.path("copied");
    cpSync(stage.data, copied, { recursive: true });
    expect(await reached(stage, url, { data: copied })).toMatchObject([
      { status: "fail", found: expect.stringContaining("with a copy of this folder") },
    ]);
  });

  test("that leads to something else fails, each in words of its own", async () => {
    const stage = started(await Stage.start());
    const [unused = 0] = await freePorts(1);
    const authority = makeAuthority();
    const pair = authority.issue({ names: ["other.example.com"], addresses: [] });
    const tls = Bun.serve({ hostname: "127.0.0.1", port: 0, tls: pair, fetch: () => new Response("Hello") });
    started({ stop: () => tls.stop(true) });
    const plain = await another(200, { server: "Apache" });
    const cases: readonly (readonly [string, string])[] = [
      [plain, "another server answers at"],
      [plain, "HTTP 200, Server: Apache"],
      [
        await another(302, { location: "https://elsewhere.example.com/x" }),
        "a redirection to https://elsewhere.example.com",
      ],
      [await another(401, {}), "asks for a log-in"],
      [await another(502, {}), "a proxy answers at"],
      [`http://127.0.0.1:${unused}`, "nobody takes connections"],
      ["http://no-such-host.invalid", "no-such-host.invalid has no address"],
      [`https://127.0.0.1:${tls.port}`, "is not trusted here"],
      [plain.replace("http:", "https:"), "nobody speaks TLS"],
    ];
    for (const [baseUrl, words] of cases) {
      const found = await reached(stage, baseUrl);
      expect(found).toMatchObject([{ status: "fail", found: expect.stringContaining(words) }]);
      expect(found[0]?.todo).toEndWith(".");
    }
  });

  test("that nobody answers at is no fault while no server runs, and another's answer is a warning then", async () => {
    const stage = started(await Stage.start());
    const still = stage.path("still");
    await stage.backup("all.tar.gz");
    await stage.restore("all.tar.gz", "still");
    const [unused = 0] = await freePorts(1);
    expect(await reached(stage, `http://127.0.0.1:${unused}`, { data: still })).toMatchObject([{ status: "ok" }]);
    expect(await reached(stage, await another(200, {}), { data: still })).toMatchObject([{ status: "warn" }]);
  });

  test("whose answer is of another time tells of the clock", async () => {
    const stage = started(await Stage.start());
    const clock = async (ahead: number) => {
      const url = await another(200, { date: new Date(Date.now() - ahead).toUTCString() });
      return (await look(stage, `baseUrl: "${url}"`)).of("clock")[0];
    };
    expect(await clock(0)).toMatchObject({ found: expect.stringContaining("time zone ") });
    expect(await clock(30_000)).toMatchObject({
      status: "warn",
      found: expect.stringMatching(/: (29|30|31) seconds ahead of what answers/),
    });
    expect(await clock(-2 * 3_600_000)).toMatchObject({
      status: "fail",
      todo: expect.stringContaining("timedatectl set-ntp true"),
    });
  });

  for (const name of ["caddy", "nginx"] as const)
    testNeeding(name)(`through ${name} as its example has it is ours, and everything comes through`, async () => {
      const stage = started(await Stage.start());
      const [port = 0] = await freePorts(1);
      const proxy = started(
        await startProxy(name, port, stage.appliance.app.port, (file) =>
          file.replaceAll("approve.example.com", "127.0.0.1"),
        ),
      );
      const trusted = { env: { NODE_EXTRA_CA_CERTS: proxy.ca } };
      const settings = `baseUrl: "https://127.0.0.1:${port}", listen: { trustProxy: ["127.0.0.1"] }`;
      const { of } = await look(stage, settings, trusted);
      expect(of("base URL reached")).toMatchObject([{ status: "ok" }]);
      expect(of("headers")).toEqual([
        { check: "headers", status: "ok", found: "come through as they were sent", todo: null },
      ]);
      const forgotten = await look(stage, `baseUrl: "https://127.0.0.1:${port}"`, trusted);
      expect(forgotten.of("headers")).toMatchObject([
        { status: "warn", todo: expect.stringContaining("listen.trustProxy") },
      ]);
      expect((await look(stage, settings)).of("base URL reached")).toMatchObject([
        { status: "fail", found: expect.stringContaining("not trusted here") },
      ]);
    });

  testNeeding("caddy")("behind a proxy that drops or changes headers is told which, and what to do", async () => {
    const stage = started(await Stage.start());
    const [port = 0] = await freePorts(1);
    const spoil = (file: string) =>
      file
        .replaceAll("approve.example.com", "127.0.0.1")
        .replace(/reverse_proxy (127\.0\.0\.1:\d+)( \{)?/, (_, upstream, block) =>
          [
            'header Content-Security-Policy "default-src *"',
            `reverse_proxy ${upstream} {`,
            ...[
              "header_up -Authorization",
              "header_up -Last-Event-ID",
              "header_up Host elsewhere",
              "header_up -X-Forwarded-For",
            ],
            "header_down -Content-Security-Policy",
            ...(block === undefined ? ["}"] : []),
          ].join("\n"),
        );
    const proxy = started(await startProxy("caddy", port, stage.appliance.app.port, spoil));
    const settings = `baseUrl: "https://127.0.0.1:${port}", listen: { trustProxy: ["127.0.0.1"] }`;
    const { of, status } = await look(stage, settings, { env: { NODE_EXTRA_CA_CERTS: proxy.ca } });
    expect(status).toBe(1);
    expect(of("base URL reached")).toMatchObject([{ status: "ok" }]);
    expect(of("headers").map((one) => [one.status, one.found])).toEqual([
      ["fail", "something on the way drops or changes authorization, last-event-id"],
      ["warn", "something on the way drops or changes content-security-policy of the answers"],
      ["warn", expect.stringContaining("the proxy says elsewhere for Host")],
      ["warn", expect.stringContaining("no X-Forwarded-For arrives")],
    ]);
  });
});

describe("a channel's credentials", () => {
  const SENDER = "+13125550100";

  test("are asked for at Twilio: taken, refused, of a suspended account, of an API key", async () => {
    const stage = started(await Stage.start());
    const peer = started(await startTwilioPeer({ senders: [SENDER], apiKeys: { SK1: "key-secret-1" } }));
    const suspended = started(await startTwilioPeer({ senders: [SENDER], status: "suspended" }));
    const common = `accountSid: "${peer.accountSid}", from: "${SENDER}"`;
    const { of, text, status } = await look(
      stage,
      `channels: {
        good: twilio({ ${common}, authToken: "${peer.authToken}", apiBase: "${peer.url}" }),
        key: twilio({ ${common}, apiKey: "SK1", apiSecret: "key-secret-1", apiBase: "${peer.url}" }),
        wrong: twilio({ ${common}, authToken: "wrong-token-1", apiBase: "${peer.url}" }),
        late: twilio({ ${common}, authToken: "${peer.authToken}", apiBase: "${suspended.url}" }) }`,
    );
    expect(status).toBe(1);
    expect(of("channel good")).toMatchObject([{ status: "ok", found: "twilio; Twilio takes the credentials" }]);
    expect(of("channel key")).toMatchObject([{ status: "ok", found: "twilio; Twilio takes the API key" }]);
    expect(of("channel wrong")).toMatchObject([{ status: "fail", found: expect.stringContaining("(Twilio 20003)") }]);
    expect(of("channel late")).toMatchObject([
      { status: "fail", found: expect.stringContaining("the account is suspended") },
    ]);
    expect(text).not.toMatch(/key-secret-1|wrong-token-1/);
    expect([...peer.messages, ...suspended.messages]).toEqual([]);
  });

  test("are asked for at Slack, both tokens, without taking a socket", async () => {
    const stage = started(await Stage.start());
    const peer = started(await startSlack({ botToken: "xoxb-1-a", appToken: "xapp-1-a", users: [], channels: [] }));
    const { of } = await look(
      stage,
      `channels: {
        good: slack({ botToken: "xoxb-1-a", appToken: "xapp-1-a", apiBase: "${peer.apiBase}" }),
        bot: slack({ botToken: "xoxb-1-b", apiBase: "${peer.apiBase}" }),
        app: slack({ botToken: "xoxb-1-a", appToken: "xapp-1-b", apiBase: "${peer.apiBase}" }) }`,
    );
    expect(of("channel good")).toMatchObject([
      { status: "ok", found: expect.stringContaining("takes the bot token and the app-level token") },
    ]);
    for (const name of ["bot", "app"])
      expect(of(`channel ${name}`)).toMatchObject([
        { status: "fail", found: expect.stringContaining("(Slack invalid_auth)") },
      ]);
    expect(peer.sockets).toHaveLength(0);
  });

  test.skipIf(noAiosmtpd !== null)("are shown to a relay, which is left without a mail", async () => {
    const stage = started(await Stage.start());
    const relay = await startAiosmtpd({ login: { user: "pause", password: "right-1" }, loginInClear: true });
    started({ stop: () => relay.stop() });
    const with_ = (password: string) =>
      `smtp({ url: "smtp://pause:${password}@127.0.0.1:${relay.port}", from: "a@example.com", tls: { startTls: "off", allowUnencryptedLogin: true } })`;
    const open = await startAiosmtpd();
    started({ stop: () => open.stop() });
    const { of, text } = await look(
      stage,
      `channels: { good: ${with_("right-1")}, wrong: ${with_("wrong-1")}, open: smtp({ url: "smtp://127.0.0.1:${open.port}", from: "a@example.com" }) }`,
    );
    expect(of("channel good")).toMatchObject([{ status: "ok", found: "smtp; the relay takes the log-in" }]);
    expect(of("channel open")).toMatchObject([
      { status: "ok", found: "smtp; the relay answers, and no log-in is configured" },
    ]);
    expect(of("channel wrong")).toMatchObject([
      { status: "fail", found: expect.stringContaining("the relay refuses the user name or password in `url`") },
    ]);
    expect(text).not.toMatch(/right-1|wrong-1/);
  });

  test("are shown to a carrier, unless a running server has its session there", async () => {
    const stage = started(await Stage.start());
    const smsc = started(await startSmsc({ systemId: "pause", password: "right-1" }));
    const to = (password: string) =>
      `smpp({ url: "${smsc.url}", systemId: "pause", password: "${password}", from: "${SENDER}" })`;
    const settings = `channels: { good: ${to("right-1")}, wrong: ${to("wrong-1")} }`;
    const beside = await look(stage, settings);
    expect(beside.of("channel wrong")).toMatchObject([
      { status: "ok", found: expect.stringContaining("not asked, since the running server") },
    ]);
    expect(smsc.records).toEqual([]);
    const { of } = await look(stage, settings, { data: stage.path("none") });
    expect(of("channel good")).toMatchObject([{ status: "ok", found: "smpp; the carrier takes the log-in" }]);
    expect(of("channel wrong")).toMatchObject([
      { status: "fail", found: expect.stringContaining("smpp: the carrier refuses the") },
    ]);
    const binds = smsc.records.map(({ pdu }) => pdu?.command ?? "").filter((command) => /^bind_\w+er$/.test(command));
    expect(binds).toEqual(["bind_transmitter", "bind_transmitter"]);
  });

  test("are shown to an ntfy server; of a gateway only the way there is tried, its certificate too", async () => {
    const stage = started(await Stage.start());
    const peer = started(startNtfy({ authorization: "Bearer tk_secret" }));
    const authority = makeAuthority();
    const pair = authority.issue({ names: [], addresses: ["127.0.0.1"] });
    let asked = 0;
    const gateway = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      tls: pair,
      fetch: () => new Response(String(++asked)),
    });
    started({ stop: () => gateway.stop(true) });
    const body = "body: (m) => ({ to: m.to })";
    const url = `url: "https://127.0.0.1:${gateway.port}/send"`;
    const { of } = await look(
      stage,
      `channels: {
        good: ntfy({ url: "${peer.url}", token: "tk_secret" }),
        wrong: ntfy({ url: "${peer.url}", token: "tk_other" }),
        open: ntfy({ url: "${peer.url}" }),
        gw: httpGateway({ ${url}, ${body}, tls: { ca: ${JSON.stringify(authority.ca)} } }),
        strange: httpGateway({ ${url}, ${body} }),
        kan: kannel({ url: "${peer.url}/cgi-bin/sendsms", username: "u", password: "p" }) }`,
    );
    expect(of("channel good")).toMatchObject([{ status: "ok", found: "ntfy; the ntfy server takes the log-in" }]);
    expect(of("channel wrong")).toMatchObject([
      { status: "fail", found: expect.stringContaining("refuses the log-in") },
    ]);
    expect(of("channel open")).toMatchObject([
      { status: "ok", found: expect.stringContaining("no log-in is configured") },
    ]);
    expect(of("channel gw")).toMatchObject([
      { status: "ok", found: expect.stringContaining("takes connections; its credentials were not tried") },
    ]);
    expect(of("channel strange")).toMatchObject([{ status: "fail", found: expect.stringContaining("is not trusted") }]);
    expect(of("channel kan")).toMatchObject([
      { status: "ok", found: expect.stringContaining("Kannel takes connections") },
    ]);
    expect([asked, peer.published]).toEqual([0, []]);
  });
});

test("a name without an address is told with who needs it, of a webhook too", async () => {
  const stage = started(await Stage.start());
  await stage.appliance.post("/v1/webhooks", stage.appliance.keys.test, { url: "https://hooks.nowhere.invalid/x" });
  const { of } = await look(stage, `channels: { push: ntfy({ url: "http://push.nowhere.invalid" }) }`);
  expect(of("names").map(({ status, found }) => [status, found])).toEqual([
    ["fail", expect.stringMatching(/^hooks\.nowhere\.invalid has no address .* needed by whk_/)],
    ["fail", expect.stringMatching(/^push\.nowhere\.invalid has no address .* needed by channel push$/)],
  ]);
});

test("everything ends in time though every peer takes the connection and says nothing, and --offline asks none", async () => {
  const stage = started(await Stage.start());
  let connections = 0;
  const silence = createSilence(() => connections++);
  await new Promise<void>((up) => silence.listen(0, "127.0.0.1", up));
  started({ stop: () => silence.close() });
  const { port } = silence.address() as { port: number };
  const http = `http://127.0.0.1:${port}`;
  const settings = `baseUrl: "${http}", channels: {
    sms: twilio({ accountSid: "AC1", authToken: "x", from: "${"+13125550100"}", apiBase: "${http}" }),
    slack: slack({ botToken: "xoxb-1-a", apiBase: "${http}" }),
    email: smtp({ url: "smtp://127.0.0.1:${port}", from: "a@example.com" }),
    push: ntfy({ url: "${http}" }) }`;
  expect((await look(stage, settings, { args: ["--offline"] })).of("channel sms")).toMatchObject([
    { status: "ok", found: "twilio" },
  ]);
  expect(connections).toBe(0);
  const began = performance.now();
  const { of } = await look(stage, settings, { args: ["--within", "4"] });
  expect(performance.now() - began).toBeLessThan(12_000);
  for (const name of ["sms", "slack", "email", "push"])
    expect(of(`channel ${name}`)).toMatchObject([{ status: "fail", todo: expect.stringMatching(/\.$/) }]);
  expect(of("base URL reached")).toMatchObject([
    { status: "warn", found: expect.stringContaining("did not answer within 2 seconds") },
  ]);
});
