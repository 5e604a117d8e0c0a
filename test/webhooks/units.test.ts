import { describe, expect, test } from "bun:test";
import {
  disableEndpoint,
  type EndpointRow,
  endpointByNumber,
  listeners,
  noteFailure,
  noteSuccess,
} from "../../src/webhooks/index.ts";
import { chainFaults, DAY, START } from "../support/database.ts";
import { type Stage, startStage } from "./stage.ts";

const rowOf = (stage: Stage, id: string) => stage.stored().find((row) => row.id === id) as EndpointRow;

describe("who listens", () => {
  const urlsOf = async (stage: Stage, type: string) => {
    const { n } = stage.keys.test.key.world;
    return (await stage.db.writer.write((tx) => listeners(tx, n, type))).map(({ url }) => url);
  };

  test("are the enabled endpoints of the world that named the event or none, oldest first", async () => {
    await using stage = await startStage();
    const at = (name: string) => `https://hooks.example.com/${name}`;
    await stage.create({ url: at("all") });
    await stage.create({ url: at("answers"), events: ["pause.responded"] });
    await stage.create({ url: at("ends"), events: ["pause.timed_out", "pause.cancelled"] });
    const off = await stage.create({ url: at("off") });
    const gone = await stage.create({ url: at("gone") });
    await stage.create({ url: at("live") }, stage.keys.live);
    await stage.create({ url: at("other") }, stage.keys.otherTest);
    await stage.call("PATCH", `/v1/webhooks/${off.id}`, { status: "disabled" });
    await stage.call("DELETE", `/v1/webhooks/${gone.id}`);
    expect(await urlsOf(stage, "pause.responded")).toEqual([at("all"), at("answers")]);
    expect(await urlsOf(stage, "pause.timed_out")).toEqual([at("all"), at("ends")]);
    expect(await urlsOf(stage, "pause.cancelled")).toEqual([at("all"), at("ends")]);
    await stage.call("PATCH", `/v1/webhooks/${off.id}`, { status: "enabled" });
    expect(await urlsOf(stage, "pause.responded")).toEqual([at("all"), at("answers"), at("off")]);
  });
});

describe("the appliance", () => {
  const WHY = "the receiver answered 410 Gone";

  test("disables an endpoint once, says why, and writes it to the log in its own name", async () => {
    await using stage = await startStage();
    const { id } = await stage.create();
    const { n } = rowOf(stage, id);
    const disable = () => stage.db.writer.write((tx) => disableEndpoint(tx, stage.db.context, n, WHY));
    expect([await disable(), await disable()]).toEqual([true, false]);
    expect((await stage.call("GET", `/v1/webhooks/${id}`)).body).toMatchObject({
      status: "disabled",
      disabled_reason: WHY,
    });
    const entries = stage.db.log().filter(({ type }) => type === "webhook.disabled");
    expect(entries).toMatchObject([
      {
        actor: { type: "system", id: null },
        project: "default",
        mode: "test",
        pause_id: null,
        data: { webhook_id: id, why: WHY },
      },
    ]);
    expect(chainFaults(stage.db.connection)).toEqual([]);
  });

  test("leaves alone what was deleted or disabled by its owner meanwhile", async () => {
    await using stage = await startStage();
    const gone = rowOf(stage, (await stage.create()).id);
    const off = rowOf(stage, (await stage.create()).id);
    await stage.call("DELETE", `/v1/webhooks/${gone.id}`);
    await stage.call("PATCH", `/v1/webhooks/${off.id}`, { status: "disabled" });
    for (const { n } of [gone, off])
      expect(await stage.db.writer.write((tx) => disableEndpoint(tx, stage.db.context, n, WHY))).toBe(false);
    expect(rowOf(stage, off.id).disabled_reason).toBe("it was disabled by request");
    expect(stage.db.writer.one(endpointByNumber, { n: gone.n })?.status).toBe("enabled");
  });

  test("remembers since when everything has failed, until something gets through", async () => {
    await using stage = await startStage();
    const { n, id } = rowOf(stage, (await stage.create()).id);
    const beside = rowOf(stage, (await stage.create()).id);
    const fail = (now: number) => stage.db.writer.write((tx) => noteFailure(tx, n, now));
    expect([await fail(START), await fail(START + DAY)]).toEqual([START, START]);
    expect(rowOf(stage, id).failing_since).toBe(START);
    await stage.db.writer.write((tx) => noteSuccess(tx, n));
    expect(rowOf(stage, id).failing_since).toBeNull();
    expect(await fail(START + 2 * DAY)).toBe(START + 2 * DAY);
    expect(rowOf(stage, beside.id).failing_since).toBeNull();
  });
});
