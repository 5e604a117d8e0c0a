import { afterEach, expect, test } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseCheckpoint } from "../../src/audit/checkpoint.ts";
import { openNote, parseVerifierKey } from "../../src/audit/note.ts";
import { temporaryFolder } from "../support/database.ts";
import { SmallLog } from "../support/small-log.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = temporaryFolder();
  folders.push(folder);
  return folder;
}

async function start(folder: string, vkey: string, dieAtWrite = 0) {
  const script = join(import.meta.dir, "witness-server.ts");
  const child = Bun.spawn([process.execPath, script, folder, vkey, String(dieAtWrite)], { stdout: "pipe" });
  const { value } = await child.stdout.getReader().read();
  const url = `http://127.0.0.1:${Number(new TextDecoder().decode(value))}`;
  return {
    child,
    /** The status and the body; null when it died before it answered. */
    async submit(body: string): Promise<{ status: number; text: string } | null> {
      try {
        const response = await fetch(`${url}/add-checkpoint`, { method: "POST", body, keepalive: false });
        return { status: response.status, text: await response.text() };
      } catch {
        return null;
      }
    },
    async kill() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

test("a witness killed between writing down and answering cosigns no other tree after it", async () => {
  const log = new SmallLog().grow(12);
  const fork = log.forkedAt(5, 12);
  const folder = newFolder();
  const dying = await start(folder, log.vkey, 2);
  expect((await dying.submit(log.submission(0, 5)))?.status).toBe(200);
  expect(await dying.submit(log.submission(5, 12))).toBeNull();
  await dying.child.exited;

  const witness = await start(folder, log.vkey);
  expect(await witness.submit(fork.submission(5))).toEqual({ status: 409, text: "12\n" });
  expect((await witness.submit(fork.submission(12)))?.status).toBe(409);
  expect((await witness.submit(log.submission(12)))?.status).toBe(200);
  await witness.kill();
}, 120_000);

test("a witness killed at any moment, asked for two trees at once, has only ever cosigned one of them", async () => {
  const folder = newFolder();
  // What has happened so far, whichever of the two the witness took each time.
  let past = new SmallLog().grow(5);
  const { vkey } = past;
  const cosigned = new Map<number, string>();
  for (let round = 0; round < 12; round++) {
    const witness = await start(folder, vkey);
    if (round === 0) expect((await witness.submit(past.submission(0)))?.status).toBe(200);
    const base = past.size;
    const branches = ["one", "other"].map((story) => past.forkedAt(base, base + 3, story));
    const asked = [1, 2, 3].flatMap((more) =>
      branches.map((branch) => ({
        branch,
        size: base + more,
        answer: witness.submit(branch.submission(base, base + more)),
      })),
    );
    // Killed when the first answer is there: others are under way then, or already written down.
    await Promise.race(asked.map(({ answer }) => answer));
    await witness.kill();
    for (const { branch, size, answer } of asked)
      if ((await answer)?.status === 200) cosigned.set(size, text(branch.root(size)));

    const [file] = [...new Bun.Glob("*.checkpoint").scanSync(folder)];
    const { note } = openNote(readFileSync(join(folder, file!), "utf8"), [parseVerifierKey(vkey)]);
    const { size, root } = parseCheckpoint(note.text);
    const taken = [past, ...branches].find((branch) => branch.size >= size && text(branch.root(size)) === text(root));
    past = taken!.forkedAt(size, size);
  }
  expect(cosigned.size).toBeGreaterThan(3);
  for (const [size, root] of cosigned) expect([size, root]).toEqual([size, text(past.root(size))]);
}, 300_000);

function text(root: Uint8Array): string {
  return Buffer.from(root).toString("base64");
}
