import { z } from "zod";
import { json, type Operation } from "../access/operation.ts";
import { hookQuery } from "./query.ts";

/** The hooks over HTTP in words. */
export const hookApi: readonly Operation[] = [
  {
    method: "POST",
    path: "/v1/hooks/:agent",
    access: "pauses:write",
    id: "answerHook",
    tag: "Pauses",
    summary: "A coding agent's permission hook",
    description:
      "The agent's own event as its hook gets it; the answer is what that agent understands. A dangerous command is held until a person has answered, everything else is answered at once. `{}` is no opinion.",
    params: { agent: { description: "claude-code or copilot.", example: "claude-code" } },
    query: hookQuery,
    body: {
      schema: z.looseObject({ hook_event_name: z.string().optional() }),
      example: {
        hook_event_name: "PreToolUse",
        session_id: "4f1c",
        cwd: "/home/dev/shop",
        tool_name: "Bash",
        tool_input: { command: "ls" },
        tool_use_id: "toolu_01",
      },
    },
    answers: { 200: json("What the agent understands.", z.looseObject({}), {}) },
    problems: ["not-found"],
  },
];
