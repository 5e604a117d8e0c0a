import { type Key, type Plans, type Route, refuseWebhooksBeyondPlan } from "../access/index.ts";
import type { World } from "../audit/index.ts";
import type { Asker } from "./context.ts";
import type { EndpointRow } from "./queries.ts";
import type { Webhooks } from "./webhooks.ts";

/** Queues a `webhook.test` to an endpoint, and answers the delivery's id once it is on disk. */
export type SendTest = (world: World, endpoint: EndpointRow) => Promise<{ readonly delivery_id: string }>;

const DEFAULT_SECRET = "default-secret";

/** `/v1/webhooks` and what stands below it. */
export function webhookRoutes(webhooks: Webhooks, plans: Plans, sendTest: SendTest): Route[] {
  const access = "webhooks:manage";
  return [
    {
      method: "POST",
      path: "/v1/webhooks",
      access,
      async handle(call, key) {
        refuseWebhooksBeyondPlan(key, plans);
        const endpoint = await webhooks.create(askerOf(key), await call.json());
        return { status: 201, headers: { location: `/v1/webhooks/${endpoint.id}` }, body: endpoint };
      },
    },
    {
      method: "GET",
      path: "/v1/webhooks",
      access,
      handle: (call, key) => ({ status: 200, body: webhooks.list(key.world, call.query) }),
    },
    {
      method: "GET",
      path: `/v1/webhooks/${DEFAULT_SECRET}`,
      access,
      handle: (_call, key) => ({ status: 200, body: webhooks.defaultSecret(key.world) }),
    },
    {
      method: "POST",
      path: `/v1/webhooks/${DEFAULT_SECRET}/rotate`,
      access,
      handle: async (_call, key) => ({ status: 200, body: await webhooks.rotateDefault(askerOf(key)) }),
    },
    {
      method: "GET",
      path: "/v1/webhooks/:id",
      access,
      handle: (call, key) => ({ status: 200, body: webhooks.get(key.world, call.param("id")) }),
    },
    {
      method: "PATCH",
      path: "/v1/webhooks/:id",
      access,
      async handle(call, key) {
        refuseWebhooksBeyondPlan(key, plans);
        const id = call.param("id");
        return { status: 200, body: await webhooks.change(askerOf(key), id, await call.json()) };
      },
    },
    {
      method: "DELETE",
      path: "/v1/webhooks/:id",
      access,
      async handle(call, key) {
        await webhooks.remove(askerOf(key), call.param("id"));
        return { status: 204, body: null };
      },
    },
    {
      method: "POST",
      path: "/v1/webhooks/:id/rotate-secret",
      access,
      handle: async (call, key) => ({ status: 200, body: await webhooks.rotate(askerOf(key), call.param("id")) }),
    },
    {
      method: "POST",
      path: "/v1/webhooks/:id/test",
      access,
      handle: async (call, key) => ({
        status: 202,
        body: await sendTest(key.world, webhooks.enabled(key.world, call.param("id"))),
      }),
    },
  ];
}

function askerOf({ id, world }: Key): Asker {
  return { world, actor: { type: "developer", id } };
}
