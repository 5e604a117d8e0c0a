import { z } from "zod";
import type { Route } from "../access/index.ts";
import type { Attestor } from "../audit/index.ts";
import { queryObject } from "../platform/paging.ts";
import { Problem } from "../platform/problem.ts";
import { check } from "../platform/schema.ts";
import type { Writer } from "../storage/index.ts";
import { checkpointNow } from "./checkpoints.ts";
import { receiptKeySet, signingKeysOf } from "./keys.ts";

/** What the evidence is read from and made with. */
export interface EvidenceParts {
  readonly writer: Writer;
  readonly attestor: Attestor;
}

const keysQuery = z.strictObject({ mode: z.enum(["live", "test"], "must be live or test").default("live") });

/** The log's checkpoint, and the keys that receipts are verified with. */
export function evidenceRoutes({ writer, attestor }: EvidenceParts): Route[] {
  return [
    {
      method: "GET",
      path: "/v1/audit/checkpoint",
      access: "audit:read",
      async handle() {
        const checkpoint = await checkpointNow(writer, attestor);
        if (checkpoint === null) throw new Problem("signing-withheld", "Nothing has been signed yet.");
        return { status: 200, headers: { "content-type": "text/plain; charset=utf-8" }, body: checkpoint.note };
      },
    },
    {
      method: "GET",
      path: "/.well-known/pausepoint-keys.json",
      access: "public",
      async handle(call) {
        const { mode } = check(keysQuery, queryObject(call.query), "query");
        return {
          status: 200,
          headers: { "content-type": "application/jwk-set+json", "cache-control": "public, max-age=300" },
          body: JSON.stringify(receiptKeySet(await signingKeysOf(writer, attestor), mode)),
        };
      },
    },
  ];
}
