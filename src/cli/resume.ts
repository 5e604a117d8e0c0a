import { readFileSync } from "node:fs";
import { type Checkpoint, type Withheld, withheld } from "../audit/index.ts";
import { beginAnew, type Renamed, readKept, readPublished, resumeWith, Witnessing } from "../evidence/index.ts";
import type { LoadedConfig } from "../platform/config/load.ts";
import type { Tx, Work } from "../storage/index.ts";
import { type Folder, withFolder } from "./folder.ts";
import { CommandFailed, print, printJson, UsageError } from "./output.ts";
import { type CommonOptions, logOf, settingsOf } from "./settings.ts";

interface ResumeOptions extends CommonOptions {
  readonly checkpoint?: string;
  readonly newLog?: boolean;
}

/** `pausepoint audit resume`: settles what signing was withheld for, also beside a running server. */
export async function resume(options: ResumeOptions): Promise<void> {
  const config = await settingsOf(options);
  const kept = options.checkpoint === undefined ? null : readNote(options.checkpoint);
  await withFolder(config, async (folder) => {
    if (options.newLog === true) await goOnUnderNewName(folder, config, kept, options.json === true);
    else if (kept !== null) await goOnWith(folder, kept, options.json === true);
    else await askAround(folder, config, options.json === true);
  });
}

async function goOnWith(folder: Folder, note: string, json: boolean): Promise<void> {
  const outcome = await folder.writer.write((tx) => resumeWith(tx, partsOf(folder), note));
  if (outcome.kind === "refused") throw new CommandFailed(`${outcome.why} ${ONLY_NEW}`);
  const { origin, size } = outcome.checkpoint;
  report(
    json,
    { signing: true, origin, new_origin: null },
    `The log holds all ${size} entries of that checkpoint; it is signed as ${origin}.`,
  );
}

async function goOnUnderNewName(
  folder: Folder,
  config: LoadedConfig,
  note: string | null,
  json: boolean,
): Promise<void> {
  const parts = partsOf(folder);
  const { oldOrigin, newOrigin } = await folder.writer.write(function* (tx): Work<Renamed> {
    const kept = note === null ? null : yield* readKept(tx, parts, note);
    if (typeof kept === "string") throw new CommandFailed(kept);
    const published = yield* readPublished(tx, parts.attestor, config.dataDir);
    return yield* beginAnew(tx, parts, larger(kept, published));
  });
  await folder.published.flush();
  report(
    json,
    { signing: true, origin: newOrigin, old_origin: oldOrigin },
    `The log goes on as ${newOrigin}, with a new key. Give its verifier key to the witnesses and to whoever pinned the old one: pausepoint audit checkpoint --public-key`,
  );
}

/** Nothing was given: published-head was compared already, and the witnesses are asked. */
async function askAround(folder: Folder, config: LoadedConfig, json: boolean): Promise<void> {
  const { writer, published } = folder;
  const state = () => writer.write((tx) => stateOf(tx));
  const before = await state();
  if (before === null) return report(json, { signing: true }, "Signing is not withheld; there is nothing to do.");
  const witnessing = new Witnessing({ ...config.audit, ...partsOf(folder), writer, published, log: logOf(config) });
  const said = before.kind === "unknown" ? await witnessing.askAll() : new Map<string, string | null>();
  const after = await state();
  if (after === null)
    return report(json, { signing: true }, "A witness knows no more than this log has; it is signed again.");
  if (after.kind === "lost") throw new CommandFailed(`${after.why} ${ONLY_NEW}`);
  const silent = [...said].map(([name, why]) => ` The witness ${name}: ${why ?? "nothing to ask it"}.`).join("");
  throw new CommandFailed(
    `${after.why}${silent} Give a checkpoint that was kept elsewhere with --checkpoint FILE, or go on under a new name with --new-log.`,
  );
}

const ONLY_NEW = "Go on under a new name: pausepoint audit resume --new-log";

function* stateOf(tx: Tx): Work<Withheld | null> {
  return yield* tx.shared(withheld);
}

function partsOf({ attestor, context: { clock, random } }: Folder) {
  return { attestor, clock, random };
}

function larger(one: Checkpoint | null, other: Checkpoint | null): Checkpoint | null {
  if (one === null || other === null) return one ?? other;
  return one.size >= other.size ? one : other;
}

function readNote(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`--checkpoint can't be read: ${(error as Error).message}`);
  }
}

function report(json: boolean, values: object, words: string): void {
  if (json) printJson(values);
  else print(words);
}
