import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { executableIsFresh } from "../../scripts/testing/executable.ts";

const folders = ["src/pauses", "src", "clients/typescript/src", "public", "migrations", "scripts/build"];
const files = [
  "src/pauses/pause.ts",
  "clients/typescript/src/client.ts",
  "public/page.css",
  "migrations/0001_init.sql",
  "scripts/build/bundle.ts",
  "package-lock.json",
];

let project: string;

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "pausepoint-fresh-"));
  for (const file of [...files, "dist/pausepoint"]) {
    mkdirSync(dirname(join(project, file)), { recursive: true });
    writeFileSync(join(project, file), "");
  }
  for (const path of [...files, ...folders]) utimesSync(join(project, path), 1000, 1000);
  utimesSync(join(project, "dist/pausepoint"), 2000, 2000);
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

describe("dist/pausepoint", () => {
  test("is kept for the tests while it is newer than its sources", () => {
    expect(executableIsFresh(project)).toBe(true);
  });

  test.each(files)("is built anew after a change of %s", (file) => {
    utimesSync(join(project, file), 3000, 3000);
    expect(executableIsFresh(project)).toBe(false);
  });

  test("is built anew after a source file was removed", () => {
    unlinkSync(join(project, "src/pauses/pause.ts"));
    expect(executableIsFresh(project)).toBe(false);
  });

  test("is built when there is none", () => {
    unlinkSync(join(project, "dist/pausepoint"));
    expect(executableIsFresh(project)).toBe(false);
  });
});
