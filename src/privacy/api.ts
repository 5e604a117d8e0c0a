import { z } from "zod";
import { describes, json, type Operation, time } from "../access/operation.ts";
import type { Erasure } from "./privacy.ts";
import { eraseBody, exportQuery } from "./routes.ts";

const erasure = describes<Erasure>()(
  z.object({
    object: z.literal("erasure"),
    id: z.string().nullable().meta({ description: "Null for a dry run." }),
    dry_run: z.boolean(),
    pauses: z.int().meta({ description: "How many pauses lost their content, or would." }),
    withdrawn: z.int().meta({ description: "Of these, how many still waited." }),
    entries: z.int().nullable().meta({ description: "Entries of the log that lost disclosures." }),
    pause_ids: z.array(z.string()),
    kept_on_hold: z.int().nullable(),
    still_named: z.object({ keys: z.array(z.string()), people: z.array(z.string()) }),
    backups: z.array(z.object({ file: z.string(), made_at: time })),
    complete: z.boolean().meta({ description: "Whether no file of the database holds an erased byte any more." }),
  }),
).meta({ id: "Erasure" });

/** What stands in the lists differs with what is stored. */
const access = z
  .object({
    object: z.literal("privacy_export"),
    exported_at: time,
    pauses: z.array(z.looseObject({})),
    entries: z.array(z.looseObject({})),
    keys_naming: z.array(z.string()),
  })
  .meta({ id: "PrivacyExport" });

/** What `privacyRoutes` serves. */
export const privacyApi: readonly Operation[] = [
  {
    method: "POST",
    path: "/v1/privacy/erase",
    access: "admin",
    id: "eraseRecipient",
    tag: "Privacy",
    summary: "Erase a recipient's data",
    description: "In both modes and all projects, without breaking the log. With `dry_run` it only counts.",
    body: { schema: eraseBody.meta({ id: "EraseRecipient" }), example: { recipient: "+13128471928", dry_run: true } },
    answers: { 200: json("What was erased, or would be.", erasure) },
    problems: ["live-only", "legal-hold"],
  },
  {
    method: "GET",
    path: "/v1/privacy/export",
    access: "admin",
    id: "exportRecipient",
    tag: "Privacy",
    summary: "Read all that is stored about a recipient",
    description: "For one who asks what that is (GDPR, Article 15).",
    query: exportQuery,
    answers: { 200: json("All of it.", access) },
    problems: ["live-only"],
  },
];
