import { afterEach, expect, test } from "bun:test";
import { closeSync, fstatSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { program } from "../support/program.ts";

const folder = temporaryFolder();
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What a first start prints into a file that is the journal's stream, or is not. */
async function firstWords(name: string, isJournal: boolean): Promise<string> {
  const file = join(folder, name);
  const fd = openSync(file, "w");
  const { dev, ino } = fstatSync(fd, { bigint: true });
  const server = Bun.spawn([...program, "serve", "--port", "0", "--data", join(folder, `${name}-data`)], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", JOURNAL_STREAM: isJournal ? `${dev}:${ino}` : `${dev}:1` },
    stdio: ["ignore", fd, "ignore"],
  });
  closeSync(fd);
  try {
    return await eventually(
      () => readFileSync(file, "utf8"),
      (text) => /Make a key with|Then read/.test(text),
    );
  } finally {
    server.kill("SIGTERM");
    await server.exited;
  }
}

test("the journal is told of no key and no set-up link, and any other file of both", async () => {
  const told = await firstWords("journal", true);
  expect(told).toMatch(/^Set up the console: .* setup-link --data \S+ prints the link$/m);
  expect(told).toContain(" keys create --name NAME");
  expect(told).not.toMatch(/pp_test_|console\/setup#/);
  const shown = await firstWords("file", false);
  expect(shown).toMatch(/Set up the console: http:\S+\/console\/setup#[\w-]{32}$/m);
  expect(shown).toMatch(/Your test key, shown once: pp_test_\w+/);
}, 60_000);
