import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { AddressKind, Channel, SendResult } from "../../src/channels/channel.ts";
import { type ClaimedMessage, MessageTraffic } from "../../src/delivery/messages.ts";
import { asksOf } from "../../src/delivery/queries.ts";
import { createPause } from "../../src/pauses/create.ts";
import { recordOpened } from "../../src/pauses/open.ts";
import { pauseByNumber } from "../../src/pauses/queries.ts";
import { createBody } from "../../src/pauses/request.ts";
import { shapePause } from "../../src/pauses/shape.ts";
import { MINUTE, openTestDatabase, viewOf } from "../support/database.ts";
import { withoutEnd } from "../support/rules.ts";

const SENT: SendResult = { outcome: "sent", providerId: "1", status: 250, excerpt: null };
const REFUSED: SendResult = { outcome: "failed", error: "unknown there", status: 550, excerpt: null };

let db: Awaited<ReturnType<typeof openTestDatabase>>;
let scanned: Set<string>;
beforeEach(async () => {
  db = await openTestDatabase();
  scanned = new Set();
});
afterEach(() => db[Symbol.asyncDispose]());

const never = () => {
  throw new Error("nothing is sent here");
};
const channel: Channel = { addressKind: "phone", send: never };
const traffic = () => new MessageTraffic(channel, { ask: never, notice: never }, { ...db.context, scanned });
const claim = (lane: string) => db.writer.write((tx) => traffic().claim(tx, lane, 10, 30_000));
const record = (message: ClaimedMessage | undefined, result: SendResult) =>
  db.writer.write((tx) => traffic().record(tx, message!, result, db.clock.now()));

/** Asks somebody over two lanes, the second five minutes after the first. */
async function ask(): Promise<{ n: number; id: string }> {
  const request = createBody.parse({ recipient: "@cfo", channel: "oncall", message: "Pay?" });
  const step = (lane: string, addressKind: AddressKind, afterMs: number) =>
    ({ channel: lane, lane, addressKind, afterMs }) as const;
  const created = await db.writer.write((tx) =>
    createPause(tx, db.context, {
      key: db.live.key,
      request,
      recipients: [{ address: "@cfo", destinations: ["cfo@example.com", "+13128471928"] }],
      steps: [step("mail", "email", 0), step("texts", "phone", 5 * MINUTE)],
      takesReplies: () => false,
      timeoutHours: 1,
      allowance: withoutEnd,
      idempotency: null,
    }),
  );
  if (created.kind !== "created") throw new Error("a replay");
  return { n: db.numberOf(created.pause.pause_id), id: created.pause.pause_id };
}

const open = (pause: { n: number; id: string }) =>
  db.writer.write((tx) =>
    recordOpened(tx, db.context, {
      pause,
      world: db.live.key.world,
      position: 0,
      origin: { ip: null, userAgent: null },
      view: viewOf(db.clock.now()),
    }),
  );

const shown = ({ n }: { n: number }) => {
  const row = db.writer.one(pauseByNumber, { n })!;
  return shapePause(row, "live", ["@cfo"], db.writer.all(asksOf, { pause_n: n }));
};

describe("the second step of a fallback", () => {
  test("is taken once its time has come and nobody has opened the link, and only then shows", async () => {
    const pause = await ask();
    await record((await claim("mail"))[0], SENT);
    db.clock.turn(5 * MINUTE - 1);
    expect(await claim("texts")).toEqual([]);
    expect(shown(pause).delivery.map(({ channel: name }) => name)).toEqual(["mail"]);
    db.clock.turn(1);
    const [text] = await claim("texts");
    expect(text).toMatchObject({ destination: "+13128471928", channel: "texts" });
    await record(text, SENT);
    expect(shown(pause).delivery.map(({ channel: name, status }) => [name, status])).toEqual([
      ["mail", "sent"],
      ["texts", "sent"],
    ]);
  });

  test("is due at once when the first has failed; nobody is reached once both have", async () => {
    const pause = await ask();
    await record((await claim("mail"))[0], REFUSED);
    expect(db.hinted.woken).toContain("texts");
    expect(shown(pause).reached).toBeNull();
    const [text] = await claim("texts");
    expect(shown(pause).reached).toBeNull();
    await record(text, REFUSED);
    expect(shown(pause).reached).toBeFalse();
  });

  test("is not taken when the link was opened", async () => {
    const pause = await ask();
    await record((await claim("mail"))[0], SENT);
    await open(pause);
    db.clock.turn(5 * MINUTE);
    expect(await claim("texts")).toEqual([]);
    expect(db.count("SELECT count(*) FROM deliveries WHERE status = 'cancelled'")).toBe(1);
    expect(shown(pause)).toMatchObject({ reached: true, delivery: [{ channel: "mail", status: "opened" }] });
  });

  test("is taken all the same behind a mail, whose links a scanner opens before anybody has read it", async () => {
    scanned.add("mail");
    const pause = await ask();
    await record((await claim("mail"))[0], SENT);
    await open(pause);
    db.clock.turn(5 * MINUTE);
    expect(await claim("texts")).toHaveLength(1);
  });
});
