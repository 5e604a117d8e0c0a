import { afterEach, describe, expect, test } from "bun:test";
import { type Receiver, type ReceiverOptions, startReceiver } from "./receiver.ts";

const running: Receiver[] = [];

afterEach(async () => {
  for (const receiver of running.splice(0)) await receiver.stop();
});

async function receiverWith(options: ReceiverOptions = {}): Promise<Receiver> {
  const receiver = await startReceiver(options);
  running.push(receiver);
  return receiver;
}

/** The status that a sender sees, or null when it gets no whole answer. */
async function send(receiver: Receiver, id: string, body = "{}"): Promise<number | null> {
  try {
    const response = await fetch(receiver.url, { method: "POST", headers: { "Webhook-Id": id }, body });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return null;
  }
}

/** Sends each of the webhooks until it is taken; gives back the answers of each. */
async function deliver(receiver: Receiver, ids: readonly string[]): Promise<Record<string, (number | null)[]>> {
  const answers: Record<string, (number | null)[]> = {};
  for (const id of ids) {
    const seen: (number | null)[] = [];
    answers[id] = seen;
    while (seen.at(-1) !== 204) seen.push(await send(receiver, id));
  }
  return answers;
}

describe("the receiver", () => {
  test("keeps what it got, byte for byte, and takes it", async () => {
    const receiver = await receiverWith();
    expect(await send(receiver, "evt_1", "é\u0000{}")).toBe(204);
    const request = await receiver.nextRequest();
    expect(request).toMatchObject({ method: "POST", path: "/", webhookId: "evt_1", attempt: 1, status: 204 });
    expect(request.headers["webhook-id"]).toBe("evt_1");
    expect(request.body.toString()).toBe("é\u0000{}");
  });

  test("plays its script first and behaves well after it", async () => {
    const receiver = await receiverWith();
    receiver.behave({ status: 500 }, 2);
    receiver.behave({ trouble: "reset" });
    const answers = [];
    for (let attempt = 0; attempt < 4; attempt++) answers.push(await send(receiver, "evt_1"));
    expect(answers).toEqual([500, 500, null, 204]);
    expect(
      receiver
        .byWebhookId()
        .get("evt_1")
        ?.map(({ attempt, status }) => [attempt, status]),
    ).toEqual([
      [1, 500],
      [2, 500],
      [3, null],
      [4, 204],
    ]);
  });

  test("fails the share that it was told to, the same attempts for the same seed in any order", async () => {
    const ids = Array.from({ length: 200 }, (_, index) => `evt_${index}`);
    const first = await receiverWith({ failShare: 0.3, seed: 7 });
    const answers = await deliver(first, ids);
    const again = await deliver(await receiverWith({ failShare: 0.3, seed: 7 }), ids.toReversed());
    expect(again).toEqual(answers);
    const other = await deliver(await receiverWith({ failShare: 0.3, seed: 8 }), ids);
    expect(other).not.toEqual(answers);

    const all = Object.values(answers).flat();
    const failed = all.filter((status) => status !== 204);
    expect(failed.length / all.length).toBeGreaterThan(0.2);
    expect(failed.length / all.length).toBeLessThan(0.4);
    expect(new Set(failed)).toEqual(new Set([500, 503, 429, null]));
    expect([...first.byWebhookId().keys()].toSorted()).toEqual(ids.toSorted());
    expect(first.requests.map(({ status }) => status)).toEqual(all);
  });
});
