import { Cron } from "croner";
import { createKey, defaultScopes, KeyRing, listKeys, noLimits, type Route } from "./access/index.ts";
import { appendEntry, newEntry } from "./audit/index.ts";
import type { Channel, OutgoingMessage } from "./channels/channel.ts";
import { OUTBOX } from "./channels/directory.ts";
import { createTwilioChannel } from "./channels/twilio.ts";
import { type Carrier, DeliveryQueue, type DueMessage } from "./delivery/index.ts";
import { healthRoutes } from "./http/health.ts";
import { rateLimit } from "./http/rate.ts";
import { type HttpServer, startServer } from "./http/server.ts";
import {
  forgetStaleKeys,
  logRoutes,
  newestPauseId,
  type PauseContext,
  Pauses,
  pauseRoutes,
  Timeouts,
  Waiters,
} from "./pauses/index.ts";
import { type Clock, systemClock } from "./platform/clock.ts";
import type { LoadedConfig } from "./platform/config/load.ts";
import { listenUrl } from "./platform/config/load.ts";
import { projectAppearance } from "./platform/config/schema.ts";
import { IdSource, timeOfId } from "./platform/ids.ts";
import type { Log } from "./platform/log.ts";
import { isWildcard, networkAddress } from "./platform/network.ts";
import { type Random, systemRandom } from "./platform/random.ts";
import { version } from "./platform/version.ts";
import { Links, messageText, Respond, respondRoutes } from "./respond/index.ts";
import {
  type Connection,
  ensureInstallation,
  folderSecret,
  lockFolder,
  openDatabase,
  type Tx,
  type Work,
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
  readonly pauses: Pauses;
  /** The test key made when there was none and no channel is configured, or null. */
  readonly firstKey: string | null;
  /** Everything that is served. */
  readonly routes: readonly Route[];
  /** Requests held until a pause has ended. */
  readonly waiting: number;
  /** Messages that wait in a carrier's lane. */
  backlog(carrier: string): number;
  /** Answers held requests, finishes what is under way, closes the database. */
  stop(): Promise<void>;
}

const HTTP_GRACE_MS = 5_000;
const FORGED_BURST = 30;

/**
 * The composition root: configuration in, a running appliance out. Everything that starts, starts here in this order,
 * and stops in the reverse one.
 *
 * @throws StorageError for the data folder, the operating system's error for the address.
 */
export async function startApp(parts: AppParts): Promise<App> {
  const { config, log, clock = systemClock, random = systemRandom() } = parts;
  const lock = lockFolder(config.dataDir);
  let database: Connection | null = null;
  try {
    const secret = folderSecret(config.dataDir, random);
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
  const { config, log, clock, random } = parts;
  const writer = new Writer(folder.database, (error) => parts.onFatal?.(error));
  const newest = writer.one(newestPauseId, {});
  const ids = new IdSource(clock, random, newest === undefined ? 0 : (timeOfId("pause", newest.id) ?? 0));

  const context: PauseContext = {
    clock,
    random,
    ids,
    hints: {
      due: (at) => timeouts.due(at),
      queued: (carrier) => queue.nudge(carrier),
      ended: (pauseN) => waiters.wake(pauseN),
    },
  };
  const waiters = new Waiters(clock);
  const timeouts = new Timeouts(writer, context, log);
  const carriers = carriersOf(config);
  const channels = Object.fromEntries(
    carriers.flatMap(({ name, channel }) => (channel === null ? [] : [[name, channel.addressKind]])),
  );
  const pauses = new Pauses({
    writer,
    context,
    waiters,
    timeouts,
    rules: {
      people: config.people,
      defaultRegion: config.defaultRegion,
      timeoutHours: config.timeoutHours,
      channelsConfigured: config.channelsConfigured,
      addressKinds: channels,
    },
  });

  let baseUrl = config.baseUrl;
  const links = new Links(folder.secret);
  const messages = messageText({
    links,
    baseUrl: () => baseUrl,
    template: config.texts.sms,
    displayName: (project) => projectAppearance(config, project).displayName,
  });
  const compose = (due: DueMessage): OutgoingMessage => {
    const { text, link } = messages({
      pauseId: due.pause_id,
      position: due.position,
      mode: due.mode,
      message: due.message,
      project: due.project,
      expiresAt: due.expires_at,
    });
    return {
      deliveryId: due.id,
      to: due.destination,
      text,
      link,
      validForSeconds: Math.max(1, Math.floor((due.expires_at - clock.now()) / 1000)),
    };
  };
  const queue = new DeliveryQueue({ carriers, writer, context, log, compose, onOutbox: parts.onOutbox ?? (() => {}) });
  const respond = new Respond({ links, writer, context, pauses, log });

  await writer.write((tx) => ensureInstallation(tx, folder.secret, { clock, ids }));
  await writer.write((tx) => recordStart(tx, context, Object.keys(channels)));
  await timeouts.start();

  const keys = new KeyRing(writer);
  const server: HttpServer = startServer({
    keys,
    clock,
    ids,
    log,
    listen: config.listen,
    routes: [
      ...pauseRoutes(pauses),
      ...logRoutes(writer),
      ...respondRoutes({
        respond,
        writer,
        messages,
        now: () => clock.now(),
        mayTryForged: rateLimit(FORGED_BURST, FORGED_BURST, () => clock.now()),
        appearance: (project) => {
          const { displayName, logo, accent, timeZone } = projectAppearance(config, project ?? "default");
          return { projectName: displayName, host: new URL(baseUrl).host, logo, accent, timeZone };
        },
      }),
      ...healthRoutes(writer),
    ],
  });
  const url = listenUrl({ host: config.listen.host, port: server.port });
  if (!config.baseUrlConfigured) {
    const host = isWildcard(config.listen.host) ? networkAddress() : null;
    baseUrl = host === null ? url : `http://${host}:${server.port}`;
  }
  await queue.start();
  // Only once it listens: a key that is shown once must not be made by a start that fails.
  const firstKey = config.channelsConfigured ? null : await makeFirstKey(writer, context);
  const jobs = startJobs({ writer, timeouts, log, clock });

  return {
    url,
    get baseUrl() {
      return baseUrl;
    },
    port: server.port,
    pauses,
    firstKey,
    routes: server.routes,
    get waiting() {
      return waiters.count;
    },
    backlog: (carrier) => queue.waiting(carrier),
    async stop() {
      for (const job of jobs) job.stop();
      waiters.drain();
      await server.stop(HTTP_GRACE_MS);
      await Promise.all([timeouts.stop(), queue.stop()]);
      await writer.close();
      folder.database.close();
      folder.release();
    },
  };
}

/** The outbox, and one carrier for each configured channel. */
function carriersOf(config: LoadedConfig): Carrier[] {
  const carriers: Carrier[] = [{ name: OUTBOX, channel: null, concurrency: 1, timeoutMs: 0 }];
  for (const [name, settings] of Object.entries(config.channels)) {
    const channel: Channel = createTwilioChannel(settings);
    carriers.push({ name, channel, concurrency: settings.concurrency, timeoutMs: settings.timeoutSeconds * 1000 });
  }
  return carriers;
}

function* recordStart(tx: Tx, { clock, random }: PauseContext, channels: readonly string[]): Work<void> {
  const plain = { version: version.number, channels: [...channels] };
  yield* appendEntry(
    tx,
    newEntry(random, {
      type: "server.started",
      at: clock.now(),
      actor: { type: "system", id: null },
      world: null,
      pause: null,
      plain,
    }),
  );
}

/** A test key for a newcomer, where there is no key yet. */
async function makeFirstKey(writer: Writer, context: PauseContext): Promise<string | null> {
  if (writer.all(listKeys, {}).length > 0) return null;
  const wanted = {
    name: "first start",
    mode: "test",
    project: "default",
    scopes: defaultScopes,
    limits: noLimits,
  } as const;
  return (await writer.write((tx) => createKey(tx, context, wanted, { type: "system", id: null }))).key;
}

/** Sweeps by the calendar. What they do is a hint or a clean-up: missing one harms nothing. */
function startJobs(parts: { writer: Writer; timeouts: Timeouts; log: Log; clock: Clock }): Cron[] {
  const { writer, timeouts, log, clock } = parts;
  const job = (pattern: string, name: string, run: () => Promise<void>) =>
    new Cron(
      pattern,
      {
        protect: true,
        unref: true,
        catch: (error) => log.error("sweep failed", { sweep: name, error: (error as Error).message }),
      },
      run,
    );
  return [
    // A clock that was set forward is noticed within a second, whatever timer was armed before.
    job("* * * * * *", "timeouts", () => timeouts.check()),
    job("17 * * * *", "idempotency keys", async () => {
      while (await writer.write((tx) => forgetStaleKeys(tx, clock.now())));
    }),
    job("*/5 * * * *", "log file", async () => {
      writer.foldLog();
    }),
  ];
}
