/**
 * A witness (C2SP tlog-witness v1.0.0): cosigns a checkpoint of a log that it watches when the tree contains every tree of
 * that log it has cosigned before. So nobody who has its cosignature can be shown another past than anybody else.
 */
import {
  type Checkpoint,
  emptyRoot,
  NoteError,
  openNote,
  parseCheckpoint,
  parseNote,
  parseSubmission,
  type Submission,
  signatureLine,
  type VerifierKey,
  verifyConsistency,
} from "../audit/index.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { Cosigner } from "./cosigner.ts";
import type { Ledger } from "./ledger.ts";

/** What a witness is made with. */
export interface WitnessParts {
  readonly cosigner: Cosigner;
  readonly ledger: Ledger;
  /** The keys of the logs that it watches. A log is known by the name of its key, and may have several. */
  readonly logs: readonly VerifierKey[];
  readonly clock: Clock;
  readonly log: Log;
}

/** What is answered to a submission. */
export type Verdict =
  /** 200: the signature line. */
  | { readonly status: 200; readonly line: string }
  /** 409 with the size of the tree that it knows. */
  | { readonly status: 409; readonly knownSize: number }
  | { readonly status: 400 | 403 | 404 | 409 | 422; readonly why: string };

export class Witness {
  readonly #parts: WitnessParts;

  constructor(parts: WitnessParts) {
    this.#parts = parts;
  }

  get vkey(): string {
    return this.#parts.cosigner.vkey;
  }

  /** The names of the logs that it watches. */
  get watched(): readonly string[] {
    return [...new Set(this.#parts.logs.map(({ name }) => name))];
  }

  /**
   * Takes a submission: checks, remembers, signs. All in one piece, without a turn of the event loop, so that of two at
   * once the second sees what the first has left behind.
   *
   * @throws the system's error when it can't be remembered; nothing is signed then.
   */
  submit(body: string): Verdict {
    const read = readBody(body);
    if ("status" in read) return read;
    const { submission, text, checkpoint } = read;

    const keys = this.#parts.logs.filter(({ name }) => name === checkpoint.origin);
    if (keys.length === 0) return { status: 404, why: "This witness does not watch that log." };
    const signed = signedBy(submission.checkpoint, keys);
    if ("status" in signed) return signed;
    const note = `${text}\n${signed.lines}`;
    return this.#judge(submission, checkpoint, note) ?? this.#cosign(checkpoint, text, note);
  }

  /** Why it is not cosigned; null when it is to be. */
  #judge({ oldSize, proof }: Submission, checkpoint: Checkpoint, note: string): Verdict | null {
    const { ledger, log } = this.#parts;
    const { origin, size, root } = checkpoint;
    if (oldSize > size) return { status: 400, why: "The old size is larger than the checkpoint's." };
    const known = ledger.newest(origin);
    if (oldSize !== (known?.size ?? 0)) return { status: 409, knownSize: known?.size ?? 0 };
    if (size === 0 && Buffer.compare(root, emptyRoot) !== 0)
      return { status: 422, why: "A tree without entries has the root of nothing." };
    if (known !== null && known.size === size && Buffer.compare(known.root, root) !== 0) {
      ledger.keepProof(checkpoint, note);
      log.error("a log has signed two trees of one size", { origin, size });
      return { status: 409, why: "This witness has cosigned another tree of that size." };
    }
    if (oldSize === 0 || oldSize === size)
      return proof.length === 0
        ? null
        : { status: 422, why: "There is nothing to prove here: the proof must be empty." };
    const claim = { oldSize, newSize: size, oldRoot: known?.root ?? emptyRoot, newRoot: root, proof };
    if (verifyConsistency(claim)) return null;
    log.warn("a proof does not hold", { origin, old_size: oldSize, size });
    return { status: 422, why: "The proof does not show that the tree contains the one cosigned before." };
  }

  #cosign(checkpoint: Checkpoint, text: string, note: string): Verdict {
    const { cosigner, ledger, clock } = this.#parts;
    const line = cosigner.cosign(text, Math.floor(clock.now() / 1000));
    // On disk before it leaves: a witness that forgot what it said could be made to say the opposite. What is there already
    // is not written again: anybody who has a checkpoint can send it as often as they like.
    if (ledger.newest(checkpoint.origin)?.size === checkpoint.size) return { status: 200, line };
    ledger.remember(checkpoint, `${note}${line}`);
    return { status: 200, line };
  }
}

function readBody(
  body: string,
): { readonly submission: Submission; readonly checkpoint: Checkpoint; readonly text: string } | Verdict {
  try {
    const submission = parseSubmission(body);
    const { text } = parseNote(submission.checkpoint);
    return { submission, checkpoint: parseCheckpoint(text), text };
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    return { status: 400, why: `The body can't be read: ${error.message}.` };
  }
}

/**
 * The signature lines of keys that are known. Others are passed over, as the standard asks, and not remembered; one of a
 * known key must be genuine.
 */
function signedBy(note: string, keys: readonly VerifierKey[]): { readonly lines: string } | Verdict {
  try {
    const { note: read, signedBy } = openNote(note, keys);
    if (signedBy.length === 0)
      return { status: 403, why: "No key of that log which this witness knows has signed the checkpoint." };
    const own = read.signatures.filter((line) =>
      signedBy.some(({ name, hash }) => name === line.name && hash === line.hash),
    );
    return { lines: own.map((line) => signatureLine(line, line.bytes)).join("") };
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    return { status: 403, why: `The checkpoint is not genuine: ${error.message}.` };
  }
}
