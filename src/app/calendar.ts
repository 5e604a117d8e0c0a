import { Cron } from "croner";
import { ScheduledBackups, type ScheduleParts } from "../backup/index.ts";
import { hasAdmin } from "../console/routes.ts";
import { type DeliveryQueue, forgetMessages } from "../delivery/index.ts";
import {
  catalogueStand,
  type EventStreams,
  forgetOldEvents,
  forgetStaleKeys,
  type PauseContext,
  type Timeouts,
  takeIntoCatalogue,
} from "../pauses/index.ts";
import type { LoadedConfig } from "../platform/config/load.ts";
import { auditDaysCaution, contentDays } from "../platform/config/schema.ts";
import type { Log } from "../platform/log.ts";
import { ownProgram } from "../platform/program.ts";
import { eraseOld, pruneLog } from "../privacy/index.ts";
import type { Writer } from "../storage/index.ts";

/** What the calendar's jobs work on. */
export interface CalendarParts {
  readonly config: LoadedConfig;
  /** The installation's id, for the manifest of a backup. */
  readonly installation: string;
  readonly writer: Writer;
  readonly context: PauseContext;
  readonly timeouts: Timeouts;
  readonly queue: DeliveryQueue;
  readonly streams: EventStreams;
  readonly log: Log;
  /** Called when another process has committed something. */
  readonly onForeign: () => void;
}

/** Jobs that are running. */
export interface Calendar {
  /** Starts no job any more. */
  pause(): void;
  /** Resolves when no backup is being made. */
  idle(): Promise<void>;
  /** Ends the backup that is being made. */
  stop(): Promise<void>;
}

/** What is done by the calendar. But for backups it is a hint or a clean-up: missing one harms nothing. */
export function startCalendar(parts: CalendarParts): Calendar {
  const { config, writer, context, timeouts, queue, streams, log } = parts;
  const { clock } = context;
  const caution = auditDaysCaution(config);
  if (caution !== null) log.warn(`retention.auditDays: ${caution}`);
  const { installation } = parts;
  const backups = backupsOf(config, { installation, clock, log, metrics: context.metrics });
  let seenCommits = writer.foreignCommits();
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
  const jobs = [
    // A clock that was set forward is noticed within a second, whatever timer was armed before.
    job("* * * * * *", "timeouts", () => timeouts.check()),
    // What a command beside the server has queued.
    job("* * * * * *", "queue", async () => {
      const commits = writer.foreignCommits();
      if (commits !== seenCommits) {
        queue.lookAgain();
        streams.told();
        parts.onForeign();
      }
      seenCommits = commits;
    }),
    job("* * * * * *", "catalogue", () => catalogueNews(parts)),
    job("17 * * * *", "idempotency keys", async () => {
      while (await writer.write((tx) => forgetStaleKeys(tx, clock.now())));
    }),
    job("27 * * * *", "messages counted", async () => {
      for (let after: number | null = -1; after !== null; ) {
        const from: number = after;
        after = await writer.write((tx) => forgetMessages(tx, from, clock.now()));
      }
    }),
    job("37 * * * *", "events", async () => {
      while (await writer.write((tx) => forgetOldEvents(tx, clock.now())));
    }),
    job("47 * * * *", "retention", () => eraseByCalendar(parts)),
    job("57 * * * *", "retention of the log", () => pruneByCalendar(parts)),
    job("*/5 * * * *", "log file", async () => {
      writer.foldLog();
    }),
    ...(backups === null ? [] : [job(backups.at, "backup", () => backups.schedule.run())]),
  ];
  return {
    pause() {
      for (const running of jobs) running.stop();
    },
    async idle() {
      await backups?.schedule.idle;
    },
    async stop() {
      await backups?.schedule.stop();
    },
  };
}

/** Units of the catalogue in one second: few while others wait for the disk, more while nobody does. */
const UNITS = 20;
const BUSY = 4;

/** Nobody looks through a catalogue before somebody can sign in. */
async function catalogueNews({ writer }: CalendarParts): Promise<void> {
  if (catalogueStand(writer).behind === 0 || !hasAdmin(writer)) return;
  for (let unit = 0; unit < UNITS; unit++) {
    const more = await writer.write(takeIntoCatalogue);
    if (!more || writer.crowd > BUSY) return;
  }
}

async function eraseByCalendar({ config, writer, context, log }: CalendarParts): Promise<void> {
  const { pauses, complete } = await eraseOld(writer, context, (project) => contentDays(config, project));
  if (pauses > 0) log.info("content erased, as its time is over", { pauses });
  if (!complete) log.warn("the write-ahead log still holds erased content, since somebody reads the database");
}

async function pruneByCalendar({ config, writer, context, log }: CalendarParts): Promise<void> {
  const { entries, pauses, keptBy, complete } = await pruneLog(writer, context, config.retention.auditDays);
  if (entries > 0) log.info("the oldest entries of the log were pruned", { entries, pauses });
  if (keptBy === "hold") log.warn("entries older than retention.auditDays are kept by a legal hold");
  if (!complete) log.warn("the write-ahead log still holds what was pruned, since somebody reads the database");
}

/** The backups that the configuration asks for, and when. */
function backupsOf(
  { backups, dataDir, source }: LoadedConfig,
  parts: Pick<ScheduleParts, "installation" | "clock" | "log" | "metrics">,
): Backups | null {
  if (backups === undefined) return null;
  const { at, folder, keep, keyFile } = backups;
  const isEncrypted = keyFile !== null || Boolean(process.env.PAUSEPOINT_BACKUP_KEY);
  const made = { folder, keep, keyFile, isEncrypted, dataDir, config: source, program: ownProgram };
  return { at, schedule: new ScheduledBackups({ ...made, ...parts }) };
}

interface Backups {
  readonly at: string;
  readonly schedule: ScheduledBackups;
}
