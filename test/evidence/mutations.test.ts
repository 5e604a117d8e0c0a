import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { parseVerifierKey } from "../../src/audit/index.ts";
import { verifyFile } from "../../src/evidence/index.ts";
import { type Mutation, mutations, picker } from "./mutations.ts";
import { type Story, tellStory } from "./story.ts";

const WHOLE = 1_000;
const SELECTION = 300;

let story: Story;
let other: Story;
let whole: string[];
let selection: string[];
let foreign: string[];
const exported = async (from: Story, key: string) =>
  (await from.appliance.call("/v1/audit/export", { key })).text.trimEnd().split("\n");

beforeAll(async () => {
  story = await tellStory();
  other = await tellStory();
  whole = await exported(story, story.admin);
  selection = await exported(story, story.auditor);
  foreign = await exported(other, other.admin);
});
afterAll(async () => {
  await story.appliance.stop();
  await other.appliance.stop();
});

const judge = (lines: readonly string[], kept: readonly string[] = []) =>
  verifyFile(story.file("mutated.jsonl", `${lines.join("\n")}\n`), { pinned: parseVerifierKey(story.vkey), kept });

/** Mutates so often, and answers what was not found or found as something else; and how often each kind was tried. */
function run(count: number, lines: readonly string[], says: (mutation: Mutation) => readonly string[]) {
  const seed = Number(process.env.MUTATION_SEED ?? 20_261_128);
  const tried: Record<string, number> = {};
  const missed: string[] = [];
  const kinds = mutations.filter(({ needsKept }) => needsKept !== true);
  for (let at = 0; at < count; at++) {
    const mutation = kinds[at % kinds.length]!;
    const mutated = mutation.mutate(lines, picker(seed + at), foreign);
    if (mutated === null || mutated.join() === lines.join()) continue;
    tried[mutation.kind] = (tried[mutation.kind] ?? 0) + 1;
    const { fault } = judge(mutated);
    if (fault === null || !says(mutation).includes(fault.kind))
      missed.push(
        `seed ${seed + at}: ${mutation.kind}: ${fault === null ? "not found" : `${fault.kind}: ${fault.what}`}`,
      );
  }
  return { missed, tried };
}

describe("of an export that was falsified", () => {
  test(`each of ${WHOLE} ways in the whole log is found and called by its kind, and the honest one is not`, () => {
    expect(judge(whole).fault).toBeNull();
    const { missed, tried } = run(WHOLE, whole, ({ says }) => says);
    expect(missed).toEqual([]);
    expect(Object.keys(tried)).toHaveLength(mutations.length - 1);
    expect(Math.min(...Object.values(tried))).toBeGreaterThan(30);
  });

  test(`of ${SELECTION} in a selection each is found but what it can't show: entries that are missing`, () => {
    expect(judge(selection).fault).toBeNull();
    const silent = new Set([
      "delete an entry",
      "delete an entry and renumber",
      "cut off the end and keep the checkpoint",
      "cut off the end and say so in the head",
    ]);
    const { missed } = run(SELECTION, selection, ({ says }) => [...says, "proof", "cut", "inserted", "reordered"]);
    expect(missed.filter((line) => ![...silent].some((kind) => line.includes(`: ${kind}: not found`)))).toEqual([]);
    expect(judge(selection).unknown.join()).toContain("whether entries are missing");
  });

  test("an older genuine one is found against a newer checkpoint alone, and the verdict says so", async () => {
    const older = whole;
    await story.appliance.ask(story.appliance.keys.test);
    const kept = (await story.appliance.call("/v1/audit/checkpoint", { key: story.admin })).text;
    const alone = judge(older);
    expect(alone.fault).toBeNull();
    expect(alone.unknown.join()).toContain("whether the log was cut back");
    expect(judge(older, [kept]).fault).toMatchObject({ kind: "cut" });
  });

  test("one that its own operator wrote anew with the key is found against an older checkpoint", async () => {
    // Another installation's whole log stands for one that was written anew: everything in it is genuine.
    const kept = (await other.appliance.call("/v1/audit/checkpoint", { key: other.admin })).text;
    const { fault } = judge(whole, [kept]);
    expect(fault).toMatchObject({ kind: "spliced" });
  });
});
