import type { Command } from "commander";
import { verifyLive } from "../audit/index.ts";
import { articles, checkpointNow, collectReport, DATES, type Report, reportHtml } from "../evidence/index.ts";
import { openForReading, Reader } from "../storage/index.ts";
import { withFolder } from "./folder.ts";
import { UsageError, writeOut } from "./output.ts";
import { type CommonOptions, settingsOf, timeIn, withCommonOptions } from "./settings.ts";

interface ReportOptions extends CommonOptions {
  readonly from: string;
  readonly to?: string;
  readonly project?: string;
  readonly byPerson?: boolean;
  readonly verify: boolean;
  readonly out?: string;
}

/** `pausepoint report`: how people decided in some time, for whoever answers for the oversight. */
export function addReport(program: Command): void {
  withCommonOptions(
    program
      .command("report")
      .description("how people decided in some time: a page to print, or JSON")
      .requiredOption("--from <time>", "what happened at or after this time, such as 2026-11-01")
      .option("--to <time>", "what happened before this time (default: now)")
      .option("--project <name>", "one project")
      .option("--by-person", "also the figures of each person: personal data")
      .option("--no-verify", "do not walk the whole log")
      .option("--out <file>", "write to this file in place of the terminal"),
  ).action(report);
}

async function report(options: ReportOptions): Promise<void> {
  const config = await settingsOf(options);
  await withFolder(config, async ({ writer, attestor, context }) => {
    const now = context.clock.now();
    const request = {
      from: timeIn("--from", options.from),
      to: options.to === undefined ? now : timeIn("--to", options.to),
      project: options.project ?? null,
      byPerson: options.byPerson === true,
    };
    if (request.from >= request.to) throw new UsageError("--from must be before --to.");
    const checkpoint = await checkpointNow(writer, attestor);
    const connection = openForReading(config.dataDir);
    try {
      const fault = options.verify ? verifyLive(connection).fault : null;
      const verified = options.verify ? { valid: fault === null, fault: fault?.what ?? null } : null;
      const made = collectReport(new Reader(connection), request, { checkpoint, verified }, now);
      writeOut(options.out, [options.json === true ? jsonOf(made) : reportHtml(made)]);
    } finally {
      connection.close();
    }
  });
}

function jsonOf(report: Report): string {
  const map = articles.map(({ article, asks, shown, notShown }) => ({ article, asks, shown, not_shown: notShown }));
  return `${JSON.stringify({ ...report, eu_ai_act: { note: DATES, articles: map } })}\n`;
}
