/**
 * The compiled executable, run as its users run it: from a folder of its own that holds nothing but what a test puts
 * there, with an environment that names no PausePoint.
 *
 *     await using server = await serveBinary();
 *     const pause = await server.ask({ message: "Deploy?" });
 *     await server.choose(await server.link(pause.pause_id), "Approve");
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Pause } from "../../src/pauses/index.ts";
import { eventually } from "./eventually.ts";
import { pathOf } from "./needs.ts";

/** What a command came to. */
export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What came back: the JSON that it says, or its text. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a test says by its expectations what it takes the answer to be
  readonly body: any;
}

/** An empty folder but for the files given, by path and text. */
export function folderWith(files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "pausepoint-e2e-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** The environment that the executable runs in: this one without a PausePoint of its own, and what the test adds. */
export function environment(more: Readonly<Record<string, string>> = {}): Record<string, string | undefined> {
  const own = Object.entries(process.env).filter(([name]) => !/^(PAUSEPOINT_|NODE_|BUN_)/.test(name));
  return { ...Object.fromEntries(own), ...more };
}

/** Runs a program to its end. */
export async function run(command: readonly string[], cwd: string, env = environment()): Promise<Ran> {
  const child = Bun.spawn([...command], { cwd, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, status] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { status, stdout, stderr };
}

/** Runs one command of the executable to its end. */
export function runBinary(args: readonly string[], cwd: string, env = environment()): Promise<Ran> {
  return run([pathOf("dist/pausepoint"), ...args], cwd, env);
}

/** A started executable, its output read as it comes. */
export class Started {
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #errors: Promise<void>;
  readonly #lines: AsyncIterator<string>;
  /** All that went to stderr so far. */
  stderr = "";

  constructor(args: readonly string[], cwd: string, env = environment()) {
    const command = [pathOf("dist/pausepoint"), ...args];
    this.#child = Bun.spawn(command, { cwd, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    this.#lines = linesOf(this.#child.stdout);
    this.#errors = this.#readErrors();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** The next line of stdout. Rejects, with what went to stderr, when there is none. */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (!done) return value;
    await this.#errors;
    throw new Error(`the executable ended with ${await this.#child.exited}: ${this.stderr}`);
  }

  /** Its exit status, once it has ended. */
  get ended(): Promise<number> {
    return this.#errors.then(() => this.#child.exited);
  }

  async stop(): Promise<number> {
    this.#child.kill("SIGTERM");
    return await this.ended;
  }

  async #readErrors(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stderr) this.stderr += decoder.decode(chunk, { stream: true });
  }
}

/** A server of the executable, greeted and ready. */
export class BinaryServer {
  constructor(
    readonly process: Started,
    readonly folder: string,
    readonly url: string,
    /** The test key of the first start, or empty when there was none. */
    readonly key: string,
  ) {}

  /** One request, and its whole answer. Redirects are not followed. */
  async call(
    path: string,
    init: RequestInit & { readonly key?: string; readonly json?: unknown } = {},
  ): Promise<Answer> {
    const { key = this.key, json, headers, ...rest } = init;
    const response = await fetch(path.startsWith("http") ? path : `${this.url}${path}`, {
      redirect: "manual",
      ...(json === undefined ? {} : { method: "POST", body: JSON.stringify(json) }),
      ...rest,
      headers: {
        ...(key === "" ? {} : { authorization: `Bearer ${key}` }),
        ...(json === undefined ? {} : { "content-type": "application/json" }),
        ...(headers as Record<string, string> | undefined),
      },
    });
    const text = await response.text();
    const isJson = /^application\/(problem\+)?json$/.test(response.headers.get("content-type") ?? "");
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && text !== "" ? JSON.parse(text) : text,
    };
  }

  /** Creates a pause, which must succeed; the gaps of its body are filled. */
  async ask(wanted: Readonly<Record<string, unknown>> = {}, key = this.key): Promise<Pause> {
    const json = { recipient: "+1 (312) 847-1928", channel: "sms", message: "Wire $8,400 to Meridian?", ...wanted };
    const { status, body } = await this.call("/v1/pause", { key, json });
    if (status !== 201) throw new Error(`the pause was refused: ${JSON.stringify(body)}`);
    return body;
  }

  async pause(id: string, wait = 0): Promise<Pause> {
    return (await this.call(`/v1/pause/${id}${wait === 0 ? "" : `?wait=${wait}`}`)).body;
  }

  /** The links of a test pause by position, once the outbox has taken a message for each of its recipients. */
  async links(pauseId: string, recipients = 1): Promise<string[]> {
    const taken = await eventually(
      async (): Promise<{ link: string }[]> => (await this.call(`/v1/test/messages?pause_id=${pauseId}`)).body.data,
      ({ length }) => length === recipients,
    );
    return taken.map(({ link }) => link);
  }

  async link(pauseId: string): Promise<string> {
    return (await this.links(pauseId))[0]!;
  }

  /** What the page's form sends. */
  choose(link: string, choice: string, more: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.call(link, { method: "POST", key: "", body: new URLSearchParams({ choice, ...more }) });
  }

  /** Runs a command beside the server, from the same folder. */
  run(...args: string[]): Promise<Ran> {
    return runBinary(args, this.folder);
  }

  async stop(): Promise<number> {
    const status = await this.process.stop();
    rmSync(this.folder, { recursive: true, force: true });
    return status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Starts `pausepoint serve` on that port, or on a free one, in an empty folder but for the files given. */
export async function serveBinary(
  options: {
    readonly files?: Readonly<Record<string, string>>;
    readonly env?: Readonly<Record<string, string>>;
    readonly port?: number;
  } = {},
): Promise<BinaryServer> {
  const folder = folderWith(options.files);
  const args = ["serve", "--port", String(options.port ?? 0), "--json"];
  const started = new Started(args, folder, environment(options.env));
  const greeting: { url: string; test_key?: string } = JSON.parse(await started.line());
  return new BinaryServer(started, folder, greeting.url, greeting.test_key ?? "");
}

/** What a process writes, line by line. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let held = "";
  for await (const chunk of stream) {
    const lines = (held + decoder.decode(chunk, { stream: true })).split("\n");
    held = lines.pop() ?? "";
    yield* lines;
  }
  if (held !== "") yield held;
}
