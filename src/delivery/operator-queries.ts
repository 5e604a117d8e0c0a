/** What the command line asks about webhooks: across all projects and modes, what needs a person first. */
import { type DeliveryStatus, define, type Mode, type RowOf, type Writer } from "../storage/index.ts";
import { attemptsOf } from "./shown-queries.ts";

/** Which deliveries are meant; null: whichever. */
export interface WebhookFilter {
  /** An endpoint's id. */
  readonly webhook: string | null;
  readonly project: string | null;
  readonly mode: Mode | null;
}

const webhooksIn = (...statuses: DeliveryStatus[]) =>
  define<WebhookFilter & { limit: number }>()((db, p) =>
    db
      .selectFrom("deliveries")
      .leftJoin("pauses", "pauses.n", "deliveries.pause_n")
      .leftJoin("webhook_endpoints as endpoints", "endpoints.n", "deliveries.endpoint_n")
      .innerJoin("worlds", (join) =>
        join.on((eb) => eb("worlds.n", "=", eb.fn.coalesce("endpoints.world_n", "pauses.world_n"))),
      )
      .innerJoin("projects", "projects.n", "worlds.project_n")
      .select([
        "deliveries.pause_n as pause_n",
        "deliveries.ordinal as ordinal",
        "deliveries.id as id",
        "deliveries.status as status",
        "deliveries.due_at as due_at",
        "deliveries.error as error",
        "deliveries.event_type as event_type",
        "pauses.id as pause_id",
        "endpoints.id as webhook_id",
        "worlds.mode as mode",
        "projects.name as project",
      ])
      .where("deliveries.kind", "=", "webhook")
      .where("deliveries.status", "in", statuses)
      .where((eb) => eb.or([eb(eb.val(p("webhook")), "is", null), eb("endpoints.id", "=", p("webhook"))]))
      .where((eb) => eb.or([eb(eb.val(p("project")), "is", null), eb("projects.name", "=", p("project"))]))
      .where((eb) => eb.or([eb(eb.val(p("mode")), "is", null), eb("worlds.mode", "=", p("mode"))]))
      .orderBy("deliveries.id", "desc")
      .limit(p("limit")),
  );

const byUrgency = [
  webhooksIn("failed"),
  webhooksIn("queued", "sending"),
  webhooksIn("delivered", "sent"),
  webhooksIn("cancelled"),
];

/** Up to `limit` deliveries with their attempts: those that failed, then those that wait, then the rest; newest first. */
export function webhooksByUrgency(writer: Pick<Writer, "all">, filter: WebhookFilter, limit: number) {
  const rows: RowOf<(typeof byUrgency)[number]>[] = [];
  for (const query of byUrgency) {
    if (rows.length < limit) rows.push(...writer.all(query, { ...filter, limit: limit - rows.length }));
  }
  return rows.map((row) => ({ ...row, attempts: writer.all(attemptsOf, row) }));
}

/** What has failed for good at one endpoint, oldest first, with an id above `after`. */
export const failedOfEndpoint = define<{ webhook: string; after: string; limit: number }>()((db, p) =>
  db
    .selectFrom("deliveries")
    .innerJoin("webhook_endpoints as endpoints", "endpoints.n", "deliveries.endpoint_n")
    .select("deliveries.id as id")
    .where("endpoints.id", "=", p("webhook"))
    .where("deliveries.status", "=", "failed")
    .where("deliveries.id", ">", p("after"))
    .orderBy("deliveries.id")
    .limit(p("limit")),
);
