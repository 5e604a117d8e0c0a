/** Runs the operator's file and tells in one sentence what went wrong when it can't be run. */
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { ConfigError } from "./error.ts";
import * as exported from "./index.ts";

/**
 * The default export of a TypeScript file on disk, in a source checkout and in a compiled executable alike. The file
 * runs with the rights of this process, may import its neighbours, and finds `pausepoint/config` in here.
 *
 * @throws ConfigError when the file can't be parsed, resolved or run, or has no default export
 */
export async function importConfigFile(path: string): Promise<unknown> {
  provideModule();
  forget(dirname(path));
  const file = await import(pathToFileURL(path).href).catch((cause: unknown) => {
    throw new ConfigError(explainFailure(path, cause), { cause });
  });
  if (!("default" in file)) {
    throw new ConfigError(`Give ${path} a default export: export default defineConfig({ … }).`);
  }
  return file.default;
}

/**
 * What was imported from there before is read anew: a running server looks at its file again. A file that has thrown
 * stays as it is for the life of the process; {@link importConfigFile} of another process tells before that happens.
 */
function forget(folder: string): void {
  for (const file of Object.keys(require.cache)) if (file.startsWith(`${folder}/`)) delete require.cache[file];
}

let provided = false;

/** A plugin holds for the whole process, so one is enough. */
function provideModule(): void {
  if (provided) return;
  provided = true;
  Bun.plugin({
    name: "pausepoint/config",
    setup(build) {
      build.module("pausepoint/config", () => ({ exports: { ...exported }, loader: "object" }));
    },
  });
}

function explainFailure(path: string, cause: unknown): string {
  const mistakes = buildMessages(cause);
  if (mistakes.length > 0) return `Correct the syntax of ${path}.\n${mistakes.map(syntaxLine).join("\n")}`;
  if (cause instanceof ResolveMessage) return explainUnresolved(path, cause);
  const missing =
    cause instanceof SyntaxError ? /^Export named '(.+)' not found in module '(.+)'/.exec(cause.message) : null;
  if (missing !== null) return explainMissingExport(path, missing[1] ?? "", missing[2] ?? "");
  const thrown = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return `Correct ${path}: it stopped with an error of its own.\n  ${place(cause, path)}${thrown}`;
}

/** Bun gives one message by itself and several in an AggregateError. */
function buildMessages(cause: unknown): BuildMessage[] {
  const causes: unknown[] = cause instanceof AggregateError ? cause.errors : [cause];
  return causes.filter((one) => one instanceof BuildMessage);
}

function syntaxLine({ message, position }: BuildMessage): string {
  return position === null ? `  ${message}` : `  ${position.file}:${position.line}:${position.column}: ${message}`;
}

function explainUnresolved(path: string, { specifier, referrer }: ResolveMessage): string {
  const advice = /^[./]/.test(specifier)
    ? "Put the file there, or take the import out"
    : "Use only relative files, node: modules and pausepoint/config there, or install the package beside the file";
  return `${advice}: ${JSON.stringify(specifier)}, imported by ${referrer || path}, was not found.`;
}

function explainMissingExport(path: string, name: string, module: string): string {
  return module === "pausepoint/config"
    ? `Take ${name} out of ${path}: in this version pausepoint/config has only ${listed(Object.keys(exported))}.`
    : `Correct the import of ${name} in ${path} or what it imports: ${module} has no such export.`;
}

/** Where in the operator's own folder it was thrown, as `file:line:column: `, if the stack tells. */
function place(cause: unknown, path: string): string {
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const stack = cause instanceof Error ? (cause.stack ?? "") : "";
  const frame = stack.match(/[^\s(]+:\d+:\d+/g)?.find((one) => one.startsWith(folder));
  return frame === undefined ? "" : `${frame}: `;
}

/** `a, b and c`. */
function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
