import type { Call, Key, KeyRoute, Reply } from "../access/index.ts";
import type { McpEndpoint, McpEndpointParts } from "./endpoint.ts";
import { refuseOtherSites } from "./sites.ts";

/** What `POST /mcp` is made of. */
export interface McpRouteParts extends McpEndpointParts {
  /** The names of this server, beside this machine's own, in lower case. */
  readonly names: () => readonly string[];
}

/** `POST /mcp` and its end. */
export interface McpOverHttp {
  readonly route: KeyRoute;
  /** Ends what is still open. */
  stop(): Promise<void>;
}

/**
 * MCP over HTTP ("Streamable HTTP", stateless). Any valid key may come in: what its tools may do is decided by the
 * API's own routes, which they call with that key. The SDK is loaded with the first request.
 */
export function mcpOverHttp(parts: McpRouteParts): McpOverHttp {
  let loaded: Promise<McpEndpoint> | null = null;
  const endpoint = () => {
    loaded ??= import("./endpoint.ts").then(({ mcpEndpoint }) => mcpEndpoint(parts));
    return loaded;
  };
  return {
    route: {
      method: "POST",
      path: "/mcp",
      access: "key",
      async handle(call: Call, _: Key): Promise<Reply> {
        const { request } = call;
        refuseOtherSites(request.headers, parts.names());
        const body = await call.bytes();
        const { answer } = await endpoint();
        const { url, headers, signal } = request;
        const whole = new Request(url, { method: "POST", headers, body, signal });
        const response = await call.hold(() => answer(whole, call.address));
        return replyOf(response);
      },
    },
    stop: async () => (await loaded)?.stop(),
  };
}

async function replyOf(response: Response): Promise<Reply> {
  const { status, headers, body } = response;
  const kept = Object.fromEntries(headers);
  const isStream = kept["content-type"]?.startsWith("text/event-stream") === true;
  // nginx would else keep events back until its buffer is full.
  if (isStream) return { status, headers: { ...kept, "x-accel-buffering": "no" }, body };
  return { status, headers: kept, body: body === null ? null : await response.text() };
}
