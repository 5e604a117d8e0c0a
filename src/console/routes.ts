import type { Call, PublicRoute } from "../access/index.ts";
import type { ConsoleParts } from "./visit.ts";

export { hasAdmin, setupLink } from "./setup-token.ts";

const PATHS = ["/console", "/console/:view", "/console/:view/:id", "/console/:view/:id/:act"] as const;

/** The console of a running appliance. */
export interface Console {
  readonly routes: readonly PublicRoute[];
  /** Another process has committed something: open pages may look. */
  changed(): void;
  /** Ends the streams of open pages. */
  stop(): Promise<void>;
}

/**
 * `/console` and what stands below it. Nothing of it is loaded before somebody asks: most servers run for weeks without.
 * To the server these are public; who may is decided there, by session and role.
 */
export function openConsole(parts: ConsoleParts): Console {
  let made: Promise<Made> | null = null;
  let ready: Made | null = null;
  let stopped = false;
  const handle = async (call: Call) => {
    made ??= import("./console.ts").then(({ createConsole }) => createConsole(parts));
    ready = await made;
    if (stopped) stopAll(ready);
    return ready.answer(call);
  };
  return {
    routes: PATHS.flatMap((path) =>
      (["GET", "POST"] as const).map((method) => ({ method, path, access: "public" as const, handle })),
    ),
    changed: () => ready?.live.changed(),
    async stop() {
      stopped = true;
      if (made !== null) stopAll(await made);
    },
  };
}

interface Made {
  readonly live: { changed(): void; stop(): void };
  readonly health: { stop(): void };
  answer(call: Call): ReturnType<PublicRoute["handle"]>;
}

function stopAll({ live, health }: Made): void {
  live.stop();
  health.stop();
}
