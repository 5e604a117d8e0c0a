/**
 * What a document shows of an example: the lines between `// #region name` and `// #endregion`, in Python between
 * `# region name` and `# endregion`, or the whole file.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const project = join(import.meta.dir, "../..");

/** The text of `path#region`, or of `path`, moved to the left margin. Throws for a region that is not there. */
export function regionOf(from: string): string {
  const [path = "", region] = from.split("#");
  const text = readFileSync(join(project, path), "utf8");
  if (region === undefined) return text;
  const lines = text.split("\n");
  const start = lines.findIndex((line) => [`// #region ${region}`, `# region ${region}`].includes(line.trim()));
  const length = lines.slice(start + 1).findIndex((line) => /^(?:\/\/ #|# )endregion$/.test(line.trim()));
  if (start < 0 || length < 0) throw new Error(`${path} has no region ${region}`);
  const held = lines.slice(start + 1, start + 1 + length);
  const margin = Math.min(...held.filter((line) => line.trim() !== "").map((line) => line.search(/\S/)));
  return `${held.map((line) => line.slice(margin)).join("\n")}\n`;
}
