/** The part of the appliance that the configuration decides: made at the start, and anew at each reload. */
import { keysWithoutTheirPlan, type Route } from "../access/index.ts";
import type { Attestor } from "../audit/index.ts";
import type { AddressKind, OutgoingMessage } from "../channels/channel.ts";
import { channelsOf, fallbacksOf, ownAddressesOf } from "../channels/configured.ts";
import { OUTBOX } from "../channels/directory.ts";
import { type Console, openConsole } from "../console/routes.ts";
import { DeliveryQueue, type DueMessage, deliveryRoutes, queueTest, WebhookTraffic } from "../delivery/index.ts";
import { evidenceRoutes, PublishedHead, Witnessing } from "../evidence/index.ts";
import { hookRoutes } from "../http/hooks.ts";
import { type Rates, requestRates } from "../http/rate.ts";
import {
  type EventStreams,
  eventBody,
  eventRoutes,
  logRoutes,
  type PauseContext,
  Pauses,
  pauseRoutes,
  type Timeouts,
  type Waiters,
} from "../pauses/index.ts";
import { configDigest } from "../platform/config/digest.ts";
import type { LoadedConfig } from "../platform/config/load.ts";
import { projectAppearance } from "../platform/config/schema.ts";
import type { Log } from "../platform/log.ts";
import { monthsIn } from "../platform/months.ts";
import type { Stopping } from "../platform/stopping.ts";
import { version } from "../platform/version.ts";
import { Privacy, privacyRoutes } from "../privacy/index.ts";
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
} from "../respond/index.ts";
import { openForReading, Reader, type Writer } from "../storage/index.ts";
import { addressGuard, WebhookSecrets, Webhooks, webhookClient, webhookRoutes } from "../webhooks/index.ts";
import { type Calendar, startCalendar } from "./calendar.ts";
import type { InForce } from "./started.ts";

/** What outlives a reload: storage, who waits and listens, what is signed with. */
export interface Core {
  readonly log: Log;
  readonly folderSecret: Uint8Array;
  readonly writer: Writer;
  readonly attestor: Attestor;
  readonly context: PauseContext;
  readonly waiters: Waiters;
  readonly timeouts: Timeouts;
  readonly streams: EventStreams;
  /** Routes that no setting changes. */
  readonly routes: readonly Route[];
  /** Whether one more forged link is looked at from there. */
  readonly mayTryForged: (address: string | null) => boolean;
  readonly baseUrl: () => string;
  /** Told when nothing new is to be begun any more. */
  readonly stopping: Stopping;
  readonly onOutbox: ((message: OutgoingMessage, due: DueMessage) => void) | undefined;
}

/** One configuration at work. */
export interface Configured {
  readonly config: LoadedConfig;
  readonly pauses: Pauses;
  readonly queue: DeliveryQueue;
  readonly approvers: ScriptedApprovers;
  readonly privacy: Privacy;
  readonly published: PublishedHead;
  readonly console: Console;
  readonly concluding: PauseContext["concluding"];
  readonly scanned: PauseContext["scanned"];
  /** What the HTTP server serves, and how often one may ask. */
  readonly served: { readonly routes: readonly Route[]; readonly rates: Rates };
  /** What the log is told of it. */
  readonly inForce: InForce;
  /** Begins to send, to listen at peers and to keep the calendar. Nothing else may be sending. */
  start(installation: string): Promise<void>;
  /** Starts no job of the calendar any more; resolves when the backup that is being made, if any, is done. */
  pauseCalendar(): Promise<void>;
  /** The same, and ends that backup. */
  endCalendar(): Promise<void>;
  /** Lets go of peers and witnesses; nothing may be under way to them any more. */
  disconnect(): Promise<void>;
}

/**
 * Makes all that depends on the configuration. Nothing is begun: what can't be made throws, and has changed nothing.
 *
 * @throws what a channel says of settings that it can't work with.
 */
export function configure(core: Core, config: LoadedConfig): Configured {
  const { log, writer, attestor, context, waiters, timeouts, streams, baseUrl } = core;
  const { clock, random } = context;
  const folder = { secret: core.folderSecret };
  const channels = channelsOf(config, { clock, log, random, baseUrl });
  const published = new PublishedHead({ folder: config.dataDir, writer, clock, log, drop: config.audit.drop });
  const witnessing = new Witnessing({ ...config.audit, writer, attestor, clock, random, log, published });
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
    stopping: core.stopping,
    rules: {
      people: config.people,
      defaultRegion: config.defaultRegion,
      timeoutHours: config.timeoutHours,
      plans: config.plans,
      monthAt: monthsIn(config.limits.timeZone),
      messagesPerHour: config.limits.messagesPerHour,
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
  const links = new Links(folder.secret);
  const appearance = (project: string) => projectAppearance(config, project);
  const messages = messageText({
    links,
    baseUrl,
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
    outbox: { name: OUTBOX, onMessage: core.onOutbox ?? null },
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
      return { projectName: displayName, host: new URL(baseUrl()).host, logo, accent, timeZone };
    },
  });
  const respond = new Respond({ links, pages, writer, context, pauses, log });

  const approvers = new ScriptedApprovers({ respond, links, writer, context, log });

  const privacy = new Privacy({ writer, context, directory: config, dataDir: config.dataDir });

  const operatorConsole = openConsole({
    writer,
    context,
    folderSecret: folder.secret,
    config,
    baseUrl,
    log,
    webhooks,
    channels,
    show: (pauseN) => pauses.show(pauseN),
  });

  const connections: { stop(): Promise<void> }[] = [];
  let calendar: Calendar | null = null;
  return {
    config,
    pauses,
    queue,
    approvers,
    privacy,
    published,
    console: operatorConsole,
    concluding: new Map(
      [...channels].flatMap(([name, { channel, concludes }]) =>
        channel.conclude === undefined ? [] : [[name, concludes]],
      ),
    ),
    scanned: new Set([...channels].flatMap(([name, { channel }]) => (channel.addressKind === "email" ? [name] : []))),
    served: {
      rates: requestRates(config.limits, () => clock.now()),
      routes: [
        ...pauseRoutes(pauses, clock),
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
        ...webhookRoutes(webhooks, config.plans, async (_, endpoint) => ({
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
          baseUrl,
        ),
        ...respondRoutes({
          respond,
          writer,
          messages,
          mayTryForged: core.mayTryForged,
        }),
        ...core.routes,
        ...operatorConsole.routes,
      ],
    },
    inForce: {
      version: version.number,
      channels: Object.keys(addressKinds),
      config: configDigest(config, folder.secret),
      template: templateVersion(),
    },
    async start(installation) {
      const stuck = keysWithoutTheirPlan(writer, config.plans);
      if (stuck.length > 0)
        log.warn("keys can create nothing: the configuration does not have their plan", { keys: stuck.join(", ") });
      await queue.start();
      approvers.nudge();
      for (const [name, { channel, replies }] of channels) {
        const connection = channel.connect?.(inbound.reporter(name, replies, channel));
        if (connection !== undefined) connections.push(connection);
      }
      calendar = startCalendar({
        config,
        installation,
        writer,
        context,
        timeouts,
        queue,
        streams,
        log,
        onForeign: () => operatorConsole.changed(),
      });
      witnessing.start();
    },
    async pauseCalendar() {
      calendar?.pause();
      await calendar?.idle();
    },
    async endCalendar() {
      calendar?.pause();
      await calendar?.stop();
    },
    async disconnect() {
      await Promise.all(connections.map((connection) => connection.stop()));
      await Promise.all([approvers.stop(), witnessing.stop()]);
    },
  };
}

/** A connection of its own for a long read. */
function readerOf(dataDir: string): { reader: Reader; close(): void } {
  const connection = openForReading(dataDir);
  return { reader: new Reader(connection), close: () => connection.close() };
}
