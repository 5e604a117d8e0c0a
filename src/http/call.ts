import type { Call } from "../access/index.ts";
import type { Clock } from "../platform/clock.ts";
import { readBytes, readForm, readJson } from "./body.ts";

/** The connection under a request. */
export interface Connection {
  /** The socket's other end; null on a socket without an address. */
  peer(): string | null;
  /** Cuts the connection after so many idle seconds; 0 for never. */
  idle(seconds: number): void;
  /** Whether this server asks itself, on behalf of a request that it was sent. */
  readonly isInside?: boolean;
}

/** What all calls of a server share. */
export interface Surroundings {
  readonly clock: Clock;
  readonly idleSeconds: number;
  readonly addressOf: (peer: string | null, forwardedFor: string | null) => string | null;
  readonly provenAddressOf: (peer: string | null, headers: Headers) => string | null;
}

/** A request on its way through a handler. A held one stays in memory for minutes, so it is a few fields, no closures. */
export class ServedCall implements Call {
  readonly request: Request;
  readonly requestId: string;
  readonly #params: Readonly<Record<string, string>>;
  readonly #connection: Connection | undefined;
  readonly #surroundings: Surroundings;
  /** Milliseconds that it was held on purpose. */
  heldMs = 0;

  constructor(
    request: Request,
    requestId: string,
    params: Readonly<Record<string, string>>,
    connection: Connection | undefined,
    surroundings: Surroundings,
  ) {
    this.request = request;
    this.requestId = requestId;
    this.#params = params;
    this.#connection = connection;
    this.#surroundings = surroundings;
  }

  get query(): URLSearchParams {
    const { url } = this.request;
    const start = url.indexOf("?");
    return new URLSearchParams(start < 0 ? "" : url.slice(start + 1));
  }

  get address(): string | null {
    const forwardedFor = this.request.headers.get("x-forwarded-for");
    return this.#surroundings.addressOf(this.#connection?.peer() ?? null, forwardedFor);
  }

  get provenAddress(): string | null {
    return this.#surroundings.provenAddressOf(this.#connection?.peer() ?? null, this.request.headers);
  }

  param(name: string): string {
    return this.#params[name] ?? "";
  }

  json(): Promise<unknown> {
    return readJson(this.request, this.#surroundings.clock, false);
  }

  optionalJson(): Promise<unknown> {
    return readJson(this.request, this.#surroundings.clock, true);
  }

  bytes(): Promise<Uint8Array> {
    return readBytes(this.request, this.#surroundings.clock);
  }

  form(): Promise<URLSearchParams> {
    return readForm(this.request, this.#surroundings.clock);
  }

  async hold<T>(wait: () => Promise<T>): Promise<T> {
    this.#connection?.idle(0);
    const began = performance.now();
    try {
      return await wait();
    } finally {
      this.heldMs += performance.now() - began;
      this.#connection?.idle(this.#surroundings.idleSeconds);
    }
  }
}
