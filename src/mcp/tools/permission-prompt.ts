import { z } from "zod";
import { check } from "../../platform/schema.ts";
import { jsonSchemaOf } from "../schemas.ts";
import { EVERY_SECONDS, tellNowAndThen } from "./progress.ts";
import type { Tool } from "./tool.ts";

/** One call that an agent wants a permission for. */
export interface PermissionRequest {
  readonly tool: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** The agent's own id of the call, or null. */
  readonly callId: string | null;
  /** Aborted once nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export interface Permission {
  readonly isAllowed: boolean;
  /** Why, for the agent. */
  readonly reason: string;
}

const input = z.strictObject(
  {
    tool_name: z.string("must be the name of a tool").min(1, "must be the name of a tool").max(1_000, "is too long"),
    input: z.record(z.string(), z.unknown(), "must be an object: the tool's arguments"),
    tool_use_id: z.string("must be text").min(1, "must not be empty").max(1_000, "is too long").optional(),
  },
  "must be an object",
);

/**
 * What `claude -p --permission-prompt-tool` calls where it would ask at a terminal. Its answer is one text that holds
 * JSON: `{"behavior":"allow","updatedInput":…}`, the arguments as they came, or `{"behavior":"deny","message":…}`.
 * It takes a structured result beside the text for an invalid one, so there is none.
 */
export function permissionPromptTool(decide: (request: PermissionRequest) => Promise<Permission>): Tool {
  return {
    name: "permission_prompt",
    title: "Ask a phone for a permission",
    description:
      "Called by the agent's host, not by a model: asks the person whom the rules of the permission hooks name whether one call of a tool may run, and answers allow or deny. Whatever goes wrong is a deny.",
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
    inputSchema: jsonSchemaOf(input, "input"),
    async run(args, { clock, signal, progress }) {
      const { tool_name: tool, input: asked, tool_use_id: callId = null } = check(input, args, "body");
      // Nobody knows how long it takes: the end stays a step ahead.
      const tell = (passed: number) => progress(passed, passed + EVERY_SECONDS, "Waiting for a person's permission.");
      const stop = tellNowAndThen(clock, tell);
      try {
        const { isAllowed, reason } = await decide({ tool, input: asked, callId, signal });
        return isAllowed ? { behavior: "allow", updatedInput: asked } : { behavior: "deny", message: reason };
      } finally {
        stop();
      }
    },
  };
}
