import { closeSync, fsyncSync, openSync } from "node:fs";
import { writeAll } from "../platform/write-all.ts";

/** What a command was asked to print. */
export function print(text: string): void {
  writeAll(1, `${text}\n`);
}

/**
 * Parts of a long output, as they are: to the terminal, or to a file that only its owner can read, which is on disk when
 * this returns.
 */
export function writeOut(file: string | undefined, parts: Iterable<string>): void {
  if (file === undefined) {
    for (const part of parts) writeAll(1, part);
    return;
  }
  const descriptor = openSync(file, "w", 0o600);
  try {
    for (const part of parts) writeAll(descriptor, part);
    putOnDisk(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A pipe or a device such as /dev/stdout can't be: fsync(2) answers EINVAL. */
function putOnDisk(descriptor: number): void {
  try {
    fsyncSync(descriptor);
  } catch (error) {
    if ((error as { code?: string }).code !== "EINVAL") throw error;
  }
}

/** One JSON value on a line of its own, and nothing else. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value));
}

/** What went wrong, or what a person should know beside the output. */
export function printError(text: string): void {
  writeAll(2, `${text}\n`);
}

/** Rows with aligned columns under their names. */
export function printTable(columns: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = columns.map((name, index) => Math.max(name.length, ...rows.map((row) => (row[index] ?? "").length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join("  ")
      .trimEnd();
  for (const row of [columns, ...rows]) print(line(row));
}

/** True when a person sees the output on a terminal. */
export function onTerminal(): boolean {
  return process.stdout.isTTY === true;
}

/** A wrong use of the command line: exit status 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The command ran, and its answer is no: exit status 1. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
}

/** The command has said what there is to say, and ends with this exit status. */
export class ExitStatus extends Error {
  override readonly name = "ExitStatus";

  constructor(readonly status: number) {
    super(`ends with status ${status}`);
  }
}
