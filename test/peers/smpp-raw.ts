/** A carrier that writes whatever bytes a test asks for, and reads frames by their length alone. */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

/** A PDU from its parts, without looking whether they fit. */
export function rawPdu(commandId: number, sequence: number, body: Buffer = Buffer.alloc(0), status = 0): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32BE(16 + body.length, 0);
  header.writeUInt32BE(commandId, 4);
  header.writeUInt32BE(status, 8);
  header.writeUInt32BE(sequence, 12);
  return Buffer.concat([header, body]);
}

export class RawLine {
  readonly frames: Buffer[] = [];
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);
  #watchers: (() => void)[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.on("close", () => resolve()));
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      for (;;) {
        const length = this.#bytes.length < 4 ? Number.POSITIVE_INFINITY : this.#bytes.readUInt32BE();
        if (this.#bytes.length < length) break;
        this.frames.push(Buffer.from(this.#bytes.subarray(0, length)));
        this.#bytes = this.#bytes.subarray(length);
      }
      for (const watcher of this.#watchers.splice(0)) watcher();
    });
  }

  /** The first frame with that command that came, or comes. */
  async frame(commandId: number, nth = 0): Promise<Buffer> {
    for (;;) {
      const found = this.frames.filter((frame) => frame.readUInt32BE(4) === commandId)[nth];
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Answers the bind; resolves once that is written. */
  async bind(): Promise<void> {
    const bind = await this.frame(0x00000009);
    this.write(rawPdu(0x80000009, bind.readUInt32BE(12), Buffer.from("carrier\0")));
  }

  cut(): void {
    this.#socket.destroy();
  }
}

export class RawSmsc {
  readonly lines: RawLine[] = [];
  readonly #server: Server;
  #watchers: (() => void)[] = [];

  static async start(): Promise<RawSmsc> {
    const smsc = new RawSmsc();
    await new Promise<void>((resolve) => smsc.#server.listen(0, "127.0.0.1", resolve));
    return smsc;
  }

  private constructor() {
    this.#server = createServer((socket) => {
      this.lines.push(new RawLine(socket));
      for (const watcher of this.#watchers.splice(0)) watcher();
    });
  }

  get url(): string {
    return `smpp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The nth connection, once it is made. */
  async line(nth = 0): Promise<RawLine> {
    for (;;) {
      const line = this.lines[nth];
      if (line !== undefined) return line;
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  async stop(): Promise<void> {
    for (const line of this.lines) line.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
