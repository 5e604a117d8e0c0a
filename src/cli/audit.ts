import type { Command } from "commander";
import { storedCheckpoint } from "../audit/index.ts";
import {
  checkpointNow,
  type ExportRequest,
  exportCsv,
  exportLines,
  openedBy,
  prepareExport,
  provePause,
} from "../evidence/index.ts";
import { pauseById } from "../pauses/index.ts";
import { openForReading, Reader, type Writer } from "../storage/index.ts";
import { verify } from "./audit-verify.ts";
import { type Folder, withFolder } from "./folder.ts";
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
      .option("--checkpoint <file...>", "a checkpoint that was kept elsewhere")
      .option("--policy <file>", "a trust file (C2SP tlog-policy): which keys and witnesses you want; for a file"),
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
