import type { Command } from "commander";
import {
  createKey,
  defaultScopes,
  isScope,
  type KeyLimits,
  limitsInWords,
  listKeys,
  MOST_MINUTES,
  readMinutes,
  revokeKey,
  type Scope,
  scopes,
  type Usage,
  usageOf,
} from "../access/index.ts";
import { readAskables } from "../pauses/index.ts";
import { isoTime, systemClock } from "../platform/clock.ts";
import type { LoadedConfig } from "../platform/config/load.ts";
import { type Month, monthsIn } from "../platform/months.ts";
import { withFolder } from "./folder.ts";
import { CommandFailed, print, printError, printJson, printTable, UsageError } from "./output.ts";
import { type CommonOptions, settingsOf, withCommonOptions } from "./settings.ts";
import { addRotateSigning } from "./signing.ts";

/** More than these are counted, so that a row stays a line. */
const RECIPIENTS_NAMED = 3;

const OPERATOR = { type: "operator", id: null } as const;

/** `pausepoint keys create|list|revoke`, also beside a running server. */
export function addKeys(program: Command): void {
  const keys = program.command("keys").description("make, list and revoke API keys; rotate those that sign");
  withCommonOptions(keys.command("create").description("make a key; it is shown once"))
    .requiredOption("--name <name>", "what the key is for")
    .option("--mode <mode>", "live or test", "live")
    .option("--project <project>", "whose pauses it makes", "default")
    .option(
      "--plan <plan>",
      "what it may ask for: free, pro, or a plan of the configuration (default: no plan, no limit)",
    )
    .option("--scopes <list>", `a comma-separated list of ${scopes.join(", ")} (default: ${defaultScopes.join(",")})`)
    .option("--recipients <list>", "whom it may ask: @name, +1312…, *@example.com; comma-separated")
    .option("--min-timeout-minutes <n>", "the shortest time it may give a person")
    .option("--no-default-on-timeout", "silence may not decide: refuse timeout_default")
    .action(create);
  withCommonOptions(keys.command("list").description("list all keys")).action(list);
  withCommonOptions(
    keys.command("revoke").description("revoke a key, for good").argument("<id>", "the key's id, key_…"),
  ).action(revoke);
  addRotateSigning(keys);
}

interface CreateOptions extends CommonOptions {
  readonly name: string;
  readonly mode: string;
  readonly project: string;
  readonly plan?: string;
  readonly scopes?: string;
  readonly recipients?: string;
  readonly minTimeoutMinutes?: string;
  readonly defaultOnTimeout: boolean;
}

async function create(options: CreateOptions): Promise<void> {
  const config = await settingsOf(options);
  const { name, mode, project } = options;
  if (mode !== "live" && mode !== "test") throw new UsageError(`--mode must be live or test, not ${mode}`);
  if (!/^[a-z0-9][a-z0-9_.-]{0,62}$/i.test(project))
    throw new UsageError("--project must be 1 to 63 of letters, digits, _, . and -");
  if (name.length < 1 || name.length > 100 || !name.isWellFormed())
    throw new UsageError("--name must be 1 to 100 characters");
  const wanted = {
    name,
    mode,
    project,
    scopes: readScopes(options.scopes),
    limits: readLimits(options, config),
    plan: readPlan(options.plan, config),
  } as const;
  const made = await withFolder(config, ({ writer, context }) =>
    writer.write((tx) => createKey(tx, context, wanted, OPERATOR)),
  );
  if (options.json) {
    printJson({
      id: made.id,
      key: made.key,
      name,
      mode,
      project,
      scopes: wanted.scopes,
      plan: wanted.plan,
      limits: shownLimits(wanted.limits),
    });
    return;
  }
  print(made.key);
  printError(`${made.id} for ${project} (${mode}), in ${config.dataDir}.`);
  printError("It is shown this once; keep it where only the agent can read it.");
}

async function list(options: CommonOptions): Promise<void> {
  const config = await settingsOf(options);
  const month = monthsIn(config.limits.timeZone)(systemClock.now());
  const rows = await withFolder(config, async ({ writer }) => {
    const usage = usageOf(writer, config.plans, month);
    return writer.all(listKeys, {}).map((row) => ({ ...row, usage: usage(row) }));
  });
  if (options.json) {
    const data = rows.map(({ id, name, hint, mode, project, plan, ...row }) => ({
      id,
      name,
      hint,
      mode,
      project,
      scopes: row.scopes.split(" "),
      limits: shownLimits(JSON.parse(row.limits) as KeyLimits),
      plan,
      usage: shownUsage(row.usage, month),
      created_at: isoTime(row.created_at),
      revoked_at: row.revoked_at === null ? null : isoTime(row.revoked_at),
    }));
    printJson({ data });
    return;
  }
  printTable(
    ["ID", "NAME", "KEY", "PROJECT", "MODE", "PLAN", "USED", "LIMITS", "CREATED", "STATE"],
    rows.map((row) => [
      row.id,
      row.name,
      row.hint,
      row.project,
      row.mode,
      planInWords(row.plan, config),
      `${row.usage.used}${row.usage.limit === null ? "" : ` of ${row.usage.limit}`}`,
      limitsInWords(JSON.parse(row.limits) as KeyLimits, RECIPIENTS_NAMED).join("; ") || "none",
      isoTime(row.created_at),
      row.revoked_at === null ? "active" : "revoked",
    ]),
  );
}

async function revoke(id: string, options: CommonOptions): Promise<void> {
  const config = await settingsOf(options);
  const done = await withFolder(config, ({ writer, context }) =>
    writer.write((tx) => revokeKey(tx, context, id, OPERATOR)),
  );
  if (done === "unknown") throw new CommandFailed(`There is no key ${id}; pausepoint keys list shows them.`);
  if (options.json) printJson({ id, revoked: true });
  else print(done === "revoked" ? `${id} is revoked.` : `${id} was revoked before.`);
}

/** A plan that there is. @throws UsageError */
function readPlan(name: string | undefined, { plans }: LoadedConfig): string | null {
  if (name === undefined) return null;
  if (Object.hasOwn(plans, name)) return name;
  throw new UsageError(`--plan knows no ${name}; it knows ${Object.keys(plans).join(", ")}`);
}

function planInWords(plan: string | null, { plans }: LoadedConfig): string {
  if (plan === null) return "none";
  return Object.hasOwn(plans, plan) ? plan : `${plan} (not configured)`;
}

function readScopes(list: string | undefined): readonly Scope[] {
  if (list === undefined) return defaultScopes;
  return [...new Set(list.split(","))].map((name) => {
    if (!isScope(name)) throw new UsageError(`--scopes knows no ${name}; it knows ${scopes.join(", ")}`);
    return name;
  });
}

function readLimits(options: CreateOptions, config: LoadedConfig): KeyLimits {
  const least = options.minTimeoutMinutes === undefined ? null : readMinutes(options.minTimeoutMinutes);
  if (least === undefined)
    throw new UsageError(`--min-timeout-minutes must be a number above 0 and at most ${MOST_MINUTES}`);
  return {
    recipients: options.recipients === undefined ? null : readRecipients(options.recipients, config),
    minTimeoutMinutes: least,
    noDefaultOnTimeout: !options.defaultOnTimeout,
  };
}

/** An empty list is refused: it would forbid the key to ask, or let it ask anyone. */
function readRecipients(list: string, config: LoadedConfig): readonly string[] {
  const read = readAskables(list, config);
  if ("reason" in read) throw new UsageError(`--recipients ${read.reason}`);
  if (read.recipients.length === 0) throw new UsageError("--recipients names nobody; leave it out to allow anyone");
  return read.recipients;
}

function shownUsage({ used, limit }: Usage, { from, until }: Month) {
  return { used, limit, from: isoTime(from), until: isoTime(until) };
}

function shownLimits(limits: KeyLimits) {
  return {
    recipients: limits.recipients,
    min_timeout_minutes: limits.minTimeoutMinutes,
    no_default_on_timeout: limits.noDefaultOnTimeout,
  };
}
