import type { Command } from "commander";
import { NoteError, parseVerifierKey, satisfies, type VerifierKey } from "../audit/index.ts";
import { type HttpServer, startServer } from "../http/server.ts";
import { isoTime, systemClock } from "../platform/clock.ts";
import { listenUrl } from "../platform/config/listen.ts";
import { IdSource } from "../platform/ids.ts";
import { createLog } from "../platform/log.ts";
import { systemRandom } from "../platform/random.ts";
import { version } from "../platform/version.ts";
import { lockFolder, makeFolder } from "../storage/index.ts";
import { makeCosigner, openLedger, readCosigner, Witness, witnessRoutes } from "../witness/index.ts";
import { CommandFailed, print, printJson, UsageError } from "./output.ts";
import { stopSignal } from "./stop-signal.ts";
import { readInput, readPolicy } from "./trust-file.ts";

const GRACE_MS = 5_000;
const DEFAULT_PORT = "8788";

/** `pausepoint witness init|serve|check`: a second party's program, which has nothing of PausePoint's own data. */
export function addWitness(program: Command): void {
  const witness = program.command("witness").description("witness the logs of others: cosign that they only ever grow");
  withFolderOption(witness.command("init").description("make the witness's key, and print what logs are given of it"))
    .requiredOption("--name <name>", "who cosigns, such as auditor.example/w1; for good")
    .action(init);
  withFolderOption(witness.command("serve").description("run the witness"))
    .option("--log <vkey>", "the verifier key of a log to watch; as often as there are logs", collect, [])
    .option("--log-file <file>", "a file of such keys, one a line; lines with # are comments")
    .option("--host <host>", "the address to listen on", "127.0.0.1")
    .option("--port <port>", "the port to listen on; 0 for any", DEFAULT_PORT)
    .action(serve);
  witness
    .command("check")
    .description("check a checkpoint against a trust file: who has signed it, and is it enough")
    .argument("<checkpoint>", "a file with the signed note")
    .requiredOption("--policy <file>", "the trust file: lines with log, witness, group and quorum")
    .option("--json", "print JSON")
    .action(check);
}

/** Needs no folder and no server: what an auditor was sent, and whom they trust. */
function check(file: string, { policy: trustFile, json }: { readonly policy: string; readonly json?: boolean }): void {
  const verdict = satisfies(readPolicy(trustFile), readInput(file).toString("utf8"));
  const { satisfied, why, checkpoint, log } = verdict;
  const cosigners = verdict.cosigners.map(({ name, time }) => ({ name, at: isoTime(time * 1000) }));
  if (json === true)
    printJson({ satisfied, why, origin: checkpoint?.origin ?? null, size: checkpoint?.size ?? null, cosigners });
  if (!satisfied) throw new CommandFailed(why ?? "The checkpoint does not satisfy the trust file.");
  if (json === true) return;
  const by = cosigners.map(({ name, at }) => `, cosigned by ${name} at ${at}`).join("");
  print(`${log?.name} had ${checkpoint?.size} entries${by}.`);
}

interface FolderOption {
  readonly data: string;
  readonly json?: boolean;
}

function withFolderOption(command: Command): Command {
  return command
    .requiredOption("--data <folder>", "the witness's own folder: its key, and what it has cosigned")
    .option("--json", "print JSON");
}

function init({ data, name, json }: FolderOption & { readonly name: string }): void {
  makeFolder(data);
  const { vkey } = named(() => makeCosigner(data, name, systemRandom()));
  if (json === true) printJson({ name, public_key: vkey, data });
  else print(vkey);
}

interface ServeOptions extends FolderOption {
  readonly log: readonly string[];
  readonly logFile?: string;
  readonly host: string;
  readonly port: string;
}

async function serve(options: ServeOptions): Promise<void> {
  const { data, host, json = false } = options;
  const logs = watchedLogs(options);
  const port = Number(options.port);
  if (!/^\d+$/.test(options.port) || port > 65_535)
    throw new UsageError("--port must be a whole number from 0 to 65535");
  const log = createLog("info", "text", Date.now, (line) => process.stderr.write(line));
  const cosigner = readCosigner(data);
  const lock = lockFolder(data);
  let server: HttpServer | null = null;
  try {
    const witness = new Witness({ cosigner, ledger: openLedger(data, logs), logs, clock: systemClock, log });
    server = startServer({
      keys: { find: () => null },
      clock: systemClock,
      ids: new IdSource(systemClock, systemRandom()),
      log,
      listen: { host, port, trustProxy: [] },
      routes: witnessRoutes(witness),
    });
    const url = listenUrl({ host, port: server.port });
    const origins = witness.watched;
    if (json) printJson({ version: version.number, url, public_key: witness.vkey, logs: origins, data });
    else
      print(
        `PausePoint ${version.number}  witness at ${url}  (data in ${data})\n${witness.vkey}\nWatches ${origins.join(", ")}.`,
      );
    await stopSignal();
  } finally {
    await server?.stop(GRACE_MS);
    lock.release();
  }
}

/** @throws UsageError for what is no key of a log, and when there is none. */
function watchedLogs({ log, logFile }: ServeOptions): VerifierKey[] {
  const lines = logFile === undefined ? [] : readInput(logFile).toString("utf8").split("\n");
  const keys = [...log, ...lines]
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => named(() => parseVerifierKey(line)));
  const other = keys.find(({ type }) => type !== "ed25519");
  if (other !== undefined) throw new UsageError(`${other.name} is the key of a witness, not of a log`);
  if (keys.length === 0)
    throw new UsageError(
      "name the logs to watch with --log or --log-file: what `pausepoint audit checkpoint --public-key` prints there",
    );
  return keys;
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

/** What is wrong with a name or a key is wrong use. */
function named<R>(read: () => R): R {
  try {
    return read();
  } catch (error) {
    if (error instanceof NoteError) throw new UsageError(`The name or key can't be used: it is ${error.message}.`);
    throw error;
  }
}
