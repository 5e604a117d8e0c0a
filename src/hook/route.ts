import { z } from "zod";
import type { Call, Key, KeyRoute, Reply } from "../access/index.ts";
import { Problem } from "../platform/problem.ts";
import { check } from "../platform/schema.ts";
import { timeLimit } from "./deadline.ts";

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

const MINUTES = `must be a number of minutes from ${timeLimit.least} to ${timeLimit.most}`;

/** What a rules file says elsewhere. */
export const hookQuery = z.strictObject({
  to: z
    .string()
    .min(1, "must name whom to ask")
    .max(3_200, "is too long")
    .meta({ description: "Whom to ask: a recipient, or several with commas between." }),
  channel: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,31}$/, "must be the name of a channel, such as sms")
    .default("sms")
    .meta({ description: "How to ask." }),
  minutes: z
    .string()
    .regex(/^\d{1,3}(\.\d{1,3})?$/, MINUTES)
    .transform(Number)
    .refine((minutes) => minutes >= timeLimit.least && minutes <= timeLimit.most, MINUTES)
    .default(timeLimit.usual)
    .meta({
      document: { type: "number", minimum: timeLimit.least, maximum: timeLimit.most, default: timeLimit.usual },
      description: "How long a person has. The agent's own limit must be a minute later.",
    }),
  otherwise: z
    .enum(["pass", "ask"], "must be pass or ask")
    .default("pass")
    .meta({ description: "What becomes of what no built-in rule names." }),
});

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
        const query = check(hookQuery, Object.fromEntries(call.query), "query");
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
