import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle } from "../../scripts/build/bundle.ts";
import { checkIntegrity, fetchPackage, lockedPackage, runtimeFor } from "../../scripts/build/runtime.ts";
import { smokeTest } from "../../scripts/build/smoke.ts";
import { ownTarget, runsHere, targetNamed } from "../../scripts/build/targets.ts";

const project = join(import.meta.dir, "../..");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pausepoint-build-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the runtime of a target", () => {
  test("is refused when it is not the package that the lock file pins", () => {
    const pinned = lockedPackage(project, "@oven/bun-linux-aarch64");
    expect(() => checkIntegrity(Buffer.from("something else"), pinned)).toThrow("is not what package-lock.json pins");
  });

  test("is taken when its hash is the pinned one", () => {
    const integrity = "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw=="; // printf abc | openssl dgst -sha512 -binary | base64
    expect(() => checkIntegrity(Buffer.from("abc"), { name: "abc", version: "1.0.0", integrity })).not.toThrow();
  });

  test("that was changed in the cache is deleted and ends the build", async () => {
    const pinned = { name: "@oven/bun-linux-aarch64", version: "9.9.9", integrity: "sha512-AAAA" };
    const tarball = join(folder, "node_modules/.cache/pausepoint/oven-bun-linux-aarch64-9.9.9.tgz");
    mkdirSync(join(tarball, ".."), { recursive: true });
    writeFileSync(tarball, "tampered");
    await expect(fetchPackage(pinned, folder)).rejects.toThrow("is not what package-lock.json pins");
    expect(existsSync(tarball)).toBe(false);
  });

  test("must stand in the lock file with a hash", () => {
    writeFileSync(join(folder, "package-lock.json"), '{"packages":{"node_modules/a":{"version":"1.0.0"}}}');
    expect(() => lockedPackage(folder, "a")).toThrow("no version with an integrity hash for a");
  });

  test("is a package of the same version as Bun here, whatever the target", () => {
    for (const name of ["linux-x64", "linux-x64-modern", "linux-arm64", "linux-x64-musl", "darwin-arm64"]) {
      expect(lockedPackage(project, targetNamed(name).runtimePackage).version).toBe(Bun.version);
    }
  });

  test("that nobody knows is refused with the names of those there are", () => {
    expect(() => targetNamed("linux-arm")).toThrow(/no target "linux-arm".*linux-arm64/);
    expect(runsHere(ownTarget())).toBe(true);
  });
});

describe("the executable", () => {
  const program = `
    import Database from "better-sqlite3";
    import text from "./words.sql" with { type: "text" };
    const [command, ...rest] = process.argv.slice(2);
    const { value } = new Database(":memory:").prepare(text).get();
    if (command === "serve") Bun.serve({ hostname: "127.0.0.1", port: Number(rest[rest.indexOf("--port") + 1]), fetch: () => new Response() });
    else console.log(value, process.env.SETTING, process.env.LEAKED ?? "clean", process.env.NODE_ENV);
  `;

  /** Builds a small program that opens a database, in a project whose node_modules is this one's. */
  async function build(changes: { sqliteEntry?: string; banner?: string } = {}): Promise<string> {
    const { banner, sqliteEntry } = changes;
    const entry = join(folder, "main.ts");
    writeFileSync(entry, program);
    writeFileSync(join(folder, "words.sql"), "SELECT 'from the database' AS value");
    const target = { ...ownTarget(), ...(sqliteEntry === undefined ? {} : { sqliteEntry }) };
    const outfile = join(folder, "pausepoint");
    await bundle({
      project,
      entry,
      outfile,
      target,
      runtime: await runtimeFor(ownTarget(), project, folder),
      define: { "process.env.SETTING": '"defined"', "process.env.NODE_ENV": '"production"' },
      ...(banner === undefined ? {} : { banner }),
    });
    return outfile;
  }

  test("holds the database and text files, and runs with the project out of reach", async () => {
    const executable = await build();
    await expect(smokeTest(executable, "from the database defined clean production", project)).resolves.toBeUndefined();
  });

  test("reads neither .env nor bunfig.toml of the folder it is started in", async () => {
    const executable = await build();
    const place = join(folder, "place");
    mkdirSync(place);
    writeFileSync(join(place, ".env"), "LEAKED=yes");
    writeFileSync(join(place, "bunfig.toml"), 'preload = ["./leak.ts"]');
    writeFileSync(join(place, "leak.ts"), 'process.env.LEAKED = "yes";');
    const { stdout } = Bun.spawnSync([executable, "version"], { cwd: place, env: { TMPDIR: folder } });
    expect(stdout.toString().trim()).toBe("from the database defined clean production");
  });

  test("that would load the addon from node_modules is refused", async () => {
    const executable = await build({ sqliteEntry: "better-sqlite3" });
    await expect(smokeTest(executable, "from the database", project)).rejects.toThrow(
      /does not run by itself|still needs files/,
    );
  });

  test("of another version than expected is refused", async () => {
    const executable = await build();
    await expect(smokeTest(executable, "9.9.9", project)).rejects.toThrow("does not run by itself");
  });

  test("without bytecode is refused", async () => {
    // Bun's own parser does not read the banner; its engine, which makes the bytecode, does.
    await expect(build({ banner: "this is not a program" })).rejects.toThrow("Failed to generate bytecode");
  });
});
