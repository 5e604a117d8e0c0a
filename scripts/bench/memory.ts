import { join } from "node:path";
import Database from "better-sqlite3";
import { type Figure, figure } from "./figures.ts";
import { type Server, startProduct } from "./server.ts";

const MEGABYTE = 1_048_576;

/** Resident memory with nothing to do: at once, and after `rest` seconds. The folder is fresh. */
export async function idleMemory(executable: string, data: string, restSeconds: number): Promise<Figure[]> {
  const server = await startProduct(executable, data);
  try {
    const first = server.resident() / MEGABYTE;
    await Bun.sleep(restSeconds * 1000);
    return [
      figure("resident memory after start", first, "MB"),
      figure(`resident memory idle, after ${restSeconds} s`, server.resident() / MEGABYTE, "MB", { most: 90 }),
    ];
  } finally {
    await server.stop();
  }
}

/**
 * What one held `?wait=120` takes, each on a connection and a pause of its own: the server's growth by their count.
 * At the end the server is told to stop, and every one of them must still be answered.
 */
export async function heldMemory(executable: string, data: string, key: string, count: number): Promise<Figure> {
  const database = new Database(join(data, "pausepoint.db"), { readonly: true });
  const ids = database.prepare<[number], string>("SELECT id FROM pauses LIMIT ?").pluck().all(count);
  database.close();
  if (ids.length < count) throw new Error(`${count} pauses are needed, ${ids.length} are stored`);
  const server = await startProduct(executable, data);
  let answered = 0;
  let stopped: Promise<void> | null = null;
  try {
    // A first hundred opens what every request needs, so that it is not counted as theirs.
    await Promise.all(ids.slice(0, 100).map((id) => ask(server, id, key)));
    const before = server.resident();
    const gone: Promise<void>[] = [];
    for (const id of ids) gone.push((await hold(server, id, key, () => answered++)).gone);
    await ask(server, ids[0] ?? "", key);
    await Bun.sleep(500);
    if (answered > 0) throw new Error(`${answered} held requests were answered before anything happened`);
    const each = (server.resident() - before) / count / 1024;
    stopped = server.stop();
    await Promise.all(gone);
    if (answered !== count) throw new Error(`${count - answered} held requests got no answer when the server stopped`);
    return figure(`memory of one held long-poll, ${count} at once`, each, "kB", { most: 8 });
  } finally {
    await (stopped ?? server.stop());
  }
}

async function ask(server: Server, id: string, key: string): Promise<void> {
  const response = await fetch(`${server.url}/v1/pause/${id}`, { headers: { authorization: `Bearer ${key}` } });
  await response.arrayBuffer();
}

/** Opens a connection, asks on it, and resolves once it is sent, with what resolves when the connection is gone. */
async function hold(server: Server, id: string, key: string, onAnswer: () => void): Promise<{ gone: Promise<void> }> {
  const { hostname, port } = new URL(server.url);
  let close = () => {};
  const gone = new Promise<void>((resolve) => {
    close = resolve;
  });
  await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      open(socket) {
        socket.write(
          `GET /v1/pause/${id}?wait=120 HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${key}\r\n\r\n`,
        );
      },
      data(socket, bytes) {
        if (bytes.toString("latin1", 0, 12) === "HTTP/1.1 200") onAnswer();
        socket.end();
      },
      close: () => close(),
      error: () => close(),
    },
  });
  return { gone };
}
