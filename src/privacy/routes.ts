import { z } from "zod";
import type { Key, Route } from "../access/index.ts";
import { queryObject } from "../platform/paging.ts";
import { Problem } from "../platform/problem.ts";
import { check, textOf } from "../platform/schema.ts";
import type { Privacy } from "./privacy.ts";

const recipient = z.string("must be text: @name, a phone number, an email address or a Slack id").min(1).max(320);

export const eraseBody = z.strictObject(
  {
    recipient,
    reason: textOf(1, 500).nullable().default(null),
    dry_run: z.boolean("must be true or false").default(false),
  },
  "must be a JSON object",
);
export const exportQuery = z.strictObject({ recipient });

/** `/v1/privacy`: for the whole installation, both modes, so a live key with `admin`. */
export function privacyRoutes(privacy: Privacy): Route[] {
  return [
    {
      method: "POST",
      path: "/v1/privacy/erase",
      access: "admin",
      async handle(call, key) {
        refuseTest(key);
        const body = check(eraseBody, await call.json(), "body");
        const actor = { type: "developer", id: key.id } as const;
        const asked = { actor, reason: body.reason, dryRun: body.dry_run };
        return { status: 200, body: await call.hold(() => privacy.erase(body.recipient, asked)) };
      },
    },
    {
      method: "GET",
      path: "/v1/privacy/export",
      access: "admin",
      async handle(call, key) {
        refuseTest(key);
        const query = check(exportQuery, queryObject(call.query), "query");
        return { status: 200, body: await call.hold(() => privacy.export(query.recipient)) };
      },
    },
  ];
}

/** Nothing of the test world shows or takes away anything of the live one. */
function refuseTest(key: Key): void {
  if (key.world.mode === "test")
    throw new Problem("live-only", "What is asked here reaches live pauses too, so it takes a live key with admin.");
}
