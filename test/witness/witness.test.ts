import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkpointText, parseCheckpoint } from "../../src/audit/checkpoint.ts";
import { append, consistencyProof, emptyFrontier, leafHash, type NodeReader, root } from "../../src/audit/merkle.ts";
import { cosignatureTime, openNote } from "../../src/audit/note.ts";
import { formatSubmission, parseSubmission } from "../../src/audit/submission.ts";
import { makeCosigner, openLedger, readCosigner } from "../../src/witness/index.ts";
import { seededRandom, temporaryFolder } from "../support/database.ts";
import { SmallLog } from "../support/small-log.ts";
import { removeWitness, type StartedWitness, startWitness } from "../support/witness.ts";

const vectors = join(import.meta.dir, "../../../shared/vectors");

let log: SmallLog;
let witness: StartedWitness;
beforeEach(async () => {
  log = new SmallLog().grow(20);
  witness = await startWitness([log.vkey]);
});
afterEach(async () => {
  await witness.stop();
  removeWitness(witness);
});

async function cosigned(body: string): Promise<string> {
  const response = await witness.submit(body);
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/plain; charset=utf-8"]);
  return response.text();
}

async function refused(body: string | Uint8Array): Promise<readonly [number, string]> {
  const response = await witness.submit(body);
  const text = await response.text();
  return response.headers.get("content-type") === "text/x.tlog.size" ? [response.status, text] : [response.status, ""];
}

describe("a witness", () => {
  test("cosigns a tree that contains the one before, and its line opens below the checkpoint with its key", async () => {
    for (const [oldSize, size] of [
      [0, 7],
      [7, 12],
      [12, 20],
    ] as const) {
      const line = await cosigned(log.submission(oldSize, size));
      const { note, signedBy } = openNote(`${log.checkpoint(size)}${line}`, [log.key, witness.key]);
      expect(signedBy).toHaveLength(2);
      expect(cosignatureTime(note.signatures[1]!.bytes)).toBe(Math.floor(witness.clock.now() / 1000));
    }
  });

  test("cosigns the same tree again, with a later time, and writes nothing for it", async () => {
    const first = await cosigned(log.submission(0, 7));
    const [file] = readdirSync(witness.folder).filter((name) => name.endsWith(".checkpoint"));
    const written = readFileSync(join(witness.folder, file!), "utf8");
    witness.clock.turn(60_000);
    expect(await cosigned(log.submission(7, 7))).not.toBe(first);
    expect(readFileSync(join(witness.folder, file!), "utf8")).toBe(written);
  });

  test("signs what the log signed to the last byte, with lines that it does not understand", async () => {
    const checkpoint = log.checkpoint(7, "a line of the log's own\n");
    const line = await cosigned(formatSubmission({ oldSize: 0, proof: [], checkpoint }));
    expect(openNote(`${checkpoint}${line}`, [witness.key]).signedBy).toHaveLength(1);
    expect(() => openNote(`${log.checkpoint(7)}${line}`, [witness.key])).toThrow("forged");
  });

  test("refuses a fork: another tree of the same size, and keeps what proves it", async () => {
    await cosigned(log.submission(0, 12));
    const fork = log.forkedAt(5, 12);
    expect(await refused(fork.submission(12))).toEqual([409, ""]);
    const kept = readdirSync(witness.folder).find((name) => name.endsWith(".contradiction"))!;
    const { note, signedBy } = openNote(readFileSync(join(witness.folder, kept), "utf8"), [log.key]);
    expect(signedBy).toEqual([log.key]);
    expect(Buffer.from(parseCheckpoint(note.text).root)).toEqual(Buffer.from(fork.root()));
    expect(witness.logged.join()).toContain("two trees of one size");
  });

  test("refuses a fork that has grown past what it knows, whatever size the proof is said to start from", async () => {
    await cosigned(log.submission(0, 12));
    const fork = log.forkedAt(5, 20);
    expect(await refused(fork.submission(12))).toEqual([422, ""]);
    expect(await refused(fork.submission(5))).toEqual([409, "12\n"]);
    expect(await refused(fork.submission(0))).toEqual([409, "12\n"]);
    expect(await refused(fork.submission(20))).toEqual([409, "12\n"]);
    await cosigned(log.submission(12));
  });

  test("refuses a log that was rolled back, and says how large it was", async () => {
    await cosigned(log.submission(0, 12));
    for (const size of [0, 5, 11]) expect(await refused(log.submission(size, size))).toEqual([409, "12\n"]);
    expect(await refused(log.submission(0, 5))).toEqual([409, "12\n"]);
  });

  test("refuses an old size that is not its own, and tells its own", async () => {
    expect(await refused(log.submission(3, 7))).toEqual([409, "0\n"]);
    await cosigned(log.submission(0, 7));
    expect(await refused(log.submission(6, 12))).toEqual([409, "7\n"]);
    expect(await refused(log.submission(0, 12))).toEqual([409, "7\n"]);
  });

  test("refuses an old size above the checkpoint's", async () => {
    const checkpoint = log.checkpoint(7);
    expect(await refused(formatSubmission({ oldSize: 8, proof: [], checkpoint }))).toEqual([400, ""]);
  });

  test("refuses a forged proof, and one where nothing is to prove", async () => {
    const [hash] = log.proof(7, 12);
    expect(await refused(formatSubmission({ oldSize: 0, proof: [hash!], checkpoint: log.checkpoint(7) }))).toEqual([
      422,
      "",
    ]);
    await cosigned(log.submission(0, 7));
    const checkpoint = log.checkpoint(12);
    const proof = log.proof(7, 12);
    for (const forged of [[], proof.slice(1), [...proof, hash!], [...proof].reverse(), log.proof(8, 12)])
      expect(await refused(formatSubmission({ oldSize: 7, proof: forged, checkpoint }))).toEqual([422, ""]);
    expect(await refused(formatSubmission({ oldSize: 7, proof: [hash!], checkpoint: log.checkpoint(7) }))).toEqual([
      422,
      "",
    ]);
    await cosigned(formatSubmission({ oldSize: 7, proof, checkpoint }));
  });

  test("of an empty tree wants the root of nothing", async () => {
    const false0 = log.sign(checkpointText({ origin: log.origin, size: 0, root: log.root(3) }));
    expect(await refused(formatSubmission({ oldSize: 0, proof: [], checkpoint: false0 }))).toEqual([422, ""]);
    await cosigned(log.submission(0, 0));
    await cosigned(log.submission(0, 0));
    await cosigned(log.submission(0, 9));
  });

  test("refuses what another key signed under the log's name, and logs that it does not watch", async () => {
    const forger = new SmallLog(log.origin, "another seed").grow(7);
    expect(await refused(forger.submission(0))).toEqual([403, ""]);
    const forged = log.checkpoint(7).replace(/[A-Za-z0-9](?=[^ ]{20}\n$)/, (at) => (at === "A" ? "B" : "A"));
    expect(await refused(formatSubmission({ oldSize: 0, proof: [], checkpoint: forged }))).toEqual([403, ""]);
    expect(await refused(new SmallLog("log.example/other").grow(3).submission(0))).toEqual([404, ""]);
    // A watched log's key over another name is no signature of that other log.
    const borrowed = log.sign(checkpointText({ origin: "log.example/other", size: 1, root: log.root(1) }));
    expect(await refused(formatSubmission({ oldSize: 0, proof: [], checkpoint: borrowed }))).toEqual([404, ""]);
  });

  test("takes a checkpoint with many more signatures, and remembers those it knows alone", async () => {
    const strangers = Array.from(
      { length: 60 },
      (_, index) =>
        new SmallLog(`stranger.example/${index}`).sign(`${log.checkpoint(7).split("\n\n")[0]!}\n`).split("\n\n")[1]!,
    );
    const checkpoint = `${log.checkpoint(7)}${strangers.join("")}`;
    await cosigned(formatSubmission({ oldSize: 0, proof: [], checkpoint }));
    const [file] = readdirSync(witness.folder).filter((name) => name.endsWith(".checkpoint"));
    const remembered = readFileSync(join(witness.folder, file!), "utf8");
    expect(openNote(remembered, [log.key, witness.key]).note.signatures).toHaveLength(2);
  });

  test("follows a log through a change of its key", async () => {
    const renewed = new SmallLog(log.origin, "the next key").grow(20);
    const both = await startWitness([log.vkey, renewed.vkey]);
    expect((await both.submit(log.submission(0, 7))).status).toBe(200);
    expect((await both.submit(renewed.submission(7, 12))).status).toBe(200);
    await both.stop();
    removeWitness(both);
  });

  test("of two submissions at once for one size, and for two trees, cosigns what fits together", async () => {
    await cosigned(log.submission(0, 5));
    const fork = log.forkedAt(5, 12);
    const bodies = [log.submission(5, 12), fork.submission(5, 12), log.submission(5, 20), log.submission(5, 12)];
    const answers = await Promise.all(bodies.map((body) => witness.submit(body)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(3);
  });

  test("goes on after a restart with what it knew", async () => {
    await cosigned(log.submission(0, 12));
    await witness.stop();
    witness = await startWitness([log.vkey], { folder: witness.folder });
    expect(await refused(log.forkedAt(5, 12).submission(0))).toEqual([409, "12\n"]);
    await cosigned(log.submission(12, 20));
  });

  test("does not begin anew over a file that was damaged", async () => {
    await cosigned(log.submission(0, 12));
    const file = join(witness.folder, readdirSync(witness.folder).find((name) => name.endsWith(".checkpoint"))!);
    const text = readFileSync(file, "utf8");
    for (const damaged of ["", text.slice(0, 60), text.replace("\n12\n", "\n11\n")]) {
      writeFileSync(file, damaged);
      expect(() => openLedger(witness.folder, [log.key])).toThrow("is damaged");
    }
    writeFileSync(file, text);
    expect(openLedger(witness.folder, [log.key]).newest(log.origin)?.size).toBe(12);
  });

  test("signs nothing that it could not write down", async () => {
    await cosigned(log.submission(0, 5));
    const [file] = readdirSync(witness.folder).filter((name) => name.endsWith(".checkpoint"));
    const before = readFileSync(join(witness.folder, file!), "utf8");
    removeWitness(witness);
    const response = await witness.submit(log.submission(5, 12));
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("—");
    expect(before).toContain("\n5\n");
  });

  test("says what it is, and neither whom it watches nor how much they do", async () => {
    await cosigned(log.submission(0, 17));
    const text = await (await fetch(`${witness.url}/`)).text();
    expect(text).toContain(witness.vkey);
    expect(text).not.toContain(log.origin);
    // The key is random, and may have these two digits in it.
    expect(text.replaceAll(witness.vkey, "")).not.toContain("17");
  });
});

describe("a body", () => {
  test.each([
    ["nothing", ""],
    ["garbage", "\u0000\u0001\ufffd"],
    ["no old line", "\n"],
    ["an old size with a zero before it", "old 01\n\n"],
    ["a negative old size", "old -1\n\n"],
    ["an old size beyond all integers", "old 9999999999999999\n\n"],
    ["two spaces", "old  0\n\n"],
    ["a carriage return", "old 0\r\n\r\n"],
    ["a short hash", "old 0\nAAAA\n\n"],
    ["base64 of another spelling", `old 0\n${"A".repeat(42)}B=\n\n`],
    ["more than 63 hashes", `old 0\n${`${"A".repeat(43)}=\n`.repeat(64)}\n`],
  ])("of %s is refused before anything is looked at", async (_, head) => {
    expect(await refused(`${head}${log.checkpoint(7)}`)).toEqual([400, ""]);
  });

  test("without a checkpoint, or with one that is none, is refused", async () => {
    for (const rest of ["", "\n", "log.example/one\n7\n", log.checkpoint(7).replace("\n7\n", "\n07\n")])
      expect(await refused(`old 0\n\n${rest}`)).toEqual([400, ""]);
  });

  test("of bytes that are no UTF-8 is refused", async () => {
    const bytes = Buffer.from(log.submission(0, 7));
    bytes[bytes.indexOf("log.example")] = 0xff;
    expect(await refused(bytes)).toEqual([400, ""]);
  });

  test("longer than 64 kB is refused, declared or not", async () => {
    expect((await witness.submit("x".repeat(65_537))).status).toBe(413);
    expect((await witness.submit("x".repeat(3_000_000))).status).toBe(413);
  });

  test("is asked for by POST alone", async () => {
    expect((await fetch(`${witness.url}/add-checkpoint`)).status).toBe(405);
  });

  test("is read as it was written", () => {
    const submission = { oldSize: 5, proof: log.proof(5, 12), checkpoint: log.checkpoint(12) };
    const { oldSize, proof, checkpoint } = parseSubmission(formatSubmission(submission));
    expect({ oldSize, checkpoint }).toEqual({ oldSize: 5, checkpoint: submission.checkpoint });
    expect(proof.map((hash) => Buffer.from(hash))).toEqual(submission.proof.map((hash) => Buffer.from(hash)));
  });
});

describe("published logs and proofs", () => {
  test.skipIf(!existsSync(vectors))(
    "each of 98 consistency proofs is cosigned when it holds, and refused when it does not [needs shared/vectors]",
    async () => {
      const files = [...new Bun.Glob("merkle-proofs/consistency/**/*.json").scanSync(vectors)];
      const counted = { cosigned: 0, refused: 0, notAsked: 0 };
      for (const file of files) {
        const { size1, size2, root1, root2, proof, wantErr } = await Bun.file(join(vectors, file)).json();
        const one = new SmallLog(`log.example/${file}`);
        const own = await startWitness([one.vkey]);
        const at = (size: number, text: string | null) =>
          one.sign(checkpointText({ origin: one.origin, size, root: Buffer.from(text ?? "", "base64") }));
        const hashes = (proof ?? []).map((hash: string) => Buffer.from(hash, "base64"));
        const first = await own.submit(formatSubmission({ oldSize: 0, proof: [], checkpoint: at(size1, root1) }));
        const body = formatSubmission({ oldSize: size1, proof: hashes, checkpoint: at(size2, root2) });
        const { status } = await own.submit(body);
        await own.stop();
        removeWitness(own);
        // What is no checkpoint, or no proof, at all is refused sooner, by its form.
        if (first.status !== 200) counted.notAsked++;
        else if (status === 200) counted.cosigned++;
        else counted.refused++;
        if (status === 200 && size1 > 0) expect([file, wantErr]).toEqual([file, false]);
        if (!wantErr && size1 > 0 && first.status === 200) expect([file, status]).toEqual([file, 200]);
      }
      expect(files).toHaveLength(98);
      expect(counted.cosigned + counted.refused + counted.notAsked).toBe(98);
      expect(counted.refused).toBeGreaterThan(50);
    },
    300_000,
  );

  test.skipIf(!existsSync(vectors))(
    "a whole log that others have signed is cosigned from its first checkpoint to its last [needs shared/vectors]",
    async () => {
      const folder = join(vectors, "tessera-log/log");
      const bundle = readFileSync(join(folder, "tile/entries/000.p/15"));
      const leaves: Uint8Array[] = [];
      for (let at = 0; at < bundle.byteLength; at += 2 + bundle.readUInt16BE(at))
        leaves.push(leafHash(bundle.subarray(at + 2, at + 2 + bundle.readUInt16BE(at))));
      const node: NodeReader = (level, position) => {
        let frontier = emptyFrontier;
        for (const leaf of leaves.slice(position * 2 ** level, (position + 1) * 2 ** level))
          frontier = append(frontier, leaf).frontier;
        return root(frontier);
      };
      const vkey = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
      const own = await startWitness([vkey]);
      let oldSize = 0;
      for (const size of [0, 1, 2, 3, 5, 8, 13, 14, 15]) {
        const checkpoint = readFileSync(join(folder, `checkpoint.${size}`), "utf8");
        const proof = oldSize === 0 || oldSize === size ? [] : consistencyProof(oldSize, size, node);
        const response = await own.submit(formatSubmission({ oldSize, proof, checkpoint }));
        expect([size, response.status]).toEqual([size, 200]);
        expect(openNote(`${checkpoint}${await response.text()}`, [own.key]).signedBy).toHaveLength(1);
        oldSize = size;
      }
      await own.stop();
      removeWitness(own);
    },
  );
});

describe("the key of a witness", () => {
  test("is made once, kept for its owner alone, and read back", () => {
    const folder = temporaryFolder();
    const made = makeCosigner(folder, "auditor.example/w1", seededRandom("w"));
    expect(made.vkey).toMatch(/^auditor\.example\/w1\+[0-9a-f]{8}\+B[A-Za-z0-9+/]{43}$/);
    expect(readCosigner(folder).vkey).toBe(made.vkey);
    expect(makeCosigner(folder, "auditor.example/w1", seededRandom("other")).vkey).toBe(made.vkey);
    expect(() => makeCosigner(folder, "auditor.example/w2", seededRandom("w"))).toThrow("holds the witness");
    const file = join(folder, "witness.key");
    expect(Bun.file(file).size).toBe(readFileSync(file).byteLength);
    writeFileSync(file, readFileSync(file, "utf8").replace("w1", "w2"));
    expect(() => readCosigner(folder)).toThrow("damaged");
    writeFileSync(file, "PRIVATE+KEY+a+b\n");
    expect(() => readCosigner(folder)).toThrow("holds no key");
  });

  test("has no name with spaces or plus signs", () => {
    const folder = temporaryFolder();
    for (const name of ["", "a b", "a+b"]) expect(() => makeCosigner(folder, name, seededRandom("w"))).toThrow();
    expect(existsSync(join(folder, "witness.key"))).toBe(false);
  });
});
