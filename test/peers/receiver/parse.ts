import type { Socket } from "node:net";

/** A request as it came over the wire. */
export interface ParsedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** Names in lower case; of those that came twice, the last. */
  readonly headers: Readonly<Record<string, string>>;
  /** The head as it was written, without the empty line. */
  readonly head: string;
  /** The raw bytes. */
  readonly body: Buffer;
}

const HEAD_END = "\r\n\r\n";

/** Calls `taken` once the first request of a connection is there, with a body of Content-Length bytes. */
export function readRequest(socket: Socket, taken: (request: ParsedRequest) => void): void {
  let bytes = Buffer.alloc(0);
  const read = (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    const end = bytes.indexOf(HEAD_END);
    if (end === -1) return;
    const head = bytes.subarray(0, end).toString("latin1");
    const [first = "", ...lines] = head.split("\r\n");
    const headers = Object.fromEntries(lines.map(splitHeader));
    const body = bytes.subarray(end + HEAD_END.length);
    if (body.length < Number(headers["content-length"] ?? 0)) return;
    socket.off("data", read);
    // Goes on reading, so that the end of the connection is seen.
    socket.resume();
    const [method = "", path = ""] = first.split(" ");
    taken({ method, path, headers, head, body });
  };
  socket.on("data", read);
}

function splitHeader(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}
