import type { Command } from "commander";
import { type Verification, verifyLive } from "../audit/index.ts";
import { checkpointNow } from "../evidence/index.ts";
import { openForReading } from "../storage/index.ts";
import { requireDatabase, withFolder } from "./folder.ts";
import { CommandFailed, print, printJson } from "./output.ts";
import { type CommonOptions, settingsOf, withCommonOptions } from "./settings.ts";

/** `pausepoint audit …`: what an auditor asks for, also beside a running server. */
export function addAudit(program: Command): void {
  const audit = program.command("audit").description("verify the audit log, and sign what it has come to");
  withCommonOptions(
    audit.command("verify").description("walk the whole log, and recompute from it what the tables say"),
  ).action(verify);
  withCommonOptions(
    audit
      .command("checkpoint")
      .description("print the newest signed checkpoint; keep it where this server can't reach it")
      .option("--public-key", "print the verifier key that checkpoints are checked with, to pin it"),
  ).action(checkpoint);
}

async function checkpoint(options: CommonOptions & { readonly publicKey?: boolean }): Promise<void> {
  const config = await settingsOf(options);
  requireDatabase(config);
  await withFolder(config, async ({ writer, attestor }) => {
    if (options.publicKey === true) {
      const key = await writer.write((tx) => attestor.keys.active(tx, "log"));
      if (options.json === true) printJson({ origin: key.name, public_key: key.id });
      else print(key.id);
      return;
    }
    const newest = await checkpointNow(writer, attestor);
    if (newest === null) throw new CommandFailed("Nothing has been signed yet: signing is withheld since a restore.");
    if (options.json === true)
      printJson({ size: newest.size, root: Buffer.from(newest.root).toString("base64"), checkpoint: newest.note });
    else print(newest.note.trimEnd());
  });
}

async function verify(options: CommonOptions): Promise<void> {
  const config = await settingsOf(options);
  requireDatabase(config);
  const connection = openForReading(config.dataDir);
  try {
    report(verifyLive(connection), options.json === true);
  } finally {
    connection.close();
  }
}

function report(verification: Verification, json: boolean): void {
  const { entries, pauses, erasedDisclosures, headHash, root, fault } = verification;
  if (json) {
    const shown = { entries, pauses, erased_disclosures: erasedDisclosures, head: headHash, root };
    printJson({ valid: fault === null, ...shown, fault });
  }
  if (fault !== null) {
    const where = fault.seq === null ? "in the tables" : `at entry ${fault.seq}`;
    throw new CommandFailed(`The log is not valid. First fault, ${where}: ${fault.what}`);
  }
  if (json) return;
  print(`Consistent: ${entries} entries and ${pauses} pauses agree; no signing key is pinned.`);
  if (erasedDisclosures > 0) print(`${erasedDisclosures} disclosures have been erased.`);
  print(`head ${headHash}\nroot ${root}`);
}
