import { z } from "zod";
import { describes, json, type Operation, pageOf, time } from "../access/operation.ts";
import { failedQuery, listQuery, type shape } from "./routes.ts";

const delivery = describes<ReturnType<typeof shape>>()(
  z.object({
    id: z.string(),
    kind: z
      .enum(["message", "notice", "webhook"])
      .meta({ description: "A question, a notice that one is over, or a webhook." }),
    webhook_id: z.string().nullable(),
    pause_id: z.string().nullable(),
    type: z.string().nullable().meta({ description: "A webhook's type of event." }),
    channel: z.string().nullable(),
    recipient: z.string().nullable(),
    status: z.enum(["pending", "sent", "delivered", "failed", "cancelled"]),
    segments: z
      .object({ encoding: z.string().nullable(), count: z.int().nullable() })
      .nullable()
      .meta({ description: "What a text cost at the attempt that handed it over." }),
    attempts: z.array(
      z.object({
        at: time,
        status: z.int().nullable().meta({ description: "The peer's HTTP status." }),
        latency_ms: z.int().nullable(),
        error: z.string().nullable(),
        body: z.string().nullable().meta({ description: "The start of the peer's answer." }),
      }),
    ),
    next_attempt_at: time.nullable(),
  }),
).meta({ id: "Delivery", description: "One message or webhook on its way out, with each attempt." });

const page = pageOf(delivery).meta({ id: "DeliveryPage" });
const pauseParams = { pause_id: { description: "The pause's id.", example: "pause_06F9J5RYW29F3QWZ9JXV4T2K8M" } };

/** What `deliveryRoutes` serves. */
export const deliveryApi: readonly Operation[] = [
  {
    method: "GET",
    path: "/v1/deliveries",
    access: "webhooks:manage",
    id: "listFailedDeliveries",
    tag: "Deliveries",
    summary: "List what has failed",
    description: "Newest first, of the key's project and mode.",
    query: failedQuery,
    answers: { 200: json("A page.", page) },
  },
  {
    method: "GET",
    path: "/v1/webhooks/:id/deliveries",
    access: "webhooks:manage",
    id: "listWebhookDeliveries",
    tag: "Deliveries",
    summary: "List a webhook's deliveries",
    description: "Newest first.",
    params: { id: { description: "The webhook's id.", example: "whk_06F9J5RYW29F3QWZ9JXV4T2K8M" } },
    query: listQuery,
    answers: { 200: json("A page.", page) },
  },
  {
    method: "GET",
    path: "/v1/pause/:pause_id/deliveries",
    access: "pauses:read",
    id: "listPauseDeliveries",
    tag: "Deliveries",
    summary: "List a pause's deliveries",
    description: "Its messages and its webhooks, all on one page.",
    params: pauseParams,
    answers: { 200: json("All of them.", page) },
  },
  {
    method: "POST",
    path: "/v1/deliveries/:id/redeliver",
    access: "webhooks:manage",
    id: "redeliver",
    tag: "Deliveries",
    summary: "Send again",
    description: "Queues it once more, under the same id.",
    params: { id: { description: "The delivery's id.", example: "dlv_06F9J5RYW29F3QWZ9JXV4T2K8M" } },
    answers: { 202: json("It is queued.", delivery) },
    problems: ["not-deliverable"],
  },
];
