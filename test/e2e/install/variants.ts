/** Builds of PausePoint that differ from this one in what a test of an upgrade is about: real executables, each made of the source. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "../../../scripts/build/bundle.ts";
import { definesFor } from "../../../scripts/build/defines.ts";
import { runtimeFor } from "../../../scripts/build/runtime.ts";
import { ownTarget } from "../../../scripts/build/targets.ts";

const project = join(import.meta.dir, "../../..");
const sources = [
  ...["src", "clients/typescript/src", "clients/verify", "public", "migrations", "docs"],
  ...["package.json", "tsconfig.json", "pausepoint.config.ts"],
];

export interface Variant {
  readonly version: string;
  /** Migrations behind those of this build, as SQL. */
  readonly migrations?: readonly string[];
  /** TypeScript that runs before everything else. */
  readonly first?: string;
}

/** Builds it in a folder that is not there yet. Answers the executable's path. */
export async function buildVariant({ version, migrations = [], first = "" }: Variant, folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  for (const source of sources) cpSync(join(project, source), join(folder, source), { recursive: true });
  symlinkSync(join(project, "node_modules"), join(folder, "node_modules"));
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ ...manifest, version }));
  if (migrations.length > 0) addMigrations(migrations, folder);
  writeFileSync(join(folder, "src/first.ts"), `${first}\nexport {};\n`);
  const main = join(folder, "src/main.ts");
  writeFileSync(main, `import "./first.ts";\n${readFileSync(main, "utf8").replace(/^#!.*\n/, "")}`);
  const outfile = join(folder, "pausepoint");
  const target = ownTarget();
  const runtime = await runtimeFor(target, project, folder);
  await bundle({ project: folder, entry: main, outfile, target, runtime, define: definesFor(version, "") });
  return outfile;
}

function addMigrations(migrations: readonly string[], folder: string): void {
  const list = join(folder, "src/storage/migrations.ts");
  const text = readFileSync(list, "utf8");
  const last = Math.max(...[...text.matchAll(/version: (\d+)/g)].map(([, version]) => Number(version)));
  const added = migrations.map((sql, index) => {
    const version = last + 1 + index;
    return `{ version: ${version}, name: "${String(version).padStart(4, "0")}_for_a_test", sql: ${JSON.stringify(sql)} }`;
  });
  const changed = text.replace(/\];\s*$/, `, ${added.join(", ")}];\n`);
  if (changed === text) throw new Error("src/storage/migrations.ts has no list that ends as it did.");
  writeFileSync(list, changed);
}
