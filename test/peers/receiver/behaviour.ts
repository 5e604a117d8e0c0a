import type { Socket } from "node:net";
import { systemClock } from "../../../src/platform/clock.ts";

export type Behaviour =
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Uint8Array;
    }
  | { readonly trouble: Trouble };

export type Trouble = keyof typeof troubles;

/** Answers as told, over a connection that has brought one whole request. */
export function perform(socket: Socket, behaviour: Behaviour): void {
  if ("trouble" in behaviour) {
    troubles[behaviour.trouble](socket);
    return;
  }
  const { status, headers = {}, body = "" } = behaviour;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = status === 204 ? "" : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  socket.write(`HTTP/1.1 ${status} Told So\r\nConnection: close\r\n${length}${lines.join("")}\r\n`);
  socket.end(body);
}

const OK = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

const troubles = {
  /** Takes the request and says nothing, for ever. */
  hang: () => {},
  /** TCP's RST instead of an answer. */
  reset: (socket: Socket) => socket.resetAndDestroy(),
  /** An orderly end instead of an answer. */
  close: (socket: Socket) => socket.end(),
  "cut head": (socket: Socket) => socket.end(`${OK}Content-Type: text/pl`),
  /** A success that breaks off in its body. */
  "cut body": (socket: Socket) => socket.end(`${OK}Content-Length: 100\r\n\r\nhalf of `),
  "not http": (socket: Socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n"),
  /** Ten megabytes, as fast as they are taken. */
  flood(socket: Socket) {
    socket.write(`${OK}Content-Length: ${10 * 1024 * 1024}\r\n\r\n`);
    forEver(socket, "a".repeat(64 * 1024), 160);
  },
  /** More of its body than anybody reads, then nothing more. */
  "hang in body": (socket: Socket) => socket.write(`${OK}Content-Length: 1000000\r\n\r\n${"a".repeat(2000)}`),
  /** A byte of the body now and then. */
  drip(socket: Socket) {
    socket.write(`${OK}Content-Length: 900\r\n\r\n`);
    const drop = () => {
      if (!socket.writable) return;
      socket.write(".");
      systemClock.after(5, drop);
    };
    drop();
  },
  /** Half of the head, then nothing more. */
  "hang in head": (socket: Socket) => socket.write(`${OK}Content-Type: text/pl`),
  "endless headers"(socket: Socket) {
    socket.write(OK);
    forEver(socket, `X-More: ${"a".repeat(100)}\r\n`);
  },
  "endless header"(socket: Socket) {
    socket.write(`${OK}X-Long: `);
    forEver(socket, "a".repeat(1000));
  },
  "endless trailers"(socket: Socket) {
    socket.write(`${CHUNKED}0\r\n`);
    forEver(socket, `X-More: ${"a".repeat(100)}\r\n`);
  },
  "endless chunk size"(socket: Socket) {
    socket.write(CHUNKED);
    forEver(socket, "0".repeat(1000));
  },
  /** Interim answers (RFC 9110, section 15.2) and never the final one. */
  "endless interim answers": (socket: Socket) => forEver(socket, "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(40)),
  "endless empty lines": (socket: Socket) => forEver(socket, "\r\n".repeat(500)),
  "switch protocols": (socket: Socket) =>
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: rot13\r\n\r\n"),
  /** Unzipped a megabyte. */
  bomb(socket: Socket) {
    const zipped = Bun.gzipSync(Buffer.alloc(1024 * 1024, "a"));
    socket.write(`${OK}Content-Encoding: gzip\r\nContent-Length: ${zipped.length}\r\n\r\n`);
    socket.end(zipped);
  },
} as const satisfies Record<string, (socket: Socket) => unknown>;

/** Writes a piece again and again, each once the one before is on its way, until the connection ends. */
function forEver(socket: Socket, piece: string, times = Number.POSITIVE_INFINITY): void {
  if (times === 0 || !socket.writable) return;
  socket.write(piece, () => setImmediate(() => forEver(socket, piece, times - 1)));
}
