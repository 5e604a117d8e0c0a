import { KeyRing, type Route } from "./access/index.ts";
import { type Configured, type Core, configure } from "./app/configured.ts";
import { serveMetrics } from "./app/metrics.ts";
import { type Reloaded, reloadable } from "./app/reload.ts";
import { makeFirstKey, recordInForce } from "./app/started.ts";
import { Attestor } from "./audit/index.ts";
import { backupBeforeMigration, tellRestores } from "./backup/index.ts";
import type { OutgoingMessage } from "./channels/channel.ts";
import { hasAdmin, setupLink } from "./console/routes.ts";
import type { DueMessage } from "./delivery/index.ts";
import { compareWithPublished } from "./evidence/index.ts";
import { hooksOverHttp } from "./hook/route.ts";
import { docsRoutes } from "./http/docs/routes.ts";
import { frontPage } from "./http/front.ts";
import { healthRoutes } from "./http/health.ts";
import { openApiRoute } from "./http/openapi/route.ts";
import { addressLimit } from "./http/rate.ts";
import { selfRoute } from "./http/self.ts";
import { type HttpServer, startServer } from "./http/server.ts";
import { Told } from "./http/told.ts";
import { mcpOverHttp } from "./mcp/route.ts";
import {
  EventStreams,
  newestEvent,
  newestPauseId,
  type Pause,
  type PauseContext,
  type Pauses,
  Timeouts,
  Waiters,
} from "./pauses/index.ts";
import { AddressDigests } from "./platform/address-digests.ts";
import { readCertificate } from "./platform/certificate.ts";
import { afterLong, type Clock, systemClock } from "./platform/clock.ts";
import { listenUrl } from "./platform/config/listen.ts";
import type { LoadedConfig } from "./platform/config/load.ts";
import { IdSource, timeOfId } from "./platform/ids.ts";
import type { Log } from "./platform/log.ts";
import { Metrics } from "./platform/metrics/index.ts";
import { isWildcard, networkAddress } from "./platform/network.ts";
import { type Random, systemRandom } from "./platform/random.ts";
import { Stopping } from "./platform/stopping.ts";
import { version } from "./platform/version.ts";
import {
  type Connection,
  ensureInstallation,
  folderSecret,
  lockFolder,
  newestSchema,
  openDatabase,
  Writer,
} from "./storage/index.ts";

/** What the appliance is made of. Everything but the configuration has the machine's own as its default. */
export interface AppParts {
  readonly config: LoadedConfig;
  readonly log: Log;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Called for each message that the outbox takes. */
  readonly onOutbox?: (message: OutgoingMessage, due: DueMessage) => void;
  /** Called for each pause that has ended, once that is on disk. */
  readonly onEnded?: (pause: Pause) => void;
  /** Called when storage has failed under a commit: the process must stop. */
  readonly onFatal?: (error: Error) => void;
}

/** A running appliance. */
export interface App {
  /** Where it listens. */
  readonly url: string;
  /** What links start with. */
  readonly baseUrl: string;
  readonly port: number;
  /** The port of the metrics' own listener; null without one. */
  readonly metricsPort: number | null;
  readonly pauses: Pauses;
  /** The test key made when there was none and no channel is configured, or null. */
  readonly firstKey: string | null;
  /** The link by which the console's first administrator is made; null once there is one. */
  readonly consoleSetup: string | null;
  /** Everything that is served. */
  readonly routes: readonly Route[];
  /** Requests held until a pause has ended. */
  readonly waiting: number;
  /** Event streams that are open. */
  readonly listening: number;
  /** The longest that {@link stop} should take, as the configuration in force says. */
  readonly graceSeconds: number;
  /** What waits in a lane of the queue. */
  backlog(lane: string): number;
  /**
   * Puts a configuration in force without a stop: what is under way is finished as it was begun. What takes a restart is
   * named and stays as it was. Rejects, and has changed nothing, when that can't be done.
   */
  reload(config: LoadedConfig): Promise<Reloaded>;
  /**
   * Takes no new pause from now on and serves everything else, until what is being sent is sent, or for as long as
   * `shutdown.graceSeconds` allows; then answers held requests and closes the database.
   */
  stop(): Promise<void>;
}

/** What is left of the time of a stop for answers that are on their way. */
const LAST_MS = 2_000;
const FORGED_BURST = 30;

/**
 * The composition root: configuration in, a running appliance out. Everything that starts, starts here in this order,
 * and stops in the reverse one.
 *
 * @throws ConfigError for the certificate, StorageError for the data folder, the operating system's error for the address.
 */
export async function startApp(parts: AppParts): Promise<App> {
  const { config, log, clock = systemClock, random = systemRandom() } = parts;
  // Before anything is touched: the server reads it once more.
  if (config.listen.tls !== undefined) readCertificate(config.listen.tls, clock.now());
  const lock = lockFolder(config.dataDir);
  let database: Connection | null = null;
  try {
    const secret = folderSecret(config.dataDir, random, config.secret);
    const own = { version: version.number, schema: newestSchema };
    const saved = await backupBeforeMigration({ ...config, config: config.source }, own, clock);
    if (saved !== null) log.info("saved before the database is upgraded", { file: saved });
    database = openDatabase(config.dataDir);
    return await compose({ ...parts, clock, random }, { database, secret, release: () => lock.release() });
  } catch (error) {
    database?.close();
    lock.release();
    log.debug("start failed", { error: (error as Error).message });
    throw error;
  }
}

async function compose(
  parts: AppParts & { readonly clock: Clock; readonly random: Random },
  folder: { readonly database: Connection; readonly secret: Uint8Array; readonly release: () => void },
): Promise<App> {
  const { log, clock, random } = parts;
  const metrics = new Metrics();
  const writer = new Writer(folder.database, (error) => parts.onFatal?.(error), metrics);
  const newestPause = timeOfId("pause", writer.one(newestPauseId, {})?.id ?? "") ?? 0;
  const newestTold = timeOfId("evt", writer.one(newestEvent, {})?.id ?? "") ?? 0;
  const ids = new IdSource(clock, random, Math.max(newestPause, newestTold));

  let listening = parts.config.baseUrl;
  const baseUrl = () => (inForce.config.baseUrlConfigured ? inForce.config.baseUrl : listening);
  const attestor = new Attestor({
    folderSecret: folder.secret,
    clock,
    random,
    get receiptHours() {
      return inForce.config.receipts.validHours;
    },
    onSigned: () => inForce.published.hint(),
  });
  const context: PauseContext = {
    clock,
    random,
    ids,
    attestor,
    digests: new AddressDigests(folder.secret),
    metrics,
    get concluding() {
      return inForce.concluding;
    },
    get scanned() {
      return inForce.scanned;
    },
    wake: (lane) => inForce.queue.nudge(lane),
    script: () => inForce.approvers.nudge(),
    hints: {
      due: (at) => timeouts.due(at),
      ended: (pauseN) => {
        waiters.wake(pauseN);
        const pause = parts.onEnded === undefined ? null : inForce.pauses.show(pauseN);
        if (pause !== null) parts.onEnded?.(pause);
      },
      told: () => streams.told(),
    },
  };
  const waiters = new Waiters(clock);
  const timeouts = new Timeouts(writer, context, log);
  const streams = new EventStreams({ writer, clock, log, show: (pauseN) => inForce.pauses.show(pauseN) });
  const mcp = mcpOverHttp({
    clock,
    log,
    names: () => [new URL(baseUrl()).hostname, inForce.config.listen.host.toLowerCase(), ...inForce.config.mcp.hosts],
    answer: (request, address) => server.answer(request, address),
  });
  const agentHooks = hooksOverHttp({ answer: (request, address) => server.answer(request, address) });
  const stopping = new Stopping();
  const seen = await serveMetrics(parts.config.metrics, {
    config: () => inForce.config,
    ...{ metrics, writer, clock, waiters, streams, log },
  });
  const core: Core = {
    log,
    folderSecret: folder.secret,
    writer,
    attestor,
    context,
    waiters,
    timeouts,
    streams,
    routes: [
      mcp.route,
      agentHooks.route,
      ...healthRoutes(writer, stopping),
      selfRoute(folder.secret, parts.config.dataDir),
      openApiRoute(baseUrl),
      ...docsRoutes(baseUrl),
      ...seen.routes,
      frontPage,
    ],
    mayTryForged: addressLimit(FORGED_BURST, FORGED_BURST, () => clock.now()),
    baseUrl,
    stopping,
    onOutbox: parts.onOutbox,
  };
  let inForce = configure(core, parts.config);

  const installation = await writer.write((tx) => ensureInstallation(tx, folder.secret, { clock, ids }));
  // Before anything can be signed.
  const withheld = await compareWithPublished(writer, { attestor, clock, random }, inForce.config.dataDir);
  if (withheld !== null) log.error("signing is withheld", { why: withheld.why, resume: "pausepoint audit resume" });
  await writer.write((tx) => tellRestores(tx, context));
  await writer.write((tx) => attestor.prepare(tx));
  await writer.write((tx) => recordInForce(tx, context, "server.started", inForce.inForce));
  // An erasure that a crash has cut short is finished before anything is shown or sent.
  await inForce.privacy.resume();
  await timeouts.start();

  const keys = new KeyRing(writer);
  const { listen } = parts.config;
  const told = new Told(metrics, toldAt(parts.config.log, log));
  const server: HttpServer = startServer({ ...inForce.served, keys, clock, ids, log, listen, told });
  try {
    seen.start();
  } catch (error) {
    await server.stop(0);
    throw error;
  }
  const url = listenUrl({ ...listen, port: server.port });
  const host = isWildcard(listen.host) ? networkAddress() : null;
  listening = host === null ? url : listenUrl({ ...listen, host, port: server.port });
  await inForce.start(installation);
  // Only once it listens: a key that is shown once must not be made by a start that fails.
  const firstKey = inForce.config.channelsConfigured ? null : await makeFirstKey(writer, context);
  const consoleSetup = hasAdmin(writer) ? null : setupLink(inForce.config.dataDir, baseUrl(), random);

  /** Earlier configurations, for as long as a backup of theirs is being made. */
  const retired = new Set<Configured>();
  let reloading: Promise<unknown> = Promise.resolve();
  async function reload(wanted: LoadedConfig): Promise<Reloaded> {
    stopping.refuse();
    const { config, restart } = reloadable(inForce.config, wanted);
    const next = configure(core, config);
    await writer.write((tx) => recordInForce(tx, context, "server.reloaded", next.inForce));
    const last = inForce;
    retired.add(last);
    void last.pauseCalendar().then(() => retired.delete(last));
    // What is being sent is not cut off; each attempt has its time limit.
    await last.queue.stop(Number.POSITIVE_INFINITY);
    stopping.refuse();
    await last.disconnect();
    await last.published.flush();
    await last.console.stop();
    inForce = next;
    server.serve(next.served);
    server.renew();
    await next.start(installation);
    return { restart };
  }

  return {
    url,
    get baseUrl() {
      return baseUrl();
    },
    port: server.port,
    metricsPort: seen.port,
    get pauses() {
      return inForce.pauses;
    },
    firstKey,
    consoleSetup,
    get routes() {
      return server.routes;
    },
    get waiting() {
      return waiters.count;
    },
    get listening() {
      return streams.count;
    },
    get graceSeconds() {
      return inForce.config.shutdown.graceSeconds;
    },
    backlog: (lane) => inForce.queue.waiting(lane),
    reload(wanted) {
      const done = reloading.then(() => reload(wanted));
      reloading = done.catch(() => {});
      return done;
    },
    async stop() {
      const { announceSeconds, graceSeconds } = inForce.config.shutdown;
      stopping.begin();
      const backups = [inForce, ...retired].map((each) => each.endCalendar());
      const graceMs = graceSeconds * 1000;
      const lastMs = Math.min(LAST_MS, graceMs / 4);
      // The door stays open meanwhile: people can still answer, and whoever waits for that is told.
      const announced = passed(clock, Math.min(announceSeconds * 1000, graceMs - lastMs));
      await Promise.all([inForce.queue.stop(graceMs - lastMs), announced]);
      await reloading;
      await inForce.queue.stop(0);
      waiters.drain();
      streams.stop();
      await inForce.console.stop();
      agentHooks.stop();
      await mcp.stop();
      await Promise.all([server.stop(lastMs), seen.stop()]);
      await Promise.all([...backups, inForce.disconnect(), timeouts.stop()]);
      await writer.drained();
      await inForce.published.flush();
      await writer.close();
      folder.database.close();
      folder.release();
    },
  };
}

/** What writes a line for each request; null where the level leaves those out. */
function toldAt({ level, requests }: LoadedConfig["log"], log: Log) {
  return level === "debug" || (level === "info" && requests === "info") ? log[requests] : null;
}

/** Resolves after so many milliseconds. */
function passed(clock: Clock, milliseconds: number): Promise<void> {
  return milliseconds === 0
    ? Promise.resolve()
    : new Promise((resolve) => void afterLong(clock, milliseconds, resolve));
}
