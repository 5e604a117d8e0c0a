import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { ConfigError } from "./error.ts";

/**
 * The folder's secret where it does not lie in the data folder: given by the environment, or by a file that the
 * environment names. It stands behind a function, so that no print of the configuration shows it.
 */
export interface GivenSecret {
  /** 32 bytes. */
  bytes(): Uint8Array;
}

const LENGTH = 32;

/**
 * Reads `PAUSEPOINT_SECRET`, else the file that `PAUSEPOINT_SECRET_FILE` names; null where neither is set.
 *
 * @throws ConfigError when both are, when the file can't be read, or when it is not 32 bytes as base64url.
 */
export function givenSecret(env: Readonly<Record<string, string | undefined>>, cwd: string): GivenSecret | null {
  const text = env.PAUSEPOINT_SECRET || undefined;
  const file = env.PAUSEPOINT_SECRET_FILE || undefined;
  if (text !== undefined && file !== undefined)
    throw new ConfigError("Set PAUSEPOINT_SECRET or PAUSEPOINT_SECRET_FILE, not both.");
  if (text !== undefined) return holding(decoded(text, "PAUSEPOINT_SECRET"));
  if (file === undefined) return null;
  const path = resolve(cwd, file);
  return holding(decoded(readText(path), `the file ${path} (PAUSEPOINT_SECRET_FILE)`));
}

function holding(secret: Uint8Array): GivenSecret {
  return { bytes: () => secret };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError(`Name a file that can be read in PAUSEPOINT_SECRET_FILE: ${path} can't be (${code}).`);
  }
}

/** One spelling, so that a cut or mistyped secret is told here, and not by links that are dead. */
function decoded(text: string, where: string): Uint8Array {
  const plain = text.trim().replace(/=$/, "");
  const bytes = Buffer.from(plain, "base64url");
  if (bytes.length !== LENGTH || bytes.toString("base64url") !== plain)
    throw new ConfigError(
      `Put a secret into ${where}: 32 random bytes as 43 characters of base64url, such as the file secret of a data folder holds. What is there is none.`,
    );
  return new Uint8Array(bytes);
}
