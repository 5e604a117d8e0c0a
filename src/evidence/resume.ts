/**
 * Signing again after a restore: under the same name when nothing that was signed is missing, else under a new one with a
 * new key, so that there are never two checkpoints of one name and size with different roots.
 */
import {
  type Actor,
  type Attestor,
  appendEntry,
  type Checkpoint,
  type JsonValue,
  newEntry,
  nextOrigin,
  resumeSigning,
  settleRestore,
  withheld,
} from "../audit/index.ts";
import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import type { Tx, Work } from "../storage/index.ts";

/** What an entry and a checkpoint are made with. */
export interface ResumeParts {
  readonly attestor: Attestor;
  readonly clock: Clock;
  readonly random: Random;
}

/** A log that goes on under another name. */
export interface Renamed {
  readonly oldOrigin: string;
  readonly newOrigin: string;
}

/** The log signs on under its name: what was restored lacks nothing of `known`, which was signed. Tells so in the log. */
export function* settled(tx: Tx, parts: ResumeParts, known: Checkpoint, why: string, actor = SYSTEM): Work<void> {
  yield* settleRestore(tx);
  yield* tell(tx, parts, actor, { old_origin: known.origin, ...published(known), why });
}

/**
 * The log goes on under a new name, with a new key that the old one introduces.
 *
 * @param known what is known to have been signed and is not here any more, if anything.
 * @returns the new name.
 */
export function* beginAnew(tx: Tx, parts: ResumeParts, known: Checkpoint | null): Work<Renamed> {
  const { attestor } = parts;
  const state = yield* tx.shared(withheld);
  const { name } = yield* attestor.keys.active(tx, "log");
  const oldOrigin = name ?? "";
  const newOrigin = nextOrigin(oldOrigin, ...(known === null ? [] : [known.origin]));
  yield* attestor.keys.rotate(tx, "log", OPERATOR, newOrigin);
  yield* resumeSigning(tx);
  yield* tell(tx, parts, OPERATOR, {
    old_origin: oldOrigin,
    new_origin: newOrigin,
    ...(known === null ? { published_size: state?.size ?? null } : published(known)),
    why: state?.why ?? "The operator asked for it.",
  });
  return { oldOrigin, newOrigin };
}

const SYSTEM: Actor = { type: "system", id: null };
export const OPERATOR: Actor = { type: "operator", id: null };

function published({ size, root }: Checkpoint) {
  return { published_size: size, published_root: Buffer.from(root).toString("base64") };
}

/** The entry, and a checkpoint over it in the same commit. */
function* tell(
  tx: Tx,
  { attestor, clock, random }: ResumeParts,
  actor: Actor,
  plain: {
    readonly old_origin: string;
    readonly new_origin?: string;
    readonly published_size: JsonValue;
    readonly published_root?: string;
    readonly why: string;
  },
): Work<void> {
  const at = clock.now();
  yield* appendEntry(tx, newEntry(random, { type: "log.resumed", at, actor, world: null, pause: null, plain }));
  tx.closing(attestor.checkpoint);
}
