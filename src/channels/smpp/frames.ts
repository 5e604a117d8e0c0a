import { HEADER_LENGTH } from "./pdu.ts";

/** A message of 64 kB with its addresses is the largest PDU there is; nothing near it is ever needed. */
export const LONGEST_FRAME = 72 * 1024;

/**
 * Cuts a stream of bytes into frames, however it was chopped on its way. Keeps less than one frame; a length that no PDU
 * can have ends it, since nobody knows then where the next one starts.
 */
export class Frames {
  #chunks: Buffer[] = [];
  #size = 0;
  #isBroken = false;

  /** True from the first impossible length on; what follows is thrown away. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Takes what came and gives the frames that are whole now. */
  *take(chunk: Buffer): Generator<Buffer> {
    if (this.#isBroken) return;
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    while (this.#size >= 4) {
      const length = this.#first(4).readUInt32BE();
      if (length < HEADER_LENGTH || length > LONGEST_FRAME) {
        this.#isBroken = true;
        this.#chunks = [];
        return;
      }
      if (this.#size < length) return;
      const frame = this.#first(length).subarray(0, length);
      const rest = (this.#chunks[0] ?? frame).subarray(length);
      this.#chunks.splice(0, 1, ...(rest.length > 0 ? [rest] : []));
      this.#size -= length;
      yield frame;
    }
  }

  /** Joins chunks until the first holds that many bytes. */
  #first(count: number): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && first.length >= count) return first;
    // All at once: joining two by two would copy a frame that comes byte by byte again and again.
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }
}
