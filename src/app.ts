import { KeyRing, type Route } from "./access/index.ts";
import { startCalendar } from "./app/calendar.ts";
import { makeFirstKey, recordStart } from "./app/started.ts";
import { Attestor } from "./audit/index.ts";
import { backupBeforeMigration, tellRestores } from "./backup/index.ts";
import type { AddressKind, OutgoingMessage } from "./channels/channel.ts";
import { channelsOf, fallbacksOf, ownAddressesOf } from "./channels/configured.ts";
import { OUTBOX } from "./channels/directory.ts";
import { consoleRoutes, hasAdmin, setupLink } from "./console/routes.ts";
import { DeliveryQueue, type DueMessage, deliveryRoutes, queueTest, WebhookTraffic } from "./delivery/index.ts";
import { compareWithPublished, evidenceRoutes, PublishedHead, Witnessing } from "./evidence/index.ts";
import { hooksOverHttp } from "./hook/route.ts";
import { docsRoutes } from "./http/docs/routes.ts";
import { frontPage } from "./http/front.ts";
import { healthRoutes } from "./http/health.ts";
import { hookRoutes } from "./http/hooks.ts";
import { openApiRoute } from "./http/openapi/route.ts";
import { rateLimit } from "./http/rate.ts";
import { type HttpServer, startServer } from "./http/server.ts";
import { mcpOverHttp } from "./mcp/route.ts";
import {
  EventStreams,
  eventBody,
  eventRoutes,
  logRoutes,
  newestEvent,
  newestPauseId,
  type Pause,
  type PauseContext,
  Pauses,
  pauseRoutes,
  Timeouts,
  Waiters,
} from "./pauses/index.ts";
import { AddressDigests } from "./platform/address-digests.ts";
import { readCertificate } from "./platform/certificate.ts";
import { type Clock, systemClock } from "./platform/clock.ts";
import { configDigest } from "./platform/config/digest.ts";
import { listenUrl } from "./platform/config/listen.ts";
import type { LoadedConfig } from "./platform/config/load.ts";
import { projectAppearance } from "./platform/config/schema.ts";
import { IdSource, timeOfId } from "./platform/ids.ts";
import type { Log } from "./platform/log.ts";
import { isWildcard, networkAddress } from "./platform/network.ts";
import { type Random, systemRandom } from "./platform/random.ts";
import { version } from "./platform/version.ts";
import { Privacy, privacyRoutes } from "./privacy/index.ts";
import {
  Inbound,
  Links,
  messageComposer,
  messageText,
  Pages,
  Respond,
  respondRoutes,
  ScriptedApprovers,
  Stamps,
  templateVersion,
} from "./respond/index.ts";
import {
  type Connection,
  ensureInstallation,
  folderSecret,
  lockFolder,
  newestSchema,
  openDatabase,
  openForReading,
  Reader,
  Writer,
} from "./storage/index.ts";
import { addressGuard, WebhookSecrets, Webhooks, webhookClient, webhookRoutes } from "./webhooks/index.ts";

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
  /** What waits in a lane of the queue. */
  backlog(lane: string): number;
  /** Answers held requests, finishes what is under way, closes the database. */
  stop(): Promise<void>;
}

const HTTP_GRACE_MS = 5_000;
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
  const { config, log, clock, random } = parts;
  const writer = new Writer(folder.database, (error) => parts.onFatal?.(error));
  const newestPause = timeOfId("pause", writer.one(newestPauseId, {})?.id ?? "") ?? 0;
  const newestTold = timeOfId("evt", writer.one(newestEvent, {})?.id ?? "") ?? 0;
  const ids = new IdSource(clock, random, Math.max(newestPause, newestTold));

  let baseUrl = config.baseUrl;
  const channels = channelsOf(config, { clock, log, random, baseUrl: () => baseUrl });
  const attestor = new Attestor({
    folderSecret: folder.secret,
    clock,
    random,
    receiptHours: config.receipts.validHours,
    onSigned: () => published.hint(),
  });
  const published = new PublishedHead({ folder: config.dataDir, writer, clock, log, drop: config.audit.drop });
  const witnessing = new Witnessing({ ...config.audit, writer, attestor, clock, random, log, published });
  const context: PauseContext = {
    clock,
    random,
    ids,
    attestor,
    digests: new AddressDigests(folder.secret),
    concluding: new Map(
      [...channels].flatMap(([name, { channel, concludes }]) =>
        channel.conclude === undefined ? [] : [[name, concludes]],
      ),
    ),
    scanned: new Set([...channels].flatMap(([name, { channel }]) => (channel.addressKind === "email" ? [name] : []))),
    wake: (lane) => queue.nudge(lane),
    script: () => approvers.nudge(),
    hints: {
      due: (at) => timeouts.due(at),
      ended: (pauseN) => {
        waiters.wake(pauseN);
        const pause = parts.onEnded === undefined ? null : pauses.show(pauseN);
        if (pause !== null) parts.onEnded?.(pause);
      },
      told: () => streams.told(),
    },
  };
  const waiters = new Waiters(clock);
  const timeouts = new Timeouts(writer, context, log);
  const guard = addressGuard({
    allowNetworks: config.webhooks.allowNetworks,
    allowLoopback: !config.webhooksConfigured,
  });
  const addressKinds: Record<string, AddressKind> = Object.fromEntries(
    [...channels].map(([name, { channel }]) => [name, channel.addressKind]),
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
      channels: {
        any: config.channelsConfigured,
        addressKinds,
        ownAddresses: ownAddressesOf(channels),
        fallbacks: fallbacksOf(config),
      },
      takesReplies: (lane, destination) => channels.get(lane)?.takesReplies(destination) ?? false,
      checkWebhookUrl(url) {
        const verdict = guard.checkUrl(url);
        return verdict.kind === "accepted" ? { url: verdict.url } : { reason: verdict.reason };
      },
    },
  });
  const streams = new EventStreams({ writer, clock, log, show: (pauseN) => pauses.show(pauseN) });

  const links = new Links(folder.secret);
  const appearance = (project: string) => projectAppearance(config, project);
  const messages = messageText({
    links,
    baseUrl: () => baseUrl,
    template: config.texts.sms,
    displayName: (project) => appearance(project).displayName,
  });
  const compose = messageComposer({
    messages,
    appearance,
    segments: (lane) => channels.get(lane)?.segments ?? null,
    now: () => clock.now(),
  });
  const secrets = new WebhookSecrets(folder.secret);
  const queue = new DeliveryQueue({
    writer,
    context,
    log,
    compose,
    webhooks: new WebhookTraffic({
      client: webhookClient({ guard, clock }),
      secrets,
      retrySeconds: config.webhooks.retrySeconds,
      context,
      compose: (webhook) =>
        eventBody(
          webhook.event_type ?? "",
          webhook.created_at,
          webhook.pause_n === 0 ? { webhook_id: webhook.endpoint_id } : pauses.show(webhook.pause_n),
        ),
    }),
    outbox: { name: OUTBOX, onMessage: parts.onOutbox ?? null },
    carriers: [...channels].map(([name, { channel, concurrency, timeoutMs }]) => ({
      name,
      channel,
      concurrency,
      timeoutMs,
    })),
  });
  const webhooks = new Webhooks({ writer, context, guard, secrets });
  const inbound = new Inbound({ writer, context, pauses, links, projectName: appearance("default").displayName });
  const stamps = new Stamps(folder.secret);
  const pages = new Pages({
    stamps,
    appearance: (project) => {
      const { displayName, logo, accent, timeZone } = appearance(project ?? "default");
      return { projectName: displayName, host: new URL(baseUrl).host, logo, accent, timeZone };
    },
  });
  const respond = new Respond({ links, pages, writer, context, pauses, log });

  const approvers = new ScriptedApprovers({ respond, links, writer, context, log });

  const privacy = new Privacy({ writer, context, directory: config, dataDir: config.dataDir });

  const installation = await writer.write((tx) => ensureInstallation(tx, folder.secret, { clock, ids }));
  // Before anything can be signed.
  const withheld = await compareWithPublished(writer, { attestor, clock, random }, config.dataDir);
  if (withheld !== null) log.error("signing is withheld", { why: withheld.why, resume: "pausepoint audit resume" });
  await writer.write((tx) => tellRestores(tx, context));
  await writer.write((tx) => attestor.prepare(tx));
  const inForce = {
    version: version.number,
    channels: Object.keys(addressKinds),
    config: configDigest(config, folder.secret),
    template: templateVersion(),
  };
  await writer.write((tx) => recordStart(tx, context, inForce));
  // An erasure that a crash has cut short is finished before anything is shown or sent.
  await privacy.resume();
  await timeouts.start();

  const keys = new KeyRing(writer);
  const mcp = mcpOverHttp({
    clock,
    log,
    names: () => [new URL(baseUrl).hostname, config.listen.host.toLowerCase(), ...config.mcp.hosts],
    answer: (request, address) => server.answer(request, address),
  });
  const agentHooks = hooksOverHttp({ answer: (request, address) => server.answer(request, address) });
  const server: HttpServer = startServer({
    keys,
    clock,
    ids,
    log,
    listen: config.listen,
    routes: [
      ...pauseRoutes(pauses),
      ...eventRoutes(streams),
      ...logRoutes(writer),
      ...evidenceRoutes({
        writer,
        attestor,
        stamps,
        published,
        clock,
        random,
        openReader: () => readerOf(config.dataDir),
      }),
      ...privacyRoutes(privacy),
      ...webhookRoutes(webhooks, async (_, endpoint) => ({
        delivery_id: await writer.write((tx) => queueTest(tx, context, endpoint)),
      })),
      ...deliveryRoutes(writer, context),
      ...hookRoutes(
        new Map(
          [...channels].map(([name, { channel, replies }]) => [
            name,
            { channel, report: inbound.reporter(name, replies, channel) },
          ]),
        ),
        () => baseUrl,
      ),
      ...respondRoutes({
        respond,
        writer,
        messages,
        mayTryForged: rateLimit(FORGED_BURST, FORGED_BURST, () => clock.now()),
      }),
      mcp.route,
      agentHooks.route,
      ...healthRoutes(writer),
      openApiRoute(() => baseUrl),
      ...docsRoutes(() => baseUrl),
      ...consoleRoutes({
        writer,
        context,
        folderSecret: folder.secret,
        config,
        baseUrl: () => baseUrl,
        log,
        show: (pauseN) => pauses.show(pauseN),
      }),
      frontPage,
    ],
  });
  const url = listenUrl({ ...config.listen, port: server.port });
  if (!config.baseUrlConfigured) {
    const host = isWildcard(config.listen.host) ? networkAddress() : null;
    baseUrl = host === null ? url : listenUrl({ ...config.listen, host, port: server.port });
  }
  await queue.start();
  approvers.nudge();
  const connections = [...channels].flatMap(
    ([name, { channel, replies }]) => channel.connect?.(inbound.reporter(name, replies, channel)) ?? [],
  );
  // Only once it listens: a key that is shown once must not be made by a start that fails.
  const firstKey = config.channelsConfigured ? null : await makeFirstKey(writer, context);
  const consoleSetup = hasAdmin(writer) ? null : setupLink(config.dataDir, baseUrl, random);
  const calendar = startCalendar({ config, installation, writer, context, timeouts, queue, streams, log });
  witnessing.start();

  return {
    url,
    get baseUrl() {
      return baseUrl;
    },
    port: server.port,
    pauses,
    firstKey,
    consoleSetup,
    routes: server.routes,
    get waiting() {
      return waiters.count;
    },
    get listening() {
      return streams.count;
    },
    backlog: (lane) => queue.waiting(lane),
    async stop() {
      calendar.pause();
      waiters.drain();
      streams.stop();
      agentHooks.stop();
      await mcp.stop();
      await calendar.stop();
      await server.stop(HTTP_GRACE_MS);
      await Promise.all(connections.map((connection) => connection.stop()));
      await Promise.all([timeouts.stop(), queue.stop(), approvers.stop(), witnessing.stop()]);
      await writer.drained();
      await published.flush();
      await writer.close();
      folder.database.close();
      folder.release();
    },
  };
}

/** A connection of its own for a long read. */
function readerOf(dataDir: string): { reader: Reader; close(): void } {
  const connection = openForReading(dataDir);
  return { reader: new Reader(connection), close: () => connection.close() };
}
