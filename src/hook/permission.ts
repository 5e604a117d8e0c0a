/** A permission outside any hook: the same rules, the same question, the same answers. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { gate, wordsOf } from "./gate.ts";
import { hosts } from "./hosts/index.ts";
import { stateIn } from "./state.ts";
import { type Env, rulesFor, serverFor, stateFolder } from "./surroundings.ts";

/** What is asked about. */
interface Asked {
  readonly tool: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly callId: string | null;
  readonly signal: AbortSignal;
}

/**
 * Asks about calls of one agent, for as long as it lives, as its hook would where the agent itself would ask. Never
 * rejects: what goes wrong is a no, with words that say why.
 */
export function permissions(env: Env, cwd: string): (asked: Asked) => Promise<{ isAllowed: boolean; reason: string }> {
  const session = randomUUID();
  return async ({ tool, input, callId, signal }) => {
    const event = {
      event: "permission_prompt",
      kind: "prompt",
      session,
      callId,
      turn: null,
      cwd,
      tool,
      input,
    } as const;
    try {
      const rules = rulesFor(env, cwd);
      const server = () => serverFor(env, rules);
      const parts = { host: hosts["claude-code"], rules, server, state: stateIn(stateFolder(env)) };
      const { kind, reason } = await gate(event, { ...parts, machine: hostname(), signal });
      return { isAllowed: kind === "allow", reason: reason || "PausePoint: denied. No rule allows it." };
    } catch (error) {
      return { isAllowed: false, reason: `PausePoint: denied. ${wordsOf(error)}` };
    }
  };
}
