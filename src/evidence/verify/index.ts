/**
 * Verifies a file offline: an export of the log, or the proof of one pause. It needs nothing but the file and what the
 * verifier brings, and holds no more of it in memory than a line.
 */
import {
  isObject,
  type JsonObject,
  type JsonValue,
  NoteError,
  parseCheckpoint,
  parseNote,
  parseStrict,
  StrictJsonError,
} from "../../audit/index.ts";
import { readHead, verifyExport } from "./export-file.ts";
import { LineFile } from "./lines.ts";
import { verifyProof } from "./proof-file.ts";
import type { Trust } from "./trust.ts";
import { Faulty, type FileVerdict, Unreadable } from "./verdict.ts";

export { compareWithKept } from "./live.ts";
export { type Trust, trustedLog } from "./trust.ts";
export { Faulty, type FileVerdict, Unreadable } from "./verdict.ts";

/** Proof files are read whole: a pause has at most some thousand entries. */
const LONGEST_PROOF = 64 * 1_048_576;

/**
 * @throws {Unreadable} with the line, when the file is none of ours, is damaged so that it can't be read, or is of an
 *   unknown version; the operating system's error when it can't be opened.
 */
export function verifyFile(path: string, trust: Trust): FileVerdict & { readonly bytes: number } {
  for (const note of trust.kept) requireCheckpoint(note);
  const file = new LineFile(path);
  const progress: { -readonly [Name in keyof FileVerdict]: FileVerdict[Name] } = {
    file: "export",
    origin: null,
    entries: 0,
    firstSeq: null,
    lastSeq: null,
    checkpoint: null,
    isPinned: false,
    disclosures: 0,
    fault: null,
    unknown: [],
  };
  try {
    const first = file.lines().next().value;
    if (first === undefined) throw new Unreadable(1, "the file is empty");
    const proof = first.text.includes('"pausepoint_export"') ? null : proofIn(file);
    if (proof === null) verifyExport(file, readHead(first.text), trust, progress);
    else verifyProof(proof, trust, progress);
  } catch (error) {
    if (!(error instanceof Faulty)) throw error;
    progress.fault = error.fault;
  } finally {
    file.close();
  }
  return { ...progress, bytes: file.bytes };
}

/** The file as the proof of a pause, which may stand on several lines; null where it is none. */
function proofIn(file: LineFile): JsonObject | null {
  let value: JsonValue;
  try {
    value = parseStrict(file.all(LONGEST_PROOF));
  } catch (error) {
    if (error instanceof StrictJsonError) throw new Unreadable(1, error.message);
    throw error;
  }
  return isObject(value) && value.pausepoint_proof !== undefined ? value : null;
}

/** A checkpoint that the verifier brings must be one; whether it is of this log is judged with the file. */
function requireCheckpoint(note: string): void {
  try {
    parseCheckpoint(parseNote(note).text);
  } catch (error) {
    if (error instanceof NoteError) throw new Unreadable(1, `the checkpoint that was given is none: ${error.message}`);
    throw error;
  }
}
