/** How an export or a proof can be wrong. */
export type FaultKind =
  /** An entry's content is not what its hash, or the next entry, says. */
  | "edited"
  /** Entries are missing in the middle. */
  | "removed"
  /** An entry, or a line, is too much. */
  | "inserted"
  /** Entries stand in another order. */
  | "reordered"
  /** The end is missing. */
  | "cut"
  /** Every link holds, and yet the signed root is another one: entries were changed and all hashed anew. */
  | "rewritten"
  /** A disclosed value is not what the entry commits to. */
  | "commitment"
  /** A proof of inclusion does not lead to the checkpoint. */
  | "proof"
  /** A signature is forged. */
  | "signature"
  /** Nobody who is trusted has signed. */
  | "key"
  /** Parts of different logs stand in one file. */
  | "spliced"
  /** A receipt does not say what the entries say. */
  | "receipt"
  /** A page is not the one whose digest the entry commits to. */
  | "shown";

/** The first thing that is wrong in a file. `seq` is null where it is no entry. */
export interface Fault {
  readonly line: number;
  readonly seq: number | null;
  readonly kind: FaultKind;
  /** One sentence that repeats nothing personal. */
  readonly what: string;
}

/** What verifying a file found. */
export interface FileVerdict {
  readonly file: "export" | "selection" | "proof";
  readonly origin: string | null;
  /** Entries that hold. */
  readonly entries: number;
  readonly firstSeq: number | null;
  readonly lastSeq: number | null;
  /** What the closing checkpoint says; null where it was not reached. */
  readonly checkpoint: { readonly size: number; readonly root: string; readonly note: string } | null;
  /** Whether the signature was held against a key that the verifier brought. */
  readonly isPinned: boolean;
  /** Values that were opened and hold. */
  readonly disclosures: number;
  readonly fault: Fault | null;
  /** What this file can't show, each as a sentence. */
  readonly unknown: readonly string[];
}

/** Thrown at the first fault: nothing behind it can be told for sure. */
export class Faulty extends Error {
  override readonly name = "Faulty";
  readonly fault: Fault;

  constructor(kind: FaultKind, line: number, seq: number | null, what: string) {
    super(what);
    this.fault = { line, seq, kind, what };
  }
}

/** A file that is none of ours, or can't be read as one. `line` counts from 1. */
export class Unreadable extends Error {
  override readonly name = "Unreadable";
  readonly line: number;

  constructor(line: number, what: string) {
    super(`line ${line}: ${what}`);
    this.line = line;
  }
}
