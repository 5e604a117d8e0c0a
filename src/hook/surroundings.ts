/** What a hook finds on its machine: the rules, the server, and a folder to write things down in. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { PausePoint } from "../../clients/typescript/src/index.ts";
import { mergedRules, parseRules, type Rules, RulesError } from "./rules.ts";

export type Env = Readonly<Record<string, string | undefined>>;

const FILE = "pausepoint.hooks.json";
/** One request; a server that takes longer than this to write down a question is as good as away. */
const REQUEST_MS = 8_000;
const PATIENCE_MS = 20_000;

/** Where the user's own rules stand, in full: `$PAUSEPOINT_HOOKS`, else below the user's configuration. */
export function userRulesFile(env: Env): string {
  if (env.PAUSEPOINT_HOOKS) return resolve(env.PAUSEPOINT_HOOKS);
  return join(env.XDG_CONFIG_HOME || join(homeOf(env), ".config"), "pausepoint/hooks.json");
}

/** @throws RulesError for a file that is there and can't be used */
export function rulesFor(env: Env, cwd: string): Rules {
  const own = userRulesFile(env);
  const project = projectFile(env.CLAUDE_PROJECT_DIR || cwd);
  const named = readIfThere(own);
  if (named === null && env.PAUSEPOINT_HOOKS)
    throw new RulesError(`${own}, which PAUSEPOINT_HOOKS names, is not there`);
  const local = project === null ? null : readIfThere(project);
  return mergedRules(
    named === null ? null : parseRules(named, own),
    local === null ? null : parseRules(local, project ?? FILE),
    { user: own, project: project ?? FILE },
  );
}

/** The nearest one from a folder upwards, or null. */
function projectFile(folder: string): string | null {
  if (!isAbsolute(folder)) return null;
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, FILE))) return join(at, FILE);
    if (dirname(at) === at) return null;
  }
}

/** @throws RulesError that says what to set */
export function serverFor(env: Env, rules: Rules): { api: PausePoint; secret: string } {
  const url = rules.url ?? (env.PAUSEPOINT_URL || "http://127.0.0.1:8787");
  const apiKey = rules.keyFile === null ? (env.PAUSEPOINT_API_KEY ?? "") : keyIn(rules.keyFile, env);
  if (apiKey === "") throw new RulesError("there is no key: set PAUSEPOINT_API_KEY, or key_file in your own rules");
  return { api: new PausePoint({ url, apiKey, timeoutMs: REQUEST_MS, patienceMs: PATIENCE_MS }), secret: apiKey };
}

export function stateFolder(env: Env): string {
  return join(env.XDG_STATE_HOME || join(homeOf(env), ".local/state"), "pausepoint/hooks");
}

function homeOf(env: Env): string {
  return env.HOME || homedir();
}

function keyIn(path: string, env: Env): string {
  const text = readIfThere(path.replace(/^~(?=\/)/, homeOf(env)));
  if (text === null) throw new RulesError(`the key_file ${path} is not there`);
  return text.trim();
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new RulesError(`${path} can't be read (${code})`);
  }
}
