import type { Call, PublicRoute } from "../access/index.ts";
import type { ConsoleParts } from "./visit.ts";

export { hasAdmin, setupLink } from "./setup-token.ts";

const PATHS = ["/console", "/console/:view", "/console/:view/:id", "/console/:view/:id/:act"] as const;

/**
 * `/console` and what stands below it. Nothing of it is loaded before somebody asks: most servers run for weeks without.
 * To the server these are public; who may is decided there, by session and role.
 */
export function consoleRoutes(parts: ConsoleParts): PublicRoute[] {
  let made: Promise<(call: Call) => ReturnType<PublicRoute["handle"]>> | null = null;
  const handle = async (call: Call) => {
    made ??= import("./console.ts").then(({ createConsole }) => createConsole(parts));
    return (await made)(call);
  };
  return PATHS.flatMap((path) =>
    (["GET", "POST"] as const).map((method) => ({ method, path, access: "public" as const, handle })),
  );
}
