/**
 * The documents as the tests read them. A fence says in a comment above it what it is good for, so that none can stand
 * there unproven by oversight:
 *
 *     <!-- run -->               a test runs it
 *     <!-- run: answered -->     a test runs it, and answers each question through its link meanwhile
 *     <!-- run: printed -->      a test runs it, and it is what `serve` prints
 *     <!-- file: ask.py -->      it is written to a file, which a later fence runs
 *     <!-- from: examples/langgraph/agent.ts#ask -->    it is that region of a tested example; `npm run docs` writes it
 *     <!-- json: create -->      its value is held against what the code makes or takes
 *     <!-- config -->            it is loaded as a configuration
 *     <!-- not run: why -->      it cannot run here
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const project = join(import.meta.dir, "../..");

export interface Document {
  /** Relative to the project: `docs/api.md`. */
  readonly path: string;
  readonly text: string;
  readonly fences: readonly Fence[];
}

export interface Fence {
  /** `docs/api.md:12`, the line of the fence. */
  readonly place: string;
  readonly language: string;
  /** What stands before the colon in the comment above it, and behind it; null without such a comment. */
  readonly marker: { readonly kind: string; readonly detail: string } | null;
  readonly text: string;
}

/** Every document of the repository. */
export const documents: readonly Document[] = [
  "README.md",
  "CHANGELOG.md",
  "SECURITY.md",
  ...readdirSync(join(project, "docs"))
    .filter((name) => name.endsWith(".md"))
    .sort()
    .map((name) => `docs/${name}`),
].map(readDocument);

export function documentAt(path: string): Document {
  const found = documents.find((document) => document.path === path);
  if (found === undefined) throw new Error(`there is no ${path}`);
  return found;
}

/** The fences with a marker of this kind. */
export function fencesOf(document: Document, kind: string): Fence[] {
  return document.fences.filter(({ marker }) => marker?.kind === kind);
}

/** The rows of the table whose first column has this name, cell by cell, without the code marks. */
export function tableOf(document: Document, firstColumn: string): string[][] {
  const lines = document.text.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${firstColumn} |`));
  if (start < 0) throw new Error(`${document.path} has no table that begins with ${firstColumn}`);
  const rows = lines.slice(start + 2);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith("|")),
    )
    .map((line) =>
      line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim()),
    );
}

/** What stands outside fences and code marks. */
export function proseOf(document: Document): string {
  return document.text.replace(/^```[\s\S]*?^```$/gm, "").replace(/`[^`]*`/g, "");
}

function readDocument(path: string): Document {
  const text = readFileSync(join(project, path), "utf8");
  const lines = text.split("\n");
  const fences: Fence[] = [];
  for (let index = 0; index < lines.length; index++) {
    const opening = /^```(\w*)$/.exec(lines[index] ?? "");
    if (opening === null) continue;
    const end = lines.indexOf("```", index + 1);
    const marker = /^<!-- ([a-z ]+?)(?:: (.*))? -->$/.exec(lines[index - 1] ?? "");
    fences.push({
      place: `${path}:${index + 1}`,
      language: opening[1] ?? "",
      marker: marker === null ? null : { kind: marker[1] ?? "", detail: marker[2] ?? "" },
      text: `${lines.slice(index + 1, end).join("\n")}\n`,
    });
    index = end;
  }
  return { path, text, fences };
}
