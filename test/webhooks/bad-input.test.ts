import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { expectInvalid, expectProblem } from "../http/problem.ts";
import { type Stage, startStage, URL_OF_RECEIVER } from "./stage.ts";

let stage: Stage;
let target: string;
let before: string;
beforeAll(async () => {
  stage = await startStage();
  target = `/v1/webhooks/${(await stage.create({ description: "untouched" })).id}`;
  before = JSON.stringify([stage.stored(), stage.db.log().length]);
});
afterAll(async () => {
  expect(JSON.stringify([stage.stored(), stage.db.log().length])).toBe(before);
  expect(stage.logged).toEqual([]);
  await stage[Symbol.asyncDispose]();
});

/** Sends what both a create and a change must refuse, and answers in which words they do. */
async function refused(members: Record<string, unknown>, ...pointers: string[]): Promise<string[]> {
  const answers = [
    await stage.call("POST", "/v1/webhooks", { url: URL_OF_RECEIVER, ...members }),
    await stage.call("PATCH", target, members),
  ];
  for (const answer of answers) expectInvalid(answer, ...pointers);
  return answers.map(({ body }) => body.errors[0].detail);
}

describe("an endpoint is refused, at a create and at a change alike", () => {
  test("at an address that is none, can't be called, or is not for webhooks", async () => {
    for (const [url, reason] of [
      ["", /must begin with http/],
      ["hooks.example.com", /must begin with http/],
      ["ftp://hooks.example.com/", /must begin with http/],
      ["javascript:alert(1)", /must begin with http/],
      ["https://", /must begin with http/],
      ["https://user:pw@hooks.example.com/", /user name or password/],
      ["https://hooks.example.com/a b", /space/],
      ["http://10.0.0.1/", /private network.*allowNetworks/],
      ["http://169.254.169.254/latest/meta-data", /allowNetworks/],
      ["http://0x7f.1:0/", /port 0/],
      ["http://[::ffff:192.168.0.1]/", /private network/],
      ["http://printer.local/", /local network/],
      [`https://hooks.example.com/${"a".repeat(2048)}`, /longer than 2,048/],
      [7, /must be a URL/],
      [null, /must be a URL/],
      [["https://hooks.example.com/"], /must be a URL/],
    ] as const)
      for (const detail of await refused({ url }, "/url")) expect(detail).toMatch(reason);
  });

  test("without an address, but only when it is created", async () => {
    expectInvalid(await stage.call("POST", "/v1/webhooks", {}), "/url");
    expect((await stage.call("PATCH", target, {})).status).toBe(200);
  });

  test("with events that are none, unknown or named twice", async () => {
    await refused({ events: [] }, "/events");
    for (const events of ["pause.responded", 5, {}, true]) await refused({ events }, "/events");
    for (const type of ["pause.created", "webhook.test", "Pause.responded", "pause.responded ", "*", "", null, 5])
      await refused({ events: ["pause.cancelled", type] }, "/events/1");
    const [detail] = await refused({ events: ["pause.cancelled", "pause.timed_out", "pause.cancelled"] }, "/events/2");
    expect(detail).toBe("is the same as event 0");
    await refused({ events: ["nothing", "pause.timed_out", "nothing"] }, "/events/0", "/events/2");
  });

  test("with a description over 200 characters, counted as a person counts, or of another type", async () => {
    await refused({ description: "x".repeat(201) }, "/description");
    await refused({ description: "💶".repeat(201) }, "/description");
    for (const description of [5, {}, [], false]) await refused({ description }, "/description");
    const { status } = await stage.call("PATCH", target, { description: "💶".repeat(200) });
    expect(status).toBe(200);
    await stage.call("PATCH", target, { description: "untouched" });
    before = JSON.stringify([stage.stored(), stage.db.log().length]);
  });

  test("with members that are not known there, all named at once", async () => {
    for (const name of ["secret", "id", "created_at", "disabled_reason", "Url", "__proto__", "constructor"])
      expectInvalid(await stage.call("POST", "/v1/webhooks", `{"url":"${URL_OF_RECEIVER}","${name}":"x"}`), `/${name}`);
    await refused({ secret: "whsec_AAAA", url: "x" }, "/url", "/secret");
    expectInvalid(await stage.call("POST", "/v1/webhooks", { url: URL_OF_RECEIVER, status: "disabled" }), "/status");
  });

  test("with a body that is no object, or is not JSON", async () => {
    for (const [method, path] of [
      ["POST", "/v1/webhooks"],
      ["PATCH", target],
    ] as const) {
      for (const body of ["[]", "null", "1", '"text"', "[{}]"]) expectInvalid(await stage.call(method, path, body), "");
      for (const body of ["{", "", "{'url':1}"]) expectProblem(await stage.call(method, path, body), "not-json");
      expectInvalid(
        await stage.call(method, path, `{"url":"${URL_OF_RECEIVER}","description":"\\ud800"}`),
        "/description",
      );
    }
  });
});

test("a change is refused for a status that is none", async () => {
  for (const status of ["paused", "Enabled", "", null, true])
    expectInvalid(await stage.call("PATCH", target, { status }), "/status");
});

test("an id in another spelling is a 404, never an endpoint", async () => {
  const id = target.slice("/v1/webhooks/".length);
  for (const spelled of [id.toUpperCase(), `${id}0`, id.slice(0, -1), id.slice(4), `${id}%00`, "%F0%9F%98%80", "*"])
    expectProblem(await stage.call("GET", `/v1/webhooks/${spelled}`), "not-found");
});
