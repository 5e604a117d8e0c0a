/**
 * An agent whose transfers wait for a person, over a restart of the process:
 *
 *     bun agent.ts start thread-1 "Pay the invoice of Meridian"     asks, and ends
 *     bun agent.ts resume thread-1                                  waits for the answer, and goes on
 */
import { appendFileSync } from "node:fs";
import {
  Annotation,
  Command,
  END,
  interrupt,
  type LangGraphRunnableConfig,
  START,
  StateGraph,
} from "@langchain/langgraph";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";
import { PausePoint } from "@pausepoint/client";
import { model } from "./model.ts";

const pausepoint = new PausePoint();

const State = Annotation.Root({
  task: Annotation<string>,
  transfer: Annotation<{ to: string; amount: string }>,
  approved: Annotation<boolean>,
});

/** The model says what to pay. */
async function plan({ task }: typeof State.State) {
  const { tool_calls: [call] = [] } = await model.invoke(task);
  if (call?.name !== "wire") throw new Error("the model wants no transfer");
  return { transfer: call.args as { to: string; amount: string } };
}

// #region ask
/** Runs twice, from its top: up to `interrupt`, and again on resume. The idempotency key makes both one question. */
async function ask({ transfer }: typeof State.State, config: LangGraphRunnableConfig) {
  const question = {
    recipient: "+1 (312) 847-1928",
    channel: "sms",
    message: `Wire ${transfer.amount} to ${transfer.to}?`,
    options: ["Approve", "Reject"],
    timeout_hours: 4,
    timeout_default: "Reject",
  };
  const pause = await pausepoint.createPause(question, { idempotencyKey: `wire-${config.configurable?.thread_id}` });
  interrupt({ pause_id: pause.pause_id });
  const { response_choice, response_source } = await pausepoint.waitForEnd(pause.pause_id);
  return { approved: response_choice === "Approve" && response_source === "human" };
}
// #endregion

async function wire({ transfer }: typeof State.State) {
  appendFileSync("ledger.txt", `${transfer.amount} to ${transfer.to}\n`);
  return {};
}

// #region graph
const graph = new StateGraph(State)
  .addNode("plan", plan)
  .addNode("ask", ask)
  .addNode("wire", wire)
  .addEdge(START, "plan")
  .addEdge("plan", "ask")
  .addConditionalEdges("ask", ({ approved }) => (approved ? "wire" : END))
  .addEdge("wire", END)
  .compile({ checkpointer: SqliteSaver.fromConnString("threads.db") });
// #endregion

const [step, thread_id, task = ""] = process.argv.slice(2);
const thread = { configurable: { thread_id } };

if (step === "start") {
  await graph.invoke({ task }, thread);
  console.log("asked");
} else {
  // #region resume
  const { approved } = await graph.invoke(new Command({ resume: true }), thread);
  console.log(approved ? "done" : "not done");
  // #endregion
}
