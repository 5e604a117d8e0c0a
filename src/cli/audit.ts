import type { Command } from "commander";
import { type Verification, verifyLive } from "../audit/index.ts";
import { openForReading } from "../storage/index.ts";
import { requireDatabase } from "./folder.ts";
import { CommandFailed, print, printJson } from "./output.ts";
import { type CommonOptions, settingsOf, withCommonOptions } from "./settings.ts";

/** `pausepoint audit verify`: walks the live log and compares it with the tables, also beside a running server. */
export function addAudit(program: Command): void {
  const audit = program.command("audit").description("verify the audit log");
  withCommonOptions(
    audit.command("verify").description("walk the whole log, and recompute from it what the tables say"),
  ).action(verify);
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
