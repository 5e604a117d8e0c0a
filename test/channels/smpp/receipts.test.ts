import { afterEach, describe, expect, test } from "bun:test";
import { Smsc, type SmscOptions } from "../../peers/smpp.ts";
import { PHONE, type StartOptions, startBound, started, stopAll } from "./stage.ts";

afterEach(stopAll);

/** A carrier that gives its texts these ids, and a channel that is bound to it. */
async function startWith(ids: readonly string[], options: StartOptions = {}, more: SmscOptions = {}) {
  let n = 0;
  const react = () => ({ kind: "take", messageId: ids[n++] ?? `more${n}` }) as const;
  const smsc = started(await Smsc.start({ react, ...more }));
  const stage = await startBound(smsc.url, options);
  const receipt = (id: string, stat = "DELIVRD", fields: object = {}) =>
    smsc.deliver({
      ...{ esm_class: 4, source_addr: PHONE.slice(1), destination_addr: "15005550006" },
      short_message: `id:${id} sub:001 dlvrd:001 submit date:2611250300 done date:2611250301 stat:${stat} err:027 text:Refund`,
      ...fields,
    });
  return { smsc, receipt, ...stage };
}

const delivered = { kind: "receipt", deliveryId: "dlv_1", status: "delivered", error: null } as const;

describe("a receipt", () => {
  test("tells that a text has arrived, and is answered with an empty id once that is recorded", async () => {
    const recorded = Promise.withResolvers<null>();
    const { receipt, send, reports } = await startWith(["a1"], { answer: () => recorded.promise });
    await send();
    let isAnswered = false;
    const answer = receipt("a1").then((pdu) => {
      isAnswered = true;
      return pdu;
    });
    expect(await reports(1)).toEqual([delivered]);
    expect(isAnswered).toBe(false);
    recorded.resolve(null);
    expect(await answer).toMatchObject({ command: "deliver_sm_resp", command_status: 0, message_id: "" });
  });

  test("that could not be recorded is asked for again", async () => {
    const { receipt, send } = await startWith(["a1"], { answer: () => Promise.reject(new Error("disk full")) });
    await send();
    expect(await receipt("a1")).toMatchObject({ command_status: 0x64 });
  });

  test.each([
    ["EXPIRED", "the phone could not be reached in time (EXPIRED, error 027)"],
    ["UNDELIV", "the carrier could not deliver the text (UNDELIV, error 027)"],
    ["UNDELIVERABLE", "the carrier could not deliver the text (UNDELIV, error 027)"],
    ["DELETED", "the carrier deleted the text (DELETED, error 027)"],
    ["REJECTD", "the carrier rejected the text (REJECTD, error 027)"],
  ])("tells why a text did not arrive: %p", async (stat, error) => {
    const { receipt, send, reported } = await startWith(["a1"]);
    await send();
    await receipt("a1", stat);
    expect(reported).toEqual([{ ...delivered, status: "failed", error }]);
  });

  test.each(["ACCEPTD", "ENROUTE", "UNKNOWN", "HELLO"])("that is not final says nothing: %p", async (stat) => {
    const { receipt, send, reported } = await startWith(["a1"]);
    await send();
    expect(await receipt("a1", stat)).toMatchObject({ command_status: 0 });
    await receipt("a1");
    expect(reported).toEqual([delivered]);
  });

  test("is read from its parameters first, in a message without a text too", async () => {
    const { smsc, send, reported } = await startWith(["a1", "a2", "a3"]);
    for (const deliveryId of ["dlv_1", "dlv_2", "dlv_3"]) await send({ deliveryId });
    const byParameters = (receipted_message_id: string, message_state: number) => ({
      ...{ receipted_message_id, message_state, network_error_code: Buffer.of(3, 0, 8) },
    });
    await smsc.deliver({ esm_class: 4, short_message: "id:zz stat:DELIVRD", ...byParameters("a1", 5) });
    await smsc.deliver({ esm_class: 0, short_message: "", ...byParameters("a2", 2) });
    await smsc.deliver({ esm_class: 4, ...byParameters("a3", 3) }, "data_sm");
    expect(reported).toEqual([
      { ...delivered, status: "failed", error: "the carrier could not deliver the text (UNDELIV, error 8)" },
      { ...delivered, deliveryId: "dlv_2" },
      {
        ...{ ...delivered, deliveryId: "dlv_3", status: "failed" },
        error: "the phone could not be reached in time (EXPIRED, error 8)",
      },
    ]);
  });

  test.each([
    ["39f99dd5", "972660181"],
    ["39F99DD5", "0972660181"],
    ["972660181", "39f99dd5"],
    ["0000000012", "12"],
    ["ABC-1f", "abc-1F"],
    ["7b", "0000000123"],
    ["550E8400-E29B-41D4-A716-446655440000", "550e8400-e29b-41d4-a716-446655440000"],
  ])("finds its text, though the answer said %p and it says %p", async (answered, receipted) => {
    const { receipt, send, reported } = await startWith([answered]);
    await send();
    await receipt(receipted);
    expect(reported).toEqual([delivered]);
  });

  test("whose id is another text's in another spelling goes by the number", async () => {
    const { receipt, send, reported, turn } = await startWith(["123"], { changes: { timeoutSeconds: 120 } });
    await send({ to: "+4930901820" });
    // 291 is 0x123, and the id of a text that is not ours, to someone else.
    await receipt("291");
    turn(60_000);
    expect(reported).toEqual([
      { kind: "receipt", deliveryId: "", providerIds: ["291", "123", "657"], status: "delivered", error: null },
    ]);
  });

  test("is spelled as the first that matched, from then on", async () => {
    const { receipt, send, reported, turn } = await startWith(["a1", "123"]);
    await send();
    await send({ deliveryId: "dlv_2" });
    await receipt("a1");
    await receipt("291");
    turn(60_000);
    expect(reported).toEqual([delivered, { ...delivered, deliveryId: "", providerIds: ["291"] }]);
  });

  test.each([
    ["hex-to-decimal", "7b", "123", "7b"],
    ["decimal-to-hex", "123", "7b", "123"],
    ["same", "7b", "123", null],
  ])("is matched as set: %p", async (messageIdFormat, answered, receipted, found) => {
    const { receipt, send, reported, turn } = await startWith([answered], { changes: { messageIdFormat } });
    await send();
    await receipt(receipted);
    turn(60_000);
    expect(reported).toEqual([found === null ? { ...delivered, deliveryId: "", providerIds: ["123"] } : delivered]);
  });

  test("that comes before the answer waits for it", async () => {
    let coming: Promise<unknown> = Promise.resolve();
    const beforeAnswer = (id: string, smsc: Smsc) => {
      coming = smsc.deliver({ esm_class: 4, source_addr: PHONE.slice(1), short_message: `id:${id} stat:DELIVRD` });
    };
    const { send, reports } = await startWith(["a1"], {}, { beforeAnswer });
    expect(await send()).toMatchObject({ outcome: "sent", providerId: "a1" });
    await coming;
    expect(await reports(1)).toEqual([delivered]);
  });

  test("of a text that was sent before a restart is told with the ids that it may have had", async () => {
    const quiet = { changes: { enquireLinkSeconds: 600 } };
    const { receipt, reported, turn, connection } = await startWith([], quiet);
    await receipt("000ABC");
    await receipt("000abc");
    expect(reported).toEqual([]);
    turn(60_000);
    const stray = { ...delivered, deliveryId: "", providerIds: ["abc", "2748"] };
    expect(reported).toEqual([stray]);
    await receipt("d0", "UNDELIV");
    await connection.stop();
    expect(reported).toMatchObject([stray, { providerIds: ["d0", "208"], status: "failed" }]);
  });

  test("that comes twice counts once", async () => {
    const { receipt, send, reported, turn } = await startWith(["a1"]);
    await send();
    await receipt("a1");
    await receipt("a1");
    turn(60_000);
    // The second is of a text that nothing more is kept of; under its id it changes nothing.
    expect(reported).toEqual([delivered, { ...delivered, deliveryId: "", providerIds: ["a1"] }]);
  });

  test("of an acknowledgement by a phone, or of nothing, is nobody's", async () => {
    const { smsc, reported, turn } = await startWith([]);
    await smsc.deliver({ esm_class: 0x08, source_addr: PHONE.slice(1), short_message: "ok" });
    await smsc.deliver({ esm_class: 0x20, short_message: "id:a1 stat:DELIVRD" });
    expect(await smsc.deliver({ esm_class: 4, short_message: "" })).toMatchObject({ command_status: 0 });
    turn(60_000);
    expect(reported).toEqual([]);
  });
});

describe("a text of several parts", () => {
  const text = "x".repeat(400);

  test("has arrived when all of them have", async () => {
    const { receipt, send, reported } = await startWith(["a1", "a2", "a3"]);
    expect(await send({ text })).toMatchObject({ providerId: "a1,a2,a3" });
    await receipt("a3");
    await receipt("a1");
    expect(reported).toEqual([]);
    await receipt("a2");
    expect(reported).toEqual([delivered]);
  });

  test("has failed with the first that has, and is told so once", async () => {
    const { receipt, send, reported } = await startWith(["a1", "a2", "a3"]);
    await send({ text });
    await receipt("a1");
    await receipt("a2", "UNDELIV");
    expect(reported).toHaveLength(1);
    await receipt("a3", "UNDELIV");
    expect(reported).toMatchObject([{ deliveryId: "dlv_1", status: "failed" }]);
  });
});
