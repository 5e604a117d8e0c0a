import { resolve } from "node:path";
import type { Command } from "commander";
import { restoreBackup } from "../backup/index.ts";
import { systemClock } from "../platform/clock.ts";
import { type KeyOptions, keyOf, withKey } from "./backup.ts";
import { own } from "./folder.ts";
import { print, printJson } from "./output.ts";
import { type CommonOptions, settingsOf, withCommonOptions } from "./settings.ts";

/** `pausepoint restore FILE`: brings a data folder to what an archive holds, while no server uses it. */
export function addRestore(program: Command): void {
  withKey(
    withCommonOptions(
      program
        .command("restore")
        .description("bring a data folder to what a backup holds, while no server uses it")
        .argument("<file>", "the archive, as pausepoint backup has made it"),
    ),
  )
    .option("--force", "move a database that is there aside")
    .action(restore);
}

interface RestoreOptions extends CommonOptions, KeyOptions {
  readonly force?: boolean;
}

async function restore(file: string, options: RestoreOptions): Promise<void> {
  const { dataDir } = await settingsOf(options);
  const { manifest, aside, config } = await restoreBackup({
    file: resolve(file),
    dataDir,
    key: await keyOf(options),
    force: options.force === true,
    own,
    clock: systemClock,
    // Here is what was erased since the backup to be erased again, in the copy.
    afterCopy: async () => {},
  });
  if (options.json) {
    printJson({ data: dataDir, moved_aside: aside, config, ...manifest });
    return;
  }
  const { pauses, pending, log, made_at } = manifest;
  print(`${dataDir} holds ${pauses} pauses (${pending} pending) and ${log.seq} entries, as of ${made_at}.`);
  if (aside !== null) print(`What was there before is in ${aside}.`);
  if (config !== null) print(`The configuration of that time is ${config}; put it where you start from.`);
  print("What was answered since is pending again, and may be asked again.");
}
