import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { ActionError, type DigestedAction, digestOfBytes, digestOfJson, IJsonError } from "../audit/index.ts";
import { systemRandom } from "../platform/random.ts";
import { CommandFailed, print, printJson, UsageError } from "./output.ts";

interface DigestOptions {
  readonly nonce?: string;
  readonly check?: string;
  readonly json?: boolean;
}

/** `pausepoint digest`: what goes into a pause's `action_digest`, and what an executor compares. Needs no data folder. */
export function addDigest(program: Command): void {
  program
    .command("digest")
    .description("make the digest of an action, or compare it")
    .argument("<action>", "a file (*.json is digested as JSON), - for JSON from stdin, or the JSON itself")
    .option("--nonce <nonce>", "the nonce of the first time (default: the action's own, else a fresh one)")
    .option("--check <digest>", "compare with this digest, sha256:…; status 1 if it is another")
    .option("--json", "print JSON: the digest, the nonce, and of JSON the action with the nonce in it")
    .action(digest);
}

function digest(action: string, options: DigestOptions): void {
  const { check, nonce = null, json = false } = options;
  if (check !== undefined && !/^sha256:[0-9a-f]{64}$/.test(check))
    throw new UsageError("--check must be sha256: and 64 lower-case hex digits");
  const made = digested(action, nonce, check !== undefined);
  if (check !== undefined && check !== made.digest)
    throw new CommandFailed(`The action is another one: its digest with this nonce is ${made.digest}.`);
  if (json) {
    const shown = made.action === null ? {} : { action: made.action };
    printJson({ action_digest: made.digest, nonce: made.nonce, ...shown });
  } else if (check !== undefined) print("It is the same action.");
  else print(`${made.digest}\nnonce ${made.nonce}`);
}

function digested(action: string, nonce: string | null, comparing: boolean): DigestedAction {
  const random = systemRandom();
  const fresh = comparing ? NO_FRESH_NONCE : random;
  try {
    if (/^\s*[{[]/.test(action)) return digestOfJson(action, nonce, fresh);
    const bytes = readFileSync(action === "-" ? 0 : action);
    if (action === "-" || action.endsWith(".json")) return digestOfJson(decoded(bytes), nonce, fresh);
    return digestOfBytes(bytes, nonce, fresh);
  } catch (error) {
    if (error instanceof IJsonError || error instanceof ActionError) throw new UsageError(sentence(error.message));
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new UsageError(`The file ${action} can't be read (${code}); give a file, - for stdin, or a JSON object.`);
  }
}

/** A digest is compared with the nonce it was made with; a fresh one could only ever make another. */
const NO_FRESH_NONCE = {
  bytes(): never {
    throw new ActionError("to compare, give --nonce: the one that was printed with the digest");
  },
};

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ActionError("the JSON is not in UTF-8");
  }
}

function sentence(clause: string): string {
  return `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`;
}
