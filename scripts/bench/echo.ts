/**
 * What the product is measured against: its own server and routes' shapes, the body read and validated by the same code
 * and an answer of the same size, but no key look-up and no storage. On a second port the create once more, as Elysia
 * by itself would serve it. Prints both addresses as one line of JSON and runs until it is told to stop.
 */
import { Elysia } from "elysia";
import type { Route } from "../../src/access/index.ts";
import { startServer } from "../../src/http/server.ts";
import { type CreateRequest, createBody } from "../../src/pauses/request.ts";
import { type Pause, shapePause } from "../../src/pauses/shape.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { IdSource } from "../../src/platform/ids.ts";
import { silentLog } from "../../src/platform/log.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { check } from "../../src/platform/schema.ts";

const HOUR = 3_600_000;
const ids = new IdSource(systemClock, systemRandom());
const sample = shape(
  check(createBody, { recipient: "+13128471928", channel: "sms", message: "Deploy build 4712?" }, "body"),
);

const routes: Route[] = [
  {
    method: "POST",
    path: "/v1/pause",
    access: "public",
    async handle(call) {
      const pause = shape(check(createBody, await call.json(), "body"));
      return { status: 201, headers: { location: `/v1/pause/${pause.pause_id}` }, body: pause };
    },
  },
  {
    method: "GET",
    path: "/v1/pause/:pause_id",
    access: "public",
    handle: (call) => ({ status: 200, body: { ...sample, pause_id: call.param("pause_id") } }),
  },
  {
    method: "POST",
    path: "/r/:token",
    access: "public",
    async handle(call) {
      const form = await call.form();
      return {
        status: form.get("choice") === null ? 422 : 303,
        headers: { location: `/r/${call.param("token")}` },
        body: null,
      };
    },
  },
];

const listen = { host: "127.0.0.1", port: 0, trustProxy: [] };
const server = startServer({ routes, keys: { find: () => null }, ids, log: silentLog, clock: systemClock, listen });
const bare = new Elysia()
  .post(
    "/v1/pause",
    ({ body, set }) => {
      set.status = 201;
      return shape(body);
    },
    { body: createBody },
  )
  .listen({ hostname: "127.0.0.1", port: 0 });
process.once("SIGTERM", () => process.exit(0));
console.log(
  JSON.stringify({ url: `http://127.0.0.1:${server.port}`, bare: `http://127.0.0.1:${bare.server?.port ?? 0}` }),
);

/** A pause as the product would answer it. */
function shape(request: CreateRequest): Pause {
  const recipient = typeof request.recipient === "string" ? request.recipient : (request.recipient[0] ?? "");
  const now = systemClock.now();
  return shapePause(
    {
      n: 1,
      id: ids.next("pause").id,
      world_n: 1,
      status: "pending",
      channel: request.channel,
      recipient_form: "one",
      message: request.message,
      options: JSON.stringify(request.options),
      details: JSON.stringify(request.details ?? {}),
      metadata: JSON.stringify(request.metadata ?? {}),
      allow_comment: request.allow_comment ? 1 : 0,
      action_digest: request.action_digest,
      audience: request.audience,
      webhook_url: request.webhook_url,
      timeout_hours: request.timeout_hours ?? 24,
      timeout_default: request.timeout_default,
      policy: "",
      created_at: now,
      expires_at: now + (request.timeout_hours ?? 24) * HOUR,
      ended_at: null,
      response_choice: null,
      response_source: null,
      response_via: null,
      response_comment: null,
      responded_by: null,
      cancel_reason: null,
      receipt: null,
      rejected_count: 0,
      erased_at: null,
    },
    "test",
    [recipient],
    [
      {
        channel: request.channel,
        step: 0,
        attempts: 0,
        status: "queued",
        error: null,
        address: recipient,
        opened_at: null,
      },
    ],
  );
}
