/** A scripted model, so that the example runs without a paid one. Leave `model` out of the agent to use OpenAI's. */
import { type Model, type ModelRequest, type ModelResponse, Usage } from "@openai/agents";

export const model: Model = {
  async getResponse({ input }: ModelRequest): Promise<ModelResponse> {
    const result = typeof input === "string" ? undefined : input.find(({ type }) => type === "function_call_result");
    return {
      usage: new Usage(),
      output: [
        result === undefined
          ? {
              type: "function_call",
              callId: "call_1",
              name: "purge",
              status: "completed",
              arguments: '{"records":14000}',
            }
          : {
              type: "message",
              role: "assistant",
              status: "completed",
              content: [{ type: "output_text", text: JSON.stringify("output" in result ? result.output : null) }],
            },
      ],
    };
  },
  // biome-ignore lint/correctness/useYield: this example does not stream
  async *getStreamedResponse() {
    throw new Error("this example does not stream");
  },
};
