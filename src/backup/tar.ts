/**
 * The container of an archive: tar as of POSIX.1-1988 (ustar), so that every `tar` reads it. What is written here has one
 * spelling, and only that is read: plain files in one folder, and two blocks of zeros at the end.
 */
const BLOCK = 512;
const FOLDER = "pausepoint-backup/";
/** From here on a size does not fit into eleven octal digits, and is written as GNU tar and libarchive do, in binary. */
const OCTAL_LIMIT = 8 ** 11;

/** A file on its way into an archive. */
export interface TarEntry {
  readonly name: string;
  readonly size: number;
  readonly bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** The bytes of a whole archive. `at`: milliseconds, the time that all files in it show. @throws Error when a file is not as long as was said. */
export async function* tarOf(entries: Iterable<TarEntry>, at: number): AsyncGenerator<Uint8Array> {
  for (const { name, size, bytes } of entries) {
    yield header(name, size, at);
    let left = size;
    for await (const chunk of bytes) {
      left -= chunk.length;
      yield chunk;
    }
    if (left !== 0) throw new Error(`${name} has changed while it was packed`);
    yield new Uint8Array(paddingOf(size));
  }
  yield new Uint8Array(2 * BLOCK);
}

/** A file on its way out of an archive. Its bytes have to be read before the next one is asked for. */
export interface TarFile {
  readonly name: string;
  readonly size: number;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** The files of an archive, in order. @throws TarDamage wherever it is not as {@link tarOf} writes it. */
export async function* filesOf(archive: AsyncIterable<Uint8Array>): AsyncGenerator<TarFile> {
  const source = new Chunks(archive);
  for (;;) {
    const block = await source.exactly(BLOCK);
    if (isZero(block)) break;
    const { name, size } = readHeader(block);
    yield { name, size, bytes: source.upTo(size) };
    if (!isZero(await source.exactly(paddingOf(size)))) throw new TarDamage();
  }
  if (!isZero(await source.exactly(BLOCK)) || !(await source.isOver())) throw new TarDamage();
}

/** An archive is not as it was written. */
export class TarDamage extends Error {
  override readonly name = "TarDamage";
}

function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

function header(name: string, size: number, at: number): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  block.write(FOLDER + name, 0, 100, "latin1");
  block.write("0000600\0", 100, "latin1");
  block.write("0000000\0", 108, "latin1");
  block.write("0000000\0", 116, "latin1");
  if (size < OCTAL_LIMIT) block.write(`${octal(size, 11)}\0`, 124, "latin1");
  else {
    block[124] = 0x80;
    block.writeBigUInt64BE(BigInt(size), 128);
  }
  block.write(`${octal(Math.floor(at / 1000), 11)}\0`, 136, "latin1");
  block.write("0ustar\x0000", 156, "latin1");
  block.write(`${octal(checksum(block), 6)}\0 `, 148, "latin1");
  return block;
}

/** Nothing but what {@link header} writes is taken: it is written again and compared. */
function readHeader(block: Buffer): { readonly name: string; readonly size: number } {
  const path = block.toString("latin1", 0, block.indexOf(0));
  const name = path.slice(FOLDER.length);
  const size = block[124] === 0x80 ? Number(block.readBigUInt64BE(128)) : readOctal(block, 124);
  const at = readOctal(block, 136) * 1000;
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(at) || !block.equals(header(name, size, at)))
    throw new TarDamage();
  return { name, size };
}

function readOctal(block: Buffer, at: number): number {
  return Number.parseInt(block.toString("latin1", at, at + 11), 8);
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

/** The sum of all bytes, its own field taken as spaces. */
function checksum(block: Buffer): number {
  return block.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? 0x20 : byte), 0);
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** A stream of bytes, taken in pieces of other lengths than it comes in. */
class Chunks {
  readonly #source: AsyncIterator<Uint8Array>;
  #held: Uint8Array = new Uint8Array(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async exactly(length: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const part of this.upTo(length)) parts.push(part);
    return Buffer.concat(parts);
  }

  async *upTo(length: number): AsyncGenerator<Uint8Array> {
    for (let left = length; left > 0; ) {
      if (!(await this.#fill())) throw new TarDamage();
      const part = this.#held.subarray(0, left);
      this.#held = this.#held.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }

  async isOver(): Promise<boolean> {
    return !(await this.#fill());
  }

  /** Answers whether there is more. */
  async #fill(): Promise<boolean> {
    while (this.#held.length === 0) {
      const { value, done } = await this.#source.next();
      if (done) return false;
      this.#held = value;
    }
    return true;
  }
}
