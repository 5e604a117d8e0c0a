/** What stands in the way of each channel: its settings, and what its peer says of the credentials. */
import { type ConfiguredChannel, channelsOf } from "../../channels/configured.ts";
import { systemClock } from "../../platform/clock.ts";
import type { LoadedConfig } from "../../platform/config/load.ts";
import type { ChannelConfig } from "../../platform/config/schema.ts";
import { parseSmsc } from "../../platform/config/smpp.ts";
import { parseRelay } from "../../platform/config/smtp.ts";
import { silentLog } from "../../platform/log.ts";
import { systemRandom } from "../../platform/random.ts";
import type { OtherClock } from "./clock.ts";
import { bad, type Finding, ok } from "./finding.ts";
import type { Needed } from "./names.ts";
import { settingsShown } from "./settings-shown.ts";

export interface ProbeParts {
  /** Whether nobody is asked. */
  readonly offline: boolean;
  /** Whether a server runs on the folder. */
  readonly isServed: boolean;
  /** How long each may take. */
  readonly withinMs: number;
}

export interface Probes {
  readonly findings: readonly Finding[];
  /** What peers say that time it is. */
  readonly clocks: readonly OtherClock[];
}

/** Asks all of them at once. Never rejects for what a peer or the network does. */
export async function ofChannels(config: LoadedConfig, parts: ProbeParts): Promise<Probes> {
  if (!config.channelsConfigured) return { findings: [ok("channels", "none: messages go to the outbox")], clocks: [] };
  const names = Object.entries(config.channels);
  if (names.length === 0) {
    const todo = "Configure one: a live key can ask nobody.";
    return { findings: [bad("channels", "warn", "none, though channels is set", todo)], clocks: [] };
  }
  const made = channelsOf(config, {
    ...{ clock: systemClock, log: silentLog, random: systemRandom(), baseUrl: () => config.baseUrl, onlySends: true },
  });
  const clocks: OtherClock[] = [];
  const findings = await Promise.all(
    names.map(async ([name, settings]) => {
      const told = await probe(name, settings, made.get(name), parts, clocks);
      return { ...told, settings: settingsShown(settings) };
    }),
  );
  return { findings, clocks };
}

async function probe(
  name: string,
  settings: ChannelConfig,
  made: ConfiguredChannel | undefined,
  { offline, isServed, withinMs }: ProbeParts,
  clocks: OtherClock[],
): Promise<Finding> {
  const check = `channel ${name}`;
  const kind = settings.kind === "defined" ? "defineChannel" : settings.kind;
  const ask = made?.channel.probe;
  if (made === undefined || offline) return ok(check, kind);
  if (ask === undefined) return ok(check, `${kind}; only a message can tell: pausepoint doctor --send-test`);
  // Carriers allow an account one session, or end the first when a second comes.
  if (made.sendsOverConnection && isServed)
    return ok(check, `${kind}; not asked, since the running server has its session: see its log`);
  const probed = await within(withinMs, (signal) => ask(signal));
  if (probed === null)
    return bad(
      check,
      "fail",
      `${kind}: no answer within ${withinMs / 1000} seconds`,
      "Look at the way there: firewall, proxy, address.",
    );
  if (probed.outcome === "refused")
    return bad(
      check,
      "fail",
      `${kind}: ${probed.found}`,
      `Correct the channel's settings, or see to its peer; then try pausepoint doctor --send-test ADDRESS --channel ${name}.`,
    );
  if (typeof probed.date === "number") clocks.push({ from: check, date: probed.date, heardAt: Date.now() });
  return ok(check, `${kind}; ${probed.found}`);
}

/** Null when there was no end to it in that time. The machine's own timers keep no process alive, so something has to. */
async function within<T>(milliseconds: number, work: (signal: AbortSignal) => Promise<T>): Promise<T | null> {
  const stop = new AbortController();
  const { promise: over, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => {
    stop.abort();
    // What stops by itself may say why.
    setImmediate(() => resolve(null));
  }, milliseconds);
  try {
    return await Promise.race([work(stop.signal), over]);
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
}

/** The names that channels have to find. What goes through a proxy is looked up there. */
export function namesOf({ channels }: LoadedConfig, env: Readonly<Record<string, string | undefined>>): Needed[] {
  const isProxied = ["HTTPS_PROXY", "https_proxy"].some((name) => (env[name] ?? "") !== "");
  return Object.entries(channels).flatMap(([name, settings]) =>
    hostsOf(settings, isProxied).map((host) => ({ host, by: `channel ${name}` })),
  );
}

function hostsOf(settings: ChannelConfig, isProxied: boolean): string[] {
  switch (settings.kind) {
    case "twilio":
    case "whatsapp":
    case "slack":
      return isProxied ? [] : [new URL(settings.apiBase).hostname];
    case "kannel":
    case "ntfy":
      return [new URL(settings.proxy ?? settings.url).hostname];
    case "httpGateway": {
      const token = settings.auth?.type === "oauth2" && settings.proxy === undefined ? [settings.auth.tokenUrl] : [];
      return [settings.proxy ?? settings.url, ...token].map((address) => new URL(address).hostname);
    }
    case "smtp":
      return [parseRelay(settings.url)?.host ?? []].flat();
    case "smpp":
      return [parseSmsc(settings.url)?.host ?? []].flat();
    case "defined":
    case "fallback":
      return [];
  }
}
