/** One connection whose every byte the test writes itself: what no HTTP client would send. */
export interface RawSocket {
  /** Answers how many bytes of it were taken: fewer than all while the other side does not read. */
  send(bytes: string | Uint8Array): number;
  /** Closes this side, as a client does that has left. */
  leave(): void;
  /** True once the server has closed. */
  readonly closed: boolean;
  /** All that came, once the server has closed. */
  readonly received: Promise<string>;
  /** All that has come until now. */
  readonly soFar: string;
}

export async function openSocket(port: number): Promise<RawSocket> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = "";
  let closed = false;
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data(_, bytes) {
        text += bytes.toString("latin1");
      },
      close() {
        closed = true;
        resolve(text);
      },
      error() {},
    },
  });
  return {
    send(bytes) {
      const taken = socket.write(bytes);
      socket.flush();
      return Math.max(0, taken);
    },
    leave: () => socket.terminate(),
    received: promise,
    get closed() {
      return closed;
    },
    get soFar() {
      return text;
    },
  };
}

/** Sends one text and answers with all that came back until the server closed. */
export async function exchange(port: number, text: string | Uint8Array): Promise<string> {
  const socket = await openSocket(port);
  socket.send(text);
  return socket.received;
}

/** A request that asks for the connection to be closed behind it. Lines of `headers` without their ends. */
export function request(start: string, headers: readonly string[] = [], body = ""): string {
  const length = body === "" ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  return `${[start, ...headers, ...length, "Connection: close"].join("\r\n")}\r\n\r\n${body}`;
}

/** The status of the first answer in a text, 0 when there is none. */
export function statusOf(text: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
}

/** The problem document in an answer, or null. */
export function problemOf(text: string): { type: string; status: number } | null {
  return text.includes("application/problem+json") ? JSON.parse(text.slice(text.indexOf("\r\n\r\n") + 4)) : null;
}
