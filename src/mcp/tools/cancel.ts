import { z } from "zod";
import { limits } from "../../pauses/index.ts";
import { check, textOf } from "../../platform/schema.ts";
import { told } from "../outcome.ts";
import { jsonSchemaOf, pauseId, pauseOutput } from "../schemas.ts";
import type { Tool } from "./tool.ts";

const cancelInput = z.strictObject(
  {
    pause_id: pauseId,
    reason: textOf(0, limits.cancelReason)
      .optional()
      .meta({ maxLength: limits.cancelReason, description: "Why, in a few words. It is kept with the pause." }),
  },
  "must be an object",
);

export const cancelTool: Tool = {
  name: "cancel_pause_request",
  title: "Withdraw a question",
  description:
    "Withdraw a question that no longer needs an answer, because the action was dropped or has changed. The person is told so, and the pause ends as cancelled, for ever. This is no decision: do not go on with the action. Cancelling again is harmless; a pause that was answered or has timed out can't be cancelled.",
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  inputSchema: jsonSchemaOf(cancelInput, "input"),
  outputSchema: jsonSchemaOf(pauseOutput, "output"),
  async run(args, { api, signal }) {
    const { pause_id, reason } = check(cancelInput, args, "body");
    return told(await api.cancelPause(pause_id, { signal, ...(reason === undefined ? {} : { reason }) }));
  },
};
