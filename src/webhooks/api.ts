import { z } from "zod";
import { describes, json, type Operation, pageOf, time } from "../access/operation.ts";
import { webhookEvents } from "./events.ts";
import { endpointBodies } from "./request.ts";
import type { DefaultSecret, Endpoint } from "./shape.ts";
import { listQuery } from "./webhooks.ts";

/** What the schemas say does not depend on which addresses are allowed. */
const bodies = endpointBodies({ checkUrl: (url) => ({ kind: "accepted", url }) });

const endpoint = describes<Endpoint>()(
  z.object({
    id: z.string(),
    object: z.literal("webhook"),
    url: z.string(),
    events: z.array(z.enum(webhookEvents)).nullable().meta({ description: "Null: all, also those to come." }),
    description: z.string().nullable(),
    status: z.enum(["enabled", "disabled"]),
    disabled_reason: z.string().nullable(),
    secret: z
      .string()
      .exactOptional()
      .meta({ description: "`whsec_…`; in the answers of a create and a rotation alone." }),
    created_at: time,
  }),
).meta({ id: "Webhook" });

const defaultSecret = describes<DefaultSecret>()(
  z.object({
    object: z.literal("webhook_default_secret"),
    secret: z.string(),
    rotated_at: time.nullable(),
  }),
).meta({ id: "WebhookDefaultSecret" });

const test = describes<{ readonly delivery_id: string }>()(z.object({ delivery_id: z.string() })).meta({
  id: "WebhookTest",
});

const EXAMPLE = {
  id: "whk_06F9J5RYW29F3QWZ9JXV4T2K8M",
  object: "webhook",
  url: "https://example.com/hooks",
  events: null,
  description: null,
  status: "enabled",
  disabled_reason: null,
  created_at: "2026-11-24T09:30:00.000Z",
} satisfies Endpoint;
const WITH_SECRET = { ...EXAMPLE, secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" };

const params = { id: { description: "The webhook's id.", example: EXAMPLE.id } };
const shared = { access: "webhooks:manage", tag: "Webhooks" } as const;

/** What `webhookRoutes` serves. */
export const webhookApi: readonly Operation[] = [
  {
    ...shared,
    method: "POST",
    path: "/v1/webhooks",
    id: "createWebhook",
    summary: "Add a webhook",
    description: "It is told of every pause of the project and mode that ends, signed as Standard Webhooks describes.",
    body: { schema: bodies.create.meta({ id: "CreateWebhook" }), example: { url: EXAMPLE.url } },
    answers: {
      201: {
        ...json("The webhook, with its secret.", endpoint, WITH_SECRET),
        headers: { Location: { description: "Where the webhook is read.", schema: { type: "string" } } },
      },
    },
    problems: ["plan-limit", "webhook-limit"],
  },
  {
    ...shared,
    method: "GET",
    path: "/v1/webhooks",
    id: "listWebhooks",
    summary: "List webhooks",
    description: "Newest first.",
    query: listQuery,
    answers: {
      200: json("A page.", pageOf(endpoint).meta({ id: "WebhookPage" }), { data: [EXAMPLE], next_cursor: null }),
    },
  },
  {
    ...shared,
    method: "GET",
    path: "/v1/webhooks/default-secret",
    id: "getDefaultWebhookSecret",
    summary: "Read the default secret",
    description: "It signs what goes to the `webhook_url` of pauses.",
    answers: { 200: json("The secret.", defaultSecret) },
  },
  {
    ...shared,
    method: "POST",
    path: "/v1/webhooks/default-secret/rotate",
    id: "rotateDefaultWebhookSecret",
    summary: "Rotate the default secret",
    description: "The old one signs beside the new one for 24 hours.",
    answers: { 200: json("The new secret.", defaultSecret) },
  },
  {
    ...shared,
    method: "GET",
    path: "/v1/webhooks/:id",
    id: "getWebhook",
    summary: "Read a webhook",
    description: "Without its secret.",
    params,
    answers: { 200: json("The webhook.", endpoint, EXAMPLE) },
  },
  {
    ...shared,
    method: "PATCH",
    path: "/v1/webhooks/:id",
    id: "changeWebhook",
    summary: "Change a webhook",
    description: "What is left out stays as it is.",
    params,
    body: { schema: bodies.change.meta({ id: "ChangeWebhook" }), example: { status: "disabled" } },
    answers: { 200: json("The webhook, changed.", endpoint, EXAMPLE) },
    problems: ["plan-limit"],
  },
  {
    ...shared,
    method: "DELETE",
    path: "/v1/webhooks/:id",
    id: "deleteWebhook",
    summary: "Delete a webhook",
    description: "What still waits for it is not sent any more.",
    params,
    answers: { 204: { description: "It is gone." } },
  },
  {
    ...shared,
    method: "POST",
    path: "/v1/webhooks/:id/rotate-secret",
    id: "rotateWebhookSecret",
    summary: "Rotate a webhook's secret",
    description: "The old one signs beside the new one for 24 hours.",
    params,
    answers: { 200: json("The webhook, with its new secret.", endpoint, WITH_SECRET) },
  },
  {
    ...shared,
    method: "POST",
    path: "/v1/webhooks/:id/test",
    id: "testWebhook",
    summary: "Send a test event",
    description: "Queues a `webhook.test`; its delivery tells what became of it.",
    params,
    answers: { 202: json("It is queued.", test, { delivery_id: "dlv_06F9J5RYW29F3QWZ9JXV4T2K8M" }) },
    problems: ["not-deliverable"],
  },
];
