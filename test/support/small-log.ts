/** A log that holds leaves alone: signs checkpoints, proves, forks, and does whatever else a log must not. */
import { checkpointText } from "../../src/audit/checkpoint.ts";
import { append, consistencyProof, emptyFrontier, leafHash, type NodeReader, root } from "../../src/audit/merkle.ts";
import { formatVerifierKey, signNote, type VerifierKey, verifierKey } from "../../src/audit/note.ts";
import { formatSubmission } from "../../src/audit/submission.ts";
import { type SigningKey, signingKeyFrom } from "../../src/platform/ed25519.ts";
import { sha256 } from "../../src/platform/hash.ts";

export class SmallLog {
  readonly key: VerifierKey;
  readonly vkey: string;
  readonly #signer: SigningKey;
  readonly #leaves: Uint8Array[] = [];

  constructor(
    readonly origin = "log.example/one",
    seed = origin,
  ) {
    this.#signer = signingKeyFrom(sha256(seed));
    this.key = verifierKey(origin, this.#signer.publicKey);
    this.vkey = formatVerifierKey(this.key);
  }

  get size(): number {
    return this.#leaves.length;
  }

  /** Adds leaves; another story makes other leaves. */
  grow(count: number, story = "true"): this {
    for (let added = 0; added < count; added++) this.#leaves.push(leafHash(`${story} ${this.#leaves.length}`));
    return this;
  }

  /** The log as it would be had something else happened after so many entries; the same key signs it. */
  forkedAt(size: number, length: number, story = "false"): SmallLog {
    const fork = Object.assign(new SmallLog(this.origin), { key: this.key, vkey: this.vkey });
    fork.#leaves.push(...this.#leaves.slice(0, size));
    return fork.grow(length - size, story);
  }

  root(size = this.size): Uint8Array {
    let frontier = emptyFrontier;
    for (const leaf of this.#leaves.slice(0, size)) frontier = append(frontier, leaf).frontier;
    return root(frontier);
  }

  /** A signed note over the first `size` entries; `more` is put below the three lines, and signed. */
  checkpoint(size = this.size, more = ""): string {
    return this.sign(`${checkpointText({ origin: this.origin, size, root: this.root(size) })}${more}`);
  }

  sign(text: string): string {
    return signNote(text, this.key, this.#signer);
  }

  proof(oldSize: number, size = this.size): readonly Uint8Array[] {
    return oldSize === 0 || oldSize === size ? [] : consistencyProof(oldSize, size, this.#node);
  }

  /** The body that takes the first `size` entries to a witness that knows `oldSize`. */
  submission(oldSize: number, size = this.size): string {
    return formatSubmission({ oldSize, proof: this.proof(oldSize, size), checkpoint: this.checkpoint(size) });
  }

  readonly #node: NodeReader = (level, position) => {
    let frontier = emptyFrontier;
    const width = 2 ** level;
    for (const leaf of this.#leaves.slice(position * width, (position + 1) * width))
      frontier = append(frontier, leaf).frontier;
    return root(frontier);
  };
}
