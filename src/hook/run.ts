/** One run of a hook: stdin in, the host's answer out. It ends before its host's limit, and what goes wrong is a no. */
import { hostname } from "node:os";
import { hookDeadlineMs, timeLimit } from "./deadline.ts";
import { EventError, type HookEvent, type Host, type Outcome, type Printed } from "./event.ts";
import { gate, wordsOf } from "./gate.ts";
import type { Rules } from "./rules.ts";
import { stateIn } from "./state.ts";
import { type Env, rulesFor, serverFor, stateFolder } from "./surroundings.ts";

export interface RunParts {
  readonly host: Host;
  readonly env: Env;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Called once. */
  readonly print: (printed: Printed) => void;
  /** Aborted when the host stops the hook. */
  readonly stopped: AbortSignal;
}

const MOST_BYTES = 4_194_304;
const STDIN_MS = 10_000;
/** How long a hook that has said its no goes on withdrawing its question. */
const WITHDRAW_MS = 4_000;

/** Resolves once everything is said and done. Never rejects. */
export async function runHook({ host, env, stdin, print, stopped }: RunParts): Promise<void> {
  let event: HookEvent | null = null;
  let isSaid = false;
  const say = (outcome: Outcome) => {
    if (isSaid) return;
    isSaid = true;
    // After a call has run there is nothing to deny.
    const isOver = event !== null && ["after", "end", "other"].includes(event.kind);
    print(host.print(isOver ? { kind: "pass", reason: "" } : outcome, event));
  };
  const ending = new AbortController();
  const end = (why: string) => {
    say(no(why));
    ending.abort(new Error(why));
  };
  const onStop = () => end("The hook was stopped before anybody had answered.");
  stopped.addEventListener("abort", onStop, { once: true });
  let limit = setTimeout(() => end("The host did not hand over its event in time."), STDIN_MS);
  try {
    event = host.read(await Promise.race([eventIn(stdin), abortOf(ending.signal)]));
    const rules: Rules = rulesFor(env, event.cwd);
    clearTimeout(limit);
    const minutes = Math.min(rules.minutes, timeLimit.most);
    limit = setTimeout(() => end("Nobody answered in time."), hookDeadlineMs(minutes));
    const deciding = gate(event, {
      host,
      rules,
      server: () => serverFor(env, rules),
      state: stateIn(stateFolder(env)),
      machine: hostname(),
      signal: ending.signal,
    });
    say(await deciding);
  } catch (error) {
    say(no(wordsOf(error)));
  } finally {
    clearTimeout(limit);
  }
}

function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** How long the process may stay after it has said its no. */
export const lingerMs = WITHDRAW_MS;

function no(why: string): Outcome {
  return { kind: "deny", reason: `PausePoint: denied. ${why}` };
}

/** All of stdin is read, also when it is far too long: a host that can't write it would take that for a broken hook. */
async function eventIn(stdin: AsyncIterable<Uint8Array>): Promise<unknown> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of stdin) {
    length += part.length;
    if (length <= MOST_BYTES) parts.push(part);
    else parts.length = 0;
  }
  if (length > MOST_BYTES) throw new EventError(`the host's event has ${length} bytes, and ${MOST_BYTES} are read`);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(parts)));
  } catch {
    throw new EventError("the host's event is not JSON");
  }
}
