import { readFileSync } from "node:fs";
import { pinned, SERVER } from "./load.ts";

/** A server process that this benchmark started. */
export interface Server {
  readonly url: string;
  /** What it printed when it was ready. */
  readonly greeting: Readonly<Record<string, string>>;
  /** Memory that is really held, in bytes (VmRSS); NaN where there is no /proc. */
  resident(): number;
  stop(): Promise<void>;
}

/** Starts a program that prints one line of JSON with its `url` when it listens. */
export async function startProcess(command: readonly string[]): Promise<Server> {
  const child = Bun.spawn([...pinned(SERVER), ...command], { stdout: "pipe", stderr: "inherit" });
  const greeting = JSON.parse(await firstLine(child.stdout)) as Record<string, string>;
  const { url } = greeting;
  if (url === undefined) throw new Error(`${command.join(" ")} told no address`);
  return {
    url,
    greeting,
    resident: () => residentOf(child.pid),
    async stop() {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

/** The product on a data folder, on any free port. */
export function startProduct(executable: string, data: string): Promise<Server> {
  return startProcess([executable, "serve", "--data", data, "--port", "0", "--json"]);
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  for (let text = ""; ; ) {
    const { value, done } = await reader.read();
    text += decoder.decode(value, { stream: true });
    if (text.includes("\n")) {
      reader.releaseLock();
      return text.slice(0, text.indexOf("\n"));
    }
    if (done) throw new Error(`a server ended before it listened: ${text}`);
  }
}

function residentOf(pid: number): number {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Number(kilobytes) * 1024;
  } catch {
    return Number.NaN;
  }
}
