import type { Route } from "../access/index.ts";
import { bytesOfId } from "../platform/ids.ts";
import type { LogFields } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics/index.ts";
import { traceContextOf } from "../platform/trace-context.ts";

/** What is known of a request once it has been answered. */
export interface Served {
  /** Its route, as declared: what stands in the path may be a link. Null where there was none. */
  readonly route: Pick<Route, "path"> | null;
  /** Whether this server has asked itself, for an MCP tool or a hook over HTTP. */
  readonly isInside: boolean;
  readonly request: Request;
  readonly requestId: string;
  readonly status: number;
  /** The pause that it was about, where there is one. */
  readonly pauseId: string | null;
  /** The key that asked, by its id. */
  readonly keyId: string | null;
  /** Milliseconds until the answer began, without what it was held on purpose. */
  readonly tookMs: number;
}

/** Methods by name; whatever else a client makes up is one series. */
const METHODS = new Set(["GET", "HEAD", "POST", "PATCH", "DELETE", "PUT", "OPTIONS", "TRACE", "CONNECT"]);

/** Counts each request that was sent to this server, and writes its line of the log. */
export class Told {
  readonly #metrics: Metrics;
  readonly #tell: ((event: string, fields: LogFields) => void) | null;

  /** `tell` writes a line; null where no request gets one. */
  constructor(metrics: Metrics, tell: ((event: string, fields: LogFields) => void) | null) {
    this.#metrics = metrics;
    this.#tell = tell;
  }

  served(served: Served): void {
    const { route, isInside, request, status, tookMs } = served;
    const path = route?.path ?? "none";
    const method = METHODS.has(request.method) ? request.method : "other";
    // Whoever sent the one that it is part of has sent one request.
    if (!isInside) {
      this.#metrics.requests.add(1, path, method, String(status));
      this.#metrics.requestSeconds.observe(tookMs / 1000, path, method);
    }
    this.#tell?.(isInside ? "request inside" : "request", {
      request_id: served.requestId,
      method,
      route: path,
      status,
      ms: Math.round(tookMs * 10) / 10,
      ...pauseField(served.pauseId),
      ...(served.keyId === null ? {} : { key_id: served.keyId }),
      ...traceField(request),
    });
  }
}

/** The trace that a request belongs to, for a line about it. */
export function traceField(request: Request): { readonly trace_id?: string } {
  const trace = traceContextOf(request.headers);
  return trace === null ? {} : { trace_id: trace.traceId };
}

/** What stands in a path may be anything: only an id is told. */
function pauseField(id: string | null): { readonly pause_id?: string } {
  return id === null || bytesOfId("pause", id) === null ? {} : { pause_id: id };
}
