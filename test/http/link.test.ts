import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { systemRandom } from "../../src/platform/random.ts";
import { Links } from "../../src/respond/index.ts";
import { folderSecret } from "../../src/storage/index.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { HOUR } from "../support/database.ts";

let appliance: Appliance;
let key: string;
beforeAll(async () => {
  appliance = await startAppliance((config) => ({
    ...config,
    // Each test comes from addresses of its own, so that none is rate-limited for another's forgeries.
    listen: { ...config.listen, trustProxy: ["127.0.0.1/32"] },
  }));
  key = appliance.keys.test;
});
afterAll(() => appliance.stop());

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
let addresses = 0;
const from = (address: string) => ({ "x-forwarded-for": address });
const fresh = () => from(`10.0.${addresses >> 8}.${addresses++ & 255}`);

async function asked(wanted: Record<string, unknown> = {}) {
  const pause = await appliance.ask(key, wanted);
  const links = (await appliance.messages(pause)).map(({ link }) => link);
  return { id: pause.pause_id, link: links[0]!, links, token: links[0]!.split("/r/")[1]!, expires: pause.expires_at };
}
const typesOf = async (id: string) => (await appliance.log(key, id)).map(({ type }) => type);

describe("a link has one spelling", () => {
  test("every single bit of the 39 bytes turned, and every text that decodes alike, is the same 404", async () => {
    let link = await asked();
    // A token with a character of base64url's own, which base64 readers take in two spellings.
    while (!/[-_]/.test(link.token)) link = await asked();
    const { id, token } = link;
    const bytes = Buffer.from(token, "base64url");
    expect([token.length, bytes.length]).toEqual([52, 39]);
    const forged = Array.from({ length: 39 * 8 }, (_, bit) => {
      const turned = Buffer.from(bytes);
      turned[bit >> 3]! ^= 1 << (bit & 7);
      return turned.toString("base64url");
    });
    for (let index = 0; index < token.length; index++) forged.push(token.slice(0, index), swapCase(token, index));
    forged.push(`${token}A`, `${token}=`, `${token}==`, `${token}%3D`, ` ${token}`, `${token}%20`, `${token}%00`);
    forged.push(
      bytes.toString("base64").replaceAll("/", "%2F"),
      encodeAll(token.slice(0, 1)) + encodeAll(token.slice(1)).replaceAll("%", "%25"),
    );
    forged.push(token.toLowerCase(), token.toUpperCase(), token.split("").reverse().join(""), "A".repeat(52), "%ff");
    const wrong = [...new Set(forged)].filter((text) => text !== token && text !== "");
    expect(wrong.length).toBeGreaterThan(400);

    const unknown = await appliance.call(`/r/${"A".repeat(52)}`, { headers: fresh() });
    for (const text of wrong) {
      const answer = await appliance.call(`/r/${text}`, { headers: fresh() });
      expect([text, answer.status, answer.text === unknown.text]).toEqual([text, 404, true]);
      expect(headersOf(answer.headers)).toEqual(headersOf(unknown.headers));
    }
    expect(await typesOf(id)).not.toContain("pause.opened");
  }, 120_000);

  test("base64's own + and / are no spelling of - and _", async () => {
    let link = await asked();
    while (!/[-_]/.test(link.token)) link = await asked();
    const other = link.token.replaceAll("-", "+").replaceAll("_", "%2F");
    expect((await appliance.call(`/r/${other}`, { headers: fresh() })).status).toBe(404);
    expect((await appliance.call(link.link)).status).toBe(200);
  });

  test("the last character can't be varied: 39 bytes leave no spare bit", async () => {
    const { token } = await asked();
    let genuine = 0;
    for (const last of ALPHABET) {
      const { status } = await appliance.call(`/r/${token.slice(0, -1)}${last}`, { headers: fresh() });
      if (status === 200) genuine++;
    }
    expect(genuine).toBe(1);
  });

  test("a forged POST is the same 404 and decides nothing", async () => {
    const { id, token } = await asked();
    const forged = token.slice(0, -1) + (token.endsWith("A") ? "B" : "A");
    const headers = { "content-type": "application/x-www-form-urlencoded", ...fresh() };
    for (const body of ["choice=Approve", "", "x".repeat(70_000)]) {
      const { status } = await appliance.call(`/r/${forged}`, { method: "POST", headers, body });
      expect(status).toBe(404);
    }
    expect((await appliance.pause(key, id)).status).toBe("pending");
  });

  test("a test link's key opens no live pause: its first byte turned to live is forged", async () => {
    const { token } = await asked();
    const bytes = Buffer.from(token, "base64url");
    for (let first = 0; first < 256; first++) {
      if (first === bytes[0]) continue;
      const other = Buffer.concat([Buffer.from([first]), bytes.subarray(1)]).toString("base64url");
      expect((await appliance.call(`/r/${other}`, { headers: fresh() })).status).toBe(404);
    }
  });
});

describe("a signature is not enough", () => {
  const sign = (link: { pauseId: string; position: number; mode: "live" | "test" }) =>
    new Links(folderSecret(appliance.config.dataDir, systemRandom())).token(link, appliance.clock.now() + HOUR);

  test("the test world's key opens no live pause, nor the live world's a test pause", async () => {
    const { pause_id: live } = await appliance.ask(appliance.keys.live);
    const { id } = await asked();
    const opens = async (pauseId: string, mode: "live" | "test", position = 0) =>
      (await appliance.call(`/r/${sign({ pauseId, position, mode })}`, { headers: fresh() })).status;
    expect([await opens(live, "live"), await opens(id, "test")]).toEqual([200, 200]);
    expect([await opens(live, "test"), await opens(id, "live")]).toEqual([404, 404]);
    expect([await opens(id, "test", 1), await opens("pause_00000000000000000000000000", "test")]).toEqual([404, 404]);
    await appliance.choose(`/r/${sign({ pauseId: live, position: 0, mode: "test" })}`, "Approve");
    expect((await appliance.pause(appliance.keys.live, live)).status).toBe("pending");
  });

  test("the database's expiry decides, not the token's", async () => {
    const { id, link } = await asked({ timeout_hours: 2 });
    const token = sign({ pauseId: id, position: 0, mode: "test" });
    expect(link.endsWith(token)).toBe(false);
    appliance.clock.turn(HOUR + 1);
    expect((await appliance.choose(`/r/${token}`, "Approve")).status).toBe(303);
  });
});

describe("the page behind a link", () => {
  test("is kept, framed, indexed and told to nobody, sets no cookie, and allows nothing but itself", async () => {
    const { link } = await asked();
    for (const path of [link, `/r/${"A".repeat(52)}`]) {
      const { headers, text } = await appliance.call(path, { headers: fresh() });
      expect(headersOf(headers)).toMatchObject({
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        "x-robots-tag": expect.stringContaining("noindex"),
      });
      const policy = headers.get("content-security-policy")!;
      expect(policy).toStartWith("default-src 'none'");
      for (const part of ["form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"])
        expect(policy).toContain(part);
      expect(policy).not.toMatch(/unsafe|https?:|\*/);
      expect(headers.has("set-cookie")).toBe(false);
      expect(text).not.toMatch(/(src|href|action)="?https?:/);
    }
  });

  test("looking never decides: GET and HEAD, however often, with whatever query, leave the pause pending", async () => {
    const { id, link } = await asked();
    for (const query of ["", "?choice=Approve", "?choice=Approve&_method=POST"]) {
      for (const method of ["HEAD", "GET", "HEAD", "GET"]) {
        const headers = { "x-http-method-override": "POST" };
        expect((await appliance.call(link + query, { method, headers })).status).toBe(200);
      }
    }
    expect((await appliance.pause(key, id)).status).toBe("pending");
    expect(await typesOf(id)).toEqual(["pause.created", "pause.delivered", "pause.opened"]);
  });

  test("the first GET of each recipient's link writes one pause.opened; HEAD writes none", async () => {
    const { id, links } = await asked({ recipient: ["+13128471928", "+13128471929"] });
    for (const link of links) expect((await appliance.call(link, { method: "HEAD" })).status).toBe(200);
    expect(await typesOf(id)).not.toContain("pause.opened");
    await Promise.all(links.flatMap((link) => Array.from({ length: 20 }, () => appliance.call(link))));
    const opened = (await appliance.log(key, id)).filter(({ type }) => type === "pause.opened");
    expect(opened.map(({ actor }) => actor.id).toSorted()).toEqual([`${id}/0`, `${id}/1`]);
    expect((await appliance.pause(key, id)).delivery.map(({ status }) => status)).toEqual(["opened", "opened"]);
  });

  test("a tap is 303 back to the page, which then says what was chosen", async () => {
    const { id, link, token } = await asked({ options: ["Ship it", "Hold"] });
    const { status, headers, text } = await appliance.choose(link, "Hold");
    expect([status, headers.get("location"), text]).toEqual([303, `/r/${token}`, ""]);
    expect(headers.get("cache-control")).toBe("no-store");
    const page = await appliance.call(link);
    expect([page.status, page.text.includes("Hold"), page.text.includes("<button")]).toEqual([200, true, false]);
    expect((await appliance.pause(key, id)).response_choice).toBe("Hold");
  });

  test("a second tap, one too late and one after a withdrawal are 410, recorded, and change nothing", async () => {
    const answered = await asked();
    await appliance.choose(answered.link, "Reject");
    const late = await asked({ timeout_hours: 1 });
    appliance.clock.turn(HOUR);
    const withdrawn = await asked();
    await appliance.post(`/v1/pause/${withdrawn.id}/cancel`, key);
    for (const [{ id, link }, why] of [
      [answered, "responded"],
      [late, "timed_out"],
      [withdrawn, "cancelled"],
    ] as const) {
      const { status, text } = await appliance.choose(link, "Approve");
      expect([status, text.includes("<button")]).toEqual([410, false]);
      expect((await appliance.pause(key, id)).status).toBe(why);
      const rejected = (await appliance.log(key, id)).filter(({ type }) => type === "response.rejected");
      expect(rejected.map(({ data }) => [data.why, data.choice])).toEqual([[why, "Approve"]]);
    }
  });

  test("what is none of the options, exactly, is 422 and leaves the question open", async () => {
    const { id, link } = await asked({ allow_comment: true });
    for (const choice of ["approve", "Approve ", "", "Yes", "Approve\0", "Ａpprove"]) {
      const { status, text } = await appliance.choose(link, choice, { comment: "my words" });
      expect([status, text.includes("<button"), text.includes("my words")]).toEqual([422, true, true]);
    }
    expect((await appliance.choose(link, "Approve", { comment: "x".repeat(2_001) })).status).toBe(422);
    expect(await typesOf(id)).toEqual(["pause.created", "pause.delivered"]);
    expect((await appliance.choose(link, "Approve", { comment: "😀".repeat(2_000) })).status).toBe(303);
  });

  test("a form in another type, or one that is too long, is refused before it decides", async () => {
    const { id, link } = await asked();
    const send = (type: string, body: string) =>
      appliance.call(link, { method: "POST", headers: { "content-type": type }, body });
    expect((await send("application/json", '{"choice":"Approve"}')).status).toBe(415);
    expect((await send("text/plain", "choice=Approve")).status).toBe(415);
    expect((await send("application/x-www-form-urlencoded", `choice=Approve&x=${"x".repeat(65_536)}`)).status).toBe(
      413,
    );
    expect((await appliance.pause(key, id)).status).toBe("pending");
  });
});

describe("guessing", () => {
  test("forged links are limited by address, others' forgeries and genuine links never", async () => {
    const { link } = await asked();
    const mine = from("192.0.2.1");
    const statuses: number[] = [];
    for (let count = 0; count < 40; count++)
      statuses.push((await appliance.call(`/r/${"A".repeat(52)}`, { headers: mine })).status);
    expect(statuses).toEqual([...Array(30).fill(404), ...Array(10).fill(429)]);
    const limited = await appliance.call(`/r/${"B".repeat(52)}`, { headers: mine });
    expect(limited.headers.get("retry-after")).toMatch(/^\d+$/);
    expect((await appliance.call(`/r/${"A".repeat(52)}`, { headers: from("192.0.2.2") })).status).toBe(404);
    for (let count = 0; count < 50; count++) expect((await appliance.call(link, { headers: mine })).status).toBe(200);
    expect((await appliance.choose(link, "Approve")).status).toBe(303);
    appliance.clock.turn(60_000);
    expect((await appliance.call(`/r/${"A".repeat(52)}`, { headers: mine })).status).toBe(404);
  });
});

const headersOf = (headers: Headers) =>
  Object.fromEntries([...headers].filter(([name]) => !["date", "x-request-id"].includes(name)));

function swapCase(text: string, index: number): string {
  const letter = text[index]!;
  const swapped = letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
  return text.slice(0, index) + swapped + text.slice(index + 1);
}

/** Every character percent-encoded. */
function encodeAll(text: string): string {
  return [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
}
