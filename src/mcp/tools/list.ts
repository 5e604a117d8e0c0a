import { z } from "zod";
import type { ListQuery } from "../../../clients/typescript/src/index.ts";
import { check } from "../../platform/schema.ts";
import { jsonSchemaOf, pausePageOutput } from "../schemas.ts";
import { pageArguments, timeArgument } from "./paging.ts";
import type { Tool } from "./tool.ts";

const listInput = z.strictObject(
  {
    status: z
      .enum(["pending", "responded", "timed_out", "cancelled"], "must be pending, responded, timed_out or cancelled")
      .optional()
      .describe("Only pauses in this state."),
    channel: z.string("must be the name of a channel").optional().describe("Only pauses on this channel, such as sms."),
    created_after: timeArgument("Only pauses made at this time or later."),
    created_before: timeArgument("Only pauses made before this time."),
    ...pageArguments,
  },
  "must be an object",
);

export const listTool: Tool = {
  name: "list_pause_requests",
  title: "List questions",
  description:
    "List the questions asked with this key's project, newest first: what is still pending, what was decided and by whom. Use it to find a pause_id again (after a restart, say) before asking the same thing twice. Filters combine; next_cursor leads to the next page.",
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  inputSchema: jsonSchemaOf(listInput, "input"),
  outputSchema: jsonSchemaOf(pausePageOutput, "output"),
  run: (args, { api, signal }) => api.listPauses(check(listInput, args, "body") as ListQuery, { signal }),
};
