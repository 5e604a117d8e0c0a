import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { httpGatewaySchema } from "../../../src/platform/config/http-gateway.ts";
import { twilioSchema } from "../../../src/platform/config/twilio.ts";
import { freePorts } from "../../peers/ports.ts";
import { twilioSignature } from "../../peers/twilio.ts";
import { question } from "../../support/appliance.ts";
import { eventually } from "../../support/eventually.ts";
import { testNeeding } from "../../support/needs.ts";
import {
  type Behind,
  behind,
  curl,
  exchange,
  HOST,
  type ProxyName,
  proxies,
  startProxy,
  stopWhatIsLeft,
} from "./stage.ts";

const AUTH_TOKEN = "1".repeat(32);
const asJson = (body: unknown) => ["--json", JSON.stringify(body)];
const asForm = (fields: Record<string, string>) => ["--data", new URLSearchParams(fields).toString()];

/** The addresses that a pause's page was opened from, as the log has them. */
async function openedFrom({ appliance }: Behind, pauseId: string): Promise<unknown[]> {
  const told = await appliance.told(appliance.keys.test, pauseId);
  return told.filter(({ type }) => type === "pause.opened").map(({ data }) => data.ip);
}

/** A new question, and the link to it. */
async function newLink({ appliance }: Behind): Promise<{ id: string; link: string }> {
  const pause = await appliance.ask(appliance.keys.test);
  const [message] = await appliance.messages(pause);
  return { id: pause.pause_id, link: message?.link ?? "" };
}

// Each asks many times, through programs that are started for it.
setDefaultTimeout(30_000);
afterAll(stopWhatIsLeft);

const there = { caddy: testNeeding("caddy", "curl"), nginx: testNeeding("nginx", "curl") };
const bothTest = testNeeding("caddy", "nginx", "curl");

describe.each(proxies)("behind %s", (name: ProxyName) => {
  const proxyTest = there[name];
  let stage: Behind;
  let key: string;
  beforeAll(async () => {
    if (proxyTest !== test) return;
    const gateway = httpGatewaySchema.parse({
      kind: "httpGateway",
      url: "http://127.0.0.1:1/send",
      body: { json: { to: "{{to}}", text: "{{text}}" } },
      hooks: { allowFrom: ["127.0.0.9/32"] },
      receipts: { statusPath: "status", delivered: ["delivered"], failed: ["undelivered"] },
    });
    const twilio = twilioSchema.parse({
      kind: "twilio",
      accountSid: "AC1",
      authToken: AUTH_TOKEN,
      from: "+13125550100",
      apiBase: "http://127.0.0.1:1",
    });
    stage = await behind(name, (config) => ({
      ...config,
      channels: { sms: twilio, gateway },
      channelsConfigured: true,
    }));
    key = stage.appliance.keys.test;
  });
  afterAll(() => stage?.stop());

  proxyTest(
    "a question is asked, shown and answered, over HTTP/2 and HTTP/1.1, and links lead to the proxy",
    async () => {
      const { client, appliance, url } = stage;
      for (const version of ["2", "1.1"]) {
        const words = [version === "2" ? "--http2" : "--http1.1"];
        const created = await client("/v1/pause", { key, words: [...words, ...asJson(question())] });
        expect([created.status, created.version]).toEqual([201, version]);
        const held = client(`/v1/pause/${created.body.pause_id}?wait=120`, { key, words });
        await appliance.held(1);
        const [message] = await appliance.messages(created.body);
        expect(message?.link).toStartWith(`${url}/r/`);
        const page = await client(message?.link ?? "", { words });
        expect(page.text).toContain("Pay the invoice?");
        expect(page.headers.get("strict-transport-security")).toBe("max-age=31536000");
        expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
        const answer = await client(message?.link ?? "", { words: [...words, ...asForm({ choice: "Approve" })] });
        expect([answer.status, answer.headers.get("location")]).toEqual([303, new URL(message?.link ?? "").pathname]);
        expect((await held).body).toMatchObject({ status: "responded", response_choice: "Approve" });
      }
    },
  );

  proxyTest("the longest wait is held to its end, and what leaves early is let go", async () => {
    const { client, appliance } = stage;
    const { pause_id } = await appliance.ask(key);
    const held = client(`/v1/pause/${pause_id}?wait=120`, { key });
    await appliance.held(1);
    appliance.clock.turn(120_000);
    expect((await held).body).toMatchObject({ status: "pending" });
    const leaving = client(`/v1/pause/${pause_id}?wait=120`, { key, words: ["--max-time", "0.5"] });
    await expect(leaving).rejects.toThrow("curl ended with 28");
    await appliance.held(0);
  });

  proxyTest("events arrive as they happen", async () => {
    const { proxy, appliance, url } = stage;
    const child = Bun.spawn(
      [
        ...["curl", "-sSN", "--max-time", "20", "--cacert", proxy.ca, "--resolve", `${HOST}:${proxy.port}:127.0.0.1`],
        ...["-H", `Authorization: Bearer ${key}`, `${url}/v1/events`],
      ],
      { stdout: "pipe", stderr: "inherit" },
    );
    await eventually(
      () => appliance.app.listening,
      (listening) => listening === 1,
    );
    const asked: string[] = [];
    let text = "";
    for await (const chunk of child.stdout) {
      text += new TextDecoder().decode(chunk);
      // Each is asked for once the one before has arrived: nothing may wait for more to fill a buffer.
      if (asked.every((id) => text.includes(id))) {
        if (asked.length === 3) break;
        asked.push((await appliance.ask(key)).pause_id);
      }
    }
    child.kill();
    expect(text.match(/^event: pause\.created$/gm)?.length).toBe(3);
    await eventually(
      () => appliance.app.listening,
      (listening) => listening === 0,
    );
  });

  proxyTest("an agent waits over MCP, and hears of progress meanwhile", async () => {
    const { client, appliance } = stage;
    const { pause_id } = await appliance.ask(key);
    const call = {
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "poll_pause_request", arguments: { pause_id }, _meta: { progressToken: 1 } },
    };
    const headers = ["Accept: application/json, text/event-stream", `Origin: https://${HOST}`];
    const answer = client("/mcp", { key, headers, words: asJson(call) });
    await appliance.held(1);
    await appliance.post(`/v1/test/pause/${pause_id}/respond`, key, { choice: "Reject" });
    const { status, text } = await answer;
    expect([status, text]).toEqual([200, expect.stringContaining('"response_choice":"Reject"')]);
    expect(text).toContain("notifications/progress");
    const elsewhere = await client("/mcp", { key, headers: ["Origin: https://evil.example"], words: asJson(call) });
    expect(elsewhere.status).toBe(403);
  });

  proxyTest("the log has the client's address, over IPv4 and IPv6, whatever the client says of itself", async () => {
    const forged = [
      "X-Forwarded-For: 203.0.113.5",
      "X-Real-IP: 203.0.113.5",
      "Forwarded: for=203.0.113.5;proto=http;host=evil.example",
      "X-Forwarded-Host: evil.example",
      "X-Forwarded-Proto: http",
    ];
    for (const [asking, address] of [
      [{ from: "127.0.0.9" }, "127.0.0.9"],
      [{ over: "[::1]" }, "::1"],
      [{ from: "127.0.0.9", headers: forged }, "127.0.0.9"],
      [{ over: "[::1]", headers: forged }, "::1"],
      [{ from: "127.0.0.9", headers: [...forged, "X-Forwarded-For: 203.0.113.6"] }, "127.0.0.9"],
      // A header named here is one for the next hop alone (RFC 9110, 7.6.1): the proxy's own must not go with it.
      [{ from: "127.0.0.9", headers: ["Connection: close, X-Forwarded-For"], words: ["--http1.1"] }, "127.0.0.9"],
    ] as const) {
      const { id, link } = await newLink(stage);
      const page = await stage.client(link, asking);
      expect([page.status, await openedFrom(stage, id)]).toEqual([200, [address]]);
      expect(page.text).not.toContain("evil.example");
    }
    expect(stage.appliance.logged).toEqual([]);
  });

  proxyTest("forged links are counted for each client, not for the proxy", async () => {
    const forge = (from: string, n: number) =>
      stage.client(`/r/${"A".repeat(52)}`, { from, headers: [`X-Forwarded-For: 203.0.113.${n}`] });
    const statuses: number[] = [];
    for (let n = 0; n < 31; n++) statuses.push((await forge("127.0.0.77", n)).status);
    expect(statuses).toEqual([...Array(30).fill(404), 429]);
    expect((await forge("127.0.0.78", 0)).status).toBe(404);
  });

  proxyTest("who calls back is known by the address, and by a signature over the public one", async () => {
    const receipt = (from: string) =>
      stage.client("/hooks/gateway/receipt?id=1&status=delivered", {
        from,
        headers: ["X-Forwarded-For: 127.0.0.9"],
        words: ["--get"],
      });
    expect((await receipt("127.0.0.10")).status).toBe(403);
    expect((await receipt("127.0.0.9")).status).not.toBe(403);

    const fields = { From: "+13128471928", To: "+13125550100", Body: "hello", MessageSid: "SM1", AccountSid: "AC1" };
    const inbound = (signedFor: string) =>
      stage.client("/hooks/sms/inbound", {
        headers: [`X-Twilio-Signature: ${twilioSignature(AUTH_TOKEN, signedFor, fields)}`],
        words: asForm(fields),
      });
    expect((await inbound(`${stage.url}/hooks/sms/inbound`)).status).toBe(200);
    expect((await inbound(`${stage.appliance.app.url}/hooks/sms/inbound`)).status).toBe(403);
  });

  proxyTest("a body over 64 kB gets PausePoint's own 413, one over 1 MB is never taken", async () => {
    const file = Bun.file(join(stage.proxy.ca, "../body"));
    const send = async (version: string, length: number) => {
      await file.write(JSON.stringify(question()).padEnd(length, " "));
      const headers = ["Content-Type: application/json", "Expect:"];
      return stage.client("/v1/pause", { key, headers, words: [version, "--data-binary", `@${file.name}`] });
    };
    const before = stage.appliance.count("SELECT count(*) FROM pauses");
    for (const version of ["--http1.1", "--http2"]) {
      expect((await send(version, 65_536)).status).toBe(201);
      for (const length of [65_537, 1_000_000]) {
        const { status, body } = await send(version, length);
        expect([length, status, body.type]).toEqual([length, 413, "/problems/too-large"]);
      }
      // Bun closes without having read it: what Caddy is still sending then may break off before the answer is read.
      const beyond = await send(version, 1_048_577).then(
        ({ status }) => status,
        () => 0,
      );
      expect(name === "nginx" ? [413] : [413, 502, 0]).toContain(beyond);
    }
    expect(stage.appliance.count("SELECT count(*) FROM pauses")).toBe(before + 2);
  });

  proxyTest("a head of 15 kB gets through, one over 16 kB does not", async () => {
    const padded = (lines: number) => {
      const padding = Array.from({ length: lines }, (_, n) => `X-Padding-${n}: ${"x".repeat(1_000)}\r\n`).join("");
      return `GET /healthz HTTP/1.1\r\nHost: ${HOST}:${stage.proxy.port}\r\nConnection: close\r\n${padding}\r\n`;
    };
    expect(await exchange(stage.proxy, padded(14))).toStartWith("HTTP/1.1 200");
    // Bun closes without reading on, which now and then reaches the proxy before its answer.
    expect(await exchange(stage.proxy, padded(18))).toMatch(/^HTTP\/1\.1 (431|502) /);
    expect(await exchange(stage.proxy, padded(36))).toMatch(
      name === "nginx" ? /^HTTP\/1\.1 400 / : /^HTTP\/1\.1 (431|502) /,
    );
    const long = `GET /healthz HTTP/1.1\r\nHost: ${HOST}:${stage.proxy.port}\r\nConnection: close\r\nX: ${"x".repeat(9_000)}\r\n\r\n`;
    expect(await exchange(stage.proxy, long)).toStartWith(`HTTP/1.1 ${name === "nginx" ? 400 : 200}`);
  });

  proxyTest(
    "a client that sends slowly is cut off, and one that waits for an answer is not",
    async () => {
      const hasty = (file: string) =>
        file.replaceAll(/((?:read_header|read_body|client_header_timeout|client_body_timeout) +)1[05]s/g, "$11s");
      const slow = await behind(name, undefined, hasty);
      const { keys } = slow.appliance;
      const { pause_id } = await slow.appliance.ask(keys.test);
      const waiting = slow.client(`/v1/pause/${pause_id}?wait=120`, { key: keys.test, words: ["--http1.1"] });
      await slow.appliance.held(1);
      const head = `POST /v1/pause HTTP/1.1\r\nHost: ${HOST}:${slow.proxy.port}\r\n`;
      expect(await exchange(slow.proxy, head)).toMatch(/^(HTTP\/1\.1 408|$)/);
      expect(slow.appliance.app.waiting).toBe(1);
      await slow.appliance.post(`/v1/test/pause/${pause_id}/respond`, keys.test, { choice: "Approve" });
      expect((await waiting).body.status).toBe("responded");

      const auth = `Authorization: Bearer ${keys.test}\r\nContent-Type: application/json`;
      let done = false;
      const cut = exchange(slow.proxy, `${head}${auth}\r\nContent-Length: 100\r\n\r\n{"recipient":`).finally(() => {
        done = true;
      });
      // nginx waits for a body itself; Caddy passes on what has come, and PausePoint gives the rest ten seconds.
      while (!done && name === "caddy") {
        await new Promise((turned) => setImmediate(turned));
        slow.appliance.clock.turn(100);
      }
      expect(await cut).toMatch(name === "caddy" ? /^HTTP\/1\.1 408 [\s\S]*request-timeout/ : /^(HTTP\/1\.1 408|$)/);
      expect(slow.appliance.count("SELECT count(*) FROM pauses")).toBe(1);
      await slow.stop();
    },
    120_000,
  );

  proxyTest(
    "no path of a question's page stands in what the proxy writes, also when PausePoint is away",
    async () => {
      const away = await behind(name);
      const { link } = await newLink(away);
      const token = new URL(link).pathname.slice("/r/".length);
      expect((await away.client(link)).status).toBe(200);
      await away.appliance.app.stop();
      expect((await away.client(link)).status).toBe(502);
      expect((await away.client("/v1/pause")).status).toBe(502);
      const written = await eventually(
        () => away.proxy.written(),
        (text) => text.includes("/v1/pause"),
      );
      expect(written).not.toContain(token);
      await away.proxy.stop();
    },
    120_000,
  );

  proxyTest("a proxy that nobody named is told of once, and its clients' addresses are its own", async () => {
    const unnamed = await behind(name, (config) => ({ ...config, listen: { ...config.listen, trustProxy: [] } }));
    const { id, link } = await newLink(unnamed);
    for (let times = 0; times < 3; times++) await unnamed.client(link, { from: "127.0.0.9" });
    expect(await openedFrom(unnamed, id)).toEqual(["127.0.0.1"]);
    expect(unnamed.appliance.logged).toEqual([expect.stringContaining('listen.trustProxy peer="127.0.0.1"')]);
    await unnamed.stop();
  });
});

describe("more than one proxy", () => {
  bothTest("is looked through from the right, up to the first that is not trusted", async () => {
    // Caddy is what clients reach; nginx stands behind it, and adds Caddy's address to what that says.
    const adding = (file: string) =>
      file
        .replace("X-Forwarded-For $remote_addr", "X-Forwarded-For $proxy_add_x_forwarded_for")
        .replaceAll(" ssl http2;", ";")
        .replaceAll(/^ +ssl_.*$/gm, "");
    const inner = await behind("nginx", (config) => config, adding);
    const [outerPort = 0] = await freePorts(1);
    const outer = await startProxy("caddy", outerPort, inner.proxy.port);
    const { id, link } = await newLink(inner);
    const url = `https://${HOST}:${outer.port}${new URL(link).pathname}`;
    const { status } = await curl(url, outer, { from: "127.0.0.9", headers: ["X-Forwarded-For: 203.0.113.5"] });
    expect([status, await openedFrom(inner, id)]).toEqual([200, ["127.0.0.9"]]);
    await outer.stop();
    await inner.stop();
  });
});

describe("the file for nginx", () => {
  const file = readFileSync(join(import.meta.dir, "../../../examples/reverse-proxy/nginx.conf"), "utf8");

  test("holds a request for longer than the longest wait", () => {
    expect(Number(/proxy_read_timeout (\d+)s;/.exec(file)?.[1])).toBeGreaterThan(120);
  });

  there.nginx("puts nothing of a question or an answer into files of nginx's own, also for a slow reader", async () => {
    // With little room in the socket, so that the reader is slow for nginx too.
    const telling = (text: string) =>
      text.replace(/(error_log \S+\/written);/, "$1 warn;").replaceAll(" ssl http2;", " ssl http2 sndbuf=16k;");
    const untold = (text: string) =>
      telling(text).replaceAll(/^ +(client_body_buffer|proxy_max_temp_file)_size .*$/gm, "");
    for (const [change, times] of [
      [telling, 0],
      [untold, 2],
    ] as const) {
      const stage = await behind("nginx", undefined, change);
      const body = JSON.stringify(question()).padEnd(60_000, " ");
      const created = await stage.client("/v1/pause", { key: stage.appliance.keys.test, words: ["--json", body] });
      expect(created.status).toBe(201);
      const metadata = { kept: "x".repeat(16_000) };
      for (let n = 0; n < 90; n++) await stage.appliance.ask(stage.appliance.keys.test, { metadata });
      const asking = { key: stage.appliance.keys.test, words: ["--limit-rate", "2m", "--http1.1"] };
      expect((await stage.client("/v1/pause?limit=100", asking)).text.length).toBeGreaterThan(1_000_000);
      expect(stage.proxy.written().match(/buffered to a temporary file/g)?.length ?? 0).toBe(times);
      await stage.stop();
    }
  });

  there.nginx("is what decides that: with a second in its place, nginx cuts the wait off", async () => {
    const stage = await behind("nginx", undefined, (text) =>
      text.replace("proxy_read_timeout 150s", "proxy_read_timeout 1s"),
    );
    const { pause_id } = await stage.appliance.ask(stage.appliance.keys.test);
    const { status } = await stage.client(`/v1/pause/${pause_id}?wait=120`, { key: stage.appliance.keys.test });
    expect(status).toBe(504);
    await stage.stop();
  });
});
