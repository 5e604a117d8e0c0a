import type { Command } from "commander";
import { Problem } from "../platform/problem.ts";
import { type Erasure, Privacy } from "../privacy/index.ts";
import { quietly, withFolder } from "./folder.ts";
import { CommandFailed, print, printJson, printTable, UsageError } from "./output.ts";
import { type CommonOptions, settingsOf, withCommonOptions } from "./settings.ts";

const OPERATOR = { type: "operator", id: null } as const;

interface SubjectOptions extends CommonOptions {
  readonly recipient: string;
}

/** `pausepoint privacy erase|export|hold|release|holds`, also beside a running server. */
export function addPrivacy(program: Command): void {
  const privacy = program
    .command("privacy")
    .description("take personal data away, show it, or keep it from being erased");
  withSubject(privacy.command("erase").description("erase everything about a recipient, for good"))
    .option("--dry-run", "only say what would be erased")
    .option("--reason <text>", "why, for the log; don't name anybody in it")
    .action(erase);
  withSubject(
    privacy.command("export").description("print everything that is stored about a recipient, as JSON"),
  ).action(exportAll);
  withSubject(privacy.command("hold").description("forbid that a recipient is erased"))
    .requiredOption("--reason <text>", "why; don't name anybody in it")
    .action(hold);
  withSubject(privacy.command("release").description("release every hold on a recipient")).action(release);
  withCommonOptions(privacy.command("holds").description("list the holds")).action(holds);
}

function withSubject(command: Command): Command {
  return withCommonOptions(command).requiredOption(
    "--recipient <address>",
    "a phone number, a mail address, a Slack id, a topic, or @name with all addresses of that person",
  );
}

async function erase(options: SubjectOptions & { readonly dryRun?: boolean; readonly reason?: string }): Promise<void> {
  const asked = { actor: OPERATOR, reason: options.reason ?? null, dryRun: options.dryRun === true };
  const done = await inFolder(options, (privacy) => privacy.erase(options.recipient, asked));
  if (options.json) printJson(done);
  else report(done);
  if (!done.dry_run && !done.complete)
    throw new CommandFailed(
      "Everything is erased but for the write-ahead log, which somebody who reads the database keeps from being cut; run pausepoint privacy erase once more when they have finished.",
    );
}

function report(done: Erasure): void {
  const many = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;
  if (done.dry_run)
    print(`Would erase ${many(done.pauses, "pause")}; ${done.withdrawn} of them still wait and would be withdrawn.`);
  else
    print(
      `Erased ${many(done.pauses, "pause")} and what opens ${done.entries ?? 0} entries of the log; ${done.withdrawn} still waited and were withdrawn.`,
    );
  if ((done.kept_on_hold ?? 0) > 0)
    print(`Kept ${many(done.kept_on_hold ?? 0, "pause")}: somebody else whom they asked is on hold.`);
  const { keys, people } = done.still_named;
  if (keys.length > 0)
    print(`Keys whose limits name this recipient still: ${keys.join(", ")}. Revoke them, then erase again.`);
  if (people.length > 0)
    print(`The configuration names this recipient still: ${people.join(", ")}. Take the address out of it.`);
  if (done.backups.length === 0)
    print("No backup is known here. Backups made before hold the content still; restoring one erases it again.");
  else {
    print("Backups made before hold the content still; restoring one erases it again, deleting one is up to you:");
    printTable(
      ["MADE", "FILE"],
      done.backups.map(({ file, made_at }) => [made_at, file]),
    );
  }
}

async function exportAll(options: SubjectOptions): Promise<void> {
  const found = await inFolder(options, (privacy) => privacy.export(options.recipient));
  if (options.json) printJson(found);
  else print(JSON.stringify(found, null, 2));
}

async function hold(options: SubjectOptions & { readonly reason: string }): Promise<void> {
  if (options.reason.trim() === "") throw new UsageError("--reason must say why");
  const set = await inFolder(options, (privacy) => privacy.hold(options.recipient, options.reason, OPERATOR));
  if (options.json) printJson(set);
  else print(`${set.id} is set: this recipient can't be erased until it is released.`);
}

async function release(options: SubjectOptions): Promise<void> {
  const released = await inFolder(options, (privacy) => privacy.release(options.recipient, OPERATOR));
  if (released.length === 0)
    throw new CommandFailed("There is no hold on this recipient; pausepoint privacy holds lists them.");
  if (options.json) printJson({ data: released });
  else for (const { id } of released) print(`${id} is released.`);
}

async function holds(options: CommonOptions): Promise<void> {
  const rows = await inFolder(options, async (privacy) => privacy.holds());
  if (options.json) printJson({ data: rows });
  else
    printTable(
      ["ID", "SET", "RELEASED", "REASON"],
      rows.map(({ id, set_at, released_at, reason }) => [id, set_at, released_at ?? "", reason]),
    );
}

async function inFolder<R>(options: CommonOptions, work: (privacy: Privacy) => Promise<R>): Promise<R> {
  const config = await settingsOf(options);
  try {
    return await withFolder(config, (folder) =>
      work(new Privacy({ ...folder, context: quietly(folder), directory: config, dataDir: config.dataDir })),
    );
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.slug === "legal-hold") throw new CommandFailed(error.message);
    throw new UsageError(error.message.replace(/^\/recipient: /, "--recipient "));
  }
}
