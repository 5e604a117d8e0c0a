/** The client's types are made of the OpenAPI document; they are held against the server's own and real answers, too. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { z } from "zod";
import type { AuditEntry, CreatePause, Delivery, Pause } from "../../../clients/typescript/src/index.ts";
import { clientTypes } from "../../../scripts/client-types.ts";
import type { createBody, Pause as ServersPause } from "../../../src/pauses/index.ts";
import { type Appliance, startAppliance } from "../../support/appliance.ts";
import { testNeeding } from "../../support/needs.ts";

type ServersRequest = z.input<typeof createBody>;
type Loose<T> = T extends readonly (infer Item)[]
  ? Loose<Item>[]
  : T extends object
    ? { -readonly [Name in keyof T]: Loose<T[Name]> }
    : T;

/** What the server answers is what the client says that it gets; what the client may send is what the server takes. */
const answered = (pause: ServersPause): Pause => pause;
const sent = (question: CreatePause): Omit<ServersRequest, "metadata"> => question as Loose<CreatePause>;

/** Each name of the type and no other: tsc refuses one that is missing or too many. */
const pauseNames = {
  ...{ pause_id: 1, object: 1, mode: 1, status: 1, channel: 1, recipient: 1, message: 1, options: 1, timeout_hours: 1 },
  ...{ timeout_default: 1, created_at: 1, expires_at: 1, response_choice: 1, response_source: 1, response_via: 1 },
  ...{ response_comment: 1, responded_at: 1, responded_by: 1, cancelled_at: 1, cancel_reason: 1, reached: 1 },
  ...{ delivery: 1, details: 1, metadata: 1, action_digest: 1, audience: 1, receipt: 1, erased_at: 1 },
} satisfies Record<keyof Pause, 1>;
const questionNames = {
  ...{ recipient: 1, channel: 1, message: 1, options: 1, timeout_hours: 1, timeout_default: 1, webhook_url: 1 },
  ...{ details: 1, allow_comment: 1, metadata: 1, action_digest: 1, audience: 1 },
} satisfies Record<keyof CreatePause & keyof ServersRequest, 1>;
const deliveryNames = { channel: 1, recipient: 1, status: 1, error: 1 } satisfies Record<keyof Delivery, 1>;
const entryNames = {
  ...{ v: 1, seq: 1, at: 1, type: 1, actor: 1, project: 1, mode: 1, pause_id: 1, nonce: 1, data: 1 },
  ...{ prev_hash: 1, hash: 1 },
} satisfies Record<keyof AuditEntry, 1>;

let appliance: Appliance;
beforeAll(async () => {
  appliance = await startAppliance();
});
afterAll(() => appliance.stop());

const names = (value: object) => Object.keys(value).sort();

test("a question of every field that the type has is taken, and its answer has the members that the type has", async () => {
  const question: CreatePause = {
    ...{ recipient: ["+13128471928"], channel: "sms", message: "?", options: ["Yes", "No"], timeout_hours: 1 },
    ...{ timeout_default: "No", webhook_url: null, details: { To: "Meridian" }, allow_comment: true },
    ...{ metadata: { run: 1 }, action_digest: null, audience: "payments" },
  };
  expect(names(question)).toEqual(names(questionNames));
  const { status, body } = await appliance.post("/v1/pause", appliance.keys.test, sent(question));
  expect(status).toBe(201);
  expect(names(answered(body))).toEqual(names(pauseNames));
  expect(names(body.delivery[0])).toEqual(names(deliveryNames));
});

test("an entry of the log has the members that the type has", async () => {
  const { body } = await appliance.get("/v1/audit?limit=1", appliance.keys.test);
  expect(names(body.data[0])).toEqual(names(entryNames));
});

test("the type of a question has every field that the server takes", () => {
  const untold: Exclude<keyof ServersRequest, keyof CreatePause>[] = [];
  const unknown: Exclude<keyof CreatePause, keyof ServersRequest>[] = [];
  const none: [never[], never[]] = [untold, unknown];
  expect(none).toEqual([[], []]);
});

testNeeding("openapi-typescript")(
  "are those that the OpenAPI document gives: `npm run client-types` writes them",
  () => {
    const file = join(import.meta.dir, "../../../clients/typescript/src/api.ts");
    expect(readFileSync(file, "utf8") === clientTypes()).toBe(true);
  },
);
