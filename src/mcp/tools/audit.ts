import { z } from "zod";
import type { AuditQuery } from "../../../clients/typescript/src/index.ts";
import { check } from "../../platform/schema.ts";
import { auditPageOutput, jsonSchemaOf, pauseId } from "../schemas.ts";
import { pageArguments, timeArgument } from "./paging.ts";
import type { Tool } from "./tool.ts";

const auditInput = z.strictObject(
  {
    pause_id: pauseId.optional().describe("Only the entries of this pause."),
    type: z
      .string("must be a type of entry")
      .optional()
      .describe(
        "Only entries of this type, such as pause.created, pause.delivered, pause.responded or pause.timed_out.",
      ),
    actor: z
      .string("must be an actor's type or id")
      .optional()
      .describe("Only entries by this actor: developer, human, system, operator, or an actor's id."),
    from: timeArgument("Only entries of this time or later."),
    to: timeArgument("Only entries before this time."),
    disclose: z
      .boolean("must be true or false")
      .optional()
      .describe("true adds disclosed: what the entries commit to, such as the message. Default false."),
    ...pageArguments,
  },
  "must be an object",
);

export const auditTool: Tool = {
  name: "get_audit_log",
  title: "Read the audit log",
  description:
    "Read the tamper-evident log: who asked what, when it was delivered and opened, who answered and how, in order. For reports, and to show that a decision was a person's. Personal and free text stands in it as commitments. Needs a key with audit:read. Nothing can be changed through it.",
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  inputSchema: jsonSchemaOf(auditInput, "input"),
  outputSchema: jsonSchemaOf(auditPageOutput, "output"),
  run: (args, { api, signal }) => api.getAuditLog(check(auditInput, args, "body") as AuditQuery, { signal }),
};
