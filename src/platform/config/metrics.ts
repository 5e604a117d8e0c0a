import type { z } from "zod";
import { section, text, wholeNumber } from "./leaves.ts";

const listen = section({
  /** The address to listen on. Default `127.0.0.1`: this machine only. */
  host: text("a host name or an IP address", /^[A-Za-z0-9_.:%-]+$/).default("127.0.0.1"),
  /** The TCP port, 0 to 65535; 0 takes any that is free. */
  port: wholeNumber(0, 65_535),
});

const TOKEN = "16 to 256 characters of A-Z, a-z, 0-9, -, ., _, ~, + and /";

/** `metrics: { … }`: where Prometheus reads, and who may. */
export const metricsSchema = section({
  /** What `Authorization: Bearer` has to hold (RFC 6750). Without `listen`, metrics are then at `/metrics` beside the API. */
  token: text(TOKEN, /^[\w.~+/-]{16,256}$/).exactOptional(),
  /** A listener for metrics alone, over http. With one, the API's own port does not serve them. */
  listen: listen.exactOptional(),
}).refine(
  ({ token, listen: own }) => token !== undefined || own !== undefined,
  "a token, a listen, or both: metrics are never open beside the API",
);

/** The section, checked, with its defaults. */
export type MetricsConfig = Readonly<z.output<typeof metricsSchema>>;
