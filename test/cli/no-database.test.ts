import { expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { commandLine } from "../../src/cli/program.ts";
import { folderWith, run } from "../support/binary.ts";
import { program } from "../support/program.ts";

setDefaultTimeout(60_000);

/** What each command that works on a database is given beside its name. */
const working: Readonly<Record<string, readonly string[]>> = {
  "setup-link": [],
  "keys create": ["--name", "agent"],
  "keys list": [],
  "keys revoke": ["key_none"],
  "keys rotate-signing": [],
  "audit export": [],
  "audit verify": [],
  "audit proof": ["pause_none"],
  "audit checkpoint": [],
  "audit resume": ["--new-log"],
  "webhooks list": [],
  "webhooks deliveries": [],
  "webhooks redeliver": ["dlv_none"],
  "webhooks rotate-secret": ["whk_none"],
  report: ["--from", "2026-01-01"],
  backup: ["copy.tar.gz"],
  "privacy erase": ["--recipient", "+13128471928", "--reason", "asked to"],
  "privacy export": ["--recipient", "+13128471928"],
  "privacy hold": ["--recipient", "+13128471928", "--reason", "a lawsuit"],
  "privacy release": ["--recipient", "+13128471928"],
  "privacy holds": [],
};
/** Those that make a database, or look at what is there. */
const others = ["serve", "healthcheck", "restore", "config reload", "config check", "doctor"];

const namesOf = (command: Command, before = ""): string[] =>
  command.commands.flatMap((child) => {
    const name = `${before}${child.name()}`;
    const isAboutFolder = child.options.some(({ long }) => long === "--data") && !name.startsWith("witness");
    return [...(isAboutFolder ? [name] : []), ...namesOf(child, `${name} `)];
  });

test("every command that needs a database says so where there is none, what to do, and makes none", async () => {
  expect([...Object.keys(working), ...others].sort()).toEqual(namesOf(commandLine()).sort());
  const folder = folderWith();
  for (const [name, args] of Object.entries(working)) {
    const { status, stdout, stderr } = await run([...program, ...name.split(" "), ...args], folder);
    expect({ name, status, stdout, stderr }).toEqual({
      name,
      status: 2,
      stdout: "",
      stderr: `There is no PausePoint database in ${join(folder, ".pausepoint")}; name its folder with --data, or make one by starting the server there: pausepoint serve.\n`,
    });
    expect({ name, left: readdirSync(folder) }).toEqual({ name, left: [] });
  }
  rmSync(folder, { recursive: true });
});
