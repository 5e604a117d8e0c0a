/** An agent whose campaign goes out only after a person said so: `bun agent.ts "Send the campaign"`. */
import { appendFileSync } from "node:fs";
import { PausePoint } from "@pausepoint/client";
import { generateText, isStepCount, tool } from "ai";
import { z } from "zod";
import { model } from "./model.ts";

const pausepoint = new PausePoint();

const send = tool({
  description: "Sends the staged campaign.",
  inputSchema: z.object({ contacts: z.number() }),
  execute: async ({ contacts }) => {
    appendFileSync("sent.txt", `${contacts}\n`);
    return `sent to ${contacts}`;
  },
});

// #region approval
const { text } = await generateText({
  model,
  prompt: process.argv[2] ?? "Send the campaign",
  tools: { send },
  stopWhen: isStepCount(5),
  toolApproval: {
    send: async ({ contacts }) => {
      const decision = await pausepoint.ask({
        recipient: "+1 (312) 847-1928",
        channel: "sms",
        message: `Send this campaign to ${contacts} contacts?`,
        options: ["Send", "Hold"],
        timeout_default: "Hold",
      });
      const approved = decision.isHuman && decision.choice === "Send";
      return approved ? "approved" : { type: "denied", reason: "Nobody approved it." };
    },
  },
});
// #endregion
console.log(text);
