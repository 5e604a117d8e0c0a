import type { Key } from "../access/index.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import { Problem } from "../platform/problem.ts";
import type { Writer } from "../storage/index.ts";
import { type Beginning, EventStream, type Surroundings } from "./event-stream.ts";
import { EventTable } from "./event-table.ts";
import * as queries from "./queries.ts";
import type { Pause } from "./shape.ts";

const HEARTBEAT_MS = 15_000;
const MOST_OF_A_WORLD = 100;
const MOST = 1_000;
/** Streams that read in one turn of the event loop, so that requests come in between. */
const READING_AT_ONCE = 4;

/** Everybody who listens to events. Without listeners an event costs nothing but its row. */
export class EventStreams {
  readonly #writer: Writer;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #table: EventTable;
  readonly #shared: Surroundings;
  readonly #streams = new Set<EventStream>();
  readonly #ofWorld = new Map<number, number>();
  /** What was looked for listeners of so far. */
  #newest = 0;
  #told = false;
  #stopped = false;
  #stopHeart: (() => void) | null = null;
  readonly #waiting: (() => void)[] = [];

  constructor(parts: { writer: Writer; clock: Clock; log: Log; show: (pauseN: number) => Pause | null }) {
    this.#writer = parts.writer;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#table = new EventTable(parts.writer);
    this.#shared = {
      table: this.#table,
      show: parts.show,
      turn: () => this.#turn(),
      onEnd: (stream, error) => this.#forget(stream, error),
    };
  }

  /**
   * A stream of what happens in the key's world from now on, or from right behind the event `lastEventId`. It ends with
   * the signal, with the key, or when the appliance stops.
   *
   * @throws Problem `rate-limited` beyond 100 streams of a world, `unavailable` beyond 1,000 in all.
   */
  open(key: Key, lastEventId: string | null, signal: AbortSignal): EventStream {
    const ofWorld = this.#ofWorld.get(key.world.n) ?? 0;
    this.#refuse(ofWorld);
    if (this.#streams.size === 0) {
      this.#newest = this.#table.newest();
      this.#armHeart();
    }
    const stream = new EventStream(this.#shared, key, this.#begin(key.world.n, lastEventId), signal);
    this.#streams.add(stream);
    this.#ofWorld.set(key.world.n, ofWorld + 1);
    // Gone before it began: it has not been here to be forgotten.
    if (signal.aborted) this.#forget(stream, undefined);
    return stream;
  }

  /** There is an event to tell: one look for all that a commit has brought. */
  told(): void {
    if (this.#told || this.#streams.size === 0) return;
    this.#told = true;
    queueMicrotask(() => this.#orEnd(() => this.#look()));
  }

  /** Ends all streams, and opens none any more: the appliance stops. */
  stop(): void {
    this.#stopped = true;
    for (const stream of [...this.#streams]) stream.end();
  }

  /** How many are open. */
  get count(): number {
    return this.#streams.size;
  }

  #refuse(ofWorld: number): void {
    const headers = { "retry-after": String(HEARTBEAT_MS / 1000) };
    if (this.#stopped) throw new Problem("unavailable", "The server is stopping.", { headers });
    if (ofWorld >= MOST_OF_A_WORLD) {
      throw new Problem("rate-limited", `The project has ${MOST_OF_A_WORLD} event streams open in this mode already.`, {
        headers,
      });
    }
    if (this.#streams.size >= MOST) {
      throw new Problem("unavailable", `${MOST} event streams are open already.`, { headers });
    }
  }

  #begin(worldN: number, lastEventId: string | null): Beginning {
    const found = lastEventId === null ? null : this.#table.find(worldN, lastEventId);
    if (found !== null) return { after: found, id: null, reset: false };
    return { after: this.#table.newest(), id: this.#table.recentId(worldN), reset: lastEventId !== null };
  }

  #look(): void {
    this.#told = false;
    if (this.#streams.size === 0) return;
    const previous = this.#newest;
    const worlds = this.#table.worldsBehind(previous);
    const told = new Set(worlds.map(({ world_n }) => world_n));
    this.#newest = worlds.reduce((highest, { newest }) => Math.max(highest, newest), previous);
    for (const stream of this.#streams) {
      if (told.has(stream.key.world.n)) stream.look();
      else stream.skip(previous, this.#newest);
    }
  }

  #armHeart(): void {
    this.#stopHeart = this.#clock.after(HEARTBEAT_MS, () => {
      this.#armHeart();
      this.#orEnd(() => this.#beat());
    });
  }

  /** Storage that can't be read ends the streams, not the process: their readers come back and resume. */
  #orEnd(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#log.error("event streams failed", { error: (error as Error).message });
      for (const stream of [...this.#streams]) stream.end();
    }
  }

  #beat(): void {
    const inForce = new Map<number, boolean>();
    for (const stream of [...this.#streams]) {
      const { n } = stream.key;
      if (!inForce.has(n)) inForce.set(n, this.#writer.one(queries.keyInForce, { n }) !== undefined);
      if (inForce.get(n)) stream.beat();
      else stream.end();
    }
  }

  #forget(stream: EventStream, error: unknown): void {
    if (!this.#streams.delete(stream)) return;
    if (error !== undefined) this.#log.error("event stream failed", { error: (error as Error).message });
    const left = (this.#ofWorld.get(stream.key.world.n) ?? 1) - 1;
    if (left > 0) this.#ofWorld.set(stream.key.world.n, left);
    else this.#ofWorld.delete(stream.key.world.n);
    if (this.#streams.size > 0) return;
    this.#stopHeart?.();
    this.#stopHeart = null;
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length === 1) setImmediate(() => this.#serve());
    });
  }

  #serve(): void {
    for (const resolve of this.#waiting.splice(0, READING_AT_ONCE)) resolve();
    if (this.#waiting.length > 0) setImmediate(() => this.#serve());
  }
}
