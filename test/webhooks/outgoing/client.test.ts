import { afterEach, describe, expect, test } from "bun:test";
import type { Clock } from "../../../src/platform/clock.ts";
import {
  addressGuard,
  type PostResult,
  type WebhookClientOptions,
  webhookClient,
} from "../../../src/webhooks/outgoing/index.ts";
import { type Receiver, type ReceiverOptions, startReceiver, type Trouble } from "../../peers/receiver.ts";
import { TurnedClock } from "../../support/database.ts";
import { answers, hosts, urls } from "./forms.ts";

const running: { stop(): unknown }[] = [];

afterEach(async () => {
  for (const part of running.splice(0)) await part.stop();
});

async function receiverAt(host = "127.0.0.1", options: ReceiverOptions = {}): Promise<Receiver> {
  const receiver = await startReceiver({ host, ...options });
  running.push(receiver);
  return receiver;
}

const strict = addressGuard({ allowNetworks: [], allowLoopback: false });
/** Takes 127.0.0.2 for a receiver, while 127.0.0.1 stays what must never be reached. */
const onlySecond = addressGuard({ allowNetworks: ["127.0.0.2/32"], allowLoopback: false });

const message = { "webhook-id": "evt_1", "content-type": "application/json" };
const body = '{"type":"pause.responded"}';

/** One attempt, to a receiver on this machine unless the options say otherwise. */
function post(url: string, options: Partial<WebhookClientOptions> = {}, signal?: AbortSignal): Promise<PostResult> {
  const guard = addressGuard({ allowNetworks: [], allowLoopback: true });
  const request = { url, headers: message, body, ...(signal === undefined ? {} : { signal }) };
  return webhookClient({ guard, ...options }).post(request);
}

/** Lets everything go on that waits for nothing but the machine, until the condition holds. */
async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; !holds(); turns++) {
    if (turns > 1_000_000) throw new Error("what was waited for has not come");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("nobody is called", () => {
  test("at any form of an address inside, over http or https, whatever the resolver says", async () => {
    const inside = await receiverAt("127.0.0.1");
    const inside6 = await receiverAt("::1", { port: inside.port });
    // The worst that a name can lead to.
    const client = webhookClient({ guard: strict, resolve: async () => ["127.0.0.1", "::1"] });
    const forms = [
      ...Object.values(hosts)
        .flat()
        .flatMap((host) => [`http://${host}:{port}/`, `https://${host}:{port}/`]),
      ...urls,
    ].map((url) => url.replaceAll("{port}", String(inside.port)));
    for (const url of forms) {
      const result = await client.post({ url, headers: message, body });
      expect([url, result.kind]).toEqual([url, "refused"]);
    }
    expect(inside.connections + inside6.connections).toBe(0);
    expect(forms.length).toBeGreaterThan(400);
  });

  test("at a name whose addresses are all inside", async () => {
    const inside = await receiverAt("127.0.0.1");
    const inside6 = await receiverAt("::1", { port: inside.port });
    const client = webhookClient({ guard: strict, resolve: async (name) => answers[name] ?? [] });
    for (const name of Object.keys(answers)) {
      for (const scheme of ["http", "https"]) {
        const url = `${scheme}://${name}:${inside.port}/`;
        const result = await client.post({ url, headers: message, body });
        expect([url, result]).toEqual([
          url,
          { kind: "refused", error: expect.stringMatching(/^the name leads to [^0-9:]+( IPv[46] [^0-9:]+)*$/) },
        ]);
      }
    }
    expect(inside.connections + inside6.connections).toBe(0);
  });

  test("at a name of the system's own, which leads to this machine", async () => {
    const inside = await receiverAt();
    const guard = addressGuard({ allowNetworks: ["10.0.0.0/8"], allowLoopback: false });
    const result = await post(`http://localhost:${inside.port}/`, { guard });
    expect(result).toEqual({ kind: "refused", error: "the name leads to a loopback address" });
    expect(inside.connections).toBe(0);
  });

  test("at a proxy of the environment", async () => {
    const proxy = await receiverAt();
    const receiver = await receiverAt();
    const source = new URL("../../../src/webhooks/outgoing/index.ts", import.meta.url).pathname;
    const script = `
      import { addressGuard, webhookClient } from ${JSON.stringify(source)};
      const client = webhookClient({ guard: addressGuard({ allowNetworks: [], allowLoopback: true }) });
      console.log(JSON.stringify(await client.post({ url: ${JSON.stringify(`${receiver.url}/`)}, headers: {}, body: "x" })));`;
    const proxies = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    const child = Bun.spawn([process.execPath, "-e", script], {
      env: {
        ...process.env,
        ...Object.fromEntries(proxies.map((name) => [name, proxy.url])),
        NODE_USE_ENV_PROXY: "1",
        NO_PROXY: "",
        no_proxy: "",
      },
      stdout: "pipe",
    });
    expect(JSON.parse(await new Response(child.stdout).text())).toMatchObject({ kind: "answered", status: 204 });
    expect([proxy.connections, receiver.connections]).toEqual([0, 1]);
  });
});

describe("a name is resolved once", () => {
  test("so that an answer that changes after the check changes nothing", async () => {
    const receiver = await receiverAt("127.0.0.2");
    const inside = await receiverAt("127.0.0.1", { port: receiver.port });
    let asked = 0;
    const resolve = async () => (asked++ === 0 ? ["127.0.0.2"] : ["127.0.0.1"]);
    // The system's resolver would say 127.0.0.1 for this name.
    const result = await post(`http://localhost:${receiver.port}/`, { guard: onlySecond, resolve });
    expect(result).toMatchObject({ kind: "answered", status: 204 });
    expect([receiver.connections, inside.connections, asked]).toEqual([1, 0, 1]);
    expect(receiver.requests[0]?.headers.host).toBe(`localhost:${receiver.port}`);
  });

  test("and at the next attempt anew, to be refused by what it is then", async () => {
    const receiver = await receiverAt("127.0.0.2");
    const inside = await receiverAt("127.0.0.1", { port: receiver.port });
    let asked = 0;
    const client = webhookClient({
      guard: onlySecond,
      resolve: async () => (asked++ === 0 ? ["127.0.0.2"] : ["127.0.0.1"]),
    });
    const request = { url: `http://rebind.example.com:${receiver.port}/`, headers: message, body };
    expect((await client.post(request)).kind).toBe("answered");
    expect((await client.post(request)).kind).toBe("refused");
    expect([receiver.connections, inside.connections]).toEqual([1, 0]);
  });

  test("and of its addresses only those are called that are allowed", async () => {
    const receiver = await receiverAt("127.0.0.2");
    const inside = await receiverAt("127.0.0.1", { port: receiver.port });
    const resolve = async () => ["10.0.0.1", "127.0.0.1", "127.0.0.2", "::1"];
    const result = await post(`http://split.example.com:${receiver.port}/`, { guard: onlySecond, resolve });
    expect(result).toMatchObject({ kind: "answered", status: 204 });
    expect([receiver.connections, inside.connections]).toEqual([1, 0]);
  });

  test("and the next address is tried when nobody listens at the first", async () => {
    const receiver = await receiverAt("127.0.0.2");
    const guard = addressGuard({ allowNetworks: ["127.0.0.0/8"], allowLoopback: false });
    const resolve = async () => ["127.0.0.3", "127.0.0.2"];
    expect(await post(`http://two.example.com:${receiver.port}/`, { guard, resolve })).toMatchObject({ status: 204 });
  });
});

describe("a webhook arrives", () => {
  test("as it was handed in, at the path of the URL, with nothing of this machine added", async () => {
    const receiver = await receiverAt();
    await post(`http://127.0.0.1:${receiver.port}/a%20b?c=d`);
    const [request] = receiver.requests;
    expect([request?.method, request?.path, request?.body.toString()]).toEqual(["POST", "/a%20b?c=d", body]);
    expect(request?.headers).toEqual({
      ...message,
      host: `127.0.0.1:${receiver.port}`,
      "content-length": String(body.length),
      "accept-encoding": "identity",
      connection: "close",
    });
  });

  test("byte for byte, also when they are no text", async () => {
    const receiver = await receiverAt();
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const guard = addressGuard({ allowNetworks: [], allowLoopback: true });
    await webhookClient({ guard }).post({ url: `${receiver.url}/`, headers: {}, body: bytes });
    expect(new Uint8Array(receiver.requests[0]!.body)).toEqual(bytes);
  });

  test("at an IPv6 address", async () => {
    const receiver = await receiverAt("::1");
    expect(await post(`${receiver.url}/`)).toMatchObject({ kind: "answered", status: 204 });
    expect(receiver.requests[0]?.headers.host).toBe(`[::1]:${receiver.port}`);
  });

  test("at a network that the operator allows", async () => {
    const receiver = await receiverAt("127.0.0.2");
    expect(await post(`${receiver.url}/`, { guard: onlySecond })).toMatchObject({ kind: "answered", status: 204 });
    expect(await post(`http://[::ffff:127.0.0.2]:${receiver.port}/`, { guard: onlySecond })).toMatchObject({
      status: 204,
    });
  });

  test("without being followed to where a redirect points", async () => {
    const receiver = await receiverAt();
    const elsewhere = await receiverAt();
    for (const status of [301, 302, 303, 307, 308]) {
      receiver.behave({ status, headers: { Location: `${elsewhere.url}/admin` } });
      expect(await post(`${receiver.url}/`)).toMatchObject({ kind: "answered", status });
    }
    expect([receiver.connections, elsewhere.connections]).toEqual([5, 0]);
  });
});

describe("an answer is told", () => {
  test("with its status and the first kilobyte of its body", async () => {
    const receiver = await receiverAt();
    for (const status of [200, 204, 410, 429, 500]) {
      receiver.behave({ status, body: status === 204 ? "" : `says ${status}` });
      expect(await post(`${receiver.url}/`)).toEqual({
        ...{ kind: "answered", status, retryAfterMs: null, excerpt: status === 204 ? "" : `says ${status}` },
        latencyMs: expect.any(Number),
      });
    }
  });

  test("as text that can be stored and shown, whatever bytes it has", async () => {
    const receiver = await receiverAt();
    const excerpt = async (bytes: string | Uint8Array) => {
      receiver.behave({ status: 200, body: bytes });
      const result = await post(`${receiver.url}/`);
      return result.kind === "answered" ? result.excerpt : result.error;
    };
    expect(await excerpt("a\u0000b\u001b[31mc\u009bd\r\n\te")).toBe("a\ufffdb\ufffd[31mc\ufffdd\r\n\te");
    expect(await excerpt(Uint8Array.of(0x61, 0xff, 0x62))).toBe("a\ufffdb");
    // Three bytes each: the cut goes through the 342nd.
    expect(await excerpt("€".repeat(1000))).toBe("€".repeat(341));
    expect(await excerpt("x".repeat(1025))).toBe("x".repeat(1024));
  });

  test("without unpacking what is packed", async () => {
    const receiver = await receiverAt();
    receiver.behave({ trouble: "bomb" });
    const result = await post(`${receiver.url}/`);
    expect(result.kind === "answered" && result.excerpt.length).toBeLessThanOrEqual(1024);
    expect(result.kind === "answered" && result.excerpt).not.toContain("aaaa");
  });

  test("with the time that the receiver asks for, in seconds or as a date", async () => {
    const clock = new TurnedClock(Date.UTC(1994, 10, 6, 8, 49, 0));
    const receiver = await receiverAt();
    const asked = async (value: string) => {
      receiver.behave({ status: 429, headers: { "Retry-After": value } });
      const result = await post(`${receiver.url}/`, { clock });
      return result.kind === "answered" ? result.retryAfterMs : result;
    };
    expect(await asked("120")).toBe(120_000);
    expect(await asked("0")).toBe(0);
    expect(await asked("Sun, 06 Nov 1994 08:49:37 GMT")).toBe(37_000);
    expect(await asked("Sunday, 06-Nov-94 08:49:37 GMT")).toBe(37_000);
    expect(await asked("Sun Nov  6 08:49:37 1994")).toBe(37_000);
    expect(await asked("Sun, 06 Nov 1994 08:48:00 GMT")).toBe(0);
    for (const nonsense of ["soon", "-1", "1.5", "1e9", "99999999999", "2026-11-25T00:00:00Z", ""]) {
      expect([nonsense, await asked(nonsense)]).toEqual([nonsense, null]);
    }
  });
});

describe("an attempt ends", () => {
  const HOLDING: readonly Trouble[] = ["hang", "hang in head", "drip"];
  for (const trouble of HOLDING) {
    test(`at its deadline and not before, when the receiver makes it wait: ${trouble}`, async () => {
      const clock = new TurnedClock();
      const receiver = await receiverAt();
      receiver.behave({ trouble });
      const attempt = post(`${receiver.url}/`, { clock });
      let isOver = false;
      void attempt.then(() => {
        isOver = true;
      });
      await receiver.nextRequest();
      clock.turn(14_999);
      for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
      expect(isOver).toBe(false);
      clock.turn(1);
      expect(await attempt).toEqual({ kind: "failed", error: "no whole answer within 15 s", latencyMs: 15_000 });
      await until(() => receiver.open === 0);
    });
  }

  test("at its deadline when the resolver says nothing, or TLS gets no reply", async () => {
    const clock = new TurnedClock();
    const receiver = await receiverAt();
    let isAsked = false;
    const silent = () => {
      isAsked = true;
      return new Promise<string[]>(() => {});
    };
    const unresolved = post("https://example.com/", { clock, resolve: silent });
    const unshaken = post(`https://127.0.0.1:${receiver.port}/`, { clock });
    await until(() => isAsked && receiver.open === 1);
    clock.turn(15_000);
    for (const attempt of [unresolved, unshaken]) {
      expect(await attempt).toEqual({ kind: "failed", error: "no whole answer within 15 s", latencyMs: 15_000 });
    }
    await until(() => receiver.open === 0);
  });

  test("when it is stopped, also before it began", async () => {
    const receiver = await receiverAt();
    receiver.behave({ trouble: "hang" });
    const stop = new AbortController();
    const attempt = post(`${receiver.url}/`, {}, stop.signal);
    await receiver.nextRequest();
    stop.abort();
    const stopped = { kind: "failed", error: "the attempt was stopped before the receiver answered" };
    expect(await attempt).toMatchObject(stopped);
    await until(() => receiver.open === 0);
    expect(await post(`${receiver.url}/`, {}, stop.signal)).toMatchObject(stopped);
    expect(receiver.connections).toBe(1);
  });

  const TOLD: Partial<Record<Trouble, string>> = {
    reset: "the connection was closed before a whole answer came",
    close: "the connection was closed before a whole answer came",
    "cut head": "the connection was closed before a whole answer came",
    "cut body": "the connection was closed before a whole answer came",
    "switch protocols": "the receiver wants to switch to another protocol (101)",
    "not http": "the answer is not valid HTTP (HPE_INVALID_CONSTANT)",
    "endless header": "the head of the answer is longer than 16 kB",
    "endless headers": "the head of the answer is longer than 16 kB",
    "endless trailers": "the head of the answer is longer than 16 kB",
    "endless chunk size": "the answer is endless",
    "endless interim answers": "the answer is endless",
    "endless empty lines": "the answer is endless",
  };
  for (const [trouble, error] of Object.entries(TOLD)) {
    test(`by itself, its connection cut, with plain words for: ${trouble}`, async () => {
      const receiver = await receiverAt();
      receiver.behave({ trouble: trouble as Trouble });
      // The clock stands: no deadline ends it.
      const result = await post(`${receiver.url}/`, { clock: new TurnedClock() });
      expect(result).toEqual({ kind: "failed", error, latencyMs: 0 });
      await until(() => receiver.open === 0);
    });
  }

  test("with plain words when nobody listens, and when the name does not resolve", async () => {
    const receiver = await startReceiver();
    await receiver.stop();
    expect(await post(`${receiver.url}/`)).toMatchObject({ kind: "failed", error: "the connection was refused" });
    const unknown = { kind: "failed", error: "the name does not resolve" };
    expect(await post("http://example.com/", { resolve: async () => [] })).toMatchObject(unknown);
    const failing = (code: string) => async () => {
      throw Object.assign(new Error(`getaddrinfo ${code}`), { code });
    };
    expect(await post("http://example.com/", { resolve: failing("ENOTFOUND") })).toMatchObject(unknown);
    expect(await post("http://example.com/", { resolve: failing("EAI_AGAIN") })).toMatchObject({
      ...{ kind: "failed", error: "the name cannot be resolved now" },
    });
  });

  test("as soon as a kilobyte of the answer is there, its connection cut", async () => {
    const receiver = await receiverAt();
    receiver.behave({ trouble: "hang in body" });
    const result = await post(`${receiver.url}/`, { clock: new TurnedClock() });
    expect(result).toMatchObject({ kind: "answered", status: 200, excerpt: "a".repeat(1024) });
    await until(() => receiver.open === 0);
  });

  test("and leaves no timer behind", async () => {
    const receiver = await receiverAt();
    const turned = new TurnedClock();
    let armed = 0;
    const clock: Clock = {
      now: () => turned.now(),
      after(milliseconds, callback) {
        armed += 1;
        const cancel = turned.after(milliseconds, callback);
        return () => {
          armed -= 1;
          cancel();
        };
      },
    };
    receiver.behave({ status: 200 });
    receiver.behave({ trouble: "reset" });
    for (const url of [`${receiver.url}/`, `${receiver.url}/`, "http://10.0.0.1/"]) await post(url, { clock });
    expect(armed).toBe(0);
  });

  test("after a kilobyte of ten megabytes, with no more memory than for any other", async () => {
    const receiver = await receiverAt();
    receiver.behave({ trouble: "flood" }, 40);
    const result = await post(`${receiver.url}/`);
    expect(result).toMatchObject({ kind: "answered", status: 200, excerpt: "a".repeat(1024) });
    Bun.gc(true);
    const before = process.memoryUsage.rss();
    for (let round = 1; round < 40; round++) await post(`${receiver.url}/`);
    Bun.gc(true);
    // 39 times ten megabytes were on offer.
    expect(process.memoryUsage.rss() - before).toBeLessThan(60e6);
    await until(() => receiver.open === 0);
  });
});
