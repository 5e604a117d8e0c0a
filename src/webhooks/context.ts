import type { Actor, World } from "../audit/index.ts";
import type { Clock } from "../platform/clock.ts";
import type { IdSource } from "../platform/ids.ts";
import type { Random } from "../platform/random.ts";

/** What the units of work around endpoints are made with: handed in by the composition root. */
export interface WebhookContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: IdSource;
}

/** Whose endpoints are meant, and who asks: a key, or an operator. */
export interface Asker {
  readonly world: World;
  readonly actor: Actor;
}
