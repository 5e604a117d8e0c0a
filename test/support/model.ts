/**
 * A model's server on loopback for agents that are run for real: it asks for one shell command, and ends the turn once it
 * has the command's result. Speaks Anthropic's Messages and OpenAI's Responses, streamed, as far as the agents read them.
 */
export interface ScriptedModel {
  readonly url: string;
  /** What the agent sent back as the result of the command. */
  readonly results: string[];
  stop(): Promise<void>;
}

export function scriptedModel(command: string): ScriptedModel {
  const results: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (request.method !== "POST") return Response.json({ data: [], models: [] });
      const body = (await request.json().catch(() => ({}))) as Record<string, unknown>;
      if (pathname.endsWith("/messages")) return anthropic(body, command, results);
      if (pathname.endsWith("/responses")) return openai(body, command, results);
      return Response.json({ input_tokens: 10 });
    },
  });
  return { url: server.url.href.replace(/\/$/, ""), results, stop: () => server.stop(true) };
}

function anthropic(body: Record<string, unknown>, command: string, results: string[]): Response {
  const messages = (body.messages ?? []) as { content: unknown }[];
  const tools = (body.tools ?? []) as { name: string }[];
  const parts = messages.flatMap(({ content }) => (Array.isArray(content) ? content : [])) as Record<string, unknown>[];
  const result = parts.find((part) => part.type === "tool_result");
  if (result !== undefined) results.push(JSON.stringify(result));
  const bash = tools.find(({ name }) => /^bash$/i.test(name));
  const asks = result === undefined && bash !== undefined;
  const block = asks ? { type: "tool_use", id: "toolu_1", name: bash.name, input: {} } : { type: "text", text: "" };
  const delta = asks
    ? { type: "input_json_delta", partial_json: JSON.stringify({ command, description: "Tidy up" }) }
    : { type: "text_delta", text: "Done." };
  const usage = { input_tokens: 10, output_tokens: 5 };
  return events([
    {
      type: "message_start",
      message: {
        id: "msg_1",
        type: "message",
        role: "assistant",
        model: body.model,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage,
      },
    },
    { type: "content_block_start", index: 0, content_block: block },
    { type: "content_block_delta", index: 0, delta },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: asks ? "tool_use" : "end_turn", stop_sequence: null }, usage },
    { type: "message_stop" },
  ]);
}

function openai(body: Record<string, unknown>, command: string, results: string[]): Response {
  const input = (body.input ?? []) as Record<string, unknown>[];
  const result = input.find((item) => String(item.type).endsWith("_call_output"));
  if (result !== undefined) results.push(JSON.stringify(result));
  const tools = (body.tools ?? []) as { name?: string; type: string }[];
  const shell = tools.find(({ name }) => name === "exec_command" || name === "shell_command" || name === "shell");
  const args =
    shell?.name === "exec_command"
      ? { cmd: command }
      : { command: shell?.name === "shell" ? ["bash", "-lc", command] : command };
  const item =
    result === undefined && shell !== undefined
      ? { type: "function_call", id: "fc_1", call_id: "call_1", name: shell.name, arguments: JSON.stringify(args) }
      : { type: "message", id: "m_1", role: "assistant", content: [{ type: "output_text", text: "Done." }] };
  return events([
    { type: "response.created", response: { id: "resp_1" } },
    { type: "response.output_item.done", output_index: 0, item },
    {
      type: "response.completed",
      response: {
        id: "resp_1",
        usage: {
          input_tokens: 10,
          input_tokens_details: null,
          output_tokens: 5,
          output_tokens_details: null,
          total_tokens: 15,
        },
      },
    },
  ]);
}

/** Server-sent events, each named by its type. */
function events(list: readonly ({ readonly type: string } & Record<string, unknown>)[]): Response {
  const text = list.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");
  return new Response(text, { headers: { "content-type": "text/event-stream" } });
}
