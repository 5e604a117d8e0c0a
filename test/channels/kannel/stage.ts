/** Debian's Kannel on loopback: bearerbox with a fake SMSC, smsbox, and fakesmsc as the phones behind it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts, listening } from "../../peers/ports.ts";
import { pathOf } from "../../support/needs.ts";

export interface Kannel {
  /** Where `sendsms` is. */
  readonly url: string;
  /** Starts a phone that writes these lines (`from to text words`) and resolves `heard` with what it is sent. */
  phone(lines: readonly string[]): Phone;
  stop(): Promise<void>;
}

export interface Phone {
  /** Resolves with the first line that was sent to the phone in which this stands. */
  hears(words: string): Promise<string>;
  /** Hangs up: Kannel's fake SMSC talks to one at a time, and keeps what is sent meanwhile. */
  stop(): Promise<void>;
}

export const USER = { username: "pausepoint", password: "secret-of-kannel" };

/** `inbound` is the address of the sms-service, with Kannel's own placeholders. */
export async function startKannel(inbound: string): Promise<Kannel> {
  const folder = mkdtempSync(join(tmpdir(), "pausepoint-kannel-"));
  const [admin = 0, boxes = 0, smsc = 0, sendsms = 0] = await freePorts(4);
  const place = join(folder, "kannel.conf");
  writeFileSync(
    place,
    `group = core
admin-port = ${admin}
admin-interface = 127.0.0.1
admin-password = admin
smsbox-port = ${boxes}
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1

group = smsc
smsc = fake
smsc-id = fake
port = ${smsc}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = ${sendsms}
sendsms-interface = 127.0.0.1

group = sendsms-user
username = ${USER.username}
password = ${USER.password}
max-messages = 10
concatenation = true

group = sms-service
keyword = default
get-url = "${inbound}"
omit-empty = true
max-messages = 3
concatenation = true
`,
  );
  const running: Bun.Subprocess[] = [];
  const start = (...words: string[]) => {
    const child = Bun.spawn(words, { cwd: folder, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    running.push(child);
    return child;
  };
  const lines = (child: ReturnType<typeof start>) => new Lines(child.stdout, child.stderr);
  lines(start("bearerbox", place));
  await listening(boxes);
  await listening(smsc);
  lines(start("smsbox", place));
  await listening(sendsms);
  return {
    url: `http://127.0.0.1:${sendsms}/cgi-bin/sendsms`,
    phone(written) {
      const most = ["-m", String(written.length), "-i", "0.01"];
      const child = start(pathOf("kannel"), "-H", "127.0.0.1", "-r", String(smsc), ...most, ...written);
      const heard = lines(child);
      return {
        hears: (words) => heard.first((line) => line.includes("Got message") && line.includes(words)),
        async stop() {
          child.kill("SIGKILL");
          await child.exited;
        },
      };
    },
    async stop() {
      for (const child of running.reverse()) {
        child.kill("SIGKILL");
        await child.exited;
      }
      rmSync(folder, { recursive: true });
    },
  };
}

/** The lines of a child's output, as they come. */
class Lines {
  readonly #lines: string[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor(...streams: ReadableStream<Uint8Array>[]) {
    for (const stream of streams) void this.#read(stream);
  }

  async first(matches: (line: string) => boolean): Promise<string> {
    for (;;) {
      const line = this.#lines.find(matches);
      if (line !== undefined) return line;
      await new Promise<void>((more) => this.#waiting.push(more));
    }
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      const parts = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      this.#lines.push(...parts);
      for (const more of this.#waiting.splice(0)) more();
    }
  }
}
