/** A scripted model, so that the example runs without a paid one. Put a chat model with your tools bound here. */
import { AIMessage } from "@langchain/core/messages";

export const model = {
  async invoke(_task: string): Promise<AIMessage> {
    return new AIMessage({
      content: "",
      tool_calls: [{ name: "wire", id: "call_1", args: { to: "Meridian Supplies", amount: "$8,400" } }],
    });
  },
};
