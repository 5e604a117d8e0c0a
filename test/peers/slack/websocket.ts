import { createHash } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";

/**
 * The server's side of WebSocket (RFC 6455) over a plain socket. Its own, because the peer has to do what a WebSocket
 * library forbids: keep silent at a ping, and vanish without a word.
 */
export class WebSocketConnection {
  /** Whether a ping gets its pong. */
  answersPings = true;
  readonly pings: string[] = [];
  readonly pongs: string[] = [];
  onText: (text: string) => void = () => {};
  onPong: () => void = () => {};
  onClose: (code: number) => void = () => {};
  readonly #socket: Socket;
  #input: Buffer;
  #fragments: Buffer[] = [];
  #isOpen = true;

  constructor(socket: Socket, early: Buffer) {
    this.#socket = socket;
    this.#input = early;
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("error", () => this.#ended(1006));
    socket.on("close", () => this.#ended(1006));
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Reads what came with the handshake, once the callbacks are in place. */
  begin(): void {
    this.#read(Buffer.alloc(0));
  }

  send(text: string): void {
    this.#write(OPCODE.text, Buffer.from(text, "utf8"));
  }

  ping(text: string): void {
    this.#write(OPCODE.ping, Buffer.from(text, "utf8"));
  }

  /** Closes in order: a close frame, then the socket. */
  close(code: number, reason = ""): void {
    const body = Buffer.alloc(2 + Buffer.byteLength(reason));
    body.writeUInt16BE(code);
    body.write(reason, 2);
    this.#write(OPCODE.close, body);
    this.#ended(code);
    this.#socket.end();
  }

  /** Cuts the line, as a crashed host or a broken network does. */
  terminate(): void {
    this.#ended(1006);
    this.#socket.destroy();
  }

  #ended(code: number): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.onClose(code);
  }

  #write(opcode: number, body: Buffer): void {
    if (!this.#isOpen) return;
    const long = body.length > 0xffff ? 8 : body.length > 125 ? 2 : 0;
    const head = Buffer.alloc(2 + long);
    head[0] = 0x80 | opcode;
    head[1] = long === 0 ? body.length : long === 2 ? 126 : 127;
    if (long === 2) head.writeUInt16BE(body.length, 2);
    if (long === 8) head.writeBigUInt64BE(BigInt(body.length), 2);
    this.#socket.write(Buffer.concat([head, body]));
  }

  #read(chunk: Buffer): void {
    this.#input = Buffer.concat([this.#input, chunk]);
    while (this.#isOpen) {
      const frame = takeFrame(this.#input);
      if (frame === null) return;
      if (frame === "malformed") {
        this.close(1002, "protocol error");
        return;
      }
      this.#input = frame.rest;
      this.#handle(frame);
    }
  }

  #handle({ opcode, isFinal, body }: Frame): void {
    switch (opcode) {
      case OPCODE.text:
      case OPCODE.continuation:
        this.#fragments.push(body);
        if (!isFinal) return;
        this.onText(Buffer.concat(this.#fragments.splice(0)).toString("utf8"));
        break;
      case OPCODE.ping:
        this.pings.push(body.toString("utf8"));
        if (this.answersPings) this.#write(OPCODE.pong, body);
        return;
      case OPCODE.pong:
        this.pongs.push(body.toString("utf8"));
        this.onPong();
        break;
      case OPCODE.close:
        this.close(body.length >= 2 ? body.readUInt16BE() : 1000);
        break;
      default:
        this.close(1003, "text only");
    }
  }
}

const OPCODE = { continuation: 0, text: 1, close: 8, ping: 9, pong: 10 } as const;

interface Frame {
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly body: Buffer;
  readonly rest: Buffer;
}

/** The first frame; null while it is not whole. A client's frames are masked and use no extension (§5.1, §5.2). */
function takeFrame(input: Buffer): Frame | "malformed" | null {
  if (input.length < 2) return null;
  const [first = 0, second = 0] = input;
  if ((first & 0x70) !== 0 || (second & 0x80) === 0) return "malformed";
  const short = second & 0x7f;
  const long = short === 127 ? 8 : short === 126 ? 2 : 0;
  const start = 2 + long + 4;
  if (input.length < start) return null;
  const length = long === 8 ? Number(input.readBigUInt64BE(2)) : long === 2 ? input.readUInt16BE(2) : short;
  if (input.length < start + length) return null;
  const mask = input.subarray(start - 4, start);
  const body = Buffer.from(input.subarray(start, start + length));
  for (let index = 0; index < body.length; index++) body[index] = (body[index] ?? 0) ^ (mask[index % 4] ?? 0);
  return { opcode: first & 0x0f, isFinal: (first & 0x80) !== 0, body, rest: input.subarray(start + length) };
}

/** Listens on loopback. `admit` decides on a handshake by its address: what to do with the connection, or null for 403. */
export async function listenForWebSockets(
  admit: (url: URL) => ((connection: WebSocketConnection) => void) | null,
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    shakeHands(socket, admit);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the WebSocket server has no port");
  return {
    port: address.port,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function shakeHands(socket: Socket, admit: Parameters<typeof listenForWebSockets>[0]): void {
  let input = Buffer.alloc(0);
  const collect = (chunk: Buffer): void => {
    input = Buffer.concat([input, chunk]);
    const end = input.indexOf("\r\n\r\n");
    if (end === -1) return;
    socket.off("data", collect);
    const [requestLine = "", ...lines] = input.subarray(0, end).toString("latin1").split("\r\n");
    const headers = new Map(
      lines.map((line) => [line.split(":", 1)[0]?.toLowerCase(), line.replace(/^[^:]*:\s*/, "")]),
    );
    const key = headers.get("sec-websocket-key");
    const [verb, path = "/"] = requestLine.split(" ");
    const isHandshake = verb === "GET" && headers.get("upgrade")?.toLowerCase() === "websocket" && key !== undefined;
    if (!isHandshake || headers.get("sec-websocket-version") !== "13") {
      refuse(socket, "400 Bad Request");
      return;
    }
    const take = admit(new URL(path, "ws://127.0.0.1"));
    if (take === null) {
      refuse(socket, "403 Forbidden");
      return;
    }
    const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    const upgrade = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    socket.write(`${upgrade}Sec-WebSocket-Accept: ${accept}\r\n\r\n`);
    const connection = new WebSocketConnection(socket, input.subarray(end + 4));
    take(connection);
    connection.begin();
  };
  socket.on("data", collect);
}

function refuse(socket: Socket, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
