/**
 * The reader in clients/verify was written from docs/audit-format.md and samples alone, by someone who had not seen this
 * code. Both judge the same files: honest ones, and the same falsified ones.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { parseVerifierKey } from "../../src/audit/index.ts";
import { run } from "../../src/cli/program.ts";
import { Unreadable, verifyFile } from "../../src/evidence/index.ts";
import { mutations, picker } from "./mutations.ts";
import { type Story, tellStory } from "./story.ts";

const FOLDER = join(import.meta.dir, "../../clients/verify");
const COUNT = 1_000;
const withPython = Bun.which("python3") !== null;

let story: Story;
let other: Story;
beforeAll(async () => {
  story = await tellStory();
  other = await tellStory();
});
afterAll(async () => {
  await story.appliance.stop();
  await other.appliance.stop();
});

interface Judged {
  readonly status: number;
  readonly kind: string | null;
}

/** Lets the reader in Python judge many files in one process. Each is `[file, ...options]`. */
async function python(calls: readonly (readonly string[])[]): Promise<Judged[]> {
  const program = `
import contextlib, io, json, sys
sys.path.insert(0, ${JSON.stringify(FOLDER)})
import pausepoint_verify
for line in sys.stdin:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        status = pausepoint_verify.main(json.loads(line) + ["--json"])
    fault = json.loads(out.getvalue())["fault"]
    print(json.dumps({"status": status, "kind": fault and fault["kind"]}))
`;
  const child = Bun.spawn(["python3", "-c", program], { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
  child.stdin.write(calls.map((call) => `${JSON.stringify(call)}\n`).join(""));
  await child.stdin.end();
  const [out, error] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  expect(error).toBe("");
  return out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Judged);
}

/** What our own reader says, as the other one says it. */
function ours(file: string, kept: readonly string[] = []): Judged {
  try {
    const { fault } = verifyFile(file, { pinned: parseVerifierKey(story.vkey), kept });
    return { status: fault === null ? 0 : 1, kind: fault?.kind ?? null };
  } catch (error) {
    if (error instanceof Unreadable) return { status: 2, kind: "unreadable" };
    throw error;
  }
}

const exported = async (query = "", key = story.admin) =>
  (await story.appliance.call(`/v1/audit/export${query}`, { key })).text;

describe.skipIf(!withPython)(`the second reader${withPython ? "" : " [needs python3]"}`, () => {
  test("finds what ours finds: whole logs, stretches, selections and proofs that are honest hold for both", async () => {
    const whole = await exported();
    const times = [...new Set(whole.split("\n").flatMap((line) => /"at":"([^"]+)"/.exec(line)?.[1] ?? []))];
    const proof = await story.appliance.call(`/v1/pause/${story.answered.pause_id}/proof`, { key: story.auditor });
    const kept = story.file(
      "kept.txt",
      (await story.appliance.call("/v1/audit/checkpoint", { key: story.admin })).text,
    );
    const files = [
      whole,
      await exported("?disclose=false"),
      await exported("", story.auditor),
      await exported(`?pause_id=${story.answered.pause_id}`),
      await exported(`?from=${times[1]}`),
      await exported(`?from=${times[2]}&to=${times[4]}`),
      proof.text,
    ].map((content, index) => story.file(`honest-${index}.jsonl`, content));
    const calls = files.flatMap((file) => [[file], [file, "--key", story.vkey], [file, "--checkpoint", kept]]);
    const judged = await python(calls);
    expect(judged.map(({ status }, index) => [calls[index]?.join(" "), status])).toEqual(
      calls.map((call) => [call.join(" "), 0]),
    );
    for (const file of files) expect(ours(file)).toEqual({ status: 0, kind: null });
  });

  test(`finds each of ${COUNT} falsifications that ours finds, and calls it by a kind that fits`, async () => {
    const whole = (await exported()).trimEnd().split("\n");
    const foreign = (await other.appliance.call("/v1/audit/export", { key: other.admin })).text.trimEnd().split("\n");
    const kinds = mutations.filter(({ needsKept }) => needsKept !== true);
    const made: { file: string; says: readonly string[]; kind: string }[] = [];
    for (let at = 0; at < COUNT; at++) {
      const mutation = kinds[at % kinds.length]!;
      const lines = mutation.mutate(whole, picker(at), foreign);
      if (lines === null || lines.join() === whole.join()) continue;
      made.push({ ...mutation, file: story.file(`${at}.jsonl`, `${lines.join("\n")}\n`) });
    }
    const judged = await python(made.map(({ file }) => [file, "--key", story.vkey]));
    const missed = made.flatMap(({ file, says, kind }, index) => {
      const theirs = judged[index]!;
      const mine = ours(file);
      const fits = (one: Judged) => one.status === 1 && says.includes(one.kind ?? "");
      return fits(theirs) && fits(mine) ? [] : [`${kind}: ours ${mine.kind}, theirs ${theirs.kind}`];
    });
    expect(missed).toEqual([]);
    expect(made.length).toBeGreaterThan(COUNT * 0.9);
  }, 300_000);

  test("finds a page in a proof that is not the one that was shown", async () => {
    const { body } = await story.appliance.get(`/v1/pause/${story.answered.pause_id}/proof`, story.auditor);
    expect(body.shown.length).toBeGreaterThan(0);
    const shown = body.shown.map((page: { html: string }) => ({ ...page, html: `${page.html} ` }));
    const file = story.file("shown.json", JSON.stringify({ ...body, shown }));
    expect(await python([[file]])).toEqual([{ status: 1, kind: "shown" }]);
    expect(ours(file)).toEqual({ status: 1, kind: "shown" });
  });

  test("agrees on what can't be read at all, and on a log that was cut back", async () => {
    const whole = await exported();
    const lines = whole.trimEnd().split("\n");
    await story.appliance.ask(story.appliance.keys.test);
    const newer = story.file(
      "newer.txt",
      (await story.appliance.call("/v1/audit/checkpoint", { key: story.admin })).text,
    );
    const unreadable = [
      "",
      "hello\n",
      "{}\n",
      whole.replace('"pausepoint_export":1', '"pausepoint_export":2'),
      `${lines[0]}\n{"entry":"${"x".repeat(2_000_000)}"}\n`,
      whole.replace('{"entry":{"actor":', '{"entry":{"actor":1,"actor":'),
      whole.replace('"seq":1,', '"seq":1000000000000000001,'),
      whole.replace('"type":"', '"type":"\\ud800'),
    ].map((content, index) => story.file(`unreadable-${index}.jsonl`, content));
    const older = story.file("older.jsonl", whole);
    const cutInside = story.file("inside.jsonl", whole.slice(0, -40));
    const calls = [...unreadable.map((file) => [file]), [older, "--checkpoint", newer], [older], [cutInside]];
    const judged = await python(calls);
    expect(judged.slice(0, unreadable.length).map(({ status }) => status)).toEqual(unreadable.map(() => 2));
    for (const file of unreadable) expect(ours(file).status).toBe(2);
    expect(judged.slice(unreadable.length).map(({ status, kind }) => [status, kind])).toEqual([
      [1, "cut"],
      [0, null],
      [1, "cut"],
    ]);
    expect(ours(cutInside)).toEqual({ status: 1, kind: "cut" });
  });

  test("holds an honest export after an erasure, and after a key was rotated, to be honest", async () => {
    const { appliance } = story;
    const admin = await appliance.newKey({ mode: "live", scopes: ["audit:read", "admin"] });
    const erased = await appliance.post("/v1/privacy/erase", admin, { recipient: "+13128471928" });
    expect(erased.status).toBe(200);
    expect(await run(["keys", "rotate-signing", "--purpose", "log", "--data", appliance.config.dataDir])).toBe(0);
    const late = await appliance.ask(appliance.keys.test, { recipient: "+13128471930" });
    await appliance.post(`/v1/test/pause/${late.pause_id}/respond`, appliance.keys.test, { choice: "Approve" });
    const file = story.file("after.jsonl", await exported());
    const proof = story.file(
      "late.json",
      (await appliance.get(`/v1/pause/${late.pause_id}/proof`, story.auditor)).text,
    );
    for (const one of [file, proof]) expect(ours(one)).toEqual({ status: 0, kind: null });
    const judged = await python([
      [file, "--key", story.vkey],
      [proof, "--key", story.vkey],
    ]);
    expect(judged.map(({ status }) => status)).toEqual([0, 0]);
  });
});
