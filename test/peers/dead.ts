/**
 * Receivers of webhooks that are dead, each in an origin of its own on a loopback address (127.0.0.0/8, so Linux only):
 * a quarter each refuse the connection, take it and never answer, reset it, and never even accept it.
 */
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { startReceiver } from "./receiver.ts";

export interface Dead {
  /** One for each destination, the four kinds in turn. */
  readonly urls: readonly string[];
  /** How many of them hold a connection until whoever made it gives up. */
  readonly holding: number;
  /** Connections that those which take them and never answer hold now. */
  readonly hanging: number;
  stop(): Promise<void>;
}

/** More than any test sends. */
const ALWAYS = 10_000;
/** A process that listens and is stopped: the system takes connections for it, and nobody ever reads from them. */
const LISTENS = `const server = require("node:net").createServer().listen(0, "0.0.0.0", () => console.log(server.address().port));`;

/** Starts so many, a multiple of four up to 1,000. */
export async function startDead(count: number): Promise<Dead> {
  const hanging = await startReceiver({ host: "0.0.0.0" });
  hanging.behave({ trouble: "hang" }, ALWAYS);
  const resetting = await startReceiver({ host: "0.0.0.0" });
  resetting.behave({ trouble: "reset" }, ALWAYS);
  const hole = Bun.spawn([process.execPath, "-e", LISTENS], { stdout: "pipe", stderr: "inherit" });
  const [holePort] = (await once(createInterface(Readable.fromWeb(hole.stdout as never)), "line")) as [string];
  hole.kill("SIGSTOP");
  const ports = [await unusedPort(), hanging.port, resetting.port, Number(holePort)];
  return {
    urls: Array.from(
      { length: count },
      (_, index) => `http://127.0.${1 + (index % 4)}.${1 + Math.floor(index / 4)}:${ports[index % 4]}/hooks`,
    ),
    holding: count / 2,
    get hanging() {
      return hanging.open;
    },
    async stop() {
      hole.kill("SIGKILL");
      await Promise.all([hole.exited, hanging.stop(), resetting.stop()]);
    },
  };
}

async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, "0.0.0.0");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
