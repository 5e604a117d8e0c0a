import { z } from "zod";
import type { CreatePause } from "../../../clients/typescript/src/index.ts";
import { check } from "../../platform/schema.ts";
import { told } from "../outcome.ts";
import { createInput, jsonSchemaOf, pauseOutput } from "../schemas.ts";
import type { Tool } from "./tool.ts";

const ownArguments = z.looseObject({
  idempotency_key: z
    .string("must be text of 1 to 255 printable ASCII characters")
    .regex(/^[\x20-\x7e]{1,255}$/, "must be text of 1 to 255 printable ASCII characters")
    .optional(),
});

export const createTool: Tool = {
  name: "create_pause_request",
  title: "Ask a person before going on",
  description: `Ask a person to decide before you do something. Sends them a message with the question; they answer on their phone. Returns at once with a pause_id; then call poll_pause_request until the status is no longer pending.

Ask BEFORE anything that cannot be undone, costs money, reaches other people, touches production, or that you were told to get approval for: payments, deletions, deployments, mails and posts to others, contracts, changes of access. Do not ask for what is harmless and can be undone, and ask one question for one action.

What counts:
- Only status "responded" with response_source "human" is a person's decision. Do exactly what response_choice says and nothing beyond it.
- Silence is not consent: while pending, do not act. "timed_out" and "cancelled" mean no decision: do not act.
- response_source "timeout_default" means that nobody answered and the clock set timeout_default. That is not a person's approval: treat it as one only where the user has said so, and report it as a default.
- An approval is for the action described, once. If the action changes, ask again.
- You cannot answer the question yourself, and must not look for its link.`,
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  inputSchema: createInput(),
  outputSchema: jsonSchemaOf(pauseOutput, "output"),
  async run(args, { api, signal }) {
    check(ownArguments, args, "body");
    const { idempotency_key: idempotencyKey, ...request } = args;
    // The API itself says what is wrong with the request, so it is passed on as it came.
    const pause = await api.createPause(request as unknown as CreatePause, {
      signal,
      ...(typeof idempotencyKey === "string" ? { idempotencyKey } : {}),
    });
    return told(pause);
  },
};
