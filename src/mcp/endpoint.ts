import { type AuthInfo, createMcpHandler, type McpRequestContext } from "@modelcontextprotocol/server";
import { PausePoint } from "../../clients/typescript/src/index.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import { type McpServerParts, mcpServer } from "./server.ts";

/** What the endpoint works with. */
export interface McpEndpointParts {
  readonly clock: Clock;
  readonly log: Log;
  /** The server's own router: a request as if it came from that address. */
  readonly answer: (request: Request, address: string | null) => Promise<Response>;
}

/** What answers MCP over HTTP, once the SDK is loaded. */
export interface McpEndpoint {
  answer(request: Request, address: string | null): Promise<Response>;
  stop(): Promise<void>;
}

/** Below the server's idle timeout, which else cuts a quiet stream. */
const KEEP_ALIVE_MS = 15_000;

/** The SDK's handler over this server's router. Each request brings its own key, and nothing is kept between them. */
export function mcpEndpoint({ clock, log, answer }: McpEndpointParts): McpEndpoint {
  const handler = createMcpHandler((context) => mcpServer(partsIn(context)), {
    keepAliveMs: KEEP_ALIVE_MS,
    onerror: (error) => log.debug("mcp request refused", { error: error.message }),
  });
  const underWay = new Set<Promise<Response>>();
  const ask = (request: Request, address: string | null) => {
    const asked = answer(request, address).finally(() => underWay.delete(asked));
    underWay.add(asked);
    return asked;
  };
  return {
    answer(request, address) {
      const apiKey = (request.headers.get("authorization") ?? "").slice("Bearer ".length);
      const inside = ((url: string, init?: RequestInit) => ask(new Request(url, init), address)) as typeof fetch;
      const parts: McpServerParts = {
        api: new PausePoint({ url: "http://localhost", apiKey, fetch: inside }),
        clock,
        outlivesServer: false,
      };
      const authInfo: AuthInfo = { token: apiKey, clientId: "", scopes: [], extra: { parts } };
      return handler.fetch(request, { authInfo });
    },
    async stop() {
      // Closing cuts off what is under way, so what the router has just answered is let through first.
      await Promise.allSettled(underWay);
      await new Promise((resolve) => setImmediate(resolve));
      await handler.close();
    },
  };
}

function partsIn({ authInfo }: McpRequestContext): McpServerParts {
  return authInfo?.extra?.parts as McpServerParts;
}
