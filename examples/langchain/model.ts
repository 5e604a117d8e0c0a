/** A scripted model, so that the example runs without a paid one. Put any chat model that calls tools here. */

import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage, type BaseMessage } from "@langchain/core/messages";

class ScriptedModel extends BaseChatModel {
  _llmType(): string {
    return "scripted";
  }

  override bindTools(): this {
    return this;
  }

  async _generate(messages: BaseMessage[]) {
    const result = messages.find((message) => message.getType() === "tool");
    const message =
      result === undefined
        ? new AIMessage({ content: "", tool_calls: [{ name: "sign", id: "call_1", args: { contract: "MSA-114" } }] })
        : new AIMessage(result.text);
    return { generations: [{ text: message.text, message }] };
  }
}

export const model = new ScriptedModel({});
