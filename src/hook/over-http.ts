/** What `POST /v1/hooks/:agent` answers, once it is first asked. */
import { randomUUID } from "node:crypto";
import type { z } from "zod";
import { type Fetch, PausePoint } from "../../clients/typescript/src/index.ts";
import type { Reply } from "../access/index.ts";
import { invalid } from "../platform/problem.ts";
import { EventError, type HookEvent, type HostName } from "./event.ts";
import { gate } from "./gate.ts";
import { hosts } from "./hosts/index.ts";
import type { hookQuery } from "./query.ts";
import type { Rules } from "./rules.ts";
import { stateInMemory } from "./state.ts";

const state = stateInMemory();
/** Which answers were used is forgotten with the process: then no earlier question may be come upon again. */
const process = randomUUID();

export async function answerOverHttp(
  agent: HostName,
  told: unknown,
  query: z.output<typeof hookQuery>,
  caller: { readonly apiKey: string; readonly fetch: Fetch; readonly signal: AbortSignal },
): Promise<Reply> {
  const host = hosts[agent];
  const event = read(agent, told);
  const { channel, minutes, otherwise } = query;
  const recipients = query.to.split(",").map((one) => one.trim());
  const to = recipients.length === 1 ? (recipients[0] ?? null) : recipients;
  const rules: Rules = {
    file: "the hook's address",
    to,
    channel,
    minutes,
    otherwise,
    deny: [],
    ask: [],
    allow: [],
    held: false,
    url: null,
    keyFile: null,
  };
  const { apiKey, fetch, signal } = caller;
  const server = () => ({ api: new PausePoint({ url: "http://localhost", apiKey, fetch }), secret: apiKey });
  const outcome = await gate(event, { host, rules, server, state, machine: "not told", signal }).catch(() => ({
    kind: "deny" as const,
    reason: "PausePoint: denied. The hook was stopped before anybody had answered.",
  }));
  const { stdout, status } = host.print(outcome, event);
  // Claude Code and Copilot take an empty body for no opinion.
  if (status !== 0) throw invalid([{ pointer: "", detail: "can't be read as an event of this agent" }]);
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body: stdout === "" ? "{}" : stdout.trimEnd(),
  };
}

/** @throws Problem: any other answer than 2xx is a failure to the agent, which its `onFailure` turns into a no. */
function read(agent: HostName, told: unknown): HookEvent {
  try {
    const event = hosts[agent].read(told);
    return event.callId === null ? { ...event, turn: `${event.turn ?? ""}#${process}` } : event;
  } catch (error) {
    if (error instanceof EventError) throw invalid([{ pointer: "", detail: error.message }]);
    throw error;
  }
}
