/** An agent that signs a contract only after a person said so: `bun agent.ts "Sign the contract"`. */
import { appendFileSync } from "node:fs";
import { Command, MemorySaver } from "@langchain/langgraph";
import { PausePoint } from "@pausepoint/client";
import { createAgent, type HITLRequest, humanInTheLoopMiddleware, tool } from "langchain";
import { z } from "zod";
import { model } from "./model.ts";

const pausepoint = new PausePoint();

const sign = tool(
  ({ contract }) => {
    appendFileSync("signed.txt", `${contract}\n`);
    return `signed ${contract}`;
  },
  { name: "sign", description: "Signs a contract and submits it.", schema: z.object({ contract: z.string() }) },
);

// #region agent
const agent = createAgent({
  model,
  tools: [sign],
  middleware: [humanInTheLoopMiddleware({ interruptOn: { sign: { allowedDecisions: ["approve", "reject"] } } })],
  checkpointer: new MemorySaver(),
});
// #endregion

const thread = { configurable: { thread_id: "thread-1" } };

// #region loop
let result = await agent.invoke({ messages: [{ role: "user", content: process.argv[2] ?? "Sign it" }] }, thread);
while (result.__interrupt__ !== undefined) {
  const [{ value }] = result.__interrupt__ as [{ value: HITLRequest }];
  const decisions = await Promise.all(
    value.actionRequests.map(async ({ name, args }) => {
      const decision = await pausepoint.ask({
        recipient: "+1 (312) 847-1928",
        channel: "sms",
        message: "Sign and submit this contract?",
        details: { Tool: name, Arguments: JSON.stringify(args) },
        options: ["Sign", "Decline"],
        timeout_default: "Decline",
      });
      if (decision.isHuman && decision.choice === "Sign") return { type: "approve" };
      return { type: "reject", message: "Nobody approved it." };
    }),
  );
  result = await agent.invoke(new Command({ resume: { decisions } }), thread);
}
// #endregion
console.log(result.messages.at(-1)?.text);
