/**
 * A workflow whose purge waits for a person, over a restart of the process:
 *
 *     bun agent.ts start      asks, keeps the run in mastra.db, and ends
 *     bun agent.ts resume     waits for the answer, and goes on
 */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { Mastra } from "@mastra/core";
import { createStep, createWorkflow } from "@mastra/core/workflows";
import { LibSQLStore } from "@mastra/libsql";
import { PausePoint } from "@pausepoint/client";
import { z } from "zod";

const pausepoint = new PausePoint();
const records = z.object({ records: z.number() });
const asked = z.object({ pause_id: z.string() });

// #region step
/** Suspends with the question's id; on resume the id leads to the answer, which only the server knows. */
const ask = createStep({
  id: "ask",
  inputSchema: records,
  outputSchema: records.extend({ approved: z.boolean() }),
  suspendSchema: asked,
  resumeSchema: asked,
  execute: async ({ inputData, resumeData, suspend, runId }) => {
    if (resumeData === undefined) {
      const question = {
        recipient: "+1 (312) 847-1928",
        channel: "sms",
        message: `Purge ${inputData.records.toLocaleString("en-US")} records from staging?`,
        options: ["Purge", "Keep"],
        timeout_default: "Keep",
      };
      const { pause_id } = await pausepoint.createPause(question, { idempotencyKey: `purge-${runId}` });
      return await suspend({ pause_id });
    }
    const { response_choice, response_source } = await pausepoint.waitForEnd(resumeData.pause_id);
    return { ...inputData, approved: response_choice === "Purge" && response_source === "human" };
  },
});
// #endregion

const purge = createStep({
  id: "purge",
  inputSchema: ask.outputSchema,
  outputSchema: z.object({ purged: z.boolean() }),
  execute: async ({ inputData }) => {
    if (inputData.approved) appendFileSync("purged.txt", `${inputData.records}\n`);
    return { purged: inputData.approved };
  },
});

const cleanup = createWorkflow({ id: "cleanup", inputSchema: records, outputSchema: purge.outputSchema })
  .then(ask)
  .then(purge)
  .commit();

const storage = new LibSQLStore({ id: "runs", url: "file:mastra.db" });
const mastra = new Mastra({ workflows: { cleanup }, storage, logger: false });
const workflow = mastra.getWorkflow("cleanup");

if (process.argv[2] === "start") {
  // #region start
  const run = await workflow.createRun();
  const result = await run.start({ inputData: { records: 14_000 } });
  if (result.status !== "suspended") throw new Error(`the run is ${result.status}`);
  const { pause_id } = asked.parse(result.steps.ask?.suspendPayload);
  writeFileSync("run.json", JSON.stringify({ runId: run.runId, pause_id }));
  // #endregion
  console.log("asked");
} else {
  // #region resume
  const { runId, pause_id } = JSON.parse(readFileSync("run.json", "utf8"));
  const run = await workflow.createRun({ runId });
  const result = await run.resume({ step: "ask", resumeData: { pause_id } });
  if (result.status !== "success") throw new Error(`the run is ${result.status}`);
  console.log(result.result.purged ? "done" : "not done");
  // #endregion
}
