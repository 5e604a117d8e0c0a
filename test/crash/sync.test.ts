import { describe, expect, test } from "bun:test";
import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/database.ts";
import { pathOf, testNeeding } from "../support/needs.ts";
import { chancesOf, Load } from "./load.ts";
import { startServer } from "./server.ts";
import { earlyAnswers, type Promised, TRACED } from "./trace.ts";

const project = join(import.meta.dir, "../..");

testNeeding("strace", "dist/pausepoint")(
  "no 201 and no 303 leaves before the disk has what it says, asked one by one and all at once",
  async () => {
    const { trace, promised } = await traced([pathOf("dist/pausepoint")]);
    expect(promised).toHaveLength(36);
    expect(earlyAnswers(trace, promised)).toEqual([]);
  },
);

testNeeding("strace")("a server that does not sync its commits is found out", async () => {
  const copy = temporaryFolder();
  try {
    for (const part of ["src", "clients", "public", "migrations", "package.json", "tsconfig.json"])
      cpSync(join(project, part), join(copy, part), { recursive: true });
    symlinkSync(join(project, "node_modules"), join(copy, "node_modules"));
    const file = join(copy, "src/storage/database.ts");
    const source = readFileSync(file, "utf8");
    const careless = source.replace('["synchronous", "FULL", 2]', '["synchronous", "NORMAL", 1]');
    expect(careless).not.toBe(source);
    writeFileSync(file, careless);
    const { trace, promised } = await traced([process.execPath, join(copy, "src/main.ts")]);
    const faults = earlyAnswers(trace, promised);
    for (const { answer } of promised) expect(faults).toContain(`${answer}: not on disk`);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});

/** Asks and answers on a server under strace; what it was seen to do, and what its answers promised. */
async function traced(command: readonly string[]): Promise<{ trace: string; promised: Promised[] }> {
  const folder = temporaryFolder();
  try {
    const file = join(folder, "trace");
    const server = await startServer([pathOf("strace"), ...TRACED, "-o", file, ...command], join(folder, "data"));
    const promised: Promised[] = [];
    try {
      const load = new Load(server.testKey ?? "", chancesOf(1));
      const ask = async () => {
        const { id } = await load.create(server.url, 24);
        promised.push({ answer: new RegExp(`Location: /v1/pause/${id}`), written: storyOf(id, "pause.created") });
        return id;
      };
      const answer = async (id: string) => {
        const path = await load.linkOf(server.url, id);
        expect(await load.answerPage(server.url, path, "Approve")).toBe(303);
        promised.push({ answer: new RegExp(`Location: ${path}`), written: storyOf(id, "pause.responded") });
      };
      for (let one = 0; one < 3; one++) await answer(await ask());
      const ids = await Promise.all(Array.from({ length: 15 }, ask));
      await Promise.all(ids.map(answer));
    } finally {
      await server.stop();
    }
    return { trace: readFileSync(file, "utf8"), promised };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The entry of the audit log that tells of it, as strace escapes its text. */
function storyOf(pauseId: string, type: string): RegExp {
  return new RegExp(`\\\\"pause_id\\\\":\\\\"${pauseId}\\\\"[^{}]*\\\\"type\\\\":\\\\"${type}\\\\"`);
}

describe("the number of early answers in a trace", () => {
  const wrote = '7 pwrite64(9</d/pausepoint.db-wal>, "the row", 7, 0) = 7';
  const synced = "7 fsync(9</d/pausepoint.db-wal>) = 0";
  const told = '7 sendto(13<TCP:[127.0.0.1:1->127.0.0.1:2]>, "HTTP/1.1 201 Created\\r\\nLocation: /it", 9, 0) = 9';
  const promised: Promised[] = [{ answer: /Location: \/it/, written: /the row/ }];

  test.each([
    ["write, sync, answer", [wrote, synced, told], 0],
    ["answer, write, sync", [told, wrote, synced], 1],
    ["write, answer, sync", [wrote, told, synced], 2],
    ["a sync that failed", [wrote, synced.replace("= 0", "= -1 EIO (Input/output error)"), told], 2],
    ["a sync of another file", [wrote, synced.replace("-wal", ""), told], 2],
    [
      "a sync in two pieces",
      [wrote, "7 fsync(9</d/pausepoint.db-wal> <unfinished ...>", "7 <... fsync resumed>) = 0", told],
      0,
    ],
    ["a sync that had not ended", [wrote, "7 fsync(9</d/pausepoint.db-wal> <unfinished ...>", told], 2],
    [
      "a write during the sync",
      ["8 fsync(9</d/pausepoint.db-wal> <unfinished ...>", wrote, "8 <... fsync resumed>) = 0", told],
      2,
    ],
    ["no answer", [wrote, synced], 1],
  ] as const)("of %s", (_, lines, faults) => {
    expect(earlyAnswers(lines.join("\n"), promised)).toHaveLength(faults);
  });
});
