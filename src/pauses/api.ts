import { z } from "zod";
import { describes, json, type Operation, pageOf, rateLimitHeaders, text, time } from "../access/operation.ts";
import type { Json } from "../platform/json.ts";
import { eventsQuery } from "./event-routes.ts";
import { listQuery } from "./list.ts";
import { logQuery, pauseLogQuery } from "./log-routes.ts";
import { cancelBody, createBody, respondBody, waitQuery } from "./request.ts";
import type { Pause, PauseDelivery } from "./shape.ts";

const delivery = describes<PauseDelivery>()(
  z.object({
    channel: z.string(),
    recipient: z.string(),
    status: z.enum(["queued", "sent", "delivered", "opened", "failed", "cancelled"]),
    error: z.string().nullable().meta({ description: "What went wrong, in words." }),
  }),
).meta({ id: "PauseDelivery", description: "What became of the message to one recipient over one channel." });

/** The pause, wherever it is shown. */
export const pauseSchema = describes<Pause>()(
  z.object({
    pause_id: z.string(),
    object: z.literal("pause"),
    mode: z.enum(["live", "test"]),
    status: z
      .enum(["pending", "responded", "timed_out", "cancelled"])
      .meta({ description: "`pending`, then one of the others, for ever." }),
    channel: z.string(),
    recipient: z
      .union([z.string(), z.array(z.string())])
      .meta({ description: "In the shape that was asked, normalised." }),
    message: z.string(),
    options: z.array(z.string()),
    timeout_hours: z.number(),
    timeout_default: z.string().nullable(),
    created_at: time,
    expires_at: time,
    response_choice: z.string().nullable().meta({ description: "One of `options`, once the pause has `responded`." }),
    response_source: z
      .enum(["human", "timeout_default"])
      .nullable()
      .meta({ description: "Whether a person chose, or the time was over and the default stood in." }),
    response_via: z.string().nullable().meta({ description: "`page`, `reply`, `slack`, `whatsapp` or `test`." }),
    response_comment: z.string().nullable(),
    responded_at: time.nullable(),
    responded_by: z.string().nullable().meta({ description: "The address as in `recipient`; null for a default." }),
    cancelled_at: time.nullable(),
    cancel_reason: z.string().nullable(),
    reached: z.boolean().nullable().meta({
      description: "True once a message was delivered or opened, false once all have failed, else null.",
    }),
    delivery: z.array(delivery),
    details: z.record(z.string(), z.string()),
    metadata: z.record(z.string(), z.custom<Json>()),
    action_digest: z.string().nullable(),
    audience: z.string().nullable(),
    receipt: z.string().nullable().meta({ description: "A compact JWS, once the pause has been decided." }),
    erased_at: time.nullable().meta({ description: "When its content was erased." }),
  }),
).meta({ id: "Pause" });

/** What `data` holds depends on the type. */
const entry = z
  .object({
    v: z.literal(1),
    seq: z.int().min(1),
    at: time,
    type: z.string(),
    actor: z.object({ type: z.enum(["developer", "human", "system", "operator"]), id: z.string().nullable() }),
    project: z.string().nullable(),
    mode: z.enum(["live", "test"]).nullable(),
    pause_id: z.string().nullable(),
    nonce: z.string(),
    data: z.record(z.string(), z.unknown()),
    prev_hash: z.string(),
    hash: z.string(),
  })
  .meta({ id: "AuditEntry", description: "What was hashed, and its hash; see the page on the audit format." });

const entryPage = z
  .object({
    ...pageOf(entry).shape,
    disclosed: z
      .record(z.string(), z.record(z.string(), z.string()))
      .optional()
      .meta({ description: "With `disclose=true`: by `seq` and JSON pointer, RFC 9901 disclosures." }),
  })
  .meta({ id: "AuditPage" });

const PAUSE_ID = "pause_06F9J5RYW29F3QWZ9JXV4T2K8M";
const asked = { recipient: "+13128471928", channel: "sms", message: "Pay invoice 4711 over 12,400 USD?" };

/** A pause that waits. */
export const examplePause = {
  pause_id: PAUSE_ID,
  object: "pause",
  mode: "live",
  status: "pending",
  ...asked,
  options: ["Approve", "Reject"],
  timeout_hours: 4,
  timeout_default: "Reject",
  created_at: "2026-11-24T09:30:00.000Z",
  expires_at: "2026-11-24T13:30:00.000Z",
  response_choice: null,
  response_source: null,
  response_via: null,
  response_comment: null,
  responded_at: null,
  responded_by: null,
  cancelled_at: null,
  cancel_reason: null,
  reached: null,
  delivery: [{ channel: "sms", recipient: "+13128471928", status: "queued", error: null }],
  details: {},
  metadata: {},
  action_digest: null,
  audience: null,
  receipt: null,
  erased_at: null,
} satisfies Pause;

/** The same, once a person has chosen. */
export const exampleAnswered = {
  ...examplePause,
  status: "responded",
  response_choice: "Approve",
  response_source: "human",
  response_via: "page",
  responded_at: "2026-11-24T09:41:12.408Z",
  responded_by: "+13128471928",
  reached: true,
  delivery: [{ channel: "sms", recipient: "+13128471928", status: "opened", error: null }],
} satisfies Pause;

const exampleCancelled = {
  ...examplePause,
  status: "cancelled",
  cancelled_at: "2026-11-24T09:35:00.000Z",
  cancel_reason: "The invoice was paid by hand.",
  delivery: [{ channel: "sms", recipient: "+13128471928", status: "cancelled", error: null }],
} satisfies Pause;

const params = { pause_id: { description: "The pause's id.", example: PAUSE_ID } };

/** What `pauseRoutes`, `eventRoutes` and `logRoutes` serve. */
export const pauseApi: readonly Operation[] = [
  {
    method: "POST",
    path: "/v1/pause",
    access: "pauses:write",
    id: "createPause",
    tag: "Pauses",
    summary: "Ask a person",
    description:
      "Stores the pause, queues its messages and answers at once. With an `Idempotency-Key` a request that is sent again texts nobody twice: it answers with the pause as it is now.",
    headers: {
      "Idempotency-Key": {
        description: "Stands for this very body, in this project and mode.",
        schema: { type: "string", minLength: 1, maxLength: 255, pattern: "^[\\x20-\\x7e]+$" },
      },
    },
    body: {
      schema: createBody.meta({ id: "CreatePause" }),
      example: { ...asked, timeout_hours: 4, timeout_default: "Reject" },
    },
    answers: {
      201: {
        ...json("The pause.", pauseSchema, examplePause),
        headers: {
          Location: { description: "Where the pause is read.", schema: { type: "string" } },
          "Idempotent-Replayed": {
            description: "`true` when the pause was there before.",
            schema: { type: "string", const: "true" },
          },
          ...rateLimitHeaders,
        },
      },
    },
    problems: [
      "bad-request",
      "key-limit",
      "plan-limit",
      "idempotency-running",
      "idempotency-mismatch",
      "quota",
      "message-limit",
    ],
  },
  {
    method: "GET",
    path: "/v1/pause/:pause_id",
    access: "pauses:read",
    id: "getPause",
    tag: "Pauses",
    summary: "Read a pause, or wait for its end",
    description:
      "With `wait` the answer is held until the pause has ended, or comes with `pending` when the time is over.",
    params,
    query: waitQuery,
    answers: { 200: json("The pause as it is now.", pauseSchema, exampleAnswered) },
  },
  {
    method: "GET",
    path: "/v1/pause",
    access: "pauses:read",
    id: "listPauses",
    tag: "Pauses",
    summary: "List pauses",
    description: "Newest first. A page may be short and still have a cursor, where a filter matches little.",
    query: listQuery,
    answers: {
      200: json("A page.", pageOf(pauseSchema).meta({ id: "PausePage" }), {
        data: [exampleAnswered],
        next_cursor: null,
      }),
    },
  },
  {
    method: "POST",
    path: "/v1/pause/:pause_id/cancel",
    access: "pauses:write",
    id: "cancelPause",
    tag: "Pauses",
    summary: "Withdraw a pause",
    description: "Its page then says that the question was withdrawn. Cancelling again changes nothing.",
    params,
    body: {
      schema: cancelBody.meta({ id: "CancelPause" }),
      optional: true,
      example: { reason: "The invoice was paid by hand." },
    },
    answers: { 200: json("The pause, cancelled.", pauseSchema, exampleCancelled) },
    problems: ["already-ended"],
  },
  {
    method: "POST",
    path: "/v1/test/pause/:pause_id/respond",
    access: "test",
    id: "respondToTestPause",
    tag: "Test world",
    summary: "Answer a test pause",
    description: "As a person would, without one.",
    params,
    body: { schema: respondBody.meta({ id: "RespondToTestPause" }), example: { choice: "Approve" } },
    answers: {
      200: json("The pause, answered.", pauseSchema, { ...exampleAnswered, mode: "test", response_via: "test" }),
    },
    problems: ["already-ended"],
  },
  {
    method: "POST",
    path: "/v1/test/pause/:pause_id/expire",
    access: "test",
    id: "expireTestPause",
    tag: "Test world",
    summary: "Let a test pause's time be over",
    description: "It ends as it would at `expires_at`.",
    params,
    answers: {
      200: json("The pause, ended.", pauseSchema, {
        ...examplePause,
        mode: "test",
        status: "responded",
        response_choice: "Reject",
        response_source: "timeout_default",
        responded_at: "2026-11-24T09:31:00.000Z",
      }),
    },
    problems: ["already-ended"],
  },
  {
    method: "GET",
    path: "/v1/events",
    access: "pauses:read",
    id: "streamEvents",
    tag: "Events",
    summary: "Follow what happens",
    description:
      "Server-sent events of the key's project and mode, kept for 7 days: `event:` is `pause.created` or a webhook's type, `data:` what the webhook sends. An id that is not known any more gets `event: reset`.",
    query: eventsQuery,
    headers: {
      "Last-Event-ID": { description: "Resumes behind this event, without a gap.", schema: { type: "string" } },
    },
    answers: { 200: text("The stream, which does not end by itself.", "text/event-stream") },
    problems: ["rate-limited"],
  },
  {
    method: "GET",
    path: "/v1/pause/:pause_id/audit",
    access: "audit:read",
    id: "getPauseAudit",
    tag: "Audit",
    summary: "Read a pause's entries in the log",
    description: "In the order in which they were written.",
    params,
    query: pauseLogQuery,
    answers: { 200: json("A page of entries.", entryPage) },
  },
  {
    method: "GET",
    path: "/v1/audit",
    access: "audit:read",
    id: "getAuditLog",
    tag: "Audit",
    summary: "Read the log",
    description: "The entries of the key's project and mode; with the scope `admin` all of the installation.",
    query: logQuery,
    answers: { 200: json("A page of entries.", entryPage) },
    problems: ["not-found"],
  },
];
