import type { Key } from "./keys.ts";
import type { Scope } from "./scopes.ts";

/**
 * A route as a feature declares it. Every route says who may use it: a scope, `key` (any valid key), `test` (any key of
 * the test world), or `public`. The server authenticates before it calls, and a handler that needs a key can't be declared public.
 */
export type Route = KeyRoute | PublicRoute;

export interface KeyRoute {
  readonly method: Method;
  /** With `:name` for a variable part. */
  readonly path: string;
  readonly access: Scope | "key" | "test";
  handle(call: Call, key: Key): Reply | Promise<Reply>;
}

export interface PublicRoute {
  readonly method: Method;
  readonly path: string;
  readonly access: "public";
  handle(call: Call): Reply | Promise<Reply>;
}

export type Method = "GET" | "POST" | "PATCH" | "DELETE";

/** One request, as a handler sees it. */
export interface Call {
  readonly request: Request;
  readonly requestId: string;
  readonly query: URLSearchParams;
  /** A variable part of the path, decoded. */
  param(name: string): string;
  /** The client's address, behind trusted proxies the one they tell; null on a socket without one. */
  readonly address: string | null;
  /** The same for what opens something: null when a proxy that is not trusted has passed the request on. */
  readonly provenAddress: string | null;
  /** The body as JSON, checked for what no field may hold. @throws Problem 400, 408, 413, 415, 422. */
  json(): Promise<unknown>;
  /** As {@link json}, but an absent body is `{}`. */
  optionalJson(): Promise<unknown>;
  /** The body's bytes, of whatever type. @throws Problem 400, 408, 413. */
  bytes(): Promise<Uint8Array>;
  /** The body of an HTML form. @throws Problem as {@link json}. */
  form(): Promise<URLSearchParams>;
  /** Runs a wait of unknown length without the server's idle timeout cutting the connection. */
  hold<T>(wait: () => Promise<T>): Promise<T>;
}

/** An answer. Objects are sent as JSON, text and streams as they are. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: object | string | ReadableStream<Uint8Array> | null;
  /** For the log, the id of the pause that it is about, where the path does not say it. Not sent. */
  readonly pause?: string | null;
}
