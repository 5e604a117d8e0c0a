import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { restoreBackup } from "../backup/index.ts";
import { systemClock } from "../platform/clock.ts";
import type { LoadedConfig } from "../platform/config/load.ts";
import { applyErasures } from "../privacy/index.ts";
import { type KeyOptions, keyOf, withKey } from "./backup.ts";
import { own, quietly, withFolder } from "./folder.ts";
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
  const config = await settingsOf(options);
  const { dataDir, secret } = config;
  const {
    manifest,
    aside,
    config: found,
  } = await restoreBackup({
    file: resolve(file),
    dataDir,
    key: await keyOf(options),
    force: options.force === true,
    own,
    clock: systemClock,
    secret,
    afterCopy: (staged) => eraseAgain(config, staged),
  });
  if (options.json) {
    printJson({ data: dataDir, moved_aside: aside, config: found, ...manifest });
    return;
  }
  const { pauses, pending, log, made_at } = manifest;
  print(`${dataDir} holds ${pauses} pauses (${pending} pending) and ${log.seq} entries, as of ${made_at}.`);
  if (aside !== null) print(`What was there before is in ${aside}.`);
  if (found !== null) print(`The configuration of that time is ${found}; put it where you start from.`);
  print("What was answered since is pending again, and may be asked again.");
}

/** What was erased since the backup was made goes from the copy, too, before anybody sees it. */
async function eraseAgain(config: LoadedConfig, staged: string): Promise<void> {
  const file = join(staged, "erasures.jsonl");
  if (!existsSync(file)) return;
  // The copy's own secret, where it holds one: the digests in the list were made with that.
  const secret = existsSync(join(staged, "secret")) ? null : config.secret;
  await withFolder({ ...config, dataDir: staged, secret }, (folder) =>
    applyErasures({ writer: folder.writer, context: quietly(folder) }, file),
  );
}
