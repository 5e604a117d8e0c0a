import { readdirSync, readFileSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import { chainHead, installation, lastSeq, newestCheckpoint, storedCheckpoint } from "../audit/index.ts";
import { newestBackup } from "../backup/index.ts";
import { OUTBOX } from "../channels/directory.ts";
import { isReceiver, laneLoads, WEBHOOK } from "../delivery/index.ts";
import { type EventStreams, pendingByMode, type Waiters } from "../pauses/index.ts";
import type { Clock } from "../platform/clock.ts";
import type { LoadedConfig } from "../platform/config/load.ts";
import type { Metrics } from "../platform/metrics/index.ts";
import { version } from "../platform/version.ts";
import type { RowOf, Writer } from "../storage/index.ts";

/** What the gauges are read from. */
export interface GaugeParts {
  /** The one in force. */
  readonly config: () => LoadedConfig;
  readonly metrics: Metrics;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly waiters: Waiters;
  readonly streams: EventStreams;
}

/** Sets every gauge to what is so now. */
export function readGauges(parts: GaugeParts): void {
  const { metrics, writer, waiters, streams } = parts;
  metrics.buildInfo.set(1, version.number, version.commit ?? "");
  for (const mode of ["live", "test"]) metrics.pausesPending.set(0, mode);
  for (const { mode, count } of writer.all(pendingByMode, {})) metrics.pausesPending.set(count, mode);
  metrics.held.set(waiters.count);
  metrics.streams.set(streams.count);
  metrics.unitsWaiting.set(writer.waiting);
  const state = writer.one(installation, {});
  readQueue(parts);
  readLog(parts, state);
  readDisk(parts);
  readBackups(parts, state);
  readProcess(metrics);
}

/** The installation's row. */
type State = RowOf<typeof installation> | undefined;

function readQueue({ metrics, writer, clock, config }: GaugeParts): void {
  const channels = Object.keys(config().channels);
  metrics.queueDepth.reset();
  metrics.queueAge.reset();
  const loads = new Map([...channels, OUTBOX, WEBHOOK].map((channel) => [channel, { count: 0, age: 0 }]));
  const now = clock.now();
  for (const { lane, count, due_at } of writer.all(laneLoads, {})) {
    const load = loads.get(isReceiver(lane) ? WEBHOOK : lane);
    // A channel that is configured no more: what was in its lane has failed at the start.
    if (load === undefined) continue;
    load.count += count;
    load.age = Math.max(load.age, now - due_at);
  }
  for (const channel of channels)
    for (const outcome of ["sent", "retry", "failed"]) metrics.messageAttempts.add(0, channel, outcome);
  for (const [channel, { count, age }] of loads) {
    metrics.queueDepth.set(count, channel);
    metrics.queueAge.set(age / 1000, channel);
    for (const outcome of ["delivered", "failed"]) metrics.deliveries.add(0, channel, outcome);
  }
}

function readLog({ metrics, writer, config }: GaugeParts, state: State): void {
  metrics.logEntries.set(writer.committed(chainHead)?.seq ?? writer.one(lastSeq, {})?.seq ?? 0);
  const checkpoint = writer.one(newestCheckpoint, {});
  metrics.checkpointEntries.set(checkpoint?.size ?? 0);
  metrics.checkpointTime.set((checkpoint?.signed_at ?? 0) / 1000);
  metrics.cosignedEntries.set(
    config().audit.witnesses.length === 0 ? 0 : (storedCheckpoint(writer, "cosigned")?.size ?? 0),
  );
  const isWithheld = state !== undefined && (state.signing_withheld !== null || state.restored_at !== null);
  metrics.signingWithheld.set(isWithheld ? 1 : 0);
}

function readDisk({ metrics, config }: GaugeParts): void {
  const { dataDir } = config();
  const database = join(dataDir, "pausepoint.db");
  metrics.databaseBytes.set(statSync(database).size);
  metrics.walBytes.set(statSync(`${database}-wal`, { throwIfNoEntry: false })?.size ?? 0);
  const { bavail, blocks, bsize } = statfsSync(dataDir);
  metrics.diskFreeBytes.set(bavail * bsize);
  metrics.diskBytes.set(blocks * bsize);
}

function readBackups({ metrics, config }: GaugeParts, state: State): void {
  const { backups } = config();
  metrics.backupTime.reset();
  if (backups === undefined || state === undefined) return;
  for (const outcome of ["made", "failed"]) metrics.backups.add(0, outcome);
  metrics.backupTime.set((newestBackup(backups.folder, state.id)?.begunAt ?? 0) / 1000);
}

const STARTED_AT = Date.now() / 1000 - process.uptime();

function readProcess(metrics: Metrics): void {
  const { user, system } = process.cpuUsage();
  metrics.cpuSeconds.set((user + system) / 1_000_000);
  metrics.residentBytes.set(process.memoryUsage.rss());
  metrics.startTime.set(STARTED_AT);
  // Where there is /proc, as on Linux.
  try {
    metrics.openFiles.set(readdirSync("/proc/self/fd").length);
    metrics.mostFiles.set(Number(/^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? 0));
  } catch {
    metrics.openFiles.reset();
    metrics.mostFiles.reset();
  }
}
