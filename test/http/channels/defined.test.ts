/** A channel that an operator has written: the one of docs/channels.md as it stands there, and ones that are wrong. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { loadConfig } from "../../../src/platform/config/load.ts";
import { documentAt, fencesOf } from "../../docs/documents.ts";
import { type Page, type PagerPeer, startPager } from "../../peers/pager.ts";
import type { Appliance } from "../../support/appliance.ts";
import { folderWith } from "../../support/binary.ts";
import { eventually } from "../../support/eventually.ts";
import { codeIn, pauseOnce, SharedClock, statusIs, withChannels } from "./stage.ts";

const SECRETS = { PAGER_KEY: "key-0123456789", PAGER_SECRET: "secret-0123456789" };

const running: { stop(): unknown }[] = [];
afterEach(async () => {
  for (const part of running.splice(0).reverse()) await part.stop();
  for (const name of ["PAGER_URL", ...Object.keys(SECRETS)]) delete process.env[name];
});

/** An appliance with the channels and people of a configuration file. */
async function withConfig(text: string): Promise<Appliance> {
  const folder = folderWith({ "pausepoint.config.ts": text });
  const { channels, people } = await loadConfig({ env: {}, cwd: folder });
  rmSync(folder, { recursive: true });
  const appliance = await withChannels(new SharedClock(), channels, { people });
  running.push(appliance);
  return appliance;
}

describe("the channel of docs/channels.md", () => {
  let pager: PagerPeer;
  let appliance: Appliance;
  const ask = (recipient: string, more = {}) =>
    appliance.ask(appliance.keys.live, { channel: "pager", recipient, ...more });
  const paged = async (): Promise<Page> =>
    (
      await eventually(
        () => pager.pages,
        (pages) => pages.length > 0,
      )
    )[0]!;

  beforeEach(async () => {
    pager = startPager({ key: SECRETS.PAGER_KEY, secret: SECRETS.PAGER_SECRET, off: "999999" });
    running.push(pager);
    Object.assign(process.env, SECRETS, { PAGER_URL: pager.url });
    const [fence] = fencesOf(documentAt("docs/channels.md"), "config").filter(
      ({ marker }) => marker?.detail === "written channel",
    );
    appliance = await withConfig(fence?.text ?? "no such fence");
  });

  test("pages, hears that it was read, and takes the answer by reply", async () => {
    const pause = await ask("@cfo");
    expect(pause.delivery).toMatchObject([{ channel: "pager", recipient: "@cfo" }]);
    const page = await paged();
    expect(page).toMatchObject({ pager: "123456", tell: `${appliance.url}/hooks/pager/told` });
    expect(page.text).toStartWith("PausePoint: Pay the invoice?\n\nAnswer: http");
    await pauseOnce(appliance, pause, statusIs("sent"));
    expect(await pager.tell(page, { event: "read" })).toEqual({ status: 204, text: "" });
    expect(await appliance.pause(appliance.keys.live, pause.pause_id)).toMatchObject({ reached: true });

    const code = codeIn(page.text);
    expect(await pager.tell(page, { event: "reply", text: `${code} reject` })).toEqual({
      status: 200,
      text: `${JSON.stringify({ show: `Recorded for ${code}: Reject` })}\n`,
    });
    expect(await appliance.pause(appliance.keys.live, pause.pause_id)).toMatchObject({
      status: "responded",
      response_choice: "Reject",
      response_via: "reply",
      responded_by: "@cfo",
    });
    expect(appliance.faultInLog()).toBeNull();
  });

  test("shows what the page cost, and what the server answered, in the delivery log", async () => {
    const pause = await ask("123456", { message: "Pay the “Söhne”?" });
    await pauseOnce(appliance, pause, statusIs("sent"));
    const { body } = await appliance.get(`/v1/pause/${pause.pause_id}/deliveries`, appliance.keys.live);
    expect(body.data).toMatchObject([
      {
        kind: "message",
        segments: { encoding: "GSM-7", count: 2 },
        attempts: [{ status: 201, body: '{"page":"p-1"}' }],
      },
    ]);
    const receipt = { event: "lost", text: "" };
    await pager.tell(await paged(), receipt);
    expect(await appliance.pause(appliance.keys.live, pause.pause_id)).toMatchObject({ reached: false });
  });

  test("has addresses of its own: one spelling each, and words for what is none", async () => {
    expect(await ask("12-34 56")).toMatchObject({ recipient: "123456" });
    for (const key of [appliance.keys.live, appliance.keys.test]) {
      const asked = { channel: "pager", recipient: "12345", message: "Pay?" };
      expect((await appliance.post("/v1/pause", key, asked)).body.errors).toEqual([
        { pointer: "/recipient", detail: "must be a pager number of six digits, or @name" },
      ]);
    }
  });

  test("tells who did not decide that it is over, by a page of its own", async () => {
    const pause = await ask("@cfo");
    const asked = await paged();
    await pauseOnce(appliance, pause, statusIs("sent"));
    await appliance.post(`/v1/pause/${pause.pause_id}/cancel`, appliance.keys.live, {});
    const [, over] = await eventually(
      () => pager.pages,
      (pages) => pages.length > 1,
    );
    expect(over).toMatchObject({ id: `${asked.id}-over`, pager: "123456" });
    expect(over?.text).toBe(
      "This question was withdrawn. There is nothing to answer any more.\n\nIt was: Pay the invoice?",
    );
  });

  test("answers nothing to chatter, and STOP in words that speak of no number", async () => {
    await ask("123456");
    const page = await paged();
    const said = async (text: string) => JSON.parse((await pager.tell(page, { event: "reply", text })).text).show;
    for (let times = 0; times < 6; times++) expect(await said("see you at noon")).toBeNull();
    expect(await said("approve")).toStartWith(`Please reply with ${codeIn(page.text)}`);
    expect(await said("STOP")).toBe("You will get no more messages from here. Reply START to get them again.");
    const { delivery } = await pauseOnce(appliance, await ask("123456"), statusIs("failed"));
    expect(delivery).toMatchObject([
      { error: "this recipient has asked for no more messages; they have to reply START first" },
    ]);
    expect(appliance.logged.join("")).not.toContain("see you");
  });

  test("fails for a pager that is not there", async () => {
    const off = await ask("999999");
    const { delivery } = await pauseOnce(appliance, off, statusIs("failed"));
    expect(delivery).toMatchObject([{ error: "there is no such pager" }]);
    expect(appliance.logged.join("")).toMatch(/not delivered .*there is no such pager/);
  });

  test("believes nobody without the secret, and records nothing of what it can't read", async () => {
    const pause = await ask("123456");
    const page = await paged();
    await pauseOnce(appliance, pause, statusIs("sent"));
    expect((await pager.tell(page, { event: "read" }, "secret-9876543210")).status).toBe(401);
    const headers = { "x-pager-secret": SECRETS.PAGER_SECRET };
    const entries = appliance.count("SELECT count(*) FROM audit_entries");
    const broken = await appliance.call("/hooks/pager/told", { method: "POST", body: "{", headers });
    expect(broken.status).toBe(400);
    const noEvent = await appliance.call("/hooks/pager/told", {
      ...{ body: { event: "read", id: "x".repeat(65), pager: 7 }, headers },
    });
    expect(noEvent).toMatchObject({ status: 500, body: { type: "/problems/internal" } });
    expect(noEvent.text).not.toMatch(/JSON|pager|secret/i);
    expect(appliance.count("SELECT count(*) FROM audit_entries")).toBe(entries);
    expect(await appliance.pause(appliance.keys.live, pause.pause_id)).toMatchObject({
      delivery: [{ status: "sent" }],
    });
    expect(appliance.logged.join("")).toContain("receive of the channel pager failed");
  });
});

describe("a channel that is wrong", () => {
  const broken = (send: string, more = "") =>
    withConfig(`import { defineChannel, defineConfig } from "pausepoint/config";
      export default defineConfig({ channels: { pager: defineChannel({ addressKind: "phone", send: ${send}, ${more} }) } });`);
  const deliveryOf = async (appliance: Appliance) => {
    const pause = await appliance.ask(appliance.keys.live, { channel: "pager" });
    const told = await pauseOnce(appliance, pause, ({ delivery }) => delivery[0]?.error !== null);
    return told.delivery[0];
  };

  test.each([
    [
      "throws a text",
      `() => { throw "the line is dead" }`,
      "queued",
      "the channel's own code failed: the line is dead",
    ],
    [
      "gives nothing",
      "async () => {}",
      "failed",
      "the channel's own code gave no result: it is nothing; it has to be an object",
    ],
    ["gives nonsense", `async () => ({ outcome: "well" })`, "failed", "the channel's own code gave no result: outcome"],
  ])("and %s shows so in the delivery, and the server goes on", async (_, send, status, error) => {
    const appliance = await broken(send);
    expect(await deliveryOf(appliance)).toMatchObject({ status, error: expect.stringContaining(error) });
    expect((await appliance.call("/healthz")).status).toBe(200);
  });

  test("and hangs is given up after its time", async () => {
    const appliance = await broken("() => new Promise(() => {})", "timeoutSeconds: 1, connect: () => { throw 1 }");
    const pause = await appliance.ask(appliance.keys.live, { channel: "pager" });
    await eventually(
      () => appliance.count("SELECT count(*) FROM deliveries WHERE status = 'sending'"),
      (sending) => sending === 1,
    );
    await new Promise((resolve) => setImmediate(resolve));
    appliance.clock.turn(1_000);
    const { delivery } = await pauseOnce(appliance, pause, ({ delivery }) => delivery[0]?.error !== null);
    expect(delivery).toMatchObject([{ status: "queued", error: expect.stringContaining("did not answer within 1 s") }]);
    expect(appliance.logged.join("")).toContain("failed to connect");
  });
});
