import { afterEach, describe, expect, test } from "bun:test";
import { type AddressInfo, createServer } from "node:net";
import { addressGuard, type PostResult, webhookClient } from "../../../src/webhooks/outgoing/index.ts";
import { type Certificate, makeAuthority, selfSigned } from "../../peers/certificates.ts";
import { type Receiver, startReceiver } from "../../peers/receiver.ts";

const authority = makeAuthority();
const NAME = "receiver.example.com";
const running: Receiver[] = [];

afterEach(async () => {
  for (const receiver of running.splice(0)) await receiver.stop();
});

async function receiverWith(tls: Certificate, host = "127.0.0.2", port = 0): Promise<Receiver> {
  const receiver = await startReceiver({ host, port, tls });
  running.push(receiver);
  return receiver;
}

const guard = addressGuard({ allowNetworks: ["127.0.0.2/32", "::1/128"], allowLoopback: false });

function post(url: string, ca: string | null = authority.ca, resolve = async () => ["127.0.0.2"]): Promise<PostResult> {
  const client = webhookClient({ guard, resolve, ...(ca === null ? {} : { tls: { ca } }) });
  return client.post({ url, headers: {}, body: "{}" });
}

describe("over TLS", () => {
  test("a receiver with a certificate for its name is called, by that name, at the address that was checked", async () => {
    const certificate = authority.issue({ names: [NAME] });
    const receiver = await receiverWith(certificate);
    const inside = await receiverWith(certificate, "127.0.0.1", receiver.port);
    let asked = 0;
    const rebinding = async () => (asked++ === 0 ? ["127.0.0.2"] : ["127.0.0.1"]);
    const result = await post(`https://${NAME}:${receiver.port}/`, authority.ca, rebinding);
    expect(result).toMatchObject({ kind: "answered", status: 204 });
    expect(receiver.serverNames).toEqual([NAME]);
    expect(receiver.requests[0]?.headers.host).toBe(`${NAME}:${receiver.port}`);
    expect([receiver.connections, inside.connections, asked]).toEqual([1, 0, 1]);
  });

  test("a name that the system knows is still called only at the address that was checked", async () => {
    const certificate = authority.issue({ names: ["localhost"] });
    const receiver = await receiverWith(certificate);
    const inside = await receiverWith(certificate, "127.0.0.1", receiver.port);
    expect(await post(`https://localhost:${receiver.port}/`)).toMatchObject({ kind: "answered", status: 204 });
    expect([receiver.connections, inside.connections]).toEqual([1, 0]);
  });

  test("a name with a dot at its end is the same name", async () => {
    const receiver = await receiverWith(authority.issue({ names: [NAME] }));
    expect(await post(`https://${NAME}.:${receiver.port}/`)).toMatchObject({ kind: "answered", status: 204 });
    expect(receiver.serverNames).toEqual([NAME]);
  });

  test("an address in the URL is what the certificate must be for", async () => {
    const receiver = await receiverWith(authority.issue({ addresses: ["127.0.0.2"] }));
    expect(await post(`https://127.0.0.2:${receiver.port}/`)).toMatchObject({ kind: "answered", status: 204 });
    const receiver6 = await receiverWith(authority.issue({ addresses: ["::1"] }), "::1");
    expect(await post(`https://[::1]:${receiver6.port}/`)).toMatchObject({ kind: "answered", status: 204 });
    const named = await receiverWith(authority.issue({ names: [NAME] }));
    expect(await post(`https://127.0.0.2:${named.port}/`)).toMatchObject({
      ...{ kind: "failed", error: "the certificate is not trusted (it is for another name)" },
    });
  });

  const wrong: Record<string, [Certificate, string | null]> = {
    "it is for another name": [authority.issue({ names: ["other.example.com"] }), authority.ca],
    "it has expired": [authority.issue({ names: [NAME], days: -1 }), authority.ca],
    "it is self-signed": [selfSigned({ names: [NAME] }), authority.ca],
    "its issuer is unknown": [authority.issue({ names: [NAME] }), null],
  };
  for (const [why, [certificate, ca]] of Object.entries(wrong)) {
    test(`nothing is sent to a receiver whose certificate is wrong: ${why}`, async () => {
      const receiver = await receiverWith(certificate);
      const result = await post(`https://${NAME}:${receiver.port}/`, ca);
      expect(result).toMatchObject({ kind: "failed", error: `the certificate is not trusted (${why})` });
      expect(receiver.requests).toEqual([]);
    });
  }

  test("a certificate is checked also when the environment says not to", async () => {
    const receiver = await receiverWith(selfSigned({ names: [NAME] }));
    const source = new URL("../../../src/webhooks/outgoing/index.ts", import.meta.url).pathname;
    const script = `
      import { addressGuard, webhookClient } from ${JSON.stringify(source)};
      const guard = addressGuard({ allowNetworks: ["127.0.0.2/32"], allowLoopback: false });
      const client = webhookClient({ guard, resolve: async () => ["127.0.0.2"] });
      const url = "https://${NAME}:${receiver.port}/";
      console.log(JSON.stringify(await client.post({ url, headers: {}, body: "x" })));`;
    const child = Bun.spawn([process.execPath, "-e", script], {
      env: { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: "0" },
      ...({ stdout: "pipe", stderr: "ignore" } as const),
    });
    expect(JSON.parse(await new Response(child.stdout).text())).toMatchObject({
      ...{ kind: "failed", error: "the certificate is not trusted (it is self-signed)" },
    });
    expect(receiver.requests).toEqual([]);
  });

  test("a receiver that does not speak it, or speaks nothing else, gets no webhook", async () => {
    const plain = createServer((socket) => {
      socket.on("error", () => {});
      socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    await new Promise<void>((resolve) => plain.listen(0, "127.0.0.2", () => resolve()));
    const { port } = plain.address() as AddressInfo;
    expect(await post(`https://${NAME}:${port}/`)).toMatchObject({
      ...{ kind: "failed", error: "no secure connection could be made (ERR_SSL_WRONG_VERSION_NUMBER)" },
    });
    plain.close();

    const secure = await receiverWith(authority.issue({ names: [NAME] }));
    expect(await post(`http://${NAME}:${secure.port}/`)).toMatchObject({
      ...{ kind: "failed", error: "the connection was closed before a whole answer came" },
    });
    expect(secure.requests).toEqual([]);
  });
});
