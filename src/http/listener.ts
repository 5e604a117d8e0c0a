/** The socket under the server: where requests come in, over http or https, and how a certificate is changed under way. */
import type { TlsSettings } from "../platform/config/listen.ts";

/** After so many idle seconds a connection is closed. */
export const IDLE_SECONDS = 30;
/** Bun refuses what is longer before we see it; ours, far below, answers with a document. */
const BUN_BODY_LIMIT = 1_048_576;

/** What is done with a request. */
export interface Handlers {
  fetch(request: Request, server: Bun.Server<unknown>): Promise<Response> | Response;
  error(error: Error): Response;
}

/** Certificate and key in PEM, and the oldest TLS that is spoken with them. */
export interface Pair extends Pick<TlsSettings, "minVersion"> {
  readonly cert: string;
  readonly key: string;
}

export class Listener {
  readonly #handlers: Handlers;
  readonly #host: string;
  #current: Bun.Server<unknown>;
  /** Those that take no new connection, and still have requests under way. */
  readonly #retired = new Set<Bun.Server<unknown>>();

  /** @throws the operating system's error when the address can't be listened on. */
  constructor({ host, port }: { readonly host: string; readonly port: number }, pair: Pair | null, handlers: Handlers) {
    this.#handlers = handlers;
    this.#host = host;
    // A port that is shared with its successor could be shared with a stranger: so first see that nobody has it.
    if (pair !== null && port !== 0) void serve(host, port, null, handlers).stop(true);
    this.#current = serve(host, port, pair, handlers);
  }

  get port(): number {
    return this.#current.port ?? 0;
  }

  /**
   * Whoever connects from now on is shown this certificate; requests under way, held ones and event streams too, go on
   * over the connection that they have. One without a request is closed, which its client meets by opening another.
   *
   * @throws when the pair is refused; all is as it was then.
   */
  change(pair: Pair): void {
    // Bun.serve's reload() takes `tls` and does nothing with it: a second listener on the port takes the first one's place.
    const next = serve(this.#host, this.port, pair, this.#handlers);
    const old = this.#current;
    this.#current = next;
    this.#retired.add(old);
    void old.stop(false).finally(() => this.#retired.delete(old));
  }

  /** Takes no new connection; lets what is under way finish for `graceMs`, then cuts it off. */
  async stop(graceMs: number): Promise<void> {
    const all = [this.#current, ...this.#retired];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceMs);
    });
    await Promise.race([Promise.all(all.map((server) => server.stop(false))), late]);
    clearTimeout(timer);
    await Promise.all(all.map((server) => server.stop(true)));
  }
}

function serve(host: string, port: number, pair: Pair | null, handlers: Handlers): Bun.Server<unknown> {
  // In the numbers of the protocol itself (RFC 8446, 4.2.1), as Bun takes them; its types know nothing of it.
  const tls = pair && { cert: pair.cert, key: pair.key, minVersion: pair.minVersion === "1.3" ? 0x0304 : 0x0303 };
  return Bun.serve({
    hostname: host,
    port,
    idleTimeout: IDLE_SECONDS,
    maxRequestBodySize: BUN_BODY_LIMIT,
    development: false,
    // Without this Bun shares the port with any other server of the same user, and each gets some of the requests.
    reusePort: tls !== null,
    ...(tls === null ? {} : { tls }),
    fetch: (request, server) => handlers.fetch(request, server),
    error: (error) => handlers.error(error),
  });
}
