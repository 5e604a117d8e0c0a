import { z } from "zod";
import { textOf } from "../platform/schema.ts";
import { webhookEvents } from "./events.ts";
import type { AddressGuard } from "./outgoing/index.ts";

const LONGEST_DESCRIPTION = 200;
const KNOWN = webhookEvents.join(", ");
const EVENTS = `must be an array of event types (${KNOWN}), or null for all`;

const events = z
  .array(z.enum(webhookEvents, `must be one of ${KNOWN}`), EVENTS)
  .min(1, "must hold at least one event type; leave it out, or send null, for all")
  .superRefine((list, context) => {
    list.forEach((type, index) => {
      const before = list.indexOf(type);
      if (before < index)
        context.addIssue({ code: "custom", path: [index], message: `is the same as event ${before}` });
    });
  })
  .nullable();

const description = textOf(0, LONGEST_DESCRIPTION).nullable();

const status = z.enum(["enabled", "disabled"], "must be enabled or disabled");

/** The bodies of `POST /v1/webhooks` and `PATCH /v1/webhooks/{id}`, with this guard over the addresses. */
export function endpointBodies(guard: Pick<AddressGuard, "checkUrl">) {
  const url = z.string("must be a URL such as https://example.com/hooks").transform((text, context) => {
    const verdict = guard.checkUrl(text);
    if (verdict.kind === "accepted") return verdict.url;
    context.addIssue({ code: "custom", message: verdict.reason });
    return z.NEVER;
  });
  return {
    create: z.strictObject(
      { url, events: events.default(null), description: description.default(null) },
      "must be a JSON object",
    ),
    change: z.strictObject(
      {
        url: url.optional(),
        events: events.optional(),
        description: description.optional(),
        status: status.optional(),
      },
      "must be a JSON object",
    ),
  };
}

type Bodies = ReturnType<typeof endpointBodies>;
/** A checked `POST /v1/webhooks`. `events` null: all, also those to come. */
export type NewEndpoint = z.output<Bodies["create"]>;
/** A checked `PATCH /v1/webhooks/{id}`: what is absent stays. */
export type EndpointChange = z.output<Bodies["change"]>;
