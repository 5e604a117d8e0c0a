import type { Command } from "commander";
import { type ConfigSources, dataFolderOf, type LoadedConfig, loadConfig } from "../platform/config/load.ts";
import { createLog, type Log, logFormat } from "../platform/log.ts";
import { UsageError } from "./output.ts";

/** The options that every command which touches the data folder has. */
export interface CommonOptions {
  readonly config?: string;
  readonly data?: string;
  readonly json?: boolean;
}

/** Adds `--config`, `--data` and `--json` to a command. */
export function withCommonOptions(command: Command): Command {
  return command
    .option("--config <file>", "the configuration file (default: $PAUSEPOINT_CONFIG, else ./pausepoint.config.ts)")
    .option("--data <folder>", "the data folder (default: the configuration's, else ./.pausepoint)")
    .option("--json", "print JSON");
}

/** The configuration that a command works with. @throws ConfigError */
export function settingsOf(
  options: CommonOptions & { readonly host?: string; readonly port?: string },
): Promise<LoadedConfig> {
  return loadConfig(sourcesOf(options));
}

/** The data folder that a command is about, also where its configuration is not valid here. @throws ConfigError */
export function folderOf(options: CommonOptions): Promise<string> {
  return dataFolderOf(sourcesOf(options));
}

function sourcesOf(options: CommonOptions & { readonly host?: string; readonly port?: string }): ConfigSources {
  const { config, data, host, port } = options;
  return {
    ...(config === undefined ? {} : { explicitPath: config }),
    flags: {
      ...(data === undefined ? {} : { data }),
      ...(host === undefined ? {} : { host }),
      ...(port === undefined ? {} : { port }),
    },
    env: process.env,
    cwd: process.cwd(),
  };
}

/** The server's log, to stderr. */
export function logOf(config: LoadedConfig): Log {
  const { level, format } = config.log;
  return createLog(level, logFormat(format, process.stderr.isTTY === true), Date.now, (line) =>
    process.stderr.write(line),
  );
}

/** A time that an option was given, in milliseconds. @throws UsageError when it is none. */
export function timeIn(option: string, text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new UsageError(`${option} must be a time such as 2026-11-24T09:30:00Z.`);
  return time;
}
