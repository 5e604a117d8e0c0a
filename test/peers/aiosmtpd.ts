/**
 * A relay that nobody here wrote: Debian's python3-aiosmtpd, as a process of its own on 127.0.0.1. What it plays is said
 * in `aiosmtpd.py` beside this file. What it took is read by Python's email package, not by the one that wrote it.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";

const PYTHON = "/usr/bin/python3";

/** Why tests with this relay cannot run here, or null when they can. */
export const noAiosmtpd: string | null = !existsSync(PYTHON)
  ? `there is no ${PYTHON}`
  : Bun.spawnSync([PYTHON, "-c", "import aiosmtpd"]).exitCode === 0
    ? null
    : `${PYTHON} has no aiosmtpd (Debian: python3-aiosmtpd)`;

export interface AiosmtpdOptions {
  readonly tls?: { readonly cert: string; readonly key: string; readonly mode: "starttls" | "implicit" };
  readonly login?: { readonly user: string; readonly password: string };
  readonly loginInClear?: boolean;
  readonly smtputf8?: boolean;
  readonly sizeLimit?: number;
  readonly replies?: {
    readonly sender?: Readonly<Record<string, string>>;
    readonly recipient?: Readonly<Record<string, readonly string[]>>;
    readonly content?: Readonly<Record<string, readonly string[]>>;
  };
}

export interface ReceivedPart {
  readonly type: string;
  readonly parts?: readonly ReceivedPart[];
  readonly charset?: string | null;
  readonly encoding?: string | null;
  readonly content?: string;
}

/** A mail as it was taken. */
export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly helo: string;
  readonly isEncrypted: boolean;
  readonly user: string | null;
  /** In order, decoded (RFC 2047). */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** What the parser found wrong with it. */
  readonly defects: readonly string[];
  readonly body: ReceivedPart;
  /** The bytes, in base64. */
  readonly raw: string;
}

export interface Aiosmtpd {
  readonly port: number;
  /** The next mail that was taken; rejects when the relay ends first. */
  nextMail(): Promise<ReceivedMail>;
  stop(): Promise<void>;
}

// -P: the script is called as the package is, and must not hide it.
export async function startAiosmtpd(options: AiosmtpdOptions = {}): Promise<Aiosmtpd> {
  const child = Bun.spawn([PYTHON, "-P", join(import.meta.dir, "aiosmtpd.py"), JSON.stringify(options)], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  const said = new Response(child.stderr).text();
  const lines = linesOf(child.stdout);
  const next = async <Value>(): Promise<Value> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`aiosmtpd has ended: ${await said}`);
    return JSON.parse(value) as Value;
  };
  const { port } = await next<{ port: number }>();
  return {
    port,
    nextMail: () => next<ReceivedMail>(),
    async stop() {
      child.kill();
      await child.exited;
    },
  };
}

/** The first value of a header, by its name in any case. */
export function header(mail: ReceivedMail, name: string): string | undefined {
  return mail.headers.find(([each]) => each.toLowerCase() === name.toLowerCase())?.[1];
}

/** The content of the first part of this type. */
export function contentOf(mail: ReceivedMail, type: string): string {
  const search = (part: ReceivedPart): string | undefined =>
    part.type === type ? part.content : part.parts?.map(search).find((found) => found !== undefined);
  const found = search(mail.body);
  if (found === undefined) throw new Error(`the mail has no part of type ${type}`);
  return found;
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
