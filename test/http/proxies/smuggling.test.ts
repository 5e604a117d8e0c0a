import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { question } from "../../support/appliance.ts";
import { testNeeding } from "../../support/needs.ts";
import { type Behind, behind, exchange, HOST, type ProxyName, proxies, stopWhatIsLeft } from "./stage.ts";

// Each asks many times, through programs that are started for it.
setDefaultTimeout(30_000);
afterAll(stopWhatIsLeft);

const there = { caddy: testNeeding("caddy", "curl"), nginx: testNeeding("nginx", "curl") };
const body = JSON.stringify(question());

/** Heads that two readers could take for two different lengths, and what would then be left for a request of its own. */
const ambiguous: readonly (readonly [string, readonly string[], string])[] = [
  ["a length beside chunks", ["Content-Length: 6", "Transfer-Encoding: chunked"], "0\r\n\r\n"],
  ["chunks with a space before the colon", ["Content-Length: 5", "Transfer-Encoding : chunked"], "0\r\n\r\n"],
  ["an unknown coding", ["Content-Length: 5", "Transfer-Encoding: xchunked"], "0\r\n\r\n"],
  ["chunks behind a tab", ["Content-Length: 5", "Transfer-Encoding:\tchunked"], "0\r\n\r\n"],
  ["chunks behind a vertical tab", ["Content-Length: 5", "Transfer-Encoding: \x0bchunked"], "0\r\n\r\n"],
  ["two codings", ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"], "0\r\n\r\n"],
  ["a list of codings", ["Transfer-Encoding: identity, chunked"], "0\r\n\r\n"],
  ["two lengths", ["Content-Length: 0", "Content-Length: 5"], ""],
  ["a list of lengths", ["Content-Length: 0, 0"], ""],
  ["a length with a sign", ["Content-Length: +0"], ""],
  ["a length below zero", ["Content-Length: -1"], ""],
  ["a header behind a bare line feed", ["Content-Length: 0", "X-A: b\nTransfer-Encoding: chunked"], ""],
  ["a header behind a bare carriage return", ["Content-Length: 0", "X-A: b\rTransfer-Encoding: chunked"], ""],
  ["a folded header", ["Content-Length: 0", "X-A: b\r\n Transfer-Encoding: chunked"], ""],
  ["a zero byte", ["Content-Length: 0", "X-A: b\0c"], ""],
  ["a chunk's extension cut by a line feed", ["Transfer-Encoding: chunked"], "2;\nxx\r\n{}\r\n0\r\n\r\n"],
  ["a chunk's length with 0x", ["Transfer-Encoding: chunked"], "0x2\r\n{}\r\n0\r\n\r\n"],
  ["a chunk's length that overflows", ["Transfer-Encoding: chunked"], "10000000000000002\r\n{}\r\n0\r\n\r\n"],
  ["a length behind the chunks", ["Transfer-Encoding: chunked"], "2\r\n{}\r\n0\r\nContent-Length: 9\r\n\r\n"],
  ["chunks that end with line feeds", ["Transfer-Encoding: chunked"], "2\n{}\n0\n\n"],
];

describe.each(proxies)("a request that could be read in two ways, behind %s", (name: ProxyName) => {
  const proxyTest = there[name];
  let stage: Behind;
  beforeAll(async () => {
    if (proxyTest === test) stage = await behind(name);
  });
  afterAll(() => stage?.stop());

  const host = () => `Host: ${HOST}:${stage.proxy.port}`;
  const auth = () => `Authorization: Bearer ${stage.appliance.keys.test}`;
  const pauses = () => stage.appliance.count("SELECT count(*) FROM pauses");
  /** What must not get through unseen: it asks somebody a question. */
  const smuggled = () =>
    `${[`POST /v1/pause HTTP/1.1`, host(), auth(), "Content-Type: application/json", `Content-Length: ${body.length}`].join("\r\n")}\r\n\r\n${body}`;
  const last = () => `GET /healthz HTTP/1.1\r\n${host()}\r\nConnection: close\r\n\r\n`;

  for (const [what, headers, ends] of ambiguous) {
    proxyTest(`brings no second one through unseen: ${what}`, async () => {
      const before = pauses();
      const head = ["POST /v1/receipts/consume HTTP/1.1", host(), "Content-Type: application/json", ...headers];
      const text = await exchange(stage.proxy, `${head.join("\r\n")}\r\n\r\n${ends}${smuggled()}${last()}`);
      // What was done is what the sender was answered for, one by one and in the open.
      const statuses = text.match(/^HTTP\/1\.1 [2-5]\d\d/gm) ?? [];
      expect(pauses() - before).toBe(statuses.filter((line) => line.endsWith("201")).length);
      expect(statuses[0]).toMatch(/ (4\d\d|50[12])$/);
      // And the next client gets the answer to its own question.
      for (const path of ["/healthz", "/nowhere"])
        expect((await stage.client(path)).status).toBe(path === "/healthz" ? 200 : 404);
    });
  }

  proxyTest("is none where a GET has a body: that is read and dropped", async () => {
    const before = pauses();
    const inside = smuggled();
    const head = ["GET /healthz HTTP/1.1", host()].join("\r\n");
    const sized = `${head}\r\nContent-Length: ${inside.length}\r\n\r\n${inside}`;
    const chunked = `${head}\r\nTransfer-Encoding: chunked\r\n\r\n${inside.length.toString(16)}\r\n${inside}\r\n0\r\n\r\n`;
    const text = await exchange(stage.proxy, sized + chunked + last());
    expect(text.match(/^HTTP\/1\.1 \d{3}/gm)).toEqual(["HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 200"]);
    expect(pauses()).toBe(before);
  });

  proxyTest("over HTTP/2, with a length of its own or chunks, is refused or put right", async () => {
    const before = pauses();
    for (const headers of [["Transfer-Encoding: chunked"], ["Content-Length: 5"], ["Content-Length: 0"]]) {
      const words = ["--http2", "--data-binary", smuggled(), "--max-time", "5"];
      const asked = stage.client("/v1/receipts/consume", {
        headers: ["Content-Type: application/json", ...headers],
        words,
      });
      const status = await asked.then((answer) => answer.status).catch(() => 400);
      expect([400, 401, 411]).toContain(status);
    }
    expect(pauses()).toBe(before);
    expect((await stage.client("/healthz")).status).toBe(200);
  });

  proxyTest("never switches to another protocol behind the proxy's back", async () => {
    for (const [upgrade, more] of [
      ["h2c", "Connection: close, Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__"],
      [
        "websocket",
        "Connection: close, Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13",
      ],
    ]) {
      const text = await exchange(
        stage.proxy,
        `GET /healthz HTTP/1.1\r\n${host()}\r\nUpgrade: ${upgrade}\r\n${more}\r\n\r\n`,
      );
      expect(text).toStartWith("HTTP/1.1 200");
    }
  });
});
