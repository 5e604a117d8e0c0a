import type { Key } from "../access/index.ts";
import { asCreated, eventBody } from "./event-body.ts";
import type { EventTable, ToldEvent } from "./event-table.ts";
import type { Pause } from "./shape.ts";

/** What all streams of a server share. */
export interface Surroundings {
  readonly table: EventTable;
  /** A pause as it is now. */
  readonly show: (pauseN: number) => Pause | null;
  /** Resolves when it is this stream's turn to read. */
  readonly turn: () => Promise<void>;
  /** Called once, when nothing is written to the stream any more. `error` is what broke it, if something did. */
  readonly onEnd: (stream: EventStream, error: unknown) => void;
}

/** Where a stream begins. */
export interface Beginning {
  /** The number of the last event that the reader has, or that counts as read. */
  readonly after: number;
  /** What the reader is to resume from if it is cut off before the first event. */
  readonly id: string | null;
  /** What the reader wanted to resume from is not known: it may have missed something. */
  readonly reset: boolean;
}

/** A reader that is cut off tries again after this long. */
const RETRY_MS = 2_000;
/** Characters at which a chunk is sent, whatever else is there. */
const CHUNK = 65_536;
const BEAT = ":\n\n";

const encoder = new TextEncoder();

/**
 * One reader of a world's events, in the format of server-sent events (WHATWG HTML, 9.2). It keeps the number that it
 * wrote last and nothing else: whenever the reader has room for more, the next page is read from the table. So a slow
 * reader holds back nobody and fills no memory.
 */
export class EventStream {
  readonly key: Key;
  /** The response's body. */
  readonly body: ReadableStream<Uint8Array>;
  /** Resolves when the stream is over. */
  readonly ended: Promise<void>;
  readonly #shared: Surroundings;
  readonly #signal: AbortSignal;
  #after: number;
  #over = false;
  /** Why it looks at the table once more. */
  #hint = true;
  #beat = false;
  /** Set while there is nothing to write and the reader has taken everything. */
  #wake: (() => void) | null = null;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  readonly #resolveEnded: () => void;
  readonly #leave = () => this.#finish(undefined);

  constructor(shared: Surroundings, key: Key, beginning: Beginning, signal: AbortSignal) {
    this.key = key;
    this.#shared = shared;
    this.#signal = signal;
    this.#after = beginning.after;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#resolveEnded = resolve;
    this.body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
        const { id, reset } = beginning;
        this.#write(`retry: ${RETRY_MS}\n${reset ? resetBlock(id) : `${idLine(id)}\n`}`);
      },
      pull: () => this.#pull(),
      cancel: () => {
        this.#controller = null;
        this.#finish(undefined);
      },
    });
    signal.addEventListener("abort", this.#leave, { once: true });
    if (signal.aborted) this.#finish(undefined);
  }

  /** There may be something to tell. */
  look(): void {
    this.#hint = true;
    this.#wake?.();
  }

  /** Everything of its world up to `newest` was told before `previous`: it need not look for it. */
  skip(previous: number, newest: number): void {
    if (this.#after >= previous && this.#after < newest) this.#after = newest;
  }

  /** Writes a comment, so that nobody between takes the connection for dead. */
  beat(): void {
    this.#beat = true;
    this.#wake?.();
  }

  /** Ends the stream at once: nothing more is read for it. */
  end(): void {
    this.#finish(undefined);
  }

  async #pull(): Promise<void> {
    try {
      while (!this.#over) {
        if (this.#hint) {
          await this.#shared.turn();
          if (this.#over) return;
          const text = this.#read();
          if (text !== "") return this.#write(text);
        } else if (this.#beat) {
          this.#beat = false;
          return this.#write(BEAT);
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          this.#wake = null;
        }
      }
    } catch (error) {
      this.#finish(error);
    }
  }

  /** The next events as text; empty when there are none of this world among those looked through. */
  #read(): string {
    const { table } = this.#shared;
    const page = table.page(this.key.world.n, this.#after);
    if (page === null) {
      this.#after = table.newest();
      return resetBlock(table.recentId(this.key.world.n));
    }
    let text = "";
    for (const event of page.events) {
      text += this.#block(event);
      this.#after = event.n;
      if (text.length >= CHUNK) return text;
    }
    this.#after = page.upTo;
    this.#hint = page.more;
    return text;
  }

  #block({ id, type, pause_n, at }: ToldEvent): string {
    const pause = this.#shared.show(pause_n);
    if (pause === null) throw new Error(`the pause ${pause_n} of an event is gone`);
    const data = eventBody(type, at, type === "pause.created" ? asCreated(pause) : pause);
    return `id: ${id}\nevent: ${type}\ndata: ${data}\n\n`;
  }

  #write(text: string): void {
    this.#controller?.enqueue(encoder.encode(text));
  }

  #finish(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#signal.removeEventListener("abort", this.#leave);
    this.#controller?.close();
    this.#controller = null;
    this.#wake?.();
    this.#resolveEnded();
    this.#shared.onEnd(this, error);
  }
}

/** A reader that is told of a reset resumes from `id` from now on. */
function resetBlock(id: string | null): string {
  return `${idLine(id)}event: reset\ndata: {}\n\n`;
}

function idLine(id: string | null): string {
  return id === null ? "" : `id: ${id}\n`;
}
