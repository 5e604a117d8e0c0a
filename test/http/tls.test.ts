import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { startApp } from "../../src/app.ts";
import type { TlsSettings } from "../../src/platform/config/listen.ts";
import { silentLog } from "../../src/platform/log.ts";
import { type Authority, type Certificate, makeAuthority } from "../peers/certificates.ts";
import { type Appliance, question, startAppliance } from "../support/appliance.ts";
import { DAY, TurnedClock } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { exchange, request, statusOf } from "./raw-socket.ts";

let folder: string;
let authority: Authority;
let files: { cert: string; key: string };
let appliance: Appliance | null = null;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pausepoint-tls-"));
  files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  authority = makeAuthority();
});
afterEach(async () => {
  await appliance?.stop();
  appliance = null;
});
afterAll(() => rmSync(folder, { recursive: true }));

const issue = (days?: number) => authority.issue({ addresses: ["127.0.0.1"], ...(days === undefined ? {} : { days }) });

function put({ cert, key }: Certificate): void {
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);
}

async function start(changes: Partial<TlsSettings> = {}): Promise<Appliance> {
  // The certificates are good from the machine's own time on.
  appliance = await startAppliance(
    (config) => ({
      ...config,
      listen: { ...config.listen, tls: { ...files, minVersion: "1.2", hstsDays: 365, ...changes } },
    }),
    new TurnedClock(Date.now()),
  );
  return appliance;
}

const secure = (url: string, init: RequestInit = {}) =>
  fetch(url, { redirect: "manual", ...init, tls: { ca: authority.ca } } as RequestInit);

/** The certificate that a client is shown by a connection made now, as the file has it. */
function shown(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, ca: authority.ca }, () => {
      const der = socket.getPeerCertificate().raw.toString("base64");
      resolve(`-----BEGIN CERTIFICATE-----\n${der.match(/.{1,64}/g)?.join("\n")}\n-----END CERTIFICATE-----\n`);
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

async function speaks(port: number, version: "tls1" | "tls1_1" | "tls1_2" | "tls1_3"): Promise<boolean> {
  const words = [
    "openssl",
    "s_client",
    "-connect",
    `127.0.0.1:${port}`,
    `-${version}`,
    "-cipher",
    "DEFAULT@SECLEVEL=0",
  ];
  const child = Bun.spawn(words, { stdin: new Blob([]), stdout: "ignore", stderr: "ignore" });
  return (await child.exited) === 0;
}

/** Turns the clock past the two looks that a change takes. */
function settle(): void {
  appliance?.clock.turn(20_000);
}

describe("a server with a certificate", () => {
  test("serves everything over https: the question, its page, the answer, the held request", async () => {
    put(issue());
    const one = await start();
    const { keys, app } = one;
    expect([app.url, app.baseUrl]).toEqual([`https://127.0.0.1:${app.port}`, `https://127.0.0.1:${app.port}`]);
    const headers = { authorization: `Bearer ${keys.test}`, "content-type": "application/json" };
    const created = await secure(`${app.url}/v1/pause`, { method: "POST", headers, body: JSON.stringify(question()) });
    const { pause_id } = (await created.json()) as { pause_id: string };
    const waiting = secure(`${app.url}/v1/pause/${pause_id}?wait=120`, { headers });
    await one.held(1);
    const link = await eventually(
      async () => {
        const { data } = (await (await secure(`${app.url}/v1/test/messages`, { headers })).json()) as {
          data: { link: string }[];
        };
        return data[0]?.link ?? "";
      },
      (one) => one !== "",
    );
    expect(link).toStartWith(`https://127.0.0.1:${app.port}/r/`);
    expect(await (await secure(link)).text()).toContain("Pay the invoice?");
    const answer = await secure(link, { method: "POST", body: new URLSearchParams({ choice: "Approve" }) });
    expect(answer.status).toBe(303);
    expect(await (await waiting).json()).toMatchObject({ status: "responded", response_choice: "Approve" });
  });

  test("asks browsers for https in time to come, in every answer; one without asks for nothing", async () => {
    put(issue());
    const { app } = await start();
    for (const path of ["/healthz", "/", "/nowhere", "/v1/pause", `/r/${"A".repeat(52)}`]) {
      const { headers } = await secure(`${app.url}${path}`);
      expect([path, headers.get("strict-transport-security")]).toEqual([path, "max-age=31536000"]);
    }
    await appliance?.stop();
    appliance = await startAppliance();
    expect((await appliance.call("/healthz")).headers.get("strict-transport-security")).toBeNull();
  });

  test("speaks TLS 1.2 and 1.3, nothing older, and 1.3 alone where that is asked for", async () => {
    put(issue());
    const versions = ["tls1", "tls1_1", "tls1_2", "tls1_3"] as const;
    const { app } = await start();
    expect(await Promise.all(versions.map((version) => speaks(app.port, version)))).toEqual([false, false, true, true]);
    await appliance?.stop();
    const { app: strict } = await start({ minVersion: "1.3" });
    expect(await Promise.all(versions.map((version) => speaks(strict.port, version)))).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  test("answers nothing in the clear, and is none that a client may take for another", async () => {
    put(issue());
    const { app } = await start();
    const text = await exchange(app.port, request("GET /healthz HTTP/1.1", ["Host: 127.0.0.1"]));
    expect(statusOf(text)).toBe(0);
    await expect(fetch(`${app.url}/healthz`)).rejects.toThrow();
  });

  test("shares its port with nobody: a second one on it is refused", async () => {
    put(issue());
    const { app, config } = await start();
    const other = { ...config, dataDir: join(folder, "other"), listen: { ...config.listen, port: app.port } };
    mkdirSync(other.dataDir, { mode: 0o700 });
    await expect(startApp({ config: other, log: silentLog })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});

describe("a certificate renewed on disk", () => {
  test("is shown to whoever connects from then on; held requests and event streams go on", async () => {
    put(issue());
    const one = await start();
    const headers = { authorization: `Bearer ${one.keys.test}`, "content-type": "application/json" };
    const created = await secure(`${one.url}/v1/pause`, { method: "POST", headers, body: JSON.stringify(question()) });
    const { pause_id } = (await created.json()) as { pause_id: string };
    const waiting = secure(`${one.url}/v1/pause/${pause_id}?wait=120`, { headers });
    const events = (await secure(`${one.url}/v1/events`, { headers })).body?.getReader();
    await one.held(1);
    const told = async (wanted: string) => {
      for (let text = ""; !text.includes(wanted); ) {
        const { value, done } = (await events?.read()) ?? { done: true };
        if (done) throw new Error("the stream has ended");
        text += new TextDecoder().decode(value);
      }
    };

    for (let times = 0; times < 3; times++) {
      const renewed = issue();
      put(renewed);
      expect(await shown(one.app.port)).not.toBe(renewed.cert);
      settle();
      expect(await shown(one.app.port)).toBe(renewed.cert);
      expect((await secure(`${one.url}/healthz`)).status).toBe(200);
    }
    expect(one.app.waiting).toBe(1);
    const answer = await secure(`${one.url}/v1/test/pause/${pause_id}/respond`, {
      method: "POST",
      headers,
      body: JSON.stringify({ choice: "Approve" }),
    });
    expect(answer.status).toBe(200);
    expect(await (await waiting).json()).toMatchObject({ pause_id, status: "responded" });
    await told("pause.responded");
    expect(one.logged).toEqual([]);
    await events?.cancel();
  });

  test("in which nothing is new closes no connection", async () => {
    const pair = issue();
    put(pair);
    const one = await start();
    const socket = connect({ host: "127.0.0.1", port: one.app.port, ca: authority.ca });
    const asked = async () => {
      socket.write("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
      const [answer] = await once(socket, "data");
      return String(answer).slice(0, 12);
    };
    expect(await asked()).toBe("HTTP/1.1 200");
    put(pair);
    settle();
    expect(await asked()).toBe("HTTP/1.1 200");
    // One that is new does close it: it has no request under way.
    const closed = once(socket, "close");
    put(issue());
    settle();
    await closed;
  });

  test("is not read while only one of the two files is new", async () => {
    const before = issue();
    put(before);
    const one = await start();
    const renewed = issue();
    writeFileSync(files.cert, renewed.cert);
    one.clock.turn(10_000);
    writeFileSync(files.key, renewed.key);
    one.clock.turn(10_000);
    expect([await shown(one.app.port), one.logged]).toEqual([before.cert, []]);
    one.clock.turn(10_000);
    expect([await shown(one.app.port), one.logged]).toEqual([renewed.cert, []]);
  });

  test("is shown at once when the configuration is read anew, and a pair that is half there is not", async () => {
    // All made before the clock is set, which no certificate may be later than.
    const [before, renewed, again] = [issue(), issue(), issue()];
    put(before);
    const one = await start();
    put(renewed);
    await one.app.reload(one.config);
    expect([await shown(one.app.port), one.logged]).toEqual([renewed.cert, []]);
    writeFileSync(files.cert, again.cert);
    await one.app.reload(one.config);
    expect(await shown(one.app.port)).toBe(renewed.cert);
    expect(one.logged.map((line) => line.includes("is not the key of the certificate"))).toEqual([true]);
    writeFileSync(files.key, again.key);
    settle();
    expect(await shown(one.app.port)).toBe(again.cert);
  });

  test("is taken up where links are turned, as certbot does, and where a file is renamed into place", async () => {
    const archive = (name: string, pair: Certificate) => {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "cert.pem"), pair.cert);
      writeFileSync(join(folder, name, "key.pem"), pair.key);
    };
    const live = join(folder, "live");
    const renewed = issue();
    archive("1", issue());
    archive("2", renewed);
    symlinkSync("1", live);
    const one = await start({ cert: join(live, "cert.pem"), key: join(live, "key.pem") });
    symlinkSync("2", join(folder, "next"));
    renameSync(join(folder, "next"), live);
    settle();
    expect(await shown(one.app.port)).toBe(renewed.cert);
  });

  test("that is broken leaves the one before in place and is told of once, until it is mended", async () => {
    const before = issue();
    put(before);
    const one = await start();
    const renewed = issue();
    for (const [spoil, told] of [
      [() => writeFileSync(files.key, renewed.key), "is not the key of the certificate"],
      [() => put(issue(-1)), "expired at"],
      [() => rmSync(files.cert), "there is no such file"],
    ] as const) {
      spoil();
      settle();
      one.clock.turn(60_000);
      expect(await shown(one.app.port)).toBe(before.cert);
      expect(one.logged.length).toBe(1);
      expect(one.logged[0]).toContain("certificate not changed; the one before is still served");
      expect(one.logged[0]).toContain(told);
      (one.logged as string[]).length = 0;
    }
    put(renewed);
    settle();
    expect([await shown(one.app.port), one.logged]).toEqual([renewed.cert, []]);
  });

  test("lets a stopping server answer what is held on connections of before and after", async () => {
    put(issue());
    const one = await start();
    const headers = { authorization: `Bearer ${one.keys.test}`, "content-type": "application/json" };
    const created = await secure(`${one.url}/v1/pause`, { method: "POST", headers, body: JSON.stringify(question()) });
    const { pause_id } = (await created.json()) as { pause_id: string };
    const wait = () => secure(`${one.url}/v1/pause/${pause_id}?wait=120`, { headers }).then(({ status }) => status);
    const early = wait();
    await one.held(1);
    put(issue());
    settle();
    const late = wait();
    await one.held(2);
    await one.stop();
    appliance = null;
    expect(await Promise.all([early, late])).toEqual([200, 200]);
  });
});

describe("a certificate that nobody renews", () => {
  test("is told of each day, near its end and after it, and goes on being served", async () => {
    put(issue(90));
    const one = await start();
    const later = (days: number) => {
      one.clock.set(one.clock.now() + days * DAY);
      settle();
    };
    later(68);
    expect(one.logged).toEqual([]);
    for (const _ of [1, 2]) later(1);
    later(0.5);
    expect(one.logged.length).toBe(2);
    expect(one.logged[0]).toMatch(/ warn certificate ends soon; renew it until="[^"]+" left="20 days"/);
    later(20);
    expect(one.logged.at(-1)).toMatch(/ error certificate has expired; renew it until="/);
    expect((await secure(`${one.url}/healthz`)).status).toBe(200);
    put(issue(365));
    settle();
    const count = one.logged.length;
    later(3);
    expect(one.logged.length).toBe(count);
  });
});
