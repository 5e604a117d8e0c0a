import type { Command } from "commander";
import { hasAdmin, setupLink } from "../console/routes.ts";
import { listenUrl } from "../platform/config/listen.ts";
import { systemRandom } from "../platform/random.ts";
import { withFolder } from "./folder.ts";
import { CommandFailed, print, printJson } from "./output.ts";
import { type CommonOptions, settingsOf, withCommonOptions } from "./settings.ts";

/** `pausepoint setup-link`: the link by which the console's first administrator is made, good once. */
export function addSetupLink(program: Command): void {
  withCommonOptions(
    program.command("setup-link").description("print the link by which the console's first administrator is made"),
  )
    .option("--another", "also where there is an administrator, who may have lost everything")
    .action(show);
}

async function show(options: CommonOptions & { another?: boolean }): Promise<void> {
  const config = await settingsOf(options);
  const isSetUp = await withFolder(config, async ({ writer }) => hasAdmin(writer));
  if (isSetUp && options.another !== true)
    throw new CommandFailed("The console has an administrator; give --another to make one more.");
  const baseUrl = config.baseUrlConfigured ? config.baseUrl : listenUrl(config.listen);
  const link = setupLink(config.dataDir, baseUrl, systemRandom());
  if (options.json) printJson({ link });
  else print(link);
}
