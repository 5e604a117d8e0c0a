/** A scripted model, so that the example runs without a paid one. Put `openai("…")` or any other model here. */
import { MockLanguageModelV4 } from "ai/test";

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};

export const model = new MockLanguageModelV4({
  doGenerate: async ({ prompt }) => {
    const result = prompt.find(({ role }) => role === "tool");
    if (result !== undefined)
      return {
        content: [{ type: "text", text: JSON.stringify(result.content) }],
        finishReason: { unified: "stop", raw: undefined },
        usage,
        warnings: [],
      };
    return {
      content: [{ type: "tool-call", toolCallId: "call_1", toolName: "send", input: '{"contacts":340}' }],
      finishReason: { unified: "tool-calls", raw: undefined },
      usage,
      warnings: [],
    };
  },
});
