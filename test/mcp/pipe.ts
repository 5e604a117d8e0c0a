/** `pausepoint mcp` with every line written by the test itself. */
import { environment, linesOf } from "../support/binary.ts";

export class Pipe {
  readonly #child: Bun.Subprocess<"pipe", "pipe", "pipe">;
  readonly #lines: AsyncIterator<string>;
  readonly stderr: Promise<string>;

  constructor(
    program: readonly string[],
    env: Record<string, string | undefined>,
    more: { readonly options?: readonly string[]; readonly cwd?: string } = {},
  ) {
    const { options = [], cwd } = more;
    this.#child = Bun.spawn([...program, "mcp", ...options], {
      env: environment(env as Record<string, string>),
      ...(cwd === undefined ? {} : { cwd }),
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.#lines = linesOf(this.#child.stdout);
    this.stderr = this.#child.stderr.text();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Its exit status, once it has ended. */
  get ended(): Promise<number> {
    return this.#child.exited;
  }

  write(text: string): void {
    this.#child.stdin.write(text);
    // It may have ended before it has read all.
    Promise.resolve(this.#child.stdin.flush()).catch(() => {});
  }

  /** Resolves once it answers, which is long after it was started. */
  async ready(): Promise<this> {
    this.ask(0, "tools/list");
    await this.message();
    return this;
  }

  /** The next message; rejects when there is none, or when what came is no message. */
  async message() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`stdout has ended: ${await this.stderr}`);
    const message = JSON.parse(value);
    if (message.jsonrpc !== "2.0") throw new Error(`no message: ${value}`);
    return message;
  }

  /** All that is still to come, which must be messages. */
  async rest() {
    const messages = [];
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) return messages;
      messages.push(JSON.parse(value));
    }
  }

  /** Sends a request of 2025-11-25, without its opening, which a tool's call does not need. */
  ask(id: number, method: string, params: object = {}): void {
    this.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
  }

  use(id: number, name: string, args: object = {}): void {
    this.ask(id, "tools/call", { name, arguments: args });
  }

  closeInput(): void {
    this.#child.stdin.end();
  }

  kill(signal: "SIGTERM" | "SIGINT" | "SIGKILL"): void {
    this.#child.kill(signal);
  }
}
