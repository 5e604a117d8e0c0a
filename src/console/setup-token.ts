/**
 * Whoever can read the data folder may make the first administrator: a token in a file of mode 0600, good once. It goes
 * behind the `#` of a link, so that it stands in no log of a proxy.
 */
import { readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { base64url, equalInConstantTime, sha256 } from "../platform/hash.ts";
import type { Random } from "../platform/random.ts";
import { define, type Writer } from "../storage/index.ts";

const FILE = "console-setup";
const BYTES = 24;

const anyAdmin = define()((db) =>
  db
    .selectFrom("operators")
    .select("n")
    .where("role", "=", "admin")
    .where("totp_since", "is not", null)
    .where("removed_at", "is", null)
    .limit(1),
);

/** Whether somebody can sign in and make further operators. */
export function hasAdmin(writer: Pick<Writer, "one">): boolean {
  return writer.one(anyAdmin, {}) !== undefined;
}

/** The link by which an administrator is made; its token is made, or read where one waits to be used. */
export function setupLink(folder: string, baseUrl: string, random: Random): string {
  const waiting = readToken(folder);
  if (waiting === null) {
    rmSync(join(folder, FILE), { force: true });
    writeFileSync(join(folder, FILE), `${base64url(random.bytes(BYTES))}\n`, { mode: 0o600, flag: "wx" });
  }
  return `${baseUrl}/console/setup#${readToken(folder)}`;
}

/** Whether a token waits to be used. */
export function awaitsSetup(folder: string): boolean {
  return readToken(folder) !== null;
}

/** Whether this is the token; it stays. */
export function isSetupToken(folder: string, token: string): boolean {
  const waiting = readToken(folder);
  return waiting !== null && equalInConstantTime(sha256(waiting), sha256(token));
}

/** Uses the token up. False when another request was first. */
export function takeSetupToken(folder: string): boolean {
  try {
    unlinkSync(join(folder, FILE));
    return true;
  } catch {
    return false;
  }
}

function readToken(folder: string): string | null {
  try {
    const token = readFileSync(join(folder, FILE), "utf8").trim();
    return token.length === (BYTES * 4) / 3 ? token : null;
  } catch {
    return null;
  }
}
