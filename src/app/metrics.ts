import type { Route } from "../access/index.ts";
import type { Expose } from "../http/metrics.ts";
import type { MetricsConfig } from "../platform/config/metrics.ts";
import type { Log } from "../platform/log.ts";
import { isLoopback } from "../platform/network.ts";
import type { GaugeParts } from "./gauges.ts";

/** Metrics as they are served. */
export interface ServedMetrics {
  /** For the API's own server: none unless a token alone is configured. */
  readonly routes: readonly Route[];
  /** Begins to listen where a listener of its own is configured. @throws the operating system's error for the address. */
  start(): void;
  /** The port of that listener, or null. */
  readonly port: number | null;
  stop(): Promise<void>;
}

const NOBODY: ServedMetrics = { routes: [], port: null, start() {}, stop: async () => {} };
const LAG_EVERY_MS = 500;
const GRACE_MS = 1_000;

/** Serves metrics where the configuration says; where it says nothing, nothing of it is loaded. */
export async function serveMetrics(
  settings: MetricsConfig | undefined,
  parts: GaugeParts & { readonly log: Log },
): Promise<ServedMetrics> {
  const { metrics, log } = parts;
  if (settings === undefined) return NOBODY;
  const { listenForMetrics, metricsRoute } = await import("../http/metrics.ts");
  const { expose, formatFor, mediaTypes } = await import("../platform/metrics/exposition.ts");
  const { readGauges } = await import("./gauges.ts");
  const read: Expose = async (accept) => {
    const format = formatFor(accept);
    readGauges(parts);
    return { type: mediaTypes[format], text: expose(metrics.list(), format) };
  };
  const { token = null, listen } = settings;
  let listener: { readonly port: number; stop(graceMs: number): Promise<void> } | null = null;
  let lag: ReturnType<typeof setInterval> | undefined;
  return {
    routes: token !== null && listen === undefined ? [metricsRoute(token, read)] : [],
    start() {
      if (listen !== undefined) listener = listenForMetrics(listen, token, { expose: read, log });
      if (listen !== undefined && token === null && !isLoopback(listen.host))
        log.warn("metrics are open to whoever reaches their listener: metrics.token closes them", {
          host: listen.host,
        });
      lag = watchLag((seconds) => metrics.loopLag.observe(seconds));
    },
    get port() {
      return listener?.port ?? null;
    },
    async stop() {
      clearInterval(lag);
      await listener?.stop(GRACE_MS);
    },
  };
}

/** By how much a timer comes late, again and again: what else waits in the event loop waits as long. */
function watchLag(observe: (seconds: number) => void): ReturnType<typeof setInterval> {
  let expected = performance.now() + LAG_EVERY_MS;
  const timer = setInterval(() => {
    const now = performance.now();
    observe(Math.max(0, now - expected) / 1000);
    expected = now + LAG_EVERY_MS;
  }, LAG_EVERY_MS);
  timer.unref();
  return timer;
}
