import { createKey, defaultScopes, listKeys, noLimits } from "../access/index.ts";
import { appendEntry, newEntry } from "../audit/index.ts";
import type { PauseContext } from "../pauses/index.ts";
import type { Tx, Work, Writer } from "../storage/index.ts";

/** What a start or a reload puts in force. */
export interface InForce {
  readonly version: string;
  readonly channels: readonly string[];
  /** See `configDigest`. */
  readonly config: string;
  /** The version of the page's template. */
  readonly template: string;
}

/** Writes into the log that the server was started, or has read its configuration anew, and what is in force since. */
export function* recordInForce(
  tx: Tx,
  { clock, random }: PauseContext,
  type: "server.started" | "server.reloaded",
  inForce: InForce,
): Work<void> {
  yield* appendEntry(
    tx,
    newEntry(random, {
      type,
      at: clock.now(),
      actor: { type: "system", id: null },
      world: null,
      pause: null,
      plain: { ...inForce },
    }),
  );
}

/** A test key for a newcomer, where there is no key yet. */
export async function makeFirstKey(writer: Writer, context: PauseContext): Promise<string | null> {
  if (writer.all(listKeys, {}).length > 0) return null;
  const wanted = {
    name: "first start",
    mode: "test",
    project: "default",
    scopes: defaultScopes,
    limits: noLimits,
  } as const;
  return (await writer.write((tx) => createKey(tx, context, wanted, { type: "system", id: null }))).key;
}
