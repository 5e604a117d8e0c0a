import type { Writer } from "../storage/index.ts";
import { type Carrier, Lane, type LaneParts } from "./lane.ts";
import * as queries from "./queries.ts";
import { type DeliveryContext, freeLeases } from "./record.ts";

const GRACE_MS = 5_000;

/** Everything that leaves the building, from one durable queue: a lane for each carrier. */
export class DeliveryQueue {
  readonly #lanes: ReadonlyMap<string, Lane>;
  readonly #writer: Writer;
  readonly #context: DeliveryContext;

  constructor(parts: LaneParts & { readonly carriers: readonly Carrier[] }) {
    this.#writer = parts.writer;
    this.#context = parts.context;
    this.#lanes = new Map(parts.carriers.map((carrier) => [carrier.name, new Lane(carrier, parts)]));
  }

  /** Frees what an earlier process had claimed (this one holds the folder, so nobody is sending it), and begins. */
  async start(): Promise<void> {
    const now = this.#context.clock.now();
    for (const [carrier, lane] of this.#lanes) {
      await this.#writer.write((tx) => freeLeases(tx, carrier, now));
      lane.nudge();
    }
  }

  /** A hint: a carrier has something to send. */
  nudge(carrier: string): void {
    this.#lanes.get(carrier)?.nudge();
  }

  /** Messages that wait for a carrier or are under way. */
  waiting(carrier: string): number {
    return this.#writer.one(queries.countWaiting, { carrier })?.count ?? 0;
  }

  /** Lets what is under way finish, a few seconds at most, and takes nothing more. */
  async stop(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.stop(GRACE_MS)));
  }
}
