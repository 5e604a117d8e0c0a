/** Whether the names that this server needs have an address. */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { bad, type Finding, ok } from "./finding.ts";

/** A name, and who needs it. */
export interface Needed {
  readonly host: string;
  readonly by: string;
}

/** Asks the system's resolver, as connections do, so /etc/hosts counts. Ends within that time. */
export async function ofNames(needed: readonly Needed[], withinMs: number): Promise<Finding[]> {
  const names = needed.filter(({ host }) => isIP(host.replace(/^\[|\]$/g, "")) === 0);
  const byHost = Map.groupBy(names, ({ host }) => host);
  if (byHost.size === 0) return [];
  const found = await Promise.all(
    [...byHost].map(async ([host, by]) => ({ host, by, why: await trouble(host, withinMs) })),
  );
  const wrong = found.flatMap(({ host, by, why }) =>
    why === null
      ? []
      : [
          bad(
            "names",
            "fail",
            `${host} has no address (${why}), and is needed by ${by.map((one) => one.by).join(", ")}`,
            "Correct the name, or see /etc/resolv.conf and whether this machine reaches its resolver.",
          ),
        ],
  );
  const resolved = byHost.size - wrong.length;
  return wrong.length > 0
    ? wrong
    : [ok("names", `${resolved} ${resolved === 1 ? "name has" : "names have"} an address`)];
}

async function trouble(host: string, withinMs: number): Promise<string | null> {
  const { promise: over, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve(`no answer within ${withinMs / 1000} seconds`), withinMs);
  try {
    const looked = lookup(host).then(
      () => null,
      (error: NodeJS.ErrnoException) => error.code ?? "no code",
    );
    return await Promise.race([looked, over]);
  } finally {
    clearTimeout(timer);
  }
}
