import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { takeReceipt } from "../../src/delivery/receipts.ts";
import { Sending } from "./sending.ts";

let sending: Sending;
beforeEach(async () => {
  sending = await Sending.open();
});
afterEach(() => sending[Symbol.asyncDispose]());

/** A message that the carrier took under this name. */
async function sentAs(name: string): Promise<number> {
  const n = await sending.ask();
  sending.db.connection
    .prepare("UPDATE deliveries SET status = 'sent', attempts = 1, provider_id = ?, finished_at = 1 WHERE pause_n = ?")
    .run(name, n);
  return n;
}

const receipt = (providerIds: string[], status: "delivered" | "failed", lane = "sms") =>
  sending.db.writer.write((tx) =>
    takeReceipt(tx, sending.db.context, lane, { deliveryId: "", providerIds, status, error: null }),
  );

describe("a receipt that knows the carrier's name of a message alone", () => {
  test("is that message's, under any of the names it may have", async () => {
    const n = await sentAs("1a2b");
    expect(await receipt(["6699", "1a2b"], "delivered")).toBeTrue();
    expect(sending.row(n).status).toBe("delivered");
  });

  test("that one part has arrived proves nothing for the whole; that the first has failed does", async () => {
    const n = await sentAs("1a2b,1a2c");
    expect(await receipt(["1a2b"], "delivered")).toBeFalse();
    expect(sending.row(n).status).toBe("sent");
    expect(await receipt(["1a2b"], "failed")).toBeTrue();
    expect(sending.row(n).status).toBe("failed");
  });

  test("changes nothing where two could be meant, in another lane, or for a name that only begins so", async () => {
    const [one, other] = [await sentAs("77"), await sentAs("78")];
    expect(await receipt(["77", "78"], "delivered")).toBeFalse();
    expect(await receipt(["77"], "delivered", "carrier")).toBeFalse();
    expect(await receipt(["7"], "failed")).toBeFalse();
    expect([one, other].map((n) => sending.row(n).status)).toEqual(["sent", "sent"]);
  });
});

describe("a receipt for a message whose own answer was lost", () => {
  const idOf = (n: number) =>
    sending.db.connection.prepare("SELECT id FROM deliveries WHERE pause_n = ?").pluck().get(n) as string;
  const take = (n: number, status: "delivered" | "failed") =>
    sending.db.writer.write((tx) =>
      takeReceipt(tx, sending.db.context, "sms", { deliveryId: idOf(n), status, error: null }),
    );

  test("says that it has arrived, so that it is not sent a second time", async () => {
    sending.peer.behave("*", { kind: "hang", accepted: true });
    await sending.start();
    const n = await sending.ask();
    await sending.until(() => sending.handed === 1);
    sending.db.clock.turn(15_000);
    await sending.until(() => sending.row(n).status === "queued");
    expect(await take(n, "delivered")).toBeTrue();
    expect(sending.row(n)).toMatchObject({ status: "delivered", error: null });
    sending.db.clock.turn(60_000);
    await sending.quiet();
    expect(sending.handed).toBe(1);
  });

  test("changes nothing before the first attempt, nor when it says that this one failed", async () => {
    const n = await sending.ask();
    expect(await take(n, "delivered")).toBeFalse();
    sending.db.connection.exec("UPDATE deliveries SET attempts = 1");
    expect(await take(n, "failed")).toBeFalse();
    expect(sending.row(n).status).toBe("queued");
  });
});
