import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { parseVerifierKey } from "../../src/audit/index.ts";
import { Unreadable, verifyFile } from "../../src/evidence/index.ts";
import { expectInvalid, expectProblem } from "../http/problem.ts";
import { type Story, tellStory } from "./story.ts";

let story: Story;
let whole: string;
beforeAll(async () => {
  story = await tellStory();
  whole = (await story.appliance.call("/v1/audit/export", { key: story.admin })).text;
});
afterAll(() => story.appliance.stop());

const verify = (content: string, kept: readonly string[] = [], key = story.vkey) =>
  verifyFile(story.file("export.jsonl", content), { pinned: key === "" ? null : parseVerifierKey(key), kept });
const linesOf = (text: string) => text.trimEnd().split("\n");
const exported = async (query: string, key = story.admin) => {
  const answer = await story.appliance.call(`/v1/audit/export${query}`, { key });
  expect(answer.status).toBe(200);
  return answer.text;
};

describe("the whole log, exported", () => {
  test("verifies with the pinned key, entry by entry up to its checkpoint", async () => {
    const [head, ...rest] = linesOf(whole).map((line) => JSON.parse(line));
    expect(head).toEqual({
      pausepoint_export: 1,
      complete: true,
      origin: expect.stringMatching(/^pausepoint\/ins_/),
      first_seq: 1,
      last_seq: rest.length - 1,
      prev_hash: "0".repeat(64),
      frontier: [],
      until: null,
      keys: [story.vkey],
      handovers: [],
      exported_at: new Date(story.appliance.clock.now()).toISOString(),
    });
    expect(rest.at(-1)).toEqual({ checkpoint: expect.stringContaining(`${head.origin}\n${head.last_seq}\n`) });
    const verdict = verify(whole);
    expect(verdict).toMatchObject({ fault: null, isPinned: true, entries: head.last_seq, file: "export" });
    expect(verdict.disclosures).toBeGreaterThanOrEqual(30);
    expect(verdict.unknown).toHaveLength(1);
  });

  test("without a pinned key says that the key is not pinned", () => {
    expect(verify(whole, [], "")).toMatchObject({ fault: null, isPinned: false });
  });

  test("holds what was disclosed only while it is asked for", async () => {
    expect(whole).toContain('"disclosed":{');
    const closed = await exported("?disclose=false");
    expect(closed).not.toContain("disclosed");
    expect(verify(closed)).toMatchObject({ fault: null, disclosures: 0 });
  });

  test("against a checkpoint kept elsewhere shows that nothing before it was rewritten", async () => {
    const kept = (await story.appliance.call("/v1/audit/checkpoint", { key: story.admin })).text;
    await story.appliance.ask(story.appliance.keys.test);
    const later = await exported("");
    expect(verify(later, [kept])).toMatchObject({ fault: null, unknown: [] });
    // The older export is a genuine log that ends before it: cut, which only the newer checkpoint shows.
    const newer = (await story.appliance.call("/v1/audit/checkpoint", { key: story.admin })).text;
    expect(verify(whole).fault).toBeNull();
    expect(verify(whole, [newer]).fault).toMatchObject({ kind: "cut" });
  });
});

describe("a stretch of the log in time", () => {
  test("verifies by its frontier, wherever it begins and ends", async () => {
    const times = [...new Set(linesOf(whole).flatMap((line) => JSON.parse(line).entry?.at ?? []))];
    expect(times.length).toBeGreaterThan(4);
    let stretches = 0;
    for (const from of times) {
      for (const to of times.filter((time) => time > from)) {
        const text = await exported(`?from=${from}&to=${to}`);
        const head = JSON.parse(linesOf(text)[0]!);
        expect(head.complete).toBe(true);
        expect(verify(text)).toMatchObject({ fault: null, firstSeq: head.first_seq, lastSeq: head.last_seq });
        stretches++;
      }
    }
    expect(stretches).toBeGreaterThan(9);
  });

  test("that nothing was logged in is a file without entries, and one before everything is not found", async () => {
    const end = new Date(story.appliance.clock.now() + 60_000).toISOString();
    expect(verify(await exported(`?from=${end}`))).toMatchObject({ fault: null, entries: 0 });
    expectProblem(await story.appliance.call("/v1/audit/export?to=2020-01-01", { key: story.admin }), "not-found");
  });
});

describe("a selection", () => {
  test("of a key's own project and mode is proven entry by entry, and says that it may lack some", async () => {
    const text = await exported("", story.auditor);
    const [head, ...rest] = linesOf(text).map((line) => JSON.parse(line));
    expect(head).toMatchObject({ complete: false, prev_hash: null, selection: { project: "default", mode: "test" } });
    expect(new Set(rest.slice(0, -1).map(({ entry }) => `${entry.project} ${entry.mode}`))).toEqual(
      new Set(["default test"]),
    );
    const verdict = verify(text);
    expect(verdict).toMatchObject({ fault: null, file: "selection", entries: rest.length - 1 });
    expect(verdict.unknown.join()).toContain("entries are missing");
  });

  test("of one pause, or one project in both modes, holds that and nothing else", async () => {
    const one = linesOf(await exported(`?pause_id=${story.answered.pause_id}`, story.auditor));
    const types = one.slice(1, -1).map((line) => JSON.parse(line).entry.type);
    expect(types[0]).toBe("pause.created");
    expect(types).toContain("pause.responded");
    expect(verify(`${one.join("\n")}\n`).fault).toBeNull();
    const project = await exported("?project=other");
    expect(
      linesOf(project)
        .slice(1, -1)
        .every((line) => JSON.parse(line).entry.project === "other"),
    ).toBe(true);
    expect(verify(project)).toMatchObject({ fault: null, file: "selection" });
  });

  test("is refused for what the key may not see", async () => {
    const { appliance, auditor, answered } = story;
    expectProblem(await appliance.call("/v1/audit/export?project=other", { key: auditor }), "not-found");
    const other = await appliance.newKey({ mode: "live", scopes: ["audit:read"] });
    for (const path of [`/v1/audit/export?pause_id=${answered.pause_id}`, `/v1/pause/${answered.pause_id}/proof`])
      expectProblem(await appliance.call(path, { key: other }), "not-found");
    expectInvalid(await appliance.call("/v1/audit/export?format=xml", { key: auditor }), "format");
    expectInvalid(await appliance.call("/v1/audit/export?from=yesterday", { key: auditor }), "from");
    expectInvalid(
      await appliance.call(`/v1/pause/${answered.pause_id}/proof?disclose=message`, { key: auditor }),
      "disclose",
    );
  });
});

describe("the log as CSV", () => {
  test("opens what was committed, quotes what needs it, and gives a spreadsheet no formula", async () => {
    const text = await exported("?format=csv");
    const [columns, ...rows] = text.trimEnd().split("\r\n");
    expect(columns).toBe("seq,at,type,actor,actor_id,project,mode,pause_id,data,hash");
    expect(rows.length).toBe(linesOf(await exported("")).length - 2);
    expect(text).toContain('""message"":""Wire $8,400');
    expect(text).not.toMatch(/(^|,)[=+@]/m);
    expect(await exported("?format=csv&disclose=false")).not.toContain("Meridian");
  });
});

describe("the proof of one pause", () => {
  const proofOf = async (query = "", key = story.auditor) =>
    (await story.appliance.get(`/v1/pause/${story.answered.pause_id}/proof${query}`, key)).body;

  test("is verified alone, with its receipt, by some twenty hashes in place of the log", async () => {
    const proof = await proofOf();
    expect(proof.entries[0].tlog_proof).toStartWith("c2sp.org/tlog-proof@v1\nindex ");
    const verdict = verify(JSON.stringify(proof));
    expect(verdict).toMatchObject({
      fault: null,
      file: "proof",
      isPinned: true,
      entries: proof.entries.length + proof.context.length,
    });
    expect(verify(JSON.stringify(proof, null, 2)).fault).toBeNull();
  });

  test("has the very page that the person saw, byte for byte, where the message is opened", async () => {
    const { shown, entries } = await proofOf();
    const [page] = shown;
    expect(page.html).toContain("Wire $8,400 to &quot;Meridian&quot; 🚀");
    const opened = entries.find(({ entry }: { entry: { type: string } }) => entry.type === "pause.opened");
    expect(page.seq).toBe(opened.entry.seq);
    expect((await proofOf("?disclose=/page")).shown).toEqual([]);
  });

  test("opens what was chosen and no more", async () => {
    const opened = await proofOf("?disclose=/message");
    const pointers = opened.entries.flatMap(({ disclosed }: { disclosed: object }) => Object.keys(disclosed));
    expect(pointers).toEqual(["/message"]);
    expect(verify(JSON.stringify(opened))).toMatchObject({ fault: null, disclosures: 1 });
    expect(JSON.stringify(await proofOf("?disclose=false"))).not.toContain('"/message"');
  });

  // biome-ignore lint/suspicious/noExplicitAny: what a proof holds is what these tests change
  type Proof = any;
  const becomes = (change: (proof: Proof) => object) => (proof: Proof) => ({ ...proof, ...change(proof) });
  const entryBecomes = (index: number, change: (item: Proof) => object) => (proof: Proof) => ({
    ...proof,
    entries: proof.entries.map((item: Proof, at: number) => (at === index ? { ...item, ...change(item) } : item)),
  });
  const REJECT = Buffer.from('{"choice":"Reject"}').toString("base64url");

  test.each<[string, string, (proof: Proof) => Proof]>([
    [
      "an entry is of another type",
      "edited",
      entryBecomes(1, ({ entry }) => ({ entry: { ...entry, type: "pause.opened" } })),
    ],
    [
      "a proof is that of another entry",
      "proof",
      (proof) => entryBecomes(1, () => ({ tlog_proof: proof.entries[0].tlog_proof }))(proof),
    ],
    [
      "a disclosed value is another",
      "commitment",
      entryBecomes(0, ({ disclosed }) => ({ disclosed: { "/message": disclosed["/details"] } })),
    ],
    ["the question is left out", "removed", becomes(({ entries }) => ({ entries: entries.slice(1) }))],
    ["entries are turned around", "reordered", becomes(({ entries }) => ({ entries: entries.toReversed() }))],
    [
      "the receipt says something else",
      "receipt",
      becomes(({ receipt }) => ({ receipt: receipt.replace(/\.[^.]+\./, `.${REJECT}.`) })),
    ],
    [
      "the receipt's signature is another",
      "receipt",
      becomes(({ receipt }) => ({ receipt: `${receipt.slice(0, -4)}AAAA` })),
    ],
    ["the keys that the log announces are left out", "receipt", becomes(() => ({ context: [] }))],
    [
      "a page is another than was shown",
      "shown",
      becomes(({ shown }) => ({ shown: [{ ...shown[0], html: shown[0].html.replace("Wire", "Hire") }] })),
    ],
    ["it is said to be of another pause", "spliced", becomes(() => ({ pause_id: "pause_01m85n90m10019dehda465garv" }))],
  ])("is refused when %s", async (_, kind, change) => {
    expect(verify(JSON.stringify(change(await proofOf()))).fault).toMatchObject({ kind });
  });
});

describe("a file that is none", () => {
  const huge = () => `${linesOf(whole)[0]}\n{"entry":"${"x".repeat(2_000_000)}"}\n`;
  test.each<[string, number, () => string]>([
    ["nothing", 1, () => ""],
    ["no JSON", 1, () => "hello\n"],
    ["another program's JSON", 1, () => "{}\n"],
    ["an unknown version", 1, () => whole.replace('"pausepoint_export":1', '"pausepoint_export":2')],
    ["a line that is no JSON", 3, () => linesOf(whole).with(2, "{").join("\n")],
    ["a line of 2 MB", 2, huge],
    ["a member named twice", 2, () => whole.replace('{"entry":{"actor":', '{"entry":{"actor":1,"actor":')],
    ["a number that no double can keep", 2, () => whole.replace('"seq":1,', '"seq":1000000000000000001,')],
    ["half a surrogate pair", 2, () => whole.replace('"type":"', '"type":"\\ud800')],
    ["a line with something else in it", 2, () => whole.replace('{"entry"', '{"more":1,"entry"')],
  ])("with %s is said to be unreadable, and where", (_, line, content) => {
    let thrown: unknown = null;
    try {
      verify(content());
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(Unreadable);
    expect((thrown as Unreadable).line).toBe(line);
  });

  test("with bytes that are no UTF-8 is said to be unreadable, and where", () => {
    const bytes = Buffer.from(whole);
    bytes[bytes.indexOf(10) + 20] = 0xff;
    const path = story.file("broken.jsonl", "");
    writeFileSync(path, bytes);
    expect(() => verifyFile(path, { pinned: null, kept: [] })).toThrow("line 2: it is not UTF-8");
  });
});
