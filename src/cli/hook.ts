import { homedir } from "node:os";
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { ownProgram } from "../platform/program.ts";
import { CommandFailed, print, UsageError } from "./output.ts";

/** `pausepoint hook`: the permission hook of a coding agent, and its place in the agent's settings. */
export function addHook(program: Command): void {
  const hook = program
    .command("hook")
    .description("a permission hook: a coding agent's dangerous command asks a phone")
    .argument("<agent>", "claude-code, codex, cursor, gemini, copilot, vscode or opencode")
    .addHelpText(
      "after",
      "\nReads the agent's event on stdin and prints what this agent understands. docs/permission-hooks.md",
    )
    .action(run);
  const scope = () => new Option("--scope <scope>", "whose settings").choices(["user", "project"]).default("user");
  hook
    .command("install")
    .description("write the hook into an agent's settings")
    .argument("<agent>", "as above")
    .addOption(scope())
    .option("--dry-run", "show the file, and write nothing")
    .action((name: string, options: InstallOptions) => change(name, options, true));
  hook
    .command("uninstall")
    .description("take the hook out of an agent's settings")
    .argument("<agent>", "as above")
    .addOption(scope())
    .option("--dry-run", "show the file, and write nothing")
    .action((name: string, options: InstallOptions) => change(name, options, false));
  hook
    .command("check")
    .description("try out the hook as it is installed")
    .argument("<agent>", "as above")
    .addOption(scope())
    .option("--ask", "really ask a person, and wait")
    .action(check);
}

interface InstallOptions {
  readonly scope: "user" | "project";
  readonly dryRun?: boolean;
}

async function run(name: string): Promise<void> {
  const host = await hostFor(name);
  const { answerHost } = await import("../hook/process.ts");
  await answerHost(host);
}

/** @throws UsageError for one that is not known */
async function hostFor(name: string) {
  const { hostNamed, hosts } = await import("../hook/hosts/index.ts");
  const host = hostNamed(name);
  if (host === null) throw new UsageError(`There is no agent ${name}; there are ${Object.keys(hosts).join(", ")}.`);
  return host;
}

function placeHere() {
  return { home: process.env.HOME || homedir(), project: process.cwd() };
}

/** The rules in this folder. @throws UsageError for a file that can't be used */
async function rulesHere() {
  const [{ rulesFor }, { RulesError }] = await Promise.all([
    import("../hook/surroundings.ts"),
    import("../hook/rules.ts"),
  ]);
  try {
    return rulesFor(process.env, process.cwd());
  } catch (error) {
    if (error instanceof RulesError) throw new UsageError(`${error.message}.`);
    throw error;
  }
}

async function change(name: string, { scope, dryRun = false }: InstallOptions, adds: boolean): Promise<void> {
  const host = await hostFor(name);
  const [{ apply, installing, uninstalling }, { SettingsError, setups }] = await Promise.all([
    import("../hook/install.ts"),
    import("../hook/settings.ts"),
  ]);
  const rules = await rulesHere();
  const minutes = rules.held ? 1 : rules.minutes;
  try {
    const made = adds
      ? installing({ program: ownProgram, host: host.name, minutes }, scope, placeHere())
      : uninstalling(host.name, scope, placeHere());
    if (made.before === made.after) return print(`${made.file}: nothing to change.`);
    if (dryRun)
      return print(`${made.file}: would ${made.after === null ? "be removed" : `hold\n\n${made.after.trimEnd()}`}`);
    apply(made);
    print(`${made.file}: ${made.after === null ? "removed" : "written"}.`);
  } catch (error) {
    if (error instanceof SettingsError) throw new CommandFailed(`${error.message}.`);
    throw error;
  }
  if (!adds) return;
  for (const step of setups[host.name].next) print(step);
  if (rules.to === null)
    print(
      `Nobody is named yet who is asked: put { "to": "@oncall" } into ${rules.file}. Until then every question is a no.`,
    );
  print(`Then: pausepoint hook check ${host.name}${scope === "user" ? "" : " --scope project"}`);
}

async function check(
  name: string,
  { scope, ask = false }: { scope: "user" | "project"; ask?: boolean },
): Promise<void> {
  const host = await hostFor(name);
  const [{ installed }, { SettingsError }, { fire, syntheticEvent, told }] = await Promise.all([
    import("../hook/install.ts"),
    import("../hook/settings.ts"),
    import("../hook/check.ts"),
  ]);
  const rules = await rulesHere();
  let there: ReturnType<typeof installed>;
  try {
    there = installed(host.name, scope, placeHere(), rules.held ? 1 : rules.minutes);
  } catch (error) {
    if (error instanceof SettingsError) throw new CommandFailed(`${error.message}.`);
    throw error;
  }
  const [first] = there.found;
  if (first === undefined)
    throw new CommandFailed(`${there.file} holds no hook of PausePoint: pausepoint hook install ${name}`);
  const cwd = resolve(process.cwd());
  const results: [string, string | null][] =
    there.faults.length === 0
      ? [["limits and switches of the host's settings", null]]
      : there.faults.map((fault) => ["the host's settings", fault]);
  const expect = async (what: string, event: string, wanted: readonly string[]) => {
    const fired = await fire(first, event, cwd);
    const became = fired === null ? "could not be started" : told(fired);
    results.push([
      what,
      wanted.includes(became)
        ? null
        : `${became}${fired === null ? `: ${first.words.join(" ")}` : ` ${fired.stdout}${fired.stderr}`.trimEnd()}`,
    ]);
  };
  const about = (command: string) => JSON.stringify(syntheticEvent(host.name, command, cwd, crypto.randomUUID()));
  await expect(
    "what is harmless gets through",
    about("ls"),
    rules.otherwise === "ask" ? ["denied", "allowed"] : ["passed", "allowed"],
  );
  await expect("what can't be read is denied", "{", ["denied"]);
  results.push(["the server and the key", await serverFault(rules)]);
  if (rules.held) results.push(["the key may use what a person has approved", await heldFault(rules)]);
  results.push(["somebody to ask", await recipientFault(rules)]);
  if (ask) await expect("a person allowed it", about("rm -rf /tmp/pausepoint-hook-check"), ["passed", "allowed"]);
  for (const [what, fault] of results)
    print(`${fault === null ? "ok  " : "FAIL"}  ${what}${fault === null ? "" : `: ${fault}`}`);
  if (results.some(([, fault]) => fault !== null))
    throw new CommandFailed("The hook would not do what it is for: mend what is named above.");
}

async function serverFault(rules: Awaited<ReturnType<typeof rulesHere>>): Promise<string | null> {
  const { serverFor } = await import("../hook/surroundings.ts");
  try {
    await serverFor(process.env, rules).api.listPauses({ limit: 1 });
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** A held command is let through by its receipt: a key that may not consume one would ask a person in vain. */
async function heldFault(rules: Awaited<ReturnType<typeof rulesHere>>): Promise<string | null> {
  const [{ serverFor }, { mayConsume, NO_SCOPE }] = await Promise.all([
    import("../hook/surroundings.ts"),
    import("../hook/receipts.ts"),
  ]);
  try {
    return (await mayConsume(serverFor(process.env, rules).api)) ? null : NO_SCOPE;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Whether the server would take the question to whom the rules name, over the channel that they name; nobody is asked. */
async function recipientFault(rules: Awaited<ReturnType<typeof rulesHere>>): Promise<string | null> {
  if (rules.to === null) return `there is no "to" in ${rules.file}`;
  const [{ serverFor }, { refusedRecipients }] = await Promise.all([
    import("../hook/surroundings.ts"),
    import("../hook/check.ts"),
  ]);
  try {
    const { to, channel } = rules;
    return await refusedRecipients(serverFor(process.env, rules).api, { to, channel });
  } catch (error) {
    return (error as Error).message;
  }
}
