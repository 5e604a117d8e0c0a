/** When the folder was last saved, and whether what was saved can be read. In a process of its own: see parts.ts. */
import { existsSync } from "node:fs";
import { Cron } from "croner";
import { installation } from "../../audit/index.ts";
import {
  type BackupKey,
  BackupUnreadable,
  newestBackup,
  openBackup,
  readKey,
  readKeyFile,
} from "../../backup/index.ts";
import { isoTime } from "../../platform/clock.ts";
import type { LoadedConfig } from "../../platform/config/load.ts";
import { knownBackups } from "../../privacy/index.ts";
import { type Connection, Reader } from "../../storage/index.ts";
import { own } from "../folder.ts";
import { bad, type Finding, ok } from "./finding.ts";
import { duration } from "./words.ts";

/** A backup may take as long as this, and a night may be short of an hour. */
const LATE_MS = 3 * 3_600_000;
/** Without a calendar: older than this, most of what a folder holds is in none. */
const OLD_MS = 7 * 86_400_000;

/** `now` in milliseconds since the epoch. */
export async function* ofBackups(config: LoadedConfig, connection: Connection, now: number): AsyncGenerator<Finding> {
  const id = new Reader(connection).one(installation, {})?.id;
  if (id === undefined) return;
  const scheduled = config.backups === undefined ? null : newestBackup(config.backups.folder, id);
  yield config.backups === undefined ? ofOwnMaking(config, now) : ofCalendar(config.backups, scheduled, now);
  const made = knownBackups(config.dataDir)
    .filter(({ file }) => existsSync(file))
    .at(-1);
  const newest = scheduled?.file ?? made?.file;
  if (newest !== undefined) yield await ofArchive(newest, config);
}

/** By the calendar of the configuration: when the next one was due after the newest. */
function ofCalendar(
  { at, folder }: NonNullable<LoadedConfig["backups"]>,
  newest: { readonly begunAt: number } | null,
  now: number,
): Finding {
  const name = "backup";
  const todo = `Look for "backup failed" in the server's log, and make one by hand: pausepoint backup FILE.`;
  if (newest === null) return bad(name, "warn", `there is none in ${folder} yet; they are made at "${at}"`, todo);
  if (newest.begunAt > now + LATE_MS) {
    const found = `the newest in ${folder} has a name of ${isoTime(newest.begunAt)}, which is to come: the clock was ahead`;
    return bad(name, "warn", found, "Look at the clock, and move what was named wrongly to another folder.");
  }
  const age = duration(Math.max(0, now - newest.begunAt));
  const next = new Cron(at, { paused: true }).nextRun(new Date(newest.begunAt + 1_000))?.getTime() ?? null;
  if (next !== null && now - next > LATE_MS) {
    const found = `the newest in ${folder} is ${age} old, and the one that was due at ${isoTime(next)} is not there`;
    return bad(name, "fail", found, todo);
  }
  return ok(name, `the newest in ${folder} is ${age} old`);
}

function ofOwnMaking({ dataDir, channelsConfigured }: LoadedConfig, now: number): Finding {
  const name = "backup";
  const todo = "Set backups in the configuration, or run pausepoint backup FILE each night.";
  const last = knownBackups(dataDir).at(-1);
  if (last === undefined && !channelsConfigured) return ok(name, "none was made; nobody is asked here yet");
  if (last === undefined) return bad(name, "warn", "none was ever made of this folder", todo);
  const madeAt = Date.parse(last.made_at);
  const found = `the last was made ${duration(Math.max(0, now - madeAt))} ago, into ${last.file}`;
  return now - madeAt > OLD_MS ? bad(name, "warn", found, todo) : ok(name, found);
}

async function ofArchive(file: string, config: LoadedConfig): Promise<Finding> {
  const name = "backup opens";
  try {
    const manifest = await openBackup(file, await keyOf(config), own);
    if (manifest === null) return ok(name, `${file} is there; here is only the half of its key that opens nothing`);
    return ok(name, `${file} is whole: ${manifest.pauses} pauses, ${manifest.log.seq} entries`);
  } catch (error) {
    if (!(error instanceof BackupUnreadable)) throw error;
    const isKeyless = /is encrypted; give its key|does not open with this key|needs the secret half|key file/.test(
      error.message,
    );
    if (isKeyless)
      return bad(
        name,
        "warn",
        error.message,
        "Give its key in PAUSEPOINT_BACKUP_KEY for this look, or try it elsewhere.",
      );
    return bad(name, "fail", error.message, "Make another now: pausepoint backup FILE. Then look at the disk.");
  }
}

async function keyOf({ backups }: LoadedConfig): Promise<BackupKey | null> {
  if (backups !== undefined && backups.keyFile !== null) return await readKeyFile(backups.keyFile);
  const text = process.env.PAUSEPOINT_BACKUP_KEY;
  return text === undefined || text === "" ? null : await readKey(text, "PAUSEPOINT_BACKUP_KEY");
}
