import type { Call, Key, KeyRoute, Reply } from "../access/index.ts";
import { queryObject } from "../platform/paging.ts";
import { Problem } from "../platform/problem.ts";
import { check } from "../platform/schema.ts";
import { hookQuery } from "./query.ts";

/** What the route works with. */
export interface HookRouteParts {
  /** The server's own router: a request as if it came from that address. */
  readonly answer: (request: Request, address: string | null) => Promise<Response>;
}

/** `POST /v1/hooks/:agent` and its end. */
export interface HooksOverHttp {
  readonly route: KeyRoute;
  /** Lets go of who waits. */
  stop(): void;
}

/**
 * The hook for agents that can call one over HTTP, so that nothing has to be installed beside them. The questions are
 * asked with the caller's key, through the API's own routes.
 */
export function hooksOverHttp({ answer }: HookRouteParts): HooksOverHttp {
  const stopping = new AbortController();
  let loaded: Promise<typeof import("./over-http.ts")> | null = null;
  return {
    route: {
      method: "POST",
      path: "/v1/hooks/:agent",
      access: "pauses:write",
      async handle(call: Call, _: Key): Promise<Reply> {
        const agent = call.param("agent");
        if (agent !== "claude-code" && agent !== "copilot")
          throw new Problem("not-found", "There are hooks over HTTP for claude-code and copilot.");
        const query = check(hookQuery, queryObject(call.query), "query");
        const event = await call.json();
        loaded ??= import("./over-http.ts");
        const { answerOverHttp } = await loaded;
        const { headers, signal } = call.request;
        const apiKey = (headers.get("authorization") ?? "").slice("Bearer ".length);
        const inside = (url: string, init?: RequestInit) => answer(new Request(url, init), call.address);
        const ended = AbortSignal.any([signal, stopping.signal]);
        return await call.hold(() => answerOverHttp(agent, event, query, { apiKey, fetch: inside, signal: ended }));
      },
    },
    stop: () => stopping.abort(new Error("The server is stopping.")),
  };
}
