import { type Actor, appendEntry, newEntry, type World } from "../audit/index.ts";
import type { Clock } from "../platform/clock.ts";
import { equalInConstantTime, sha256 } from "../platform/hash.ts";
import type { IdSource } from "../platform/ids.ts";
import type { Random } from "../platform/random.ts";
import type { Mode, SharedState, Tx, Work, Writer } from "../storage/index.ts";
import { keyHint, modeOfKeyText, newKeyText } from "./key-text.ts";
import type { KeyLimits } from "./limits.ts";
import * as queries from "./queries.ts";
import { isScope, type Scope } from "./scopes.ts";

/** What keys are made with: handed in by the composition root. */
export interface AccessContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: IdSource;
}

/** A key as a request carries it: whose it is and what it may do. */
export interface Key {
  readonly n: number;
  readonly id: string;
  readonly world: World;
  readonly scopes: ReadonlySet<Scope>;
  readonly limits: KeyLimits;
  /** The name of its plan; null: it has none, and nothing is counted against it. */
  readonly plan: string | null;
}

export interface NewKey {
  readonly name: string;
  readonly mode: Mode;
  readonly project: string;
  readonly scopes: readonly Scope[];
  readonly limits: KeyLimits;
  /** The name of a plan of the configuration. Default: none. */
  readonly plan?: string | null;
}

/** Makes a key and its project where that is new. The text of the key is in the result alone; only its digest is kept. */
export function* createKey(
  tx: Tx,
  context: AccessContext,
  wanted: NewKey,
  actor: Actor,
): Work<{ id: string; key: string; world: World }> {
  const world = yield* ensureWorld(tx, context, wanted.project, wanted.mode);
  const key = newKeyText(wanted.mode, context.random);
  const { plan = null } = wanted;
  const { id } = context.ids.next("key");
  const at = context.clock.now();
  const hash = sha256(key);
  yield* tx.run(queries.insertKey, {
    id,
    world_n: world.n,
    name: wanted.name,
    hash,
    hint: keyHint(key),
    scopes: wanted.scopes.join(" "),
    limits: JSON.stringify(wanted.limits),
    plan,
    created_at: at,
  });
  const { recipients, minTimeoutMinutes, noDefaultOnTimeout } = wanted.limits;
  yield* appendEntry(
    tx,
    newEntry(context.random, {
      type: "key.created",
      at,
      actor,
      world,
      pause: null,
      plain: {
        key_id: id,
        key_hash: Buffer.from(hash).toString("hex"),
        scopes: [...wanted.scopes],
        min_timeout_minutes: minTimeoutMinutes,
        no_default_on_timeout: noDefaultOnTimeout || null,
        recipients_limited: recipients === null ? null : true,
        plan,
      },
      committed: { name: wanted.name, recipients: recipients === null ? null : [...recipients] },
    }),
  );
  return { id, key, world };
}

/** Revokes a key, for good. Answers whether it was there and when it was revoked. */
export function* revokeKey(
  tx: Tx,
  context: AccessContext,
  id: string,
  actor: Actor,
): Work<"revoked" | "revoked before" | "unknown"> {
  const found = yield* tx.one(queries.findKeyById, { id });
  if (found === undefined) return "unknown";
  if (found.revoked_at !== null) return "revoked before";
  const at = context.clock.now();
  yield* tx.run(queries.revokeKey, { n: found.n, revoked_at: at });
  tx.share(lastRevoked, id);
  const world: World = { n: found.world_n, project: found.project, mode: found.mode };
  yield* appendEntry(
    tx,
    newEntry(context.random, { type: "key.revoked", at, actor, world, pause: null, plain: { key_id: id } }),
  );
  return "revoked";
}

/** The key that this process revoked last: its own commits do not show in `foreignCommits`. */
const lastRevoked: SharedState<string | null> = {
  name: "key revoked last",
  // biome-ignore lint/correctness/useYield: nothing to read, it lives in memory alone
  *load() {
    return null;
  },
};

/** The project's world of a mode, made when it is new. */
export function* ensureWorld(tx: Tx, context: AccessContext, project: string, mode: Mode): Work<World> {
  const found = yield* tx.one(queries.findProject, { name: project });
  const projectN =
    found?.n ?? (yield* tx.run(queries.insertProject, { name: project, created_at: context.clock.now() })).inserted;
  const world = yield* tx.one(queries.findWorld, { project_n: projectN, mode });
  const n = world?.n ?? (yield* tx.run(queries.insertWorld, { project_n: projectN, mode })).inserted;
  return { n, project, mode };
}

/**
 * Looks keys up by their digest. What was found is kept in memory, and forgotten whenever another process has
 * committed or this one has revoked a key, so that a revoked key is refused at its next request.
 */
export class KeyRing {
  readonly #writer: Writer;
  readonly #known = new Map<number, { readonly hash: Uint8Array; readonly key: Key }>();
  #seen = -1;
  #seenRevoked: string | null | undefined;
  #checkedThisTurn = false;

  constructor(writer: Writer) {
    this.#writer = writer;
  }

  /** The key with this text, or null: unknown, revoked, or not spelled as a key. */
  find(text: string): Key | null {
    const hash = sha256(text);
    const place = placeOf(hash);
    // What has been found before has the shape of a key.
    if (!this.#known.has(place) && modeOfKeyText(text) === null) return null;
    this.#forgetWhenStale();
    const known = this.#known.get(place) ?? this.#load(hash, place);
    return known !== null && equalInConstantTime(known.hash, hash) ? known.key : null;
  }

  #load(hash: Uint8Array, place: number): { hash: Uint8Array; key: Key } | null {
    const row = this.#writer.one(queries.findKeyByHash, { hash });
    if (row === undefined || row.revoked_at !== null) return null;
    const key: Key = {
      n: row.n,
      id: row.id,
      world: { n: row.world_n, project: row.project, mode: row.mode },
      scopes: new Set(row.scopes.split(" ").filter(isScope)),
      limits: JSON.parse(row.limits) as KeyLimits,
      plan: row.plan,
    };
    const found = { hash: row.hash, key };
    this.#known.set(place, found);
    return found;
  }

  /** One look at the database's version each turn of the event loop, not one a request. */
  #forgetWhenStale(): void {
    if (this.#checkedThisTurn) return;
    this.#checkedThisTurn = true;
    setImmediate(() => {
      this.#checkedThisTurn = false;
    });
    const version = this.#writer.foreignCommits();
    const revoked = this.#writer.committed(lastRevoked);
    if (version === this.#seen && revoked === this.#seenRevoked) return;
    this.#seen = version;
    this.#seenRevoked = revoked;
    this.#known.clear();
  }
}

/** Where a key with this digest is kept: its first 48 bits, which are compared whole afterwards. */
function placeOf(hash: Uint8Array): number {
  let place = 0;
  for (let index = 0; index < 6; index++) place = place * 256 + (hash[index] ?? 0);
  return place;
}
