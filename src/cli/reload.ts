/** `pausepoint config reload`: asks the server that runs on the folder, and says what it answered. */
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { ConfigError } from "../platform/config/error.ts";
import { writeWholeFile } from "../platform/whole-file.ts";
import { isFolderServed } from "../storage/index.ts";
import { CommandFailed, print, printJson } from "./output.ts";
import { REQUEST, RESULT, type ReloadResult } from "./reloads.ts";

const LOOK_MS = 50;
/** Attempts that are under way are let finish first, and have up to two minutes. */
const WAIT_MS = 180_000;

/**
 * @throws ConfigError when the server refuses its configuration, CommandFailed when no server runs there, or it could not
 * put it in force
 */
export async function askToReload(dataDir: string, json: boolean): Promise<void> {
  const result = await answerOf(dataDir);
  if (result.outcome === "refused") throw new ConfigError(result.why);
  if (result.outcome === "failed") throw new CommandFailed(`The configuration was not put in force: ${result.why}`);
  const { source, restart } = result;
  if (json) {
    printJson({ reloaded: true, source, restart });
    return;
  }
  print(source === null ? "Reloaded: no configuration file, everything at its default." : `Reloaded ${source}.`);
  if (restart.length > 0) print(`Note: ${restart.join(", ")} changed as well; restart the server for that.`);
}

async function answerOf(dataDir: string): Promise<ReloadResult> {
  if (!existsSync(dataDir) || !isFolderServed(dataDir))
    throw new CommandFailed(`No server is running on ${dataDir}; the next start reads the configuration.`);
  const asked = randomUUID();
  const [request, result] = [join(dataDir, REQUEST), join(dataDir, RESULT)];
  writeWholeFile(request, asked);
  for (const end = Date.now() + WAIT_MS; Date.now() < end; await after(LOOK_MS)) {
    const answer = existsSync(result) ? (JSON.parse(readFileSync(result, "utf8")) as ReloadResult) : null;
    if (answer?.asked === asked) return answer;
    if (isFolderServed(dataDir)) continue;
    rmSync(request, { force: true });
    throw new CommandFailed("The server stopped meanwhile; the next start reads the configuration.");
  }
  rmSync(request, { force: true });
  throw new CommandFailed("The server has not answered; see its log.");
}
