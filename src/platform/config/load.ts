/** From the command line, the environment and a file to one frozen {@link LoadedConfig}. */

import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isRecord } from "../json.ts";
import { ConfigError } from "./error.ts";
import { explainIssues } from "./explain.ts";
import { importConfigFile } from "./import.ts";
import { listenUrl, withAbsoluteFiles } from "./listen.ts";
import { builtInPlans } from "./plans.ts";
import { type Config, configSchema, webhookDefaults, withDisplayName } from "./schema.ts";
import { type GivenSecret, givenSecret } from "./secret.ts";

export interface ConfigSources {
  /** The value of `--config`. */
  readonly explicitPath?: string | undefined;
  /** Values of `--data`, `--host` and `--port`; they win over the environment, which wins over the file. */
  readonly flags?: Partial<Readonly<Record<Flag, string | undefined>>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder that relative paths from the command line and the environment count from. */
  readonly cwd: string;
}

export type LoadedConfig = Config & {
  /** The absolute path of the file, or null when nothing is configured. */
  readonly source: string | null;
  /** Whether the file has `channels`: from then on a live key does not use the outbox. */
  readonly channelsConfigured: boolean;
  /** Whether the file has `webhooks`: until then a receiver on this machine is reached too. */
  readonly webhooksConfigured: boolean;
  /** Whether `baseUrl` was given; if not, it is {@link listenUrl}, which port 0 makes known only once it listens. */
  readonly baseUrlConfigured: boolean;
  /** The folder's secret, where the environment gives it; null: it lies in the data folder. */
  readonly secret: GivenSecret | null;
};

/**
 * Finds, runs and checks the configuration: `--config`, else `$PAUSEPOINT_CONFIG`, else `./pausepoint.config.ts`, else
 * the defaults. An empty variable counts as not set.
 *
 * @throws ConfigError with a message for the operator
 */
export async function loadConfig(sources: ConfigSources): Promise<LoadedConfig> {
  const source = findFile(sources);
  const exported = source === null ? {} : await importConfigFile(source);
  const { input, origins } = applyOverrides(exported, sources);

  const checked = configSchema.safeParse(input);
  if (!checked.success) {
    const places = [
      ...(source === null ? [] : [source]),
      ...(origins.size > 0 ? [[...origins.values()].join(", ")] : []),
    ];
    const findings = explainIssues(checked.error.issues, input, origins);
    throw new ConfigError(`Correct the configuration (${places.join("; ")}).\n${findings}`);
  }

  const { baseUrl, dataDir, listen, people, channels, webhooks, backups, projects, plans, audit, ...settings } =
    checked.data;
  const dataDirInFile = isRecord(exported) && exported.dataDir !== undefined;
  const besideFile = (path: string) => resolve(source === null ? sources.cwd : dirname(source), path);
  return freeze({
    ...settings,
    baseUrl: baseUrl ?? listenUrl(listen),
    listen: withAbsoluteFiles(listen, besideFile),
    dataDir: resolve(source !== null && dataDirInFile ? dirname(source) : sources.cwd, dataDir),
    audit: {
      ...audit,
      drop: audit.drop === null ? null : resolve(source === null ? sources.cwd : dirname(source), audit.drop),
    },
    people: byName(people),
    channels: byName(channels ?? {}),
    webhooks: webhooks ?? webhookDefaults,
    backups:
      backups === undefined
        ? undefined
        : {
            ...backups,
            folder: besideFile(backups.folder),
            keyFile: backups.keyFile === null ? null : besideFile(backups.keyFile),
          },
    projects: byName(
      Object.fromEntries(Object.entries(projects).map(([name, project]) => [name, withDisplayName(name, project)])),
    ),
    plans: byName({ ...builtInPlans, ...plans }),
    source,
    channelsConfigured: channels !== undefined,
    webhooksConfigured: webhooks !== undefined,
    baseUrlConfigured: baseUrl !== undefined,
    secret: givenSecret(sources.env, sources.cwd),
  });
}

/**
 * The data folder alone, of a configuration that may lack what only the server's own environment has.
 *
 * @throws ConfigError when there is no such file, or it can't be run
 */
export async function dataFolderOf(sources: ConfigSources): Promise<string> {
  const named = sources.flags?.data ?? (sources.env.PAUSEPOINT_DATA || undefined);
  if (named !== undefined) return resolve(sources.cwd, named);
  const source = findFile(sources);
  const exported = source === null ? {} : await importConfigFile(source);
  const given = isRecord(exported) ? exported.dataDir : undefined;
  if (source === null || typeof given !== "string") return resolve(sources.cwd, "./.pausepoint");
  return resolve(dirname(source), given);
}

function findFile({ explicitPath, env, cwd }: ConfigSources): string | null {
  const named = [
    ["--config", explicitPath],
    ["PAUSEPOINT_CONFIG", env.PAUSEPOINT_CONFIG || undefined],
  ] as const;
  for (const [origin, path] of named) {
    if (path === undefined) continue;
    const file = resolve(cwd, path);
    if (!existsSync(file)) throw new ConfigError(`Name an existing file in ${origin}: there is no ${file}.`);
    return file;
  }
  const usual = resolve(cwd, "pausepoint.config.ts");
  return existsSync(usual) ? usual : null;
}

type Flag = "data" | "host" | "port";

interface Override {
  readonly path: readonly [string] | readonly [string, string];
  readonly variable: string;
  readonly flag?: Flag;
  /** What the text stands for; a text that stands for nothing is left to the schema to refuse. */
  read?(text: string, cwd: string): unknown;
}

const OVERRIDES: readonly Override[] = [
  { path: ["baseUrl"], variable: "PAUSEPOINT_BASE_URL" },
  {
    path: ["dataDir"],
    variable: "PAUSEPOINT_DATA",
    flag: "data",
    read: (text, cwd) => (text === "" ? text : resolve(cwd, text)),
  },
  { path: ["listen", "host"], variable: "PAUSEPOINT_HOST", flag: "host" },
  {
    path: ["listen", "port"],
    variable: "PAUSEPOINT_PORT",
    flag: "port",
    read: (text) => (/^\d+$/.test(text) ? Number(text) : text),
  },
];

/** The file's value with flags and variables over it, and by dotted path which of them was used. */
function applyOverrides(exported: unknown, { flags = {}, env, cwd }: ConfigSources) {
  const origins = new Map<string, string>();
  if (!isRecord(exported)) return { input: exported, origins };
  const input: Record<string, unknown> = { ...exported };
  for (const { path, variable, flag, read } of OVERRIDES) {
    const fromFlag = flag === undefined ? undefined : flags[flag];
    const text = fromFlag ?? (env[variable] || undefined);
    if (text === undefined) continue;
    const value = read === undefined ? text : read(text, cwd);
    const [section, key] = path;
    if (key === undefined) input[section] = value;
    // A section that is no object is refused by the schema; it must not vanish under the override.
    else if (input[section] === undefined || isRecord(input[section]))
      input[section] = { ...input[section], [key]: value };
    origins.set(path.join("."), fromFlag === undefined ? variable : `--${flag}`);
  }
  return { input, origins };
}

/** Names come from requests (`@constructor`), so nothing may be found here that the operator did not write. */
function byName<Value>(entries: Record<string, Value>): Record<string, Value> {
  return Object.assign(Object.create(null), entries);
}

function freeze<Value extends object>(value: Value): Value {
  for (const part of Object.values(value)) if (typeof part === "object" && part !== null) freeze(part);
  return Object.freeze(value);
}
