import type { Route } from "../access/index.ts";
import { Problem } from "../platform/problem.ts";
import type { Stopping } from "../platform/stopping.ts";
import { define, type Tx, type Work, type Writer } from "../storage/index.ts";

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
          // An empty commit takes the write lock and gives it back; where writes fail, it takes one to see that they do not.
          await writer.write(writer.isRefusing ? writeSomething : function* () {});
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

const sameAsBefore = define()((from) =>
  from.updateTable("installation").set(({ ref }) => ({ created_at: ref("created_at") })),
);

/** A page that is written as it was. */
function* writeSomething(tx: Tx): Work<void> {
  yield* tx.run(sameAsBefore, {});
}
