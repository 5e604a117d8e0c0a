import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHttpGatewayChannel } from "../../../src/channels/http-gateway/index.ts";
import { type Authority, type Certificate, makeAuthority } from "../../peers/certificates.ts";
import { type GatewayPeer, startGateway } from "../../peers/gateway.ts";
import { freePorts, listening } from "../../peers/ports.ts";
import { pathOf, testNeeding } from "../../support/needs.ts";
import { message, NASTY, PHONE, settings, untilStopped } from "./stage.ts";

let authority: Authority;
let other: Authority;
let server: Certificate;
let client: Certificate;
let folder: string;

beforeAll(() => {
  authority = makeAuthority();
  other = makeAuthority();
  server = authority.issue({ names: ["gateway.test"], addresses: ["127.0.0.1"] });
  client = authority.issue({ names: ["pausepoint.test"] });
  folder = mkdtempSync(join(tmpdir(), "pausepoint-gateway-"));
  for (const [name, text] of Object.entries({ "ca.pem": authority.ca, "cert.pem": server.cert, "key.pem": server.key }))
    writeFileSync(join(folder, name), text);
});
afterAll(() => rmSync(folder, { recursive: true }));

let peer: GatewayPeer;
const running: (() => unknown)[] = [];
beforeEach(() => {
  peer = startGateway();
});
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
  await peer.stop();
});

function send(url: string, tls: Record<string, unknown>, changes: Record<string, unknown> = {}) {
  const config = settings({ url, body: { json: { text: "{{text}}" } }, tls, ...changes });
  return createHttpGatewayChannel(config).send(message, untilStopped);
}

function stopLater(child: Bun.Subprocess): void {
  running.push(() => {
    child.kill();
    return child.exited;
  });
}

/** nginx in front of the gateway, which lets in only who has a certificate of the authority's. */
async function startNginx(): Promise<string> {
  const [port = 0] = await freePorts(1);
  const place = join(folder, "nginx.conf");
  writeFileSync(
    place,
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr; events {}
     http {
       access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
       fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
       server {
         listen 127.0.0.1:${port} ssl;
         ssl_certificate ${folder}/cert.pem; ssl_certificate_key ${folder}/key.pem;
         ssl_client_certificate ${folder}/ca.pem; ssl_verify_client on;
         location / { proxy_pass ${peer.url}; proxy_set_header X-Client $ssl_client_s_dn; }
       }
     }`,
  );
  const nginx = Bun.spawn([pathOf("nginx"), "-c", place, "-p", folder, "-e", "stderr"], {
    stdout: "ignore",
    stderr: "ignore",
  });
  stopLater(nginx);
  await listening(port);
  return `https://127.0.0.1:${port}/send`;
}

const nginxTest = testNeeding("nginx");

describe("a gateway behind nginx that asks for a client certificate", () => {
  nginxTest("takes a text with the certificate, checked against the own authority", async () => {
    const url = await startNginx();
    expect(await send(url, { ca: authority.ca, cert: client.cert, key: client.key })).toMatchObject({
      outcome: "sent",
    });
    expect(peer.requests[0]!.headers.get("x-client")).toContain("pausepoint.test");
    expect(peer.requests[0]!.body).toEqual({ text: message.text });
  });

  const shapes: Readonly<Record<string, readonly [body: object, taken: unknown]>> = {
    JSON: [{ json: { to: ["{{to}}"], text: "{{text}}" } }, { to: [PHONE], text: NASTY }],
    "a form": [
      { form: { to: "{{to}}", text: "{{text}}" } },
      [
        ["to", PHONE],
        ["text", NASTY],
      ],
    ],
    XML: [
      { xml: { sms: { "@note": "{{text}}", to: "{{to}}", text: "{{text}}" } } },
      [
        ["/sms/@note", NASTY],
        ["/sms/to", PHONE],
        ["/sms/text", NASTY],
      ],
    ],
  };
  for (const [shape, [body, taken]] of Object.entries(shapes)) {
    nginxTest(`gets quotes, line breaks, emoji and markup unchanged in ${shape}`, async () => {
      const url = await startNginx();
      const tls = { ca: authority.ca, cert: client.cert, key: client.key };
      const channel = createHttpGatewayChannel(settings({ url, tls, body }));
      expect(await channel.send({ ...message, text: NASTY }, untilStopped)).toMatchObject({ outcome: "sent" });
      expect(peer.requests.map((request) => request.body)).toEqual([taken]);
      expect(peer.requests[0]!.headers.get("x-client")).toContain("pausepoint.test");
    });
  }

  nginxTest("is said to ask for one where there is none, or one of somebody else's", async () => {
    const url = await startNginx();
    expect(await send(url, { ca: authority.ca })).toMatchObject({
      outcome: "retry",
      isChannelDown: true,
      error: "the gateway asks for a client certificate (HTTP 400); see `tls.cert` and `tls.key`",
    });
    const foreign = other.issue({ names: ["pausepoint.test"] });
    const refused = await send(url, { ca: authority.ca, cert: foreign.cert, key: foreign.key });
    expect(refused).toMatchObject({
      outcome: "retry",
      isChannelDown: true,
      error: "the gateway does not accept the client certificate in `tls` (HTTP 400)",
    });
    expect(peer.requests).toHaveLength(0);
  });

  nginxTest("is not believed without its authority, and not under another name", async () => {
    const url = await startNginx();
    const own = { cert: client.cert, key: client.key };
    expect(await send(url, { ...own, ca: other.ca })).toMatchObject({ outcome: "retry", isChannelDown: true });
    expect(await send(url, own)).toMatchObject({
      outcome: "retry",
      error: expect.stringContaining("is not trusted"),
    });
    const wrong = await send(url, { ...own, ca: authority.ca, serverName: "elsewhere.test" });
    expect(wrong).toMatchObject({ outcome: "retry", error: expect.stringContaining("is for another name") });
    expect(peer.requests).toHaveLength(0);
    const right = await send(url, { ...own, ca: authority.ca, serverName: "gateway.test" });
    expect(right).toMatchObject({ outcome: "sent" });
  });
});

test("a handshake that ends for want of a client certificate says so", async () => {
  const [port = 0] = await freePorts(1);
  const files = ["-cert", join(folder, "cert.pem"), "-key", join(folder, "key.pem"), "-CAfile", join(folder, "ca.pem")];
  const words = ["openssl", "s_server", "-accept", `127.0.0.1:${port}`, "-Verify", "1", "-verify_return_error", "-www"];
  const openssl = Bun.spawn([...words, ...files], { stdout: "ignore", stderr: "ignore", stdin: "ignore" });
  stopLater(openssl);
  await listening(port);
  const url = `https://127.0.0.1:${port}/`;
  const result = await send(url, { ca: authority.ca });
  expect(result).toMatchObject({ outcome: "retry", isChannelDown: true });
  expect(result).toHaveProperty("error", expect.stringContaining("asks for a client certificate"));
});

test("a proxy is given its own credentials and the whole address", async () => {
  const proxied: [string, string | null][] = [];
  const proxy = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      proxied.push([request.url, request.headers.get("proxy-authorization")]);
      return Response.json({});
    },
  });
  running.push(() => proxy.stop(true));
  const changes = { proxy: `http://user:pass@127.0.0.1:${proxy.port}` };
  expect(await send("http://gateway.test/send", {}, changes)).toMatchObject({ outcome: "sent" });
  expect(proxied).toEqual([["http://gateway.test/send", `Basic ${btoa("user:pass")}`]]);
});
