/** What `serve` tells whoever tries it out on a terminal, and keeps to itself elsewhere. */
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { environment, folderWith } from "../support/binary.ts";

const main = join(import.meta.dir, "../../src/main.ts");
setDefaultTimeout(60_000);
const cleanUp: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const clean of cleanUp) await clean();
});

/** `pausepoint serve` on a terminal of its own, with what a person would read there. */
class OnTerminal {
  #text = "";
  #more = Promise.withResolvers<void>();
  readonly #child: Bun.Subprocess;

  constructor(args: readonly string[], files: Readonly<Record<string, string>> = {}) {
    const folder = folderWith(files);
    const decoder = new TextDecoder();
    this.#child = Bun.spawn([process.execPath, main, "serve", "--port", "0", ...args], {
      cwd: folder,
      env: environment(),
      terminal: {
        cols: 200,
        rows: 50,
        data: (_, bytes) => {
          this.#text += decoder.decode(bytes, { stream: true }).replaceAll("\r", "");
          this.#more.resolve();
          this.#more = Promise.withResolvers();
        },
      },
    });
    cleanUp.push(async () => {
      this.#child.kill("SIGTERM");
      await this.#child.exited;
      rmSync(folder, { recursive: true, force: true });
    });
  }

  get text(): string {
    return this.#text;
  }

  /** The first match of a pattern in the whole lines that stand there, as soon as there is one. */
  async shows(pattern: RegExp): Promise<RegExpExecArray> {
    const ended = this.#child.exited.then((status) => {
      throw new Error(`it ended with ${status}:\n${this.#text}`);
    });
    ended.catch(() => {});
    for (;;) {
      const found = pattern.exec(this.#text.slice(0, this.#text.lastIndexOf("\n") + 1));
      if (found !== null) return found;
      await Promise.race([this.#more.promise, ended]);
    }
  }
}

const post = (url: string, key: string, body: object) =>
  fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  }).then((response) => response.json());

test("a terminal shows a message when it is taken, and how its pause ended", async () => {
  const terminal = new OnTerminal([]);
  const [, key = ""] = await terminal.shows(/^Your test key, shown once: (\S+)$/m);
  const [, url = ""] = await terminal.shows(/^PausePoint \S+(?: \(\S+\))? {2}(http:\S+)/m);
  const ask = (wanted: object) =>
    post(`${url}/v1/pause`, key, { recipient: "+13128471928", channel: "sms", message: "Pay?", ...wanted });

  await ask({});
  const [, link = ""] = await terminal.shows(/^sms to \+13128471928\n[\s\S]*?(http:\S+\/r\/\S+)$/m);
  expect(terminal.text).not.toContain("Answered");
  const tap = await fetch(link, {
    method: "POST",
    redirect: "manual",
    body: new URLSearchParams({ choice: "Approve" }),
  });
  expect(tap.status).toBe(303);
  await terminal.shows(/^Answered: Approve, on the page$/m);

  const ends: [wanted: object, path: string, body: object, line: RegExp][] = [
    [{}, "/v1/test/pause/ID/respond", { choice: "Reject" }, /^Answered: Reject, by a test call$/m],
    [{}, "/v1/pause/ID/cancel", {}, /^Withdrawn by the agent\.$/m],
    [{}, "/v1/test/pause/ID/expire", {}, /^The time is over, without an answer\.$/m],
    [{ timeout_default: "Reject" }, "/v1/test/pause/ID/expire", {}, /^The time is over; the default answers: Reject$/m],
  ];
  for (const [wanted, path, body, line] of ends) {
    expect(terminal.text).not.toMatch(line);
    const { pause_id } = (await ask(wanted)) as { pause_id: string };
    await post(`${url}${path.replace("ID", pause_id)}`, key, body);
    await terminal.shows(line);
  }
});

test("with --json a terminal shows the greeting alone, without a line of prose", async () => {
  const terminal = new OnTerminal(["--json"]);
  const [greeting = ""] = await terminal.shows(/^\{.*\}\n/);
  const { url, test_key: key } = JSON.parse(greeting) as { url: string; test_key: string };
  const { pause_id } = (await post(`${url}/v1/pause`, key, {
    recipient: "+13128471928",
    channel: "sms",
    message: "Pay?",
  })) as { pause_id: string };
  for (;;) {
    const messages = await fetch(`${url}/v1/test/messages?pause_id=${pause_id}`, {
      headers: { authorization: `Bearer ${key}` },
    });
    if (((await messages.json()) as { data: unknown[] }).data.length > 0) break;
  }
  await post(`${url}/v1/test/pause/${pause_id}/respond`, key, { choice: "Approve" });
  expect(terminal.text).toBe(greeting);
});
