import { readFileSync } from "node:fs";
import type { Command } from "commander";
import {
  NoteError,
  parseVerifierKey,
  storedCheckpoint,
  type Verification,
  type VerifierKey,
  verifyLive,
} from "../audit/index.ts";
import {
  checkpointNow,
  compareWithKept,
  type ExportRequest,
  exportCsv,
  exportLines,
  Faulty,
  type FileVerdict,
  logHead,
  openedBy,
  prepareExport,
  provePause,
  signingKeysOf,
  trustedLog,
  Unreadable,
  verifyFile,
} from "../evidence/index.ts";
import { pauseById } from "../pauses/index.ts";
import { openForReading, Reader, type Writer } from "../storage/index.ts";
import { type Folder, requireDatabase, withFolder } from "./folder.ts";
import { CommandFailed, print, printJson, UsageError, writeOut } from "./output.ts";
import { resume } from "./resume.ts";
import { type CommonOptions, settingsOf, timeIn, withCommonOptions } from "./settings.ts";

/** `pausepoint audit …`: what an auditor asks for, also beside a running server. */
export function addAudit(program: Command): void {
  const audit = program.command("audit").description("export, prove and verify the audit log");
  withCommonOptions(
    audit
      .command("export")
      .description("print the log, or a part of it, as a file that can be checked offline")
      .option("--format <format>", "jsonl to be verified, or csv for people", "jsonl")
      .option("--from <time>", "entries at or after this time, such as 2026-11-24T09:30:00Z")
      .option("--to <time>", "entries before this time")
      .option("--project <name>", "entries of one project")
      .option("--pause <id>", "entries of one pause")
      .option("--no-disclosures", "leave out what the entries commit to: messages, addresses, comments")
      .option("--out <file>", "write to this file in place of the terminal"),
  ).action(exportLog);
  withCommonOptions(
    audit
      .command("verify [file]")
      .description("verify an export or a proof offline; without a file, the live log against its tables")
      .option("--key <vkey>", "the log's verifier key, pinned beforehand")
      .option("--checkpoint <file...>", "a checkpoint that was kept elsewhere"),
  ).action(verify);
  withCommonOptions(
    audit
      .command("proof <pause>")
      .description("print the proof of one pause, which is checked alone")
      .option("--disclose <what>", "all, none, or JSON pointers such as /message,/comment", "all")
      .option("--out <file>", "write to this file in place of the terminal"),
  ).action(proof);
  withCommonOptions(
    audit
      .command("checkpoint")
      .description("print the newest signed checkpoint; keep it where this server can't reach it")
      .option("--public-key", "print the verifier key that checkpoints are checked with, to pin it")
      .option("--cosigned", "print the newest that a witness has cosigned"),
  ).action(checkpoint);
  withCommonOptions(
    audit
      .command("resume")
      .description("sign again after a restore, when that is safe")
      .option("--checkpoint <file>", "a checkpoint that was kept elsewhere, the newest there is")
      .option("--new-log", "go on under a new name and with a new key, since something that was signed is lost"),
  ).action(resume);
}

// Export and proof

interface ExportOptions extends CommonOptions {
  readonly format: string;
  readonly from?: string;
  readonly to?: string;
  readonly project?: string;
  readonly pause?: string;
  readonly disclosures: boolean;
  readonly out?: string;
}

async function exportLog(options: ExportOptions): Promise<void> {
  const { format } = options;
  if (format !== "jsonl" && format !== "csv") throw new UsageError("--format must be jsonl or csv.");
  await reading(options, async (source) => {
    const request: ExportRequest = {
      world: null,
      project: options.project ?? null,
      pause: options.pause === undefined ? null : pauseNamed(source.writer, options.pause),
      from: options.from === undefined ? null : timeIn("--from", options.from),
      to: options.to === undefined ? null : timeIn("--to", options.to),
      disclose: options.disclosures,
    };
    const prepared = await prepareExport(source, request);
    writeOut(options.out, format === "csv" ? exportCsv(source, prepared) : exportLines(source, prepared));
  });
}

async function proof(id: string, options: CommonOptions & { disclose: string; out?: string }): Promise<void> {
  await reading(options, async (source) => {
    const file = await provePause(source, pauseNamed(source.writer, id), openedBy(options.disclose));
    writeOut(options.out, [`${JSON.stringify(file, null, options.json === true ? 0 : 2)}\n`]);
  });
}

/** The folder, with a connection of its own for a long read. */
async function reading(options: CommonOptions, work: (source: Folder & Source) => Promise<void>): Promise<void> {
  const config = await settingsOf(options);
  requireDatabase(config);
  await withFolder(config, async (folder) => {
    const connection = openForReading(config.dataDir);
    try {
      await work({ ...folder, reader: new Reader(connection), clock: folder.context.clock });
    } finally {
      connection.close();
    }
  });
}

interface Source {
  readonly reader: Reader;
  readonly clock: Folder["context"]["clock"];
}

function pauseNamed(writer: Writer, id: string) {
  const pause = writer.one(pauseById, { id });
  if (pause === undefined) throw new UsageError(`There is no pause ${id}.`);
  return pause;
}

// Checkpoint

async function checkpoint(
  options: CommonOptions & { readonly publicKey?: boolean; readonly cosigned?: boolean },
): Promise<void> {
  const config = await settingsOf(options);
  requireDatabase(config);
  await withFolder(config, async ({ writer, attestor, published }) => {
    if (options.publicKey === true) {
      const key = await writer.write((tx) => attestor.keys.active(tx, "log"));
      if (options.json === true) printJson({ origin: key.name, public_key: key.id });
      else print(key.id);
      return;
    }
    const cosigned = options.cosigned === true;
    const newest = cosigned ? storedCheckpoint(writer, "cosigned") : await checkpointNow(writer, attestor);
    if (newest === null && cosigned) throw new CommandFailed("No witness has cosigned a checkpoint yet.");
    if (newest === null) throw new CommandFailed("Nothing has been signed yet: signing is withheld since a restore.");
    await published.flush();
    if (options.json === true)
      printJson({ size: newest.size, root: Buffer.from(newest.root).toString("base64"), checkpoint: newest.note });
    else print(newest.note.trimEnd());
  });
}

// Verify

interface VerifyOptions extends CommonOptions {
  readonly key?: string;
  readonly checkpoint?: readonly string[];
}

async function verify(file: string | undefined, options: VerifyOptions): Promise<void> {
  if (file !== undefined) {
    verifyOffline(file, options);
    return;
  }
  const config = await settingsOf(options);
  requireDatabase(config);
  const connection = openForReading(config.dataDir);
  try {
    const verification = verifyLive(connection);
    const isAgainst = options.key !== undefined || options.checkpoint !== undefined;
    const reader = new Reader(connection);
    const judged = isAgainst
      ? await withFolder(config, (folder) => againstKept(verification, { ...folder, reader }, options))
      : verification;
    report(judged, options);
  } finally {
    connection.close();
  }
}

/** What the log is held against beside its own tables: a pinned key, and checkpoints that were kept elsewhere. */
async function againstKept(
  verification: Verification,
  { reader, writer, attestor }: Folder & Pick<Source, "reader">,
  { key, checkpoint = [] }: VerifyOptions,
): Promise<Verification> {
  if (verification.fault !== null || (key === undefined && checkpoint.length === 0)) return verification;
  const head = logHead(await signingKeysOf(writer, attestor));
  let what: string | null;
  try {
    const trusted = trustedLog(head, { pinned: key === undefined ? null : pinnedKey(key), kept: [] });
    const notes =
      checkpoint.length > 0 ? checkpoint.map(textOf) : [(await checkpointNow(writer, attestor))?.note ?? ""];
    what = compareWithKept(reader, verification.entries, trusted, notes);
  } catch (error) {
    if (!(error instanceof Faulty)) throw error;
    what = error.message;
  }
  return what === null ? verification : { ...verification, fault: { seq: null, what } };
}

function verifyOffline(file: string, { key, checkpoint = [], json }: VerifyOptions): void {
  const trust = { pinned: key === undefined ? null : pinnedKey(key), kept: checkpoint.map(textOf) };
  let verdict: FileVerdict;
  try {
    verdict = verifyFile(file, trust);
  } catch (error) {
    if (error instanceof Unreadable) throw new UsageError(`The file can't be verified: ${error.message}.`);
    if ((error as { code?: string }).code === undefined) throw error;
    throw new UsageError(`The file ${file} can't be read (${(error as { code?: string }).code}).`);
  }
  const { fault, entries, origin, isPinned, disclosures, unknown, firstSeq, lastSeq } = verdict;
  if (json === true) {
    printJson({
      valid: fault === null,
      file: verdict.file,
      origin,
      key_pinned: isPinned,
      entries,
      first_seq: firstSeq,
      last_seq: lastSeq,
      disclosures,
      checkpoint: verdict.checkpoint,
      fault,
      not_shown: unknown,
    });
  }
  if (fault !== null) {
    const where = fault.line > 0 ? `, in line ${fault.line}` : "";
    throw new CommandFailed(`The ${verdict.file} is not valid (${fault.kind}${where}): ${fault.what}.`);
  }
  if (json === true) return;
  const span = firstSeq === null ? "no entries" : `${entries} entries, ${firstSeq} to ${lastSeq}`;
  const head = verdict.checkpoint;
  print(
    `${isPinned ? "Valid" : "Consistent; key not pinned"}: ${span}, and ${disclosures} disclosed values, of the log ${origin}.\n` +
      `checkpoint ${head?.size} ${head?.root}`,
  );
  for (const what of unknown) print(`Not shown: ${what}.`);
}

function pinnedKey(text: string): VerifierKey {
  try {
    return parseVerifierKey(text.trim());
  } catch (error) {
    if (error instanceof NoteError) throw new UsageError(`--key is no verifier key: ${error.message}.`);
    throw error;
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`The checkpoint ${file} can't be read (${(error as { code?: string }).code}).`);
  }
}

function report(verification: Verification, { json, key, checkpoint = [] }: VerifyOptions): void {
  const { entries, pauses, checkpoints, receipts, erasedDisclosures, headHash, root, fault } = verification;
  if (json === true) {
    const shown = {
      entries,
      pauses,
      checkpoints,
      receipts,
      erased_disclosures: erasedDisclosures,
      head: headHash,
      root,
    };
    printJson({ valid: fault === null, ...shown, fault });
  }
  if (fault !== null) {
    const where = fault.seq === null ? "in the tables" : `at entry ${fault.seq}`;
    throw new CommandFailed(`The log is not valid. First fault, ${where}: ${fault.what}`);
  }
  if (json === true) return;
  const against = [
    key === undefined ? "no signing key is pinned" : "the pinned key has signed",
    ...(checkpoint.length === 0 ? [] : ["it goes on from what was kept elsewhere"]),
  ].join(", ");
  print(`Consistent: ${entries} entries and ${pauses} pauses agree; ${against}.`);
  print(`${checkpoints} checkpoints and ${receipts} receipts are genuine.`);
  if (erasedDisclosures > 0) print(`${erasedDisclosures} disclosures have been erased.`);
  print(`head ${headHash}\nroot ${root}`);
}
