import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Appliance, question, startAppliance } from "../support/appliance.ts";
import { exchange, openSocket, problemOf, request, statusOf } from "./raw-socket.ts";

let appliance: Appliance;
let port: number;
let key: string;
let auth: string;
beforeAll(async () => {
  appliance = await startAppliance();
  ({ port } = appliance.app);
  key = appliance.keys.test;
  auth = `Authorization: Bearer ${key}`;
});
afterAll(async () => {
  // Whatever came over these sockets, nothing broke inside.
  expect(appliance.logged.filter((line) => !line.includes(" X-Forwarded-For was ignored"))).toEqual([]);
  await appliance.stop();
});

const HOST = "Host: approve.example.com";
const JSON_TYPE = "Content-Type: application/json";
const body = JSON.stringify(question());
const pauses = () => appliance.count("SELECT count(*) FROM pauses");
const turnOfLoop = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("a Host", () => {
  test("never moves the path: short, hostile or missing in HTTP/1.0, the same route answers", async () => {
    for (const host of ["Host: x", "Host: a.b", "Host: x:1", "Host: evil.example", "Host: 127.0.0.1", HOST]) {
      expect(statusOf(await exchange(port, request("GET /v1/pause HTTP/1.1", [host, auth])))).toBe(200);
      // Behind a short Host a router that counts characters would find /v1/pause in these.
      for (const path of ["/pp/v1/pause", "/p/v1/pause", "/x/v1/pause", "/ppp/v1/pause"])
        expect(statusOf(await exchange(port, request(`GET ${path} HTTP/1.1`, [host, auth])))).toBe(404);
    }
    expect(statusOf(await exchange(port, request("GET /v1/pause HTTP/1.0", [auth])))).toBe(200);
    expect(statusOf(await exchange(port, request("GET /v1/pause HTTP/1.0")))).toBe(401);
    expect(statusOf(await exchange(port, request("GET /v1/pause?limit=0 HTTP/1.0", [auth])))).toBe(422);
    expect(statusOf(await exchange(port, request("GET /v1/pause HTTP/1.1", [auth])))).toBe(400);
  });

  test("is never believed: links and Location know nothing of it", async () => {
    const text = await exchange(
      port,
      request("POST /v1/pause HTTP/1.1", ["Host: evil.example", auth, JSON_TYPE], body),
    );
    expect(statusOf(text)).toBe(201);
    expect(text).not.toContain("evil.example");
    const pause = JSON.parse(text.slice(text.indexOf("\r\n\r\n") + 4));
    expect((await appliance.messages(pause))[0]?.link).toStartWith(`${appliance.app.baseUrl}/r/`);
  });
});

describe("a path", () => {
  test("in another spelling is no route", async () => {
    for (const path of [
      "//v1/pause",
      "/x//v1/pause",
      "//evil.example/v1/pause",
      "/v1/%70ause",
      "/v1/pause#x",
      "/v1/pause;x",
    ]) {
      const text = await exchange(port, request(`GET ${path} HTTP/1.1`, [HOST, auth]));
      expect([path, problemOf(text)?.type]).toEqual([path, "/problems/not-found"]);
    }
  });
});

describe("a method", () => {
  test("TRACE and CONNECT are 405 with Allow, and echo nothing", async () => {
    for (const start of [
      "TRACE /v1/pause HTTP/1.1",
      "CONNECT example.com:443 HTTP/1.1",
      "CONNECT /v1/pause HTTP/1.1",
    ]) {
      const text = await exchange(port, request(start, [HOST, auth]));
      expect([start, statusOf(text)]).toEqual([start, 405]);
      expect(text).toMatch(/^allow: /im);
      expect(text).not.toContain(key);
    }
  });

  test("nobody has heard of gets no route", async () => {
    const text = await exchange(port, request("BREW /v1/pause HTTP/1.1", [HOST, auth]));
    expect([0, 400, 405]).toContain(statusOf(text));
  });
});

describe("a head", () => {
  test("over 16 kB gets Bun's bare 431, and one below is read", async () => {
    const padded = (length: number) =>
      request("GET /v1/pause HTTP/1.1", [HOST, auth, `X-Padding: ${"x".repeat(length)}`]);
    const text = await exchange(port, padded(20_000));
    expect([statusOf(text), problemOf(text)]).toEqual([431, null]);
    expect(statusOf(await exchange(port, padded(12_000)))).toBe(200);
  });

  test("that could be read in two ways is refused", async () => {
    for (const headers of [
      ["Content-Length: 5", "Content-Length: 6"],
      ["Content-Length: 5", "Transfer-Encoding: chunked"],
      ["Content-Length: +5"],
      ["Transfer-Encoding: xchunked"],
      ["X : y"],
    ]) {
      const before = pauses();
      const text = await exchange(
        port,
        `${request("POST /v1/pause HTTP/1.1", [HOST, auth, JSON_TYPE, ...headers])}${body}`,
      );
      expect([headers.join(), statusOf(text)]).toEqual([headers.join(), 400]);
      expect(pauses()).toBe(before);
    }
  });
});

describe("a body", () => {
  test("that is cut off creates nothing", async () => {
    const before = pauses();
    for (const cut of [0, 1, body.length - 1]) {
      const socket = await openSocket(port);
      const head = request("POST /v1/pause HTTP/1.1", [HOST, auth, JSON_TYPE, `Content-Length: ${body.length}`]);
      socket.send(head + body.slice(0, cut));
      await turnOfLoop();
      socket.leave();
      await socket.received;
    }
    expect(await appliance.call("/healthz")).toMatchObject({ status: 200 });
    expect(pauses()).toBe(before);
  });

  test("that has not arrived after ten seconds is 408, and the connection is closed", async () => {
    const before = pauses();
    const socket = await openSocket(port);
    socket.send(request("POST /v1/pause HTTP/1.1", [HOST, auth, JSON_TYPE, `Content-Length: ${body.length}`]));
    let turned = 0;
    for (; !socket.closed && turned < 20_000; turned++) {
      if (turned < body.length / 2) socket.send(body[turned]!);
      await turnOfLoop();
      appliance.clock.turn(1_000);
    }
    const text = await socket.received;
    expect(problemOf(text)).toMatchObject({ type: "/problems/request-timeout", status: 408 });
    expect(text).toMatch(/^connection: close/im);
    expect(turned).toBeGreaterThanOrEqual(10);
    expect(pauses()).toBe(before);
  });

  test("in chunks counts the same: whole ones are read, one over 64 kB is 413", async () => {
    const chunked = (text: string) =>
      `${request("POST /v1/pause HTTP/1.1", [HOST, auth, JSON_TYPE, "Transfer-Encoding: chunked"])}${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
    expect(statusOf(await exchange(port, chunked(body)))).toBe(201);
    const long = `${body.slice(0, -1)}${" ".repeat(65_536)}}`;
    expect(problemOf(await exchange(port, chunked(long)))?.type).toBe("/problems/too-large");
  });

  test("over 64 kB is read to its end and dropped, so that the answer arrives and the connection goes on", async () => {
    const head = (length: number) => ["Content-Type: application/json", HOST, auth, `Content-Length: ${length}`];
    const before = pauses();
    for (const length of [65_537, 200_000, 1_000_000]) {
      const socket = await openSocket(port);
      socket.send(`POST /v1/pause HTTP/1.1\r\n${head(length).join("\r\n")}\r\n\r\n`);
      const long = new TextEncoder().encode(body.padEnd(length, " "));
      for (let sent = 0; sent < length; ) {
        sent += socket.send(long.subarray(sent, sent + 16_384));
        await turnOfLoop();
      }
      socket.send(request("GET /healthz HTTP/1.1", [HOST]));
      const text = await socket.received;
      expect(text.match(/HTTP\/1\.1 \d{3}/g)).toEqual(["HTTP/1.1 413", "HTTP/1.1 200"]);
    }
    expect(pauses()).toBe(before);
  });

  test("announced as over 64 kB is 413 before it arrives; far over, Bun's own", async () => {
    const announced = (length: number) =>
      exchange(port, request("POST /v1/pause HTTP/1.1", [HOST, auth, JSON_TYPE, `Content-Length: ${length}`]));
    expect(problemOf(await announced(65_537))?.type).toBe("/problems/too-large");
    expect(statusOf(await announced(500_000_000))).toBe(413);
  });
});

describe("one connection", () => {
  test("carries requests one behind the other, and also sent together", async () => {
    const first = "GET /healthz HTTP/1.1\r\nHost: approve.example.com\r\n\r\n";
    const text = await exchange(port, first + first + request("GET /nowhere HTTP/1.1", [HOST]));
    expect(text.match(/HTTP\/1\.1 \d{3}/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 404"]);
  });

  test("with something sent behind a held request ends, and waits for nothing", async () => {
    const { pause_id } = await appliance.ask(key);
    const socket = await openSocket(port);
    socket.send(`GET /v1/pause/${pause_id}?wait=100 HTTP/1.1\r\n${HOST}\r\n${auth}\r\n\r\n`);
    await appliance.held(1);
    socket.send("GET /healthz HTTP/1.1\r\nHost: approve.example.com\r\n\r\n");
    await appliance.held(0);
    socket.leave();
  });
});

describe("X-Forwarded-For", () => {
  test("counts for nothing from a client that is no trusted proxy", async () => {
    const statuses: number[] = [];
    for (let n = 0; n < 31; n++) {
      const headers = { "x-forwarded-for": `192.0.2.${n}`, "x-real-ip": `192.0.2.${n}`, forwarded: `for=192.0.2.${n}` };
      statuses.push((await appliance.call(`/r/${"A".repeat(52)}`, { headers })).status);
    }
    expect(statuses).toEqual([...Array(30).fill(404), 429]);
    // Most likely a proxy on this machine that the operator has forgotten, so the log says it; once.
    expect(appliance.logged).toEqual([
      expect.stringContaining('X-Forwarded-For was ignored: its sender is not in listen.trustProxy peer="127.0.0.1"'),
    ]);
  });

  test("behind trusted proxies is read from the right, up to the first that is none", async () => {
    const behind = await startAppliance((config) => ({
      ...config,
      listen: { ...config.listen, trustProxy: ["127.0.0.1/32", "10.0.0.0/8"] },
    }));
    const seen: unknown[] = [];
    for (const forwarded of [
      "203.0.113.9",
      "1.1.1.1, 203.0.113.9, 10.1.2.3",
      "203.0.113.9, nonsense",
      "2001:DB8::1",
      "::ffff:203.0.113.9",
      "[2001:db8::7]:4711",
      "203.0.113.9:4711",
      "203.0.113.9,, 10.1.2.3",
      "",
    ]) {
      const pause = await behind.ask(behind.keys.test);
      const [message] = await behind.messages(pause);
      await behind.call(message!.link, { headers: { "x-forwarded-for": forwarded } });
      const { body: log } = await behind.get(`/v1/pause/${pause.pause_id}/audit?disclose=true`, behind.keys.test);
      const { seq } = log.data.find(({ type }: { type: string }) => type === "pause.opened");
      seen.push(JSON.parse(Buffer.from(log.disclosed[seq]["/ip"], "base64url").toString())[2]);
    }
    expect(seen).toEqual([
      "203.0.113.9",
      "203.0.113.9",
      "127.0.0.1",
      "2001:db8::1",
      "203.0.113.9",
      "2001:db8::7",
      "203.0.113.9",
      "10.1.2.3",
      "127.0.0.1",
    ]);
    await behind.stop();
  });
});
