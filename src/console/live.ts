/**
 * Tells open pages of the console that something has changed, as server-sent events (WHATWG HTML, 9.2): a page then asks
 * for itself anew.
 */
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import { Problem } from "../platform/problem.ts";
import type { Writer } from "../storage/index.ts";

/** News are told at most so often, however much happens. */
const EVERY_MS = 500;
const HEARTBEAT_MS = 15_000;
const RETRY_MS = 2_000;
const MOST = 200;
const MOST_OF_A_SESSION = 20;

/** What a reader may leave unread: so many pieces, below nothing. */
const MOST_UNREAD = -8;
const OVER = "event: over\ndata:\n\n";

const encoder = new TextEncoder();

/** What a stream is about, and whose it is. */
export interface Listening {
  /** The id of the session; its stream ends with it. */
  readonly sessionId: string;
  isSignedIn(): boolean;
  /** Where that which it is about stands now, in one line: any other one than before is news. */
  stand(): string;
  /** Where it stood when the page was made. */
  readonly known: string;
}

interface Stream extends Listening {
  told: string;
  write(text: string): boolean;
  end(): void;
}

/** Every page that is open. Without one a commit costs nothing. */
export class LivePages {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #streams = new Set<Stream>();
  #cancelRest: (() => void) | null = null;
  #cancelHeart: (() => void) | null = null;
  #isNews = false;
  #stopped = false;
  readonly #unsubscribe: () => void;

  constructor(parts: { readonly writer: Writer; readonly clock: Clock; readonly log: Log }) {
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#unsubscribe = parts.writer.onCommit(() => this.changed());
  }

  /** @throws Problem `rate-limited` beyond 20 of a session, `unavailable` beyond 200 in all, or when the server stops. */
  open(wanted: Listening, signal: AbortSignal): { body: ReadableStream<Uint8Array>; ended: Promise<void> } {
    this.#refuse(wanted.sessionId);
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
    const stream: Stream = {
      ...wanted,
      told: wanted.known,
      write(text) {
        // Who reads nothing is told later, of everything at once.
        if (controller === null || ((controller.desiredSize ?? 0) < MOST_UNREAD && text !== OVER)) return false;
        controller.enqueue(encoder.encode(text));
        return true;
      },
      end: () => {
        if (!this.#streams.delete(stream)) return;
        controller?.close();
        controller = null;
        resolve();
        if (this.#streams.size === 0) this.#rest();
      },
    };
    const body = new ReadableStream<Uint8Array>({
      start: (opened) => {
        controller = opened;
      },
      cancel: () => {
        controller = null;
        stream.end();
      },
    });
    this.#streams.add(stream);
    stream.write(`retry: ${RETRY_MS}\n\n`);
    this.#tell(stream);
    this.#beat();
    if (signal.aborted) stream.end();
    else signal.addEventListener("abort", () => stream.end(), { once: true });
    return { body, ended };
  }

  /** Something was committed, here or by another process. */
  changed(): void {
    if (this.#streams.size === 0) return;
    this.#isNews = true;
    if (this.#cancelRest === null) this.#look();
  }

  /** Ends all streams, and opens none any more. */
  stop(): void {
    this.#stopped = true;
    this.#unsubscribe();
    for (const stream of [...this.#streams]) stream.end();
    this.#rest();
  }

  #refuse(sessionId: string): void {
    const headers = { "retry-after": String(HEARTBEAT_MS / 1000) };
    if (this.#stopped) throw new Problem("unavailable", "The server is stopping.", { headers });
    const own = [...this.#streams].filter((stream) => stream.sessionId === sessionId).length;
    if (own >= MOST_OF_A_SESSION)
      throw new Problem("rate-limited", "Too many pages of this session are open.", { headers });
    if (this.#streams.size >= MOST) throw new Problem("unavailable", "Too many pages are open.", { headers });
  }

  #look(): void {
    this.#isNews = false;
    this.#cancelRest = this.#clock.after(EVERY_MS, () => {
      this.#cancelRest = null;
      if (this.#isNews) this.#look();
    });
    // Out of the commit that this was told of: a page that can't be told fails nobody's write.
    queueMicrotask(() => this.#orEnd((stream) => this.#tell(stream)));
  }

  #tell(stream: Stream): void {
    if (!stream.isSignedIn()) {
      stream.write(OVER);
      stream.end();
      return;
    }
    const stand = stream.stand();
    if (stand !== stream.told && stream.write(`id: ${stand}\nevent: changed\ndata: ${stand}\n\n`)) stream.told = stand;
  }

  #beat(): void {
    this.#cancelHeart ??= this.#clock.after(HEARTBEAT_MS, () => {
      this.#cancelHeart = null;
      this.#orEnd((stream) => {
        this.#tell(stream);
        stream.write(":\n\n");
      });
      if (this.#streams.size > 0) this.#beat();
    });
  }

  #orEnd(work: (stream: Stream) => void): void {
    for (const stream of [...this.#streams]) {
      try {
        work(stream);
      } catch (error) {
        this.#log.error("a page of the console could not be told", { error: (error as Error).message });
        stream.end();
      }
    }
  }

  #rest(): void {
    this.#cancelRest?.();
    this.#cancelHeart?.();
    this.#cancelRest = null;
    this.#cancelHeart = null;
  }
}
