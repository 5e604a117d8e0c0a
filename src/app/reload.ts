import type { LoadedConfig } from "../platform/config/load.ts";

/** What a reload came to. */
export interface Reloaded {
  /** Settings that differ and take a restart; what was in force before stays so. */
  readonly restart: readonly string[];
}

/** What becomes of each part of the configuration at a reload. The type asks it of a new one. */
const settings = {
  baseUrl: "applied",
  baseUrlConfigured: "applied",
  listen: "restart",
  dataDir: "restart",
  defaultRegion: "applied",
  timeoutHours: "applied",
  people: "applied",
  channels: "applied",
  channelsConfigured: "applied",
  webhooks: "applied",
  webhooksConfigured: "applied",
  projects: "applied",
  backups: "applied",
  receipts: "applied",
  retention: "applied",
  plans: "applied",
  limits: "applied",
  texts: "applied",
  audit: "applied",
  mcp: "applied",
  metrics: "restart",
  log: "restart",
  shutdown: "applied",
  source: "applied",
  // From the environment, which a running process has as it was at its start.
  secret: "restart",
} as const satisfies Record<keyof LoadedConfig, "applied" | "restart">;

/** A configuration as a running server can take it: with what takes a restart as it was, and that named. */
export function reloadable(
  inForce: LoadedConfig,
  wanted: LoadedConfig,
): { readonly config: LoadedConfig; readonly restart: readonly string[] } {
  const { listen, dataDir, metrics, log, secret } = inForce;
  const kept = { listen, dataDir, metrics, log, secret } satisfies { readonly [Name in Restart]: LoadedConfig[Name] };
  const restart = (["listen", "dataDir", "metrics", "log"] as const).filter(
    (name) => !Bun.deepEquals(inForce[name], wanted[name], true),
  );
  // Not given, it is the address that is listened on.
  const baseUrl = wanted.baseUrlConfigured || inForce.baseUrlConfigured ? wanted.baseUrl : inForce.baseUrl;
  return { config: { ...wanted, ...kept, baseUrl }, restart };
}

type Restart = {
  [Name in keyof typeof settings]: (typeof settings)[Name] extends "restart" ? Name : never;
}[keyof typeof settings];
