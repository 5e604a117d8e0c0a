import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type KeyLimits, noLimits, revokeKey } from "../../src/access/index.ts";
import { withFolder } from "../../src/cli/folder.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { HOUR } from "../support/database.ts";

let appliance: Appliance;
let admin: string;
beforeEach(async () => {
  appliance = await startAppliance((config) => ({
    ...config,
    people: { ada: { name: "Ada", sms: "+13125550177", email: "Ada@Example.com" } },
  }));
  admin = await appliance.newKey({ mode: "live", scopes: ["admin", "audit:read"] });
});
afterEach(async () => {
  expect(appliance.faultInLog()).toBeNull();
  await appliance.stop();
});

const NUMBER = "+13128471928";
const OTHER = "+13125550143";
const erase = (recipient: string, more: object = {}, key = admin) =>
  appliance.post("/v1/privacy/erase", key, { recipient, ...more });
const full = {
  details: { Invoice: "4712" },
  metadata: { run: "r-81" },
  webhook_url: "http://127.0.0.1:9/hook",
  allow_comment: true,
};
async function answered(recipient: string | string[] = NUMBER) {
  const pause = await appliance.ask(appliance.keys.test, { ...full, recipient });
  const [message] = await appliance.messages(pause);
  await appliance.call(message?.link ?? "");
  await appliance.choose(message?.link ?? "", "Approve", { comment: "after lunch" });
  return { id: pause.pause_id, link: message?.link ?? "" };
}
const all = async (type: string) => (await appliance.get(`/v1/audit?type=${type}&limit=100`, admin)).body.data;

describe("an erased pause", () => {
  test("shows how it ended and when, its texts as [erased] or empty, and the time of the erasure", async () => {
    const { id } = await answered();
    const before = await appliance.pause(appliance.keys.test, id);
    appliance.clock.turn(HOUR);
    expect((await erase("(312) 847-1928")).body).toMatchObject({
      object: "erasure",
      dry_run: false,
      pauses: 1,
      withdrawn: 0,
      pause_ids: [id],
      kept_on_hold: 0,
      still_named: { keys: [], people: [] },
      backups: [],
      complete: true,
    });
    expect(await appliance.pause(appliance.keys.test, id)).toEqual({
      ...before,
      recipient: "[erased]",
      message: "[erased]",
      details: {},
      metadata: {},
      response_comment: null,
      responded_by: "[erased]",
      delivery: [{ channel: "sms", recipient: "[erased]", status: "opened", error: null }],
      erased_at: new Date(appliance.clock.now()).toISOString(),
    });
    expect(before.erased_at).toBeNull();
  });

  test("says on its page that its words were erased, and records nothing of who looks or taps", async () => {
    const { link, id } = await answered();
    await erase(NUMBER);
    const page = (await appliance.call(link)).text;
    expect(page).toContain("What was asked has been erased.");
    expect(page).not.toContain("[erased]");
    expect((await appliance.choose(link, "Reject")).status).toBe(410);
    const rejected = (await appliance.log(appliance.keys.test, id)).filter(({ type }) => type === "response.rejected");
    expect(rejected.map(({ data }) => Object.keys(data))).toEqual([["choice", "recipient", "via", "view_ms", "why"]]);
  });

  test("keeps the addresses of others whom it asked, and only those", async () => {
    const pause = await appliance.ask(appliance.keys.test, { ...full, recipient: [OTHER, NUMBER] });
    await appliance.messages(pause);
    await erase(NUMBER);
    const shown = await appliance.pause(appliance.keys.test, pause.pause_id);
    expect(shown.recipient).toEqual([OTHER, "[erased]"]);
    expect(shown.message).toBe("[erased]");
    const { disclosed } = (await appliance.get(`/v1/pause/${pause.pause_id}/audit?disclose=true`, appliance.keys.test))
      .body;
    expect(Object.values(disclosed as object).flatMap((texts) => Object.keys(texts))).toEqual([
      "/recipients/0/address",
    ]);
    // The other one's turn comes too.
    expect((await erase(OTHER)).body.pauses).toBe(1);
    expect((await appliance.pause(appliance.keys.test, pause.pause_id)).recipient).toEqual(["[erased]", "[erased]"]);
  });

  test("that still waited is withdrawn first, and whoever waits for it learns that at once", async () => {
    const pause = await appliance.ask(appliance.keys.test, full);
    const waiting = appliance.get(`/v1/pause/${pause.pause_id}?wait=60`, appliance.keys.test);
    await appliance.held(1);
    expect((await erase(NUMBER)).body.withdrawn).toBe(1);
    expect((await waiting).body).toMatchObject({ status: "cancelled", message: "[erased]" });
    const types = (await appliance.log(appliance.keys.test, pause.pause_id)).map(({ type }) => type);
    expect(types.at(-1)).toBe("pause.cancelled");
  });

  test("is no more the answer to its Idempotency-Key", async () => {
    const headers = { "idempotency-key": "pay-4712" };
    const body = { recipient: NUMBER, channel: "sms", message: "Pay?" };
    await appliance.post("/v1/pause", appliance.keys.test, body, headers);
    await erase(NUMBER);
    expect(appliance.count("SELECT count(*) FROM idempotency_keys")).toBe(0);
  });
});

describe("an erasure", () => {
  test("is told in the log: why, by whom, of which pauses and entries, and nothing personal", async () => {
    const { id } = await answered();
    const { body } = await erase(NUMBER, { reason: "asked by letter" });
    const [entry] = await all("data.erased");
    expect(entry.actor.type).toBe("developer");
    expect(entry.data).toEqual({
      why: "request",
      erasure: body.id,
      pauses: 1,
      entries: body.entries,
      pause_ids: [id],
      seqs: [],
      reason: { commitment: expect.any(String) },
    });
    expect(JSON.stringify(entry)).not.toMatch(/847\D?1928/);
    expect(body.entries).toBeGreaterThan(2);
  });

  test("leaves everybody else's pauses as they are", async () => {
    const { id } = await answered(OTHER);
    await erase(NUMBER);
    expect(await appliance.pause(appliance.keys.test, id)).toMatchObject({
      message: "Pay the invoice?",
      erased_at: null,
    });
  });

  test("finds a person by name under all their addresses, and a mail address in whatever case", async () => {
    const byName = await appliance.ask(appliance.keys.test, { recipient: "@ada" });
    const byMail = await appliance.ask(appliance.keys.test, { recipient: "ada@example.com", channel: "email" });
    const { body } = await erase("@ada");
    expect(body.pause_ids).toEqual([byName.pause_id, byMail.pause_id]);
    expect(body.still_named.people).toEqual(["@ada"]);
    expect((await appliance.pause(appliance.keys.test, byName.pause_id)).recipient).toBe("[erased]");
  });

  test("that is only tried changes nothing", async () => {
    const { id } = await answered();
    await appliance.ask(appliance.keys.test);
    const { body } = await erase(NUMBER, { dry_run: true });
    expect(body).toMatchObject({ id: null, dry_run: true, pauses: 2, withdrawn: 1, complete: false });
    expect((await appliance.pause(appliance.keys.test, id)).message).toBe("Pay the invoice?");
    expect(await all("data.erased")).toEqual([]);
  });

  test("names keys in force that name the recipient, and takes the address out of revoked ones", async () => {
    const limits: KeyLimits = { ...noLimits, recipients: [NUMBER, OTHER] };
    await appliance.newKey({ mode: "live", limits });
    const gone = await appliance.newKey({ mode: "live", limits });
    const rows = () =>
      JSON.parse(
        String(
          appliance.count(
            "SELECT json_group_array(json_object('id', id, 'limits', json(limits))) FROM api_keys WHERE limits LIKE '%+1%'",
          ),
        ),
      ) as { id: string; limits: KeyLimits }[];
    const [kept, revoked] = rows();
    await withFolder(appliance.config, ({ writer, context }) =>
      writer.write((tx) => revokeKey(tx, context, revoked?.id ?? "", { type: "operator", id: null })),
    );
    const { body } = await erase(NUMBER);
    expect(body.still_named.keys).toEqual([kept?.id]);
    expect(rows().map(({ limits: { recipients } }) => recipients)).toEqual([[NUMBER, OTHER], [OTHER]]);
    expect((await appliance.get("/v1/pause", gone)).status).toBe(401);
  });

  test("is listed outside the database, readable by its owner alone, in keyed digests", async () => {
    const { id } = await answered();
    const { body } = await erase(NUMBER);
    const file = join(appliance.config.dataDir, "erasures.jsonl");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const [line, ...more] = readFileSync(file, "utf8").trimEnd().split("\n");
    expect(more).toEqual([]);
    expect(JSON.parse(line ?? "")).toEqual({
      erasure: body.id,
      seq: expect.any(Number),
      at: expect.any(String),
      digests: [expect.stringMatching(/^[\w-]{43}$/)],
      pause_ids: [id],
    });
  });

  test("names the backups that the folder knows of", async () => {
    const made = { file: "/backups/monday.db", made_at: "2026-11-23T03:00:00.000Z" };
    writeFileSync(join(appliance.config.dataDir, "backups.jsonl"), `${JSON.stringify(made)}\n`);
    expect((await erase(NUMBER)).body.backups).toEqual([made]);
  });

  test("asks for the admin scope of a live key, and for a recipient that can be one", async () => {
    expect((await erase(NUMBER, {}, appliance.keys.live)).status).toBe(403);
    const testAdmin = await appliance.newKey({ mode: "test", scopes: ["admin"] });
    expect((await erase(NUMBER, {}, testAdmin)).body.type).toBe("/problems/live-only");
    const wrong = await erase("no such (thing)");
    expect([wrong.status, wrong.body.errors[0].pointer]).toEqual([422, "/recipient"]);
    expect((await erase(NUMBER, { whom: 1 })).status).toBe(422);
  });
});

test("an access request shows what is stored about one person, and nothing of the others", async () => {
  const pause = await appliance.ask(appliance.keys.test, { ...full, recipient: [NUMBER, OTHER] });
  const [message] = await appliance.messages(pause);
  await appliance.choose(message?.link ?? "", "Approve", { comment: "after lunch" });
  const shown = await appliance.get(`/v1/privacy/export?recipient=${encodeURIComponent(NUMBER)}`, admin);
  expect(shown.body.pauses).toHaveLength(1);
  expect(shown.body.pauses[0]).toMatchObject({
    pause_id: pause.pause_id,
    message: "Pay the invoice?",
    details: { Invoice: "4712" },
    recipients: [{ address: NUMBER, destination: NUMBER }],
    answers: [{ choice: "Approve", comment: "after lunch", via: "page" }],
    deliveries: [{ channel: "sms", status: "delivered" }],
  });
  expect(shown.body.pauses[0].log.map(({ entry }: { entry: { type: string } }) => entry.type)).toContain(
    "pause.responded",
  );
  expect(shown.text).toContain("after lunch");
  expect(shown.text).not.toContain(OTHER);
  await erase(NUMBER);
  expect(
    (await appliance.get(`/v1/privacy/export?recipient=${encodeURIComponent(NUMBER)}`, admin)).body.pauses,
  ).toEqual([]);
});
