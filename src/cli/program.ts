import { Command, CommanderError } from "commander";
import { BackupUnreadable } from "../backup/index.ts";
import { ConfigError } from "../platform/config/error.ts";
import { version } from "../platform/version.ts";
import { StorageBusy, StorageError } from "../storage/index.ts";
import { addAsk } from "./ask.ts";
import { addAudit } from "./audit.ts";
import { addBackup } from "./backup.ts";
import { addConfig } from "./config.ts";
import { addDemo } from "./demo.ts";
import { addDigest } from "./digest.ts";
import { addDoctor } from "./doctor.ts";
import { addHealthcheck } from "./healthcheck.ts";
import { addHook } from "./hook.ts";
import { addKeys } from "./keys.ts";
import { addLicenses } from "./licenses.ts";
import { addMcp } from "./mcp.ts";
import { CommandFailed, ExitStatus, print, printError, printJson, UsageError } from "./output.ts";
import { addPrivacy } from "./privacy.ts";
import { addReport } from "./report.ts";
import { addRestore } from "./restore.ts";
import { addServe } from "./serve.ts";
import { addSetupLink } from "./setup-link.ts";
import { addWebhooks } from "./webhooks.ts";
import { addWitness } from "./witness.ts";

/**
 * Runs one command line (without the program's own name). Answers the exit status: 0 done, 1 failed or not valid,
 * 2 wrong usage, configuration or unreadable input; a command may have more of its own. Errors are one sentence on stderr that says what to do.
 */
export async function run(args: readonly string[]): Promise<number> {
  try {
    await commandLine().parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    return statusOf(error);
  }
}

/** All commands with their options. */
export function commandLine(): Command {
  const program = new Command("pausepoint")
    .description("The human-approval API for AI agents, on your own machine.")
    .version(versionText(), "--version", "print the version")
    .exitOverride()
    .configureOutput({ writeOut: (text) => print(text.trimEnd()), writeErr: (text) => printError(text.trimEnd()) });
  addServe(program);
  addHealthcheck(program);
  addSetupLink(program);
  addDemo(program);
  addAsk(program);
  addKeys(program);
  addAudit(program);
  addWebhooks(program);
  addMcp(program);
  addHook(program);
  addReport(program);
  addBackup(program);
  addRestore(program);
  addDigest(program);
  addPrivacy(program);
  addWitness(program);
  addConfig(program);
  addDoctor(program);
  addLicenses(program);
  program
    .command("version")
    .description("print the version")
    .option("--json", "print JSON")
    .action((options: { json?: boolean }) => {
      if (options.json) printJson({ version: version.number, commit: version.commit, runtime: `bun ${Bun.version}` });
      else print(versionText());
    });
  for (const command of allOf(program)) command.exitOverride();
  return program;
}

function versionText(): string {
  return `pausepoint ${version.number}${version.commit === null ? "" : ` (${version.commit})`}`;
}

function statusOf(error: unknown): number {
  if (error instanceof ExitStatus) return error.status;
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof UsageError || error instanceof ConfigError || error instanceof BackupUnreadable) {
    printError(error.message);
    return 2;
  }
  if (error instanceof CommandFailed || error instanceof StorageError || error instanceof StorageBusy) {
    printError(error.message);
    return 1;
  }
  printError(told(error as NodeJS.ErrnoException));
  return 1;
}

/** What the operating system refused, in words that say what to do. */
function told({ code, message, path, syscall }: NodeJS.ErrnoException): string {
  if (code === "EADDRINUSE") return "The address is in use by another program; stop it, or give another --port.";
  if (code === "EADDRNOTAVAIL" || (code === "EINVAL" && syscall === "listen"))
    return "The address can't be listened on, as this machine does not have it; give another --host.";
  if (code === "EACCES" && path === undefined)
    return "The system does not allow this program to listen on that address; give another --port.";
  if (code !== undefined && path !== undefined)
    return `The file or folder ${path} can't be used (${code}); make it usable, or name another folder with --data.`;
  return `PausePoint stopped: ${message}`;
}

function allOf(command: Command): Command[] {
  return command.commands.flatMap((child) => [child as Command, ...allOf(child as Command)]);
}
