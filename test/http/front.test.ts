import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { version } from "../../src/platform/version.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { exchange, request } from "./raw-socket.ts";

/** What Chromium and Firefox send for a page. */
const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

let appliance: Appliance;
beforeAll(async () => {
  appliance = await startAppliance();
});
afterAll(() => appliance.stop());

const front = (accept: string) => appliance.call("/", { headers: { accept } });

describe("the server's own address", () => {
  test("tells a browser what this is and where a question is found, on a small page without script", async () => {
    const { status, headers, text } = await front(BROWSER);
    expect([status, headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(text).toContain("asks people before a program goes on");
    expect(text).toContain("open the link in the message");
    expect(text).toContain('<a href="/docs">The documentation</a>');
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(3_000);
    expect(text).not.toMatch(/<script|<form|\son\w+=|https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
  });

  test("lets its page run nothing and load nothing, be framed nowhere, and be told to nobody", async () => {
    const { headers, text } = await front(BROWSER);
    const style = /<style>([\s\S]*)<\/style>/.exec(text)?.[1] ?? "none";
    const hash = Bun.CryptoHasher.hash("sha256", style, "base64");
    expect(headers.get("content-security-policy")).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'`,
    );
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("x-robots-tag")).toContain("noindex");
  });

  test("answers JSON to whoever does not ask for HTML by name, or would rather have JSON", async () => {
    for (const accept of [
      "*/*",
      "application/json",
      "application/json, text/plain, */*",
      "text/*",
      "text/html;q=0, */*",
      "text/html;q=0.5, application/json",
      "",
    ]) {
      const { status, headers, body } = await front(accept);
      expect([accept, status, headers.get("content-type")]).toEqual([accept, 200, "application/json"]);
      expect(body).toMatchObject({ name: "PausePoint", api: "/v1/pause", docs: "/docs", health: "/healthz" });
      expect(headers.get("vary")).toBe("Accept");
    }
    for (const accept of ["TEXT/HTML", "application/json;q=0.9, text/html", "text/html; charset=utf-8; q=0.3"])
      expect((await front(accept)).headers.get("content-type")).toStartWith("text/html");
  });

  test("names neither a version, a project, a person nor a key", async () => {
    const { pause_id } = await appliance.ask(appliance.keys.test);
    for (const accept of [BROWSER, "application/json"]) {
      const { text } = await front(accept);
      for (const secret of [version.number, pause_id, "default", "8471928", "pp_"]) expect(text).not.toContain(secret);
    }
  });

  test("is found behind any Host, and by HTTP/1.0 without one", async () => {
    for (const asked of [request("GET / HTTP/1.1", ["Host: x"]), request("GET / HTTP/1.0")])
      expect(await exchange(appliance.app.port, asked)).toContain('"name":"PausePoint"');
  });
});
