import { Elysia } from "elysia";
import type { Key, KeyRing, Method, Reply, Route } from "../access/index.ts";
import { readCertificate, type ServerCertificate, stateOfFiles } from "../platform/certificate.ts";
import type { Clock } from "../platform/clock.ts";
import type { TlsSettings } from "../platform/config/listen.ts";
import type { IdSource } from "../platform/ids.ts";
import type { Log } from "../platform/log.ts";
import { Problem } from "../platform/problem.ts";
import { type Connection, ServedCall, type Surroundings } from "./call.ts";
import { CertificateWatch } from "./certificate-watch.ts";
import { clientAddresses, provenAddresses } from "./client-address.ts";
import { type Handlers, IDLE_SECONDS, Listener } from "./listener.ts";
import { problemPages, problemReply } from "./problem-document.ts";
import type { Rates } from "./rate.ts";
import type { Told } from "./told.ts";

/** What the server is made with. */
export interface ServerParts {
  readonly routes: readonly Route[];
  readonly keys: Pick<KeyRing, "find">;
  /** How many requests are answered; without, all. */
  readonly rates?: Rates;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  /** Counts and logs what was served. */
  readonly told?: Told;
  readonly listen: {
    readonly host: string;
    readonly port: number;
    readonly trustProxy: readonly string[];
    readonly tls?: TlsSettings;
  };
}

/** A server that answers. */
export interface HttpServer {
  readonly port: number;
  /** Everything that is served. */
  readonly routes: readonly Route[];
  /** Serves these routes at these rates from now on; a request that is under way is finished as it was begun. */
  serve(served: Pick<ServerParts, "routes" | "rates">): void;
  /** Answers a request of this very process as one that came from that address; with all the rules, without a socket. */
  answer(request: Request, address: string | null): Promise<Response>;
  /** Looks whether the certificate's files hold another one, and shows that from now on. */
  renew(): void;
  /** Takes no new connection; lets what is under way finish for `graceMs`, then cuts it off. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Starts the HTTP server: Elysia finds the route, everything else (who may, the body, errors) happens here, once, for
 * every route of the table.
 *
 * @throws ConfigError for a certificate that can't be used, the operating system's error for the address.
 */
export function startServer(parts: ServerParts): HttpServer {
  const { listen, log } = parts;
  let router = createRouter(parts);
  const handlers: Handlers = {
    fetch: (request, bun) => router.answer(request, new SocketConnection(request, bun)),
    error: (error) => toResponse(problemReply(error, { requestId: "" }, log), "", router.always),
  };
  const listener = listen.tls === undefined ? inTheClear(listen, handlers) : secure(parts, listen.tls, handlers);
  return {
    port: listener.port,
    get routes() {
      return router.routes;
    },
    serve(served) {
      router = createRouter({ ...parts, ...served });
    },
    answer: async (request, address) =>
      await router.answer(request, { peer: () => address, idle() {}, isInside: true }),
    renew: () => listener.renew(),
    stop: (graceMs) => listener.stop(graceMs),
  };
}

type Door = Pick<HttpServer, "port" | "renew" | "stop">;

function inTheClear(listen: ServerParts["listen"], handlers: Handlers): Door {
  const listener = new Listener(listen, null, handlers);
  return { port: listener.port, renew() {}, stop: (graceMs) => listener.stop(graceMs) };
}

/** A listener that speaks TLS, and takes up the certificate's files when they change. */
function secure({ listen, clock, log }: ServerParts, settings: TlsSettings, handlers: Handlers): Door {
  const state = stateOfFiles(settings);
  const certificate = readCertificate(settings, clock.now());
  const listener = new Listener(listen, { ...settings, ...certificate }, handlers);
  const change = (renewed: ServerCertificate) => listener.change({ ...settings, ...renewed });
  const watch = new CertificateWatch({ files: settings, clock, log, change }, certificate, state);
  watch.start();
  return {
    port: listener.port,
    renew: () => watch.lookAtOnce(),
    async stop(graceMs) {
      watch.stop();
      await listener.stop(graceMs);
    },
  };
}

class SocketConnection implements Connection {
  readonly #request: Request;
  readonly #server: Bun.Server<unknown>;

  constructor(request: Request, server: Bun.Server<unknown>) {
    this.#request = request;
    this.#server = server;
  }

  peer(): string | null {
    return this.#server.requestIP(this.#request)?.address ?? null;
  }

  idle(seconds: number): void {
    this.#server.timeout(this.#request, seconds);
  }
}

/** The routes as one function, apart from any socket. */
export function createRouter(
  parts: Omit<ServerParts, "listen"> & { readonly listen: Pick<ServerParts["listen"], "trustProxy" | "tls"> },
): {
  readonly routes: readonly Route[];
  /** Headers of every answer. */
  readonly always: Readonly<Record<string, string>>;
  answer(request: Request, connection: Connection): Promise<Response> | Response;
} {
  const { ids, log, told } = parts;
  const routes = [...parts.routes, problemPages];
  const surroundings: Surroundings = {
    clock: parts.clock,
    idleSeconds: IDLE_SECONDS,
    addressOf: clientAddresses(parts.listen.trustProxy, (peer) =>
      log.warn("X-Forwarded-For was ignored: its sender is not in listen.trustProxy", { peer }),
    ),
    provenAddressOf: provenAddresses(parts.listen.trustProxy),
  };
  const connections = new WeakMap<Request, Connection>();
  const isInside = (request: Request) => connections.get(request)?.isInside === true;
  const always = headersOfAll(parts.listen.tls);

  const serve = async (route: Route, request: Request, params: Readonly<Record<string, string>>, isMeant: boolean) => {
    const began = performance.now();
    const requestId = ids.next("req").id;
    const call = new ServedCall(request, requestId, params, connections.get(request), surroundings);
    let key: Key | null = null;
    let reply: Reply;
    let response: Response;
    try {
      if (!isMeant) throw nothingAt(routes, request);
      if (route.access === "public") reply = await route.handle(call);
      else {
        key = authenticate(route.access, call, parts);
        reply = await route.handle(call, key);
      }
      response = toResponse(reply, requestId, always);
    } catch (error) {
      reply = problemReply(error, { requestId, request }, log);
      response = toResponse(reply, requestId, always);
    }
    told?.served({
      route,
      isInside: isInside(request),
      request,
      requestId,
      status: reply.status,
      pauseId: reply.pause ?? params.pause_id ?? null,
      keyId: key === null ? null : key.id,
      tookMs: performance.now() - began - call.heldMs,
    });
    return response;
  };

  /** What no route is for. */
  const refuse = (request: Request, error: unknown): Response => {
    const requestId = ids.next("req").id;
    const reply = problemReply(error, { requestId, request }, log);
    const none = { route: null, pauseId: null, keyId: null, tookMs: 0 };
    told?.served({ ...none, isInside: isInside(request), request, requestId, status: reply.status });
    return toResponse(reply, requestId, always);
  };

  const elysia = new Elysia({ strictPath: true });
  for (const route of routes) {
    // Fixed paths that this pattern fits too: a method that only the pattern has is not meant for them.
    const notMeant = routes.filter(({ path }) => isFixed(path) && !isFixed(route.path) && matches(route.path, path));
    const isMeant = (request: Request) =>
      notMeant.length === 0 || !notMeant.some(({ path }) => path === pathOf(request.url));
    elysia.route(
      route.method,
      route.path,
      ({ request, params = {} }: { request: Request; params?: Record<string, string> }) =>
        serve(route, request, params, isMeant(request)),
    );
  }
  elysia.onError(({ request, code, error }: { request: Request; code: string | number; error: unknown }) => {
    if (code === "NOT_FOUND") return refuse(request, nothingAt(routes, request));
    const isUnread = code === "PARSE" || code === "VALIDATION";
    return refuse(request, isUnread ? new Problem("bad-request", "The request can't be read.") : error);
  });
  const find = elysia.compile().fetch;

  return {
    routes,
    always,
    answer(request, connection) {
      const { method } = request;
      if (method === "TRACE" || method === "CONNECT") return refuse(request, notAllowed(["GET", "POST"]));
      const safe = withSafeAuthority(request);
      connections.set(safe, connection);
      return find(safe);
    },
  };
}

/**
 * Elysia looks for the path from the eleventh character of the URL on and misses it behind a short Host, and HTTP/1.0
 * without a Host gives no absolute URL: such a request gets a fixed authority, so that the path decides alone.
 */
function withSafeAuthority(request: Request): Request {
  const { url } = request;
  const start = url.startsWith("http://") ? 7 : url.startsWith("https://") ? 8 : -1;
  if (start > 0 && url.indexOf("/", start) >= start + 4) return request;
  const path = start < 0 ? url : url.slice(url.indexOf("/", start));
  return new Request(`http://localhost${path.startsWith("/") ? path : `/${path}`}`, request);
}

function authenticate(
  access: Exclude<Route["access"], "public">,
  call: Pick<ServedCall, "request" | "address">,
  { keys, rates }: Pick<ServerParts, "keys" | "rates">,
): Key {
  const [, text = null] = /^bearer ([^ ]+)$/i.exec(call.request.headers.get("authorization") ?? "") ?? [];
  const key = text === null ? null : keys.find(text);
  if (key === null) {
    rates?.unknown(call.address);
    throw new Problem("no-key", "There is no valid API key in the Authorization header.", {
      headers: { "www-authenticate": 'Bearer realm="pausepoint"' },
    });
  }
  rates?.keyed(key);
  if (access === "test") {
    if (key.world.mode !== "test") throw new Problem("test-only", "This route serves test keys alone.");
  } else if (access !== "key" && !key.scopes.has(access)) {
    throw new Problem("scope", `The key lacks the scope ${access}.`);
  }
  return key;
}

/** No route matched: 405 with what the path does take, or 404. */
function nothingAt(routes: readonly Route[], request: Request): Problem {
  const path = pathOf(request.url);
  const fitting = routes.filter((route) => matches(route.path, path));
  const fixed = fitting.filter((route) => isFixed(route.path));
  const methods = (fixed.length > 0 ? fixed : fitting).map((route) => route.method);
  // A path that only comes out as a route's once it is cleaned up is none: its own method can't be the fault.
  if (methods.length > 0 && !methods.some((method) => method === request.method)) return notAllowed(methods);
  return new Problem("not-found", "There is no such route.");
}

function notAllowed(methods: readonly Method[]): Problem {
  const allowed = [...new Set<string>([...methods, ...(methods.includes("GET") ? ["HEAD"] : [])])];
  return new Problem("method-not-allowed", `This route takes ${allowed.join(", ")}.`, {
    headers: { allow: allowed.join(", ") },
  });
}

/** Whether a route's path has no variable part. */
function isFixed(path: string): boolean {
  return !path.includes(":");
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split("/");
  const parts = path.split("/");
  return (
    wanted.length === parts.length &&
    wanted.every((part, index) => (part.startsWith(":") ? parts[index] !== "" : part === parts[index]))
  );
}

function pathOf(url: string): string {
  return new URL(url, "http://localhost").pathname;
}

/** Only https may ask for https alone (RFC 6797, 7.2): behind a proxy that is for the proxy to say. */
function headersOfAll(tls: TlsSettings | undefined): Readonly<Record<string, string>> {
  return {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...(tls === undefined ? {} : { "strict-transport-security": `max-age=${tls.hstsDays * 86_400}` }),
  };
}

function toResponse(
  { status, headers, body }: Reply,
  requestId: string,
  always: Readonly<Record<string, string>>,
): Response {
  const asItIs = body === null || typeof body === "string" || body instanceof ReadableStream;
  return new Response(asItIs ? body : `${JSON.stringify(body)}\n`, {
    status,
    headers: {
      ...(body === null ? {} : { "content-type": "application/json" }),
      ...always,
      "x-request-id": requestId,
      ...headers,
    },
  });
}
