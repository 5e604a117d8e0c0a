/**
 * An agent whose purge waits for a person, over a restart of the process:
 *
 *     bun agent.ts start "Clean up staging"     asks, keeps the run in run.json, and ends
 *     bun agent.ts resume                       waits for the answer, and goes on
 */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { Agent, RunState, run, tool } from "@openai/agents";
import { PausePoint } from "@pausepoint/client";
import { z } from "zod";
import { model } from "./model.ts";

const pausepoint = new PausePoint();

// #region tool
const purge = tool({
  name: "purge",
  description: "Deletes records from staging, for good.",
  parameters: z.object({ records: z.number() }),
  needsApproval: true,
  execute: async ({ records }) => {
    appendFileSync("purged.txt", `${records}\n`);
    return `purged ${records}`;
  },
});
// #endregion

const agent = new Agent({ name: "Cleanup", model, tools: [purge], modelSettings: {} });
const [step, task = ""] = process.argv.slice(2);

if (step === "start") {
  // #region start
  const result = await run(agent, task);
  const asked = [];
  for (const item of result.interruptions) {
    const question = {
      recipient: "+1 (312) 847-1928",
      channel: "sms",
      message: `Let the cleanup agent run ${item.name}?`,
      details: { Arguments: String(item.arguments) },
      options: ["Purge", "Keep"],
      timeout_default: "Keep",
    };
    asked.push((await pausepoint.createPause(question)).pause_id);
  }
  writeFileSync("run.json", JSON.stringify({ asked, state: result.state.toString() }), { mode: 0o600 });
  // #endregion
  console.log("asked");
} else {
  // #region resume
  const kept = JSON.parse(readFileSync("run.json", "utf8"));
  const state = await RunState.fromString(agent, kept.state);
  for (const [index, item] of state.getInterruptions().entries()) {
    const { response_choice, response_source } = await pausepoint.waitForEnd(kept.asked[index]);
    if (response_choice === "Purge" && response_source === "human") state.approve(item);
    else state.reject(item, { message: "Nobody approved it." });
  }
  const result = await run(agent, state);
  // #endregion
  console.log(result.finalOutput);
}
