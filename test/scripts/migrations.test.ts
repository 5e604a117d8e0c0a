import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { migrations } from "../../src/storage/migrations.ts";

const folder = join(import.meta.dir, "../../migrations");

test("every file of migrations/ is embedded, in the order of its number, as it stands on disk", () => {
  const onDisk = readdirSync(folder)
    .sort()
    .map((file) => ({
      version: Number(file.slice(0, 4)),
      name: file.replace(/\.sql$/, ""),
      sql: readFileSync(join(folder, file), "utf8"),
    }));
  expect(migrations).toEqual(onDisk);
  expect(migrations.map(({ version }) => version)).toEqual(onDisk.map((_, index) => index + 1));
});
