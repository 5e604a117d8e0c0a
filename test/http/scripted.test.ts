/** Recipients of the test world that answer by themselves: docs/test-recipients.md. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { SCRIPTS, scriptOf } from "../../src/channels/scripted.ts";
import type { Pause } from "../../src/pauses/index.ts";
import { documentAt, tableOf } from "../docs/documents.ts";
import { startReceiver } from "../peers/receiver.ts";
import { type Appliance, restarted, startAppliance } from "../support/appliance.ts";
import { eventually } from "../support/eventually.ts";

const SECOND = 1_000;
const HOUR = 3_600_000;

let appliance: Appliance;
beforeEach(async () => {
  appliance = await startAppliance();
});
afterEach(() => appliance.stop());

const numberOf = (script: string) => `+150055501${SCRIPTS.find((one) => one.script === script)!.number}`;
const ask = (recipient: string | string[], more: object = {}, key = appliance.keys.test) =>
  appliance.ask(key, { recipient, timeout_hours: 1, ...more });
const shown = (id: string, key = appliance.keys.test) => appliance.pause(key, id);
const once = (id: string, holds: (pause: Pause) => boolean) => eventually(() => shown(id), holds);
const ended = ({ status }: Pause) => status !== "pending";
const logOf = async (id: string): Promise<{ type: string; data: Record<string, unknown> }[]> =>
  await appliance.told(appliance.keys.test, id);
const typesOf = async (id: string) => (await logOf(id)).map(({ type }) => type);
/** Lets whatever is due by now be done. */
const settled = async () => {
  for (let calls = 0; calls < 5; calls++) await appliance.call("/readyz");
};

describe("a scripted approver", () => {
  test("approves at once, by the page, with all that a person's tap leaves behind", async () => {
    const receiver = await startReceiver();
    try {
      const { pause_id } = await ask(numberOf("approves"), { webhook_url: `${receiver.url}/told` });
      const pause = await once(pause_id, ended);
      expect(pause).toMatchObject({
        ...{ status: "responded", response_choice: "Approve", response_source: "human", response_via: "page" },
        ...{ responded_by: "+15005550101", reached: true, receipt: expect.stringMatching(/^ey/) },
        delivery: [{ status: "opened" }],
      });
      expect(JSON.parse((await receiver.nextRequest()).body as never).data.response_choice).toBe("Approve");
      const log = await logOf(pause_id);
      expect(log.map(({ type }) => type).slice(0, 4)).toEqual([
        ...["pause.created", "pause.delivered", "pause.opened", "pause.responded"],
      ]);
      // It says who that was, and which page it saw.
      expect(log[3]!.data).toMatchObject({ user_agent: "PausePoint scripted approver (approves)", via: "page" });
      expect(log[3]!.data.page).toMatch(/^sha256:/);
      expect(appliance.faultInLog()).toBeNull();
    } finally {
      await receiver.stop();
    }
  });

  test("rejects with the last option", async () => {
    const { pause_id } = await ask(numberOf("rejects"), { options: ["Ship", "Hold", "Drop"] });
    expect(await once(pause_id, ended)).toMatchObject({ response_choice: "Drop", response_source: "human" });
  });

  test("adds a comment where one is allowed, and only there", async () => {
    const [open, none] = [await ask(numberOf("comments"), { allow_comment: true }), await ask(numberOf("comments"))];
    const comment = "Answered by a scripted approver.";
    expect(await once(open.pause_id, ended)).toMatchObject({ response_choice: "Approve", response_comment: comment });
    expect(await once(none.pause_id, ended)).toMatchObject({ response_choice: "Approve", response_comment: null });
  });

  test.each([
    ["+1 (500) 555-0230", 30, "Approve"],
    ["+1 (500) 555-0305", 5, "Reject"],
  ])("at %s answers after %d seconds", async (recipient, seconds, choice) => {
    const { pause_id } = await ask(recipient);
    await appliance.messages({ pause_id, recipient });
    appliance.clock.turn((seconds - 1) * SECOND);
    await settled();
    expect((await shown(pause_id)).status).toBe("pending");
    appliance.clock.turn(SECOND);
    expect(await once(pause_id, ended)).toMatchObject({ response_choice: choice });
  });

  test("that opens the link does not answer, and one that never does leaves no trace", async () => {
    const [opens, never] = [await ask(numberOf("opens")), await ask(numberOf("never"))];
    await once(opens.pause_id, ({ delivery }) => delivery[0]!.status === "opened");
    await appliance.messages(never);
    appliance.clock.turn(HOUR);
    await settled();
    for (const [pause, types] of [
      [opens, ["pause.created", "pause.delivered", "pause.opened", "pause.timed_out"]],
      [never, ["pause.created", "pause.delivered", "pause.timed_out"]],
    ] as const) {
      expect(await once(pause.pause_id, ended)).toMatchObject({ status: "timed_out", response_choice: null });
      expect(await typesOf(pause.pause_id)).toEqual([...types]);
    }
  });

  test("that taps twice in one moment is heard once, and the other tap is recorded", async () => {
    const { pause_id } = await ask(numberOf("taps-twice"));
    const { response_choice } = await once(pause_id, ended);
    expect(["Approve", "Reject"]).toContain(response_choice!);
    const log = await eventually(
      () => logOf(pause_id),
      (entries) => entries.some(({ type }) => type === "response.rejected"),
    );
    const [rejected] = log.filter(({ type }) => type === "response.rejected");
    expect(rejected!.data).toMatchObject({
      choice: response_choice === "Approve" ? "Reject" : "Approve",
      why: "responded",
    });
  });

  test("behind a scanner is asked by a machine first, which decides nothing", async () => {
    const { pause_id } = await ask(numberOf("scanned"));
    await eventually(
      () => typesOf(pause_id),
      (types) => types.includes("pause.opened"),
    );
    await settled();
    expect((await shown(pause_id)).status).toBe("pending");
    expect((await logOf(pause_id)).at(-1)!.data).toMatchObject({ automated: true });
    appliance.clock.turn(2 * SECOND);
    expect(await once(pause_id, ended)).toMatchObject({ response_choice: "Approve", response_source: "human" });
  });

  test("that is late is refused, and recorded as rejected", async () => {
    const { pause_id } = await ask(numberOf("late"), { timeout_default: "Reject" });
    await appliance.messages({ pause_id, recipient: "one" });
    appliance.clock.turn(HOUR);
    await once(pause_id, ended);
    appliance.clock.turn(SECOND);
    await eventually(
      () => typesOf(pause_id),
      (types) => types.includes("response.rejected"),
    );
    expect(await shown(pause_id)).toMatchObject({ response_choice: "Reject", response_source: "timeout_default" });
  });

  test("that can't be reached fails the delivery, and the agent sees it", async () => {
    const { pause_id } = await ask(numberOf("unreachable"));
    const failed = await once(pause_id, ({ reached }) => reached === false);
    expect(failed).toMatchObject({
      status: "pending",
      delivery: [{ status: "failed", error: "this scripted approver can't be reached" }],
    });
    expect(await typesOf(pause_id)).toEqual(["pause.created", "pause.delivery_failed"]);
  });

  test("is there by mail too, with a tag and a time, and each of several plays its own part", async () => {
    const recipient = ["never@approver.test", "rejects-after-60+finance@approver.test", "opens@Approver.test"];
    const { pause_id } = await ask(recipient, { channel: "email" });
    await once(pause_id, ({ delivery }) => delivery[2]!.status === "opened");
    appliance.clock.turn(60 * SECOND);
    expect(await once(pause_id, ended)).toMatchObject({
      response_choice: "Reject",
      responded_by: "rejects-after-60+finance@approver.test",
    });
  });

  test("goes on after a restart", async () => {
    const { pause_id } = await ask("+15005550230");
    await appliance.messages({ pause_id, recipient: "one" });
    await appliance.app.stop();
    appliance = await restarted(appliance);
    appliance.clock.turn(30 * SECOND);
    expect(await once(pause_id, ended)).toMatchObject({ response_choice: "Approve" });
    await eventually(
      () => appliance.count("SELECT count(*) FROM scripted_acts"),
      (left) => left === 0,
    );
  });

  test("does nothing for a question that was withdrawn before its time", async () => {
    const { pause_id } = await ask("+15005550230");
    await appliance.messages({ pause_id, recipient: "one" });
    await appliance.post(`/v1/pause/${pause_id}/cancel`, appliance.keys.test);
    appliance.clock.turn(30 * SECOND);
    await eventually(
      () => appliance.count("SELECT count(*) FROM scripted_acts"),
      (left) => left === 0,
    );
    expect((await typesOf(pause_id)).filter((type) => type === "response.rejected")).toEqual([]);
  });

  test("is nobody in the live world", async () => {
    const { pause_id } = await ask(numberOf("approves"), {}, appliance.keys.live);
    const gone = await ask(numberOf("unreachable"), {}, appliance.keys.live);
    await eventually(
      () => shown(gone.pause_id, appliance.keys.live),
      ({ delivery }) => delivery[0]!.status === "delivered",
    );
    appliance.clock.turn(60 * SECOND);
    await settled();
    expect((await shown(pause_id, appliance.keys.live)).status).toBe("pending");
    expect(appliance.count("SELECT count(*) FROM scripted_acts")).toBe(0);
  });
});

describe("who is one", () => {
  test("is told by the address alone", () => {
    expect(scriptOf("+15005550101")).toEqual({ script: "approves", afterMs: 0 });
    expect(scriptOf("approver-rejects")).toEqual({ script: "rejects", afterMs: 0 });
    expect(scriptOf("approves-after-86400@approver.test")).toEqual({ script: "approves", afterMs: 86_400_000 });
    for (const nobody of [
      ...["+15005550100", "+15005550110", "+150055501010", "+15005550006", "+13128471928", "approver-x", "x"],
      ...[
        "approves@approver.test.example.com",
        "approves@example.com",
        "@approver.test",
        "never-after-3@approver.test",
      ],
      ...["approves-after-86401@approver.test", "constructor@approver.test"],
    ])
      expect(scriptOf(nobody)).toBeNull();
  });

  test("is what the document says", () => {
    const rows = tableOf(documentAt("docs/test-recipients.md"), "number");
    expect(rows).toEqual(
      SCRIPTS.map(({ script, number, does }) => [`\`+1 500 555 01${number}\``, `\`${script}@approver.test\``, does]),
    );
  });
});
