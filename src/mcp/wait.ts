import { isPassing } from "../../clients/typescript/src/http.ts";
import { type Pause, ProblemError } from "../../clients/typescript/src/index.ts";
import { afterLong, type Clock } from "../platform/clock.ts";
import type { ToolCall } from "./tools/tool.ts";

const AGAIN_MS = 500;

/**
 * The pause once it has ended, or as it is after so many seconds. Over the network a server that is away is waited for
 * as well, so that a wait survives its restart.
 *
 * @throws what the API refuses; ConnectionError when the time is over and there is still no server.
 */
export async function waitForEnd(id: string, seconds: number, call: ToolCall): Promise<Pause> {
  const { api, clock, signal, outlivesServer } = call;
  const end = clock.now() + seconds * 1000;
  // Counted by a timer: a clock that is set back holds nobody for ever.
  let isOver = seconds <= 0;
  const stop = afterLong(clock, seconds * 1000, () => {
    isOver = true;
  });
  try {
    for (;;) {
      let restMs = AGAIN_MS;
      const left = Math.min(seconds * 1000, Math.max(0, end - clock.now()));
      try {
        const pause = await api.getPause(id, { waitSeconds: Math.round(left) / 1000, signal });
        // Pending before the time is over: that server is stopping.
        if (pause.status !== "pending" || !outlivesServer || isOver) return pause;
      } catch (error) {
        if (signal.aborted || !outlivesServer || !isPassing(error) || isOver) throw error;
        if (error instanceof ProblemError) restMs = Math.max(restMs, (error.retryAfterSeconds ?? 0) * 1000);
      }
      await rest(Math.min(restMs, left), clock, signal);
    }
  } finally {
    stop();
  }
}

/** Resolves after so many milliseconds, or once the signal is aborted. */
function rest(milliseconds: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stop();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const stop = clock.after(milliseconds, done);
    signal.addEventListener("abort", done);
  });
}
