import type { Route } from "../access/index.ts";
import { Problem } from "../platform/problem.ts";
import type { Stopping } from "../platform/stopping.ts";
import type { Writer } from "../storage/index.ts";

/**
 * Liveness: the process answers. Readiness: storage takes a write (migrations are done before
 * anything listens), and the server is not stopping.
 */
export function healthRoutes(writer: Writer, stopping: Stopping): Route[] {
  return [
    { method: "GET", path: "/healthz", access: "public", handle: () => ({ status: 200, body: { status: "ok" } }) },
    {
      method: "GET",
      path: "/readyz",
      access: "public",
      async handle() {
        stopping.refuse();
        try {
          // An empty commit takes the write lock and gives it back.
          await writer.write(function* () {});
        } catch (error) {
          throw new Problem("unavailable", "Storage can't be written.", {
            headers: { "retry-after": "5" },
            cause: error,
          });
        }
        return { status: 200, body: { status: "ready" } };
      },
    },
  ];
}
