import {
  isSigned,
  type JsonObject,
  type JsonValue,
  MalformedReceipt,
  type ReadReceipt,
  readReceipt,
} from "../../audit/index.ts";
import type { FileEntry } from "./entry.ts";
import { Faulty, type FileVerdict } from "./verdict.ts";

type Progress = { -readonly [Name in keyof FileVerdict]: FileVerdict[Name] };

/**
 * Checks the receipt in a proof: signed by a key that the log announced, and saying what the proven entries say.
 *
 * @param around entries of the installation, among them those that announce keys.
 * @throws {Faulty} `receipt`.
 */
export function checkReceipt(
  { receipt }: JsonObject,
  entries: readonly FileEntry[],
  around: readonly FileEntry[],
  progress: Progress,
): void {
  const decided = entries.find(({ type }) => type === "pause.responded");
  if (receipt === null || receipt === undefined) {
    if (decided !== undefined)
      progress.unknown = [...progress.unknown, "why there is no receipt: none is signed while signing is withheld"];
    return;
  }
  const wrong = (what: string) => new Faulty("receipt", 1, decided?.seq ?? null, `the receipt ${what}`);
  const read = typeof receipt === "string" ? readable(receipt) : null;
  if (read === null) throw wrong("is none");
  const { kid, payload: claims } = read;
  const announced = around.find(
    ({ type, data }) => type.startsWith("signing_key.") && data.key_id === kid && isReceiptKey(data.purpose, claims),
  );
  const key = announced?.data.public_key;
  if (typeof key !== "string") throw wrong("is signed by a key that the log does not announce");
  if (!isSigned(read, new Uint8Array(Buffer.from(key, "base64url")))) throw wrong("has a forged signature");
  const created = entries.find(({ type }) => type === "pause.created");
  const agrees =
    decided !== undefined &&
    created !== undefined &&
    claims.seq === decided.seq &&
    claims.entry_hash === decided.hash &&
    claims.choice === decided.data.choice &&
    claims.source === decided.data.source &&
    claims.pause_id === decided.pauseId &&
    claims.mode === decided.mode &&
    claims.project === decided.project &&
    claims.question === `sha256:${created.hash}` &&
    (claims.action_digest ?? null) === (created.data.action_digest ?? null);
  if (!agrees) throw wrong("does not say what the entries say");
}

function isReceiptKey(purpose: JsonValue | undefined, { mode }: JsonObject): boolean {
  return purpose === `receipt-${String(mode)}`;
}

function readable(receipt: string): ReadReceipt | null {
  try {
    return readReceipt(receipt);
  } catch (error) {
    if (error instanceof MalformedReceipt) return null;
    throw error;
  }
}
