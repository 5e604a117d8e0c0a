/**
 * `npm run docs`: writes the regions of the examples into the documents that show them, below each
 * `<!-- from: path#region -->`. A test holds the two equal.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { regionOf } from "../test/docs/regions.ts";

const folder = join(import.meta.dir, "../docs");
const shown = /(<!-- from: (\S+) -->\n```\w*\n)[\s\S]*?(```\n)/g;

for (const name of readdirSync(folder).filter((name) => name.endsWith(".md"))) {
  const path = join(folder, name);
  const text = readFileSync(path, "utf8");
  const written = text.replace(shown, (_, head: string, from: string, tail: string) => head + regionOf(from) + tail);
  if (written !== text) writeFileSync(path, written);
}
