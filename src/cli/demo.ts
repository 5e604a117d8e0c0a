import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { renderUnicodeCompact } from "uqr";
import { type App, startApp } from "../app.ts";
import type { Pause } from "../pauses/index.ts";
import { loadConfig } from "../platform/config/load.ts";
import { silentLog } from "../platform/log.ts";
import { isWildcard } from "../platform/network.ts";
import { CommandFailed, onTerminal, print, printJson, UsageError } from "./output.ts";

/** `pausepoint demo`: one pause on a throw-away server, from question to decision. */
export function addDemo(program: Command): void {
  program
    .command("demo")
    .description("ask one question on a throw-away server and wait for your tap")
    .option(
      "--host <host>",
      "listen on this address; 0.0.0.0 lets a phone in the same network open the page",
      "127.0.0.1",
    )
    .option("--port <port>", "the port to listen on; 0 for any", "0")
    .option("--timeout-minutes <n>", "how long to wait for an answer", "10")
    .option("--json", "print JSON: a line with the link, then one with the pause")
    .action(demo);
}

async function demo(options: { host: string; port: string; timeoutMinutes: string; json?: boolean }): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "pausepoint-demo-"));
  let app: App | null = null;
  const clean = async () => {
    await app?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const stop = () => void clean().finally(() => process.exit(130));
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  try {
    const env = { PAUSEPOINT_BASE_URL: undefined };
    const config = await loadConfig({
      flags: { data: join(folder, "data"), host: options.host, port: options.port },
      env,
      cwd: folder,
    });
    app = await startApp({ config, log: silentLog });
    await play(app, options);
  } finally {
    process.removeListener("SIGINT", stop);
    process.removeListener("SIGTERM", stop);
    await clean();
  }
}

async function play(app: App, options: { host: string; timeoutMinutes: string; json?: boolean }): Promise<void> {
  const call = async <T>(path: string, body?: object): Promise<T> => {
    const response = await fetch(`${app.url}${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { authorization: `Bearer ${app.firstKey}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new CommandFailed(`The demo's server refused: ${await response.text()}`);
    return (await response.json()) as T;
  };
  const asked = await call<Pause>("/v1/pause", {
    recipient: "+1 (312) 847-1928",
    channel: "sms",
    message: "Wire $8,400 to Meridian Supplies?",
    options: ["Approve", "Reject"],
    details: { Amount: "$8,400.00", To: "Meridian Supplies", Invoice: "4712" },
    allow_comment: true,
    timeout_hours: minutes(options.timeoutMinutes) / 60,
    timeout_default: "Reject",
  });
  const link = await firstLink(call, asked.pause_id);
  announce(options, link);

  let pause = asked;
  while (pause.status === "pending") pause = await call<Pause>(`/v1/pause/${asked.pause_id}?wait=60`);
  if (options.json) printJson(pause);
  else print(told(pause));
}

async function firstLink(call: <T>(path: string) => Promise<T>, pauseId: string): Promise<string> {
  for (let tries = 0; tries < 100; tries++) {
    const { data } = await call<{ data: { link: string }[] }>(`/v1/test/messages?pause_id=${pauseId}`);
    if (data[0] !== undefined) return data[0].link;
    await Bun.sleep(20);
  }
  throw new CommandFailed("The demo's message did not arrive in the outbox.");
}

function announce(options: { host: string; json?: boolean }, link: string): void {
  if (options.json) {
    printJson({ link });
    return;
  }
  print("An agent asks: Wire $8,400 to Meridian Supplies?\n");
  if (onTerminal()) print(`${renderUnicodeCompact(link)}\n`);
  print(`Open this and tap: ${link}`);
  if (!isWildcard(options.host)) print("To open it on a phone in the same network: pausepoint demo --host 0.0.0.0");
  print("Waiting for the answer.");
}

function told(pause: Pause): string {
  if (pause.response_source === "timeout_default")
    return `Nobody answered in time, so the answer is the default: ${pause.response_choice}.`;
  if (pause.status !== "responded") return `The pause ended: ${pause.status}.`;
  const comment = pause.response_comment === null ? "" : ` They added: ${JSON.stringify(pause.response_comment)}.`;
  return `A person chose: ${pause.response_choice}.${comment} The agent may go on.`;
}

function minutes(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 525_600))
    throw new UsageError("--timeout-minutes must be a number above 0 and at most 525600");
  return value;
}
