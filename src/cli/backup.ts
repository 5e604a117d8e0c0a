import { resolve } from "node:path";
import type { Command } from "commander";
import { type BackupKey, makeBackup, readKey, readKeyFile } from "../backup/index.ts";
import { systemClock } from "../platform/clock.ts";
import { own, requireDatabase } from "./folder.ts";
import { print, printError, printJson } from "./output.ts";
import { type CommonOptions, settingsOf, withCommonOptions } from "./settings.ts";

/** `pausepoint backup FILE`: everything in one archive, also beside a running server. */
export function addBackup(program: Command): void {
  withKey(
    withCommonOptions(
      program
        .command("backup")
        .description("save everything in one file, verified, also beside a running server")
        .argument("<file>", "the archive to write"),
    ),
  )
    .option("--force", "replace the file if it is there")
    .action(backup);
}

interface BackupOptions extends CommonOptions, KeyOptions {
  readonly force?: boolean;
}

async function backup(file: string, options: BackupOptions): Promise<void> {
  const config = await settingsOf(options);
  requireDatabase(config);
  const key = await keyOf(options);
  const { dataDir, source, secret } = config;
  const request = {
    dataDir,
    config: source,
    secret,
    file,
    replace: options.force === true,
    key,
    own,
    clock: systemClock,
  };
  const made = await makeBackup(request);
  const { made_at, log, pauses, pending } = made.manifest;
  if (options.json) printJson({ file: made.file, bytes: made.bytes, encrypted: key !== null, ...made.manifest });
  else
    print(
      `${made.file}: ${pauses} pauses (${pending} pending), ${log.seq} entries, as of ${made_at}; ${made.bytes} bytes, ${key === null ? "not encrypted" : "encrypted"}.`,
    );
  if (key === null)
    printError("Whoever has this file can answer in others' names: keep it as you keep the data folder.");
}

/** The options of a command that encrypts or opens an archive. */
export interface KeyOptions {
  readonly keyFile?: string;
}

export function withKey(command: Command): Command {
  return command.option(
    "--key-file <file>",
    "an age key or a passphrase, in a file (default: what $PAUSEPOINT_BACKUP_KEY holds, if anything)",
  );
}

/** The key that was given, or null. @throws BackupUnreadable when it is none. */
export async function keyOf({ keyFile }: KeyOptions): Promise<BackupKey | null> {
  if (keyFile !== undefined) return await readKeyFile(resolve(keyFile));
  const text = process.env.PAUSEPOINT_BACKUP_KEY;
  return text === undefined || text === "" ? null : await readKey(text, "PAUSEPOINT_BACKUP_KEY");
}
