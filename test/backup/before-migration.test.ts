import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { environment, run } from "../support/binary.ts";
import { linesOf, main, rowsIn, Stage } from "./stage.ts";

/**
 * A later program: this one, with a second migration. Bun loads the changed source in place of the file.
 */
const later = (sql: string) => `
  import { plugin } from "bun";
  import { readFileSync } from "node:fs";
  plugin({ name: "later", setup(build) {
    build.onLoad({ filter: /storage.migrations\\.ts$/ }, ({ path }) => ({ loader: "ts", contents:
      readFileSync(path, "utf8").replace("sql: init }", 'sql: init }, { version: 2, name: "0002_later", sql: ' + ${JSON.stringify(JSON.stringify(sql))} + ' }') }));
  } });
`;

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.start();
  await stage.appliance.ask(stage.appliance.keys.test);
  await stage.backup("now.tar.gz");
  await stage.restore("now.tar.gz", "data");
});
afterEach(() => stage.stop());

const withLater = (sql: string, args: readonly string[]) => {
  writeFileSync(stage.path("later.ts"), later(sql));
  const command = [process.execPath, "--preload", stage.path("later.ts"), main, ...args];
  return run(command, stage.folder, environment());
};
const listKeys = (sql: string) => withLater(sql, ["keys", "list", "--data", stage.path("data")]);
const schemas = () => rowsIn<{ version: number }>(stage.path("data"), "SELECT version FROM schema_migrations").length;
const archive = () => stage.path("data/backups/before-0.1.0-from-schema-1.tar.gz");

test("before a database is migrated, everything is saved in its folder, once, and the program before can restore that", async () => {
  expect(await listKeys("CREATE TABLE later (n INTEGER) STRICT;")).toMatchObject({ status: 0, stderr: "" });
  expect(schemas()).toBe(2);
  expect(statSync(archive()).mode & 0o777).toBe(0o600);
  expect(linesOf(stage.path("data/backups.jsonl")).map((line) => JSON.parse(line).file)).toEqual([archive()]);

  await listKeys("CREATE TABLE later (n INTEGER) STRICT;");
  expect(readdirSync(stage.path("data/backups"))).toEqual(["before-0.1.0-from-schema-1.tar.gz"]);
  expect(linesOf(stage.path("data/backups.jsonl")).length).toBe(1);

  const refused = await stage.cli(["keys", "list", "--data", stage.path("data")]);
  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain("newer PausePoint (schema 2, this program knows 1)");
  const back = await stage.cli(["restore", archive(), "--data", stage.path("data"), "--force"]);
  expect(back).toMatchObject({ status: 0, stderr: "" });
  expect(schemas()).toBe(1);
  expect(rowsIn(stage.path("data"), "SELECT n FROM pauses").length).toBe(1);
});

test("a server saves too, before it migrates", async () => {
  writeFileSync(stage.path("later.ts"), later("CREATE TABLE later (n INTEGER) STRICT;"));
  const server = Bun.spawn(
    [
      ...[process.execPath, "--preload", stage.path("later.ts"), main],
      ...["serve", "--data", stage.path("data"), "--port", "0"],
    ],
    { cwd: stage.folder, env: environment(), stdout: "pipe", stderr: "pipe" },
  );
  await server.stdout.getReader().read();
  server.kill("SIGTERM");
  expect(await server.stderr.text()).toContain("saved before the database is upgraded");
  await server.exited;
  expect([schemas(), existsSync(archive())]).toEqual([2, true]);
});

test("a migration that fails each time leaves one backup, however often it is tried", async () => {
  for (let tries = 0; tries < 3; tries++)
    expect(await listKeys("INSERT INTO nowhere VALUES (1);")).toMatchObject({ status: 1 });
  expect(readdirSync(stage.path("data/backups"))).toEqual(["before-0.1.0-from-schema-1.tar.gz"]);
  expect(schemas()).toBe(1);
});

test("what cannot be saved is not migrated", async () => {
  mkdirSync(stage.path("data/backups"));
  mkdirSync(`${archive()}.partial`);
  mkdirSync(archive());
  const refused = await listKeys("CREATE TABLE later (n INTEGER) STRICT;");
  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain("the database was not upgraded, as it could not be saved before");
  expect(schemas()).toBe(1);
});

test("a backup of the program before is restored by the later one, and brought up to its schema", async () => {
  const restored = await withLater("CREATE TABLE later (n INTEGER) STRICT;", [
    ...["restore", stage.path("now.tar.gz"), "--data", stage.path("elsewhere")],
  ]);
  expect(restored).toMatchObject({ status: 0, stderr: "" });
  expect(rowsIn(stage.path("elsewhere"), "SELECT version FROM schema_migrations").length).toBe(2);
});
