import { readFileSync } from "node:fs";
import { type Policy, PolicyError, parsePolicy } from "../audit/index.ts";
import { UsageError } from "./output.ts";

/** A trust file (C2SP tlog-policy). @throws UsageError for what is none. */
export function readPolicy(file: string): Policy {
  try {
    return parsePolicy(readInput(file));
  } catch (error) {
    if (error instanceof PolicyError) throw new UsageError(error.message);
    throw error;
  }
}

/** The bytes of a file that was named. @throws UsageError */
export function readInput(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`The file can't be read: ${(error as Error).message}`);
  }
}
