import { z } from "zod";
import { check } from "../../platform/schema.ts";
import { told } from "../outcome.ts";
import { jsonSchemaOf, pauseId, pauseOutput } from "../schemas.ts";
import { waitForEnd } from "../wait.ts";
import { tellNowAndThen } from "./progress.ts";
import type { Tool } from "./tool.ts";

/** Below the minute after which many clients give a tool call up. */
const LONGEST_WAIT = 50;
const USUAL_WAIT = 25;

const SECONDS = "must be a number of seconds, 0 or more";

const pollInput = z.strictObject(
  {
    pause_id: pauseId,
    wait_seconds: z
      .number(SECONDS)
      .min(0, SECONDS)
      .default(USUAL_WAIT)
      .describe(
        `How long to wait for an answer before this returns, in seconds: 0 to ${LONGEST_WAIT}, default ${USUAL_WAIT}, more is taken as ${LONGEST_WAIT}. 0 returns the state at once.`,
      ),
  },
  "must be an object",
);

export const pollTool: Tool = {
  name: "poll_pause_request",
  title: "Wait for the answer",
  description: `Wait for a person's answer to a question that create_pause_request has asked. Returns as soon as they answer, or after wait_seconds with status "pending". Then call it again with the same pause_id, as often as needed: people take minutes or hours, and the question stays open until expires_at. Do not act while it is pending; silence is not consent.

Read next_step. Only response_source "human" is a person's decision; "timeout_default" is the clock's; "timed_out" and "cancelled" are none.`,
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  inputSchema: jsonSchemaOf(pollInput, "input"),
  outputSchema: jsonSchemaOf(pauseOutput, "output"),
  async run(args, call) {
    const { pause_id, wait_seconds } = check(pollInput, args, "body");
    const seconds = Math.min(wait_seconds, LONGEST_WAIT);
    const { clock, progress } = call;
    const tell = (passed: number) => progress(Math.min(seconds, passed), seconds, "Waiting for a person's answer.");
    const stop = seconds > 0 ? tellNowAndThen(clock, tell) : () => {};
    try {
      return told(await waitForEnd(pause_id, seconds, call));
    } finally {
      stop();
    }
  },
};
