import { describe, expect, test } from "bun:test";
import { createPublicKey, verify } from "node:crypto";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import {
  append,
  type CompletedNode,
  consistencyNodes,
  consistencyProof,
  emptyFrontier,
  emptyRoot,
  type Frontier,
  frontierAt,
  frontierFrom,
  frontierNodes,
  inclusionNodes,
  inclusionProof,
  leafHash,
  type NodeReader,
  nodeFromTiles,
  nodeHash,
  root,
  type StoredRow,
  verifyConsistency,
  verifyInclusion,
} from "../../src/audit/merkle.ts";
import { sha256 } from "../../src/platform/hash.ts";

const vectors = join(import.meta.dir, "../../../shared/vectors");
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const base64 = (text: string) => Buffer.from(text, "base64");

/** The tree of a test log: entry i is the text `entry i`. Grown once, to a little over 2^16 leaves. */
const leaves: Uint8Array[] = [];
for (let i = 0; i < 65_800; i++) leaves.push(leafHash(`entry ${i}`));

/** RFC 6962 §2.1, word for word; every range is hashed once. */
const known = new Map<string, Uint8Array>();
function naiveRoot(start: number, end: number): Uint8Array {
  if (end === start) return sha256("");
  if (end - start === 1) return leaves[start]!;
  const name = `${start}-${end}`;
  const before = known.get(name);
  if (before !== undefined) return before;
  let k = 1;
  while (k * 2 < end - start) k *= 2;
  const left = naiveRoot(start, start + k);
  const hash = sha256(Buffer.concat([Buffer.from([1]), left, naiveRoot(start + k, end)]));
  known.set(name, hash);
  return hash;
}

/** RFC 6962 §2.1.1, PATH(m, D[start:end]) with m counted from the first leaf of all. */
function naivePath(m: number, start: number, end: number): Uint8Array[] {
  if (end - start <= 1) return [];
  let k = 1;
  while (k * 2 < end - start) k *= 2;
  const middle = start + k;
  return m < middle
    ? [...naivePath(m, start, middle), naiveRoot(middle, end)]
    : [...naivePath(m, middle, end), naiveRoot(start, middle)];
}

/** RFC 6962 §2.1.2, SUBPROOF(m, D[start:end], whole). */
function naiveSubproof(m: number, start: number, end: number, whole: boolean): Uint8Array[] {
  if (m === end) return whole ? [] : [naiveRoot(start, end)];
  let k = 1;
  while (k * 2 < end - start) k *= 2;
  const middle = start + k;
  return m <= middle
    ? [...naiveSubproof(m, start, middle, whole), naiveRoot(middle, end)]
    : [...naiveSubproof(m, middle, end, false), naiveRoot(start, middle)];
}

const node: NodeReader = (level, position) => naiveRoot(position * 2 ** level, (position + 1) * 2 ** level);

/** 0 to 600, and both sides of 2^8, 2^9, 2^15 and 2^16. */
const edges = [2 ** 15, 2 ** 16, 2 ** 16 + 256].flatMap((size) => [size - 2, size - 1, size, size + 1, size + 2]);
const anySize = fc.oneof(
  fc.integer({ min: 1, max: 600 }),
  fc.constantFrom(254, 255, 256, 257, 511, 512, 513, ...edges),
);

function grow(frontier: Frontier, to: number): { frontier: Frontier; completed: CompletedNode[] } {
  const completed: CompletedNode[] = [];
  let grown = frontier;
  while (grown.size < to) {
    const step = append(grown, leaves[grown.size]!);
    grown = step.frontier;
    completed.push(...step.completed);
  }
  return { frontier: grown, completed };
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[Math.floor(bit / 8)]! ^= 1 << (bit % 8);
  return copy;
}

describe("hashes", () => {
  test("the tree without entries is SHA-256 of nothing", () => {
    expect(hex(emptyRoot)).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(root(emptyFrontier)).toEqual(emptyRoot);
  });

  test("leaves and nodes are hashed under prefixes of their own, so that neither passes for the other", () => {
    expect(hex(leafHash(""))).toBe("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    expect(leafHash("é😂")).toEqual(leafHash(Buffer.from("é😂")));
    const [left, right] = [leafHash("a"), leafHash("b")];
    expect(nodeHash(left, right)).toEqual(sha256(Buffer.concat([Buffer.from([1]), left, right])));
    expect(nodeHash(left, right)).not.toEqual(nodeHash(right, left));
    expect(leafHash(Buffer.concat([left, right]))).not.toEqual(nodeHash(left, right));
  });

  test("a node is made of two hashes of 32 bytes and of nothing else", () => {
    const hash = leafHash("a");
    expect(() => nodeHash(hash.subarray(1), hash)).toThrow(RangeError);
    expect(() => nodeHash(hash, new Uint8Array(33))).toThrow(RangeError);
  });
});

describe("the compact range", () => {
  test("has the root of the naive tree after every append from 0 to 600 leaves", () => {
    let frontier = emptyFrontier;
    for (let size = 0; size <= 600; size++) {
      expect(frontier.size).toBe(size);
      expect(root(frontier)).toEqual(naiveRoot(0, size));
      expect(frontierAt(size, node)).toEqual(frontier);
      frontier = append(frontier, leaves[size]!).frontier;
    }
  });

  test("has it around 2^16 leaves too, and has completed exactly the nodes of levels 8 and 16", () => {
    const { frontier, completed } = grow(emptyFrontier, 65_800);
    expect(root(frontier)).toEqual(naiveRoot(0, 65_800));
    const expected = Array.from({ length: 257 }, (_, position) => ({ level: 8, position, hash: node(8, position) }));
    expect(completed.filter(({ level }) => level === 8)).toEqual(expected as CompletedNode[]);
    expect(completed.filter(({ level }) => level !== 8)).toEqual([{ level: 16, position: 0, hash: node(16, 0) }]);
    for (const size of edges) expect(root(frontierAt(size, node))).toEqual(naiveRoot(0, size));
  });

  test("completes a node of each stored level at once where they end together, past 2^32 leaves as well", () => {
    for (const size of [2 ** 24, 2 ** 40, 2 ** 52 + 2 ** 24]) {
      const before = frontierAt(size - 1, (level, position) => leafHash(`${level}/${position}`));
      const { frontier, completed } = append(before, leaves[0]!);
      expect(completed.map(({ level, position }) => [level, position])).toEqual([
        [8, size / 2 ** 8 - 1],
        [16, size / 2 ** 16 - 1],
        [24, size / 2 ** 24 - 1],
      ]);
      expect(frontier.size).toBe(size);
      expect(frontier.hashes.length).toBe(size.toString(2).replaceAll("0", "").length);
    }
  });

  test("is not changed by an append", () => {
    const { frontier } = grow(emptyFrontier, 7);
    const before = structuredClone(frontier);
    expect(root(append(frontier, leaves[7]!).frontier)).toEqual(naiveRoot(0, 8));
    expect(root(append(frontier, leaves[99]!).frontier)).not.toEqual(naiveRoot(0, 8));
    expect(frontier.hashes.map(hex)).toEqual(before.hashes.map(hex));
    expect(emptyFrontier).toEqual({ size: 0, hashes: [] });
  });

  test("from outside is taken only whole", () => {
    const { size, hashes } = grow(emptyFrontier, 7).frontier;
    expect(root(frontierFrom(size, hashes))).toEqual(naiveRoot(0, 7));
    expect(() => frontierFrom(6, hashes)).toThrow(RangeError);
    expect(() => frontierFrom(7, hashes.slice(1))).toThrow(RangeError);
    expect(() => frontierFrom(7, [...hashes.slice(1), new Uint8Array(31)])).toThrow(RangeError);
    for (const wrong of [-1, 0.5, Number.NaN, 2 ** 53]) expect(() => frontierFrom(wrong, [])).toThrow(RangeError);
    expect(() => append({ size: 7, hashes: hashes.slice(1) }, leaves[7]!)).toThrow(RangeError);
    expect(() => append(emptyFrontier, new Uint8Array(31))).toThrow(RangeError);
  });
});

describe("proofs", () => {
  test("of every leaf in every tree up to 70 leaves are those of the naive tree, and verify", () => {
    let ran = 0;
    for (let size = 1; size <= 70; size++) {
      for (let index = 0; index < size; index++) {
        const proof = inclusionProof(index, size, node);
        expect(proof).toEqual(naivePath(index, 0, size));
        expect(verifyInclusion({ index, size, leaf: leaves[index]!, proof, root: naiveRoot(0, size) })).toBe(true);
        ran++;
      }
    }
    expect(ran).toBe(2_485);
  });

  test("between any two sizes up to 70 are those of the naive tree, and verify", () => {
    let ran = 0;
    for (let newSize = 1; newSize <= 70; newSize++) {
      for (let oldSize = 1; oldSize <= newSize; oldSize++) {
        const proof = consistencyProof(oldSize, newSize, node);
        expect(proof).toEqual(naiveSubproof(oldSize, 0, newSize, true));
        const roots = { oldRoot: naiveRoot(0, oldSize), newRoot: naiveRoot(0, newSize) };
        expect(verifyConsistency({ oldSize, newSize, ...roots, proof })).toBe(true);
        ran++;
      }
    }
    expect(ran).toBe(2_485);
  });

  test("of inclusion verify in larger trees, and nothing with one bit, place or hash changed does", () => {
    const place = anySize.chain((size) => fc.tuple(fc.constant(size), fc.nat(size - 1)));
    fc.assert(
      fc.property(place, fc.nat(255), fc.nat(), ([size, index], bit, pick) => {
        const proof = inclusionProof(index, size, node);
        expect(proof).toEqual(naivePath(index, 0, size));
        const claim = { index, size, leaf: leaves[index]!, proof, root: naiveRoot(0, size) };
        expect(verifyInclusion(claim)).toBe(true);

        expect(verifyInclusion({ ...claim, leaf: flipped(claim.leaf, bit) })).toBe(false);
        expect(verifyInclusion({ ...claim, root: flipped(claim.root, bit) })).toBe(false);
        expect(verifyInclusion({ ...claim, root: claim.root.subarray(1) })).toBe(false);
        expect(verifyInclusion({ ...claim, proof: [...proof, claim.root] })).toBe(false);
        expect(verifyInclusion({ ...claim, proof: [claim.leaf, ...proof] })).toBe(false);
        for (const other of [pick % size, size, -1, index + 0.5]) {
          if (other !== index) expect(verifyInclusion({ ...claim, index: other })).toBe(false);
        }
        for (const at of proof.keys()) {
          expect(verifyInclusion({ ...claim, proof: proof.with(at, flipped(proof[at]!, bit)) })).toBe(false);
          expect(verifyInclusion({ ...claim, proof: proof.with(at, proof[at]!.subarray(1)) })).toBe(false);
          expect(verifyInclusion({ ...claim, proof: proof.toSpliced(at, 1) })).toBe(false);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("of consistency verify between larger trees, and nothing with one bit, size or hash changed does", () => {
    const sizes = fc.tuple(anySize, anySize).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
    fc.assert(
      fc.property(sizes, fc.nat(255), ([oldSize, newSize], bit) => {
        const proof = consistencyProof(oldSize, newSize, node);
        expect(proof).toEqual(naiveSubproof(oldSize, 0, newSize, true));
        const [oldRoot, newRoot] = [naiveRoot(0, oldSize), naiveRoot(0, newSize)];
        const claim = { oldSize, newSize, oldRoot, newRoot, proof };
        expect(verifyConsistency(claim)).toBe(true);

        expect(verifyConsistency({ ...claim, oldRoot: flipped(oldRoot, bit) })).toBe(false);
        expect(verifyConsistency({ ...claim, newRoot: flipped(newRoot, bit) })).toBe(false);
        expect(verifyConsistency({ ...claim, proof: [...proof, newRoot] })).toBe(false);
        expect(verifyConsistency({ ...claim, proof: [oldRoot, ...proof] })).toBe(false);
        expect(verifyConsistency({ ...claim, oldSize: 0 })).toBe(false);
        expect(verifyConsistency({ ...claim, oldSize: newSize + 1 })).toBe(false);
        for (const at of proof.keys()) {
          expect(verifyConsistency({ ...claim, proof: proof.with(at, flipped(proof[at]!, bit)) })).toBe(false);
          expect(verifyConsistency({ ...claim, proof: proof.with(at, proof[at]!.subarray(1)) })).toBe(false);
          expect(verifyConsistency({ ...claim, proof: proof.toSpliced(at, 1) })).toBe(false);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("of a small tree fail with any single bit of any hash flipped", () => {
    const [index, size, oldSize] = [4, 11, 6];
    const proof = inclusionProof(index, size, node);
    const between = consistencyProof(oldSize, size, node);
    const roots = { oldRoot: naiveRoot(0, oldSize), newRoot: naiveRoot(0, size) };
    expect([proof.length, between.length]).toEqual([4, 4]);
    for (let bit = 0; bit < 256; bit++) {
      for (let at = 0; at < 4; at++) {
        const changed = proof.with(at, flipped(proof[at]!, bit));
        const claim = { index, size, leaf: leaves[index]!, proof: changed, root: roots.newRoot };
        expect(verifyInclusion(claim)).toBe(false);
        const other = between.with(at, flipped(between[at]!, bit));
        expect(verifyConsistency({ oldSize, newSize: size, ...roots, proof: other })).toBe(false);
      }
    }
  });

  test("of a larger tree are not taken for a smaller one's, though every hash of them fits", () => {
    const [leaf, whole] = [leaves[1]!, naiveRoot(0, 2)];
    expect(verifyInclusion({ index: 1, size: 2, leaf, proof: [leaves[0]!], root: whole })).toBe(true);
    expect(verifyInclusion({ index: 0, size: 1, leaf, proof: [leaves[0]!], root: whole })).toBe(false);
    const claim = { oldRoot: naiveRoot(0, 7), newRoot: naiveRoot(0, 8), proof: consistencyProof(7, 8, node) };
    expect(verifyConsistency({ oldSize: 7, newSize: 8, ...claim })).toBe(true);
    expect(verifyConsistency({ oldSize: 3, newSize: 4, ...claim })).toBe(false);
  });

  test("hold past 2^32 leaves, where 32-bit arithmetic would not", () => {
    // All leaves alike, so that a subtree is known by its level alone.
    const levels = [leafHash("same")];
    for (let level = 1; level <= 53; level++) levels.push(nodeHash(levels[level - 1]!, levels[level - 1]!));
    const alike: NodeReader = (level) => levels[level]!;
    const size = 2 ** 52 + 2 ** 33 + 5;
    const whole = root(frontierAt(size, alike));
    for (const index of [0, 2 ** 32, 2 ** 52 - 1, 2 ** 52 + 2 ** 32 + 1, size - 1]) {
      const proof = inclusionProof(index, size, alike);
      expect(verifyInclusion({ index, size, leaf: levels[0]!, proof, root: whole })).toBe(true);
    }
    for (const oldSize of [1, 2 ** 32, 2 ** 33 + 1, 2 ** 52, 2 ** 52 + 7, size - 1]) {
      const oldRoot = root(frontierAt(oldSize, alike));
      const proof = consistencyProof(oldSize, size, alike);
      expect(verifyConsistency({ oldSize, newSize: size, oldRoot, newRoot: whole, proof })).toBe(true);
    }
  });

  test("are refused where there is nothing to prove", () => {
    for (const [index, size] of [
      [0, 0],
      [5, 5],
      [-1, 5],
      [0.5, 5],
      [Number.NaN, 5],
      [0, 2 ** 53],
    ] as const) {
      expect(() => inclusionProof(index, size, node)).toThrow(RangeError);
    }
    for (const [oldSize, newSize] of [
      [0, 5],
      [6, 5],
      [-1, 5],
      [1.5, 5],
      [1, Number.NaN],
    ] as const) {
      expect(() => consistencyProof(oldSize, newSize, node)).toThrow(RangeError);
    }
    expect(consistencyProof(5, 5, node)).toEqual([]);
  });
});

describe("the stored tree", () => {
  /** What a log of `size` entries has in its tables, and which rows of it were asked for. */
  function stored(size: number) {
    const asked: StoredRow[] = [];
    const read = nodeFromTiles((row) => {
      asked.push(row);
      expect((row.position + row.count) * 2 ** row.level).toBeLessThanOrEqual(size);
      return Array.from({ length: row.count }, (_, i) => node(row.level, row.position + i));
    });
    return { read, asked };
  }

  test("gives the proofs of the naive tree out of levels 0, 8 and 16, at most 256 hashes of a level at a time", () => {
    const place = anySize.chain((size) => fc.tuple(fc.constant(size), fc.nat(size - 1)));
    fc.assert(
      fc.property(place, ([size, index]) => {
        const { read, asked } = stored(size);
        expect(inclusionProof(index, size, read)).toEqual(naivePath(index, 0, size));
        for (const level of [0, 8, 16, 24]) {
          const rows = asked.filter((row) => row.level === level);
          // The leaf's own tile, and the unfinished one at the right edge.
          expect(rows.every(({ count }) => count <= 256)).toBe(true);
          expect(rows.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(2 * 255);
        }
        expect(consistencyProof(index + 1, size, read)).toEqual(naiveSubproof(index + 1, 0, size, true));
        expect(root(frontierAt(size, read))).toEqual(naiveRoot(0, size));
      }),
      { numRuns: 100 },
    );
  });

  test("says beforehand which nodes a proof and a range will read", () => {
    fc.assert(
      fc.property(anySize, fc.nat(), (size, pick) => {
        const index = pick % size;
        const read: { level: number; position: number }[] = [];
        const recording: NodeReader = (level, position) => {
          read.push({ level, position });
          return node(level, position);
        };
        inclusionProof(index, size, recording);
        expect(inclusionNodes(index, size)).toEqual(read.splice(0));
        consistencyProof(index + 1, size, recording);
        expect(consistencyNodes(index + 1, size)).toEqual(read.splice(0));
        frontierAt(size, recording);
        expect(frontierNodes(size)).toEqual(read);
      }),
      { numRuns: 100 },
    );
  });

  test("is read 256 hashes at a time at the highest level too", () => {
    const levels = [leafHash("same")];
    for (let level = 1; level <= 34; level++) levels.push(nodeHash(levels[level - 1]!, levels[level - 1]!));
    const counts: number[] = [];
    const read = nodeFromTiles(({ level, count }) => {
      counts.push(count);
      return new Array<Uint8Array>(count).fill(levels[level]!);
    });
    for (const level of [0, 7, 8, 15, 16, 23, 24, 31, 32, 34]) expect(read(level, 3)).toEqual(levels[level]!);
    expect(Math.max(...counts)).toBe(256);
  });

  test("with a hash missing gives an error, not a wrong proof", () => {
    const short = nodeFromTiles(({ count }) => leaves.slice(0, count - 1));
    expect(() => short(3, 0)).toThrow(RangeError);
    expect(() => short(0, 0)).toThrow(RangeError);
    const halved = nodeFromTiles(({ count }) => leaves.slice(0, count / 2));
    expect(() => halved(3, 0)).toThrow(RangeError);
  });
});

describe("published vectors", () => {
  const proofs = join(vectors, "merkle-proofs");
  const missing = !existsSync(proofs);
  interface Case {
    readonly proof: readonly string[] | null;
    readonly wantErr: boolean;
  }
  interface InclusionCase extends Case {
    readonly leafIdx: number;
    readonly treeSize: number;
    readonly leafHash: string;
    readonly root: string;
  }
  interface ConsistencyCase extends Case {
    readonly size1: number;
    readonly size2: number;
    readonly root1: string;
    readonly root2: string;
  }
  const cases = <C extends Case>(kind: string) =>
    globSync(`${kind}/**/*.json`, { cwd: proofs }).map((file) => ({
      file,
      ...(JSON.parse(readFileSync(join(proofs, file), "utf8")) as C),
    }));

  test.skipIf(missing)("98 inclusion proofs of transparency-dev/merkle get its verdict [needs shared/vectors]", () => {
    let ran = 0;
    for (const { file, wantErr, ...given } of cases<InclusionCase>("inclusion")) {
      const verdict = verifyInclusion({
        index: given.leafIdx,
        size: given.treeSize,
        leaf: base64(given.leafHash),
        proof: (given.proof ?? []).map(base64),
        root: base64(given.root),
      });
      expect({ file, wantErr: !verdict }).toEqual({ file, wantErr });
      ran++;
    }
    expect(ran).toBe(98);
  });

  test.skipIf(missing)(
    "98 consistency proofs of transparency-dev/merkle get its verdict [needs shared/vectors]",
    () => {
      let ran = 0;
      for (const { file, wantErr, ...given } of cases<ConsistencyCase>("consistency")) {
        const verdict = verifyConsistency({
          oldSize: given.size1,
          newSize: given.size2,
          oldRoot: base64(given.root1),
          newRoot: base64(given.root2),
          proof: (given.proof ?? []).map(base64),
        });
        expect({ file, wantErr: !verdict }).toEqual({ file, wantErr });
        ran++;
      }
      expect(ran).toBe(98);
    },
  );

  const log = join(vectors, "tessera-log/log");
  test.skipIf(!existsSync(log))(
    "16 checkpoints of a Tessera log: signatures, roots, consistency [needs shared/vectors]",
    () => {
      // Its verifier key is example.com/log/testdata+33d7b496+<this>: base64 of the type, 1 for Ed25519, and the key.
      const x = base64("AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx").subarray(1).toString("base64url");
      const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });

      const entries = bundle(join(log, "tile/entries/000.p/15")).map(leafHash);
      const roots: Uint8Array[] = [];
      for (let size = 0; size < 16; size++) {
        const note = readFileSync(join(log, `checkpoint.${size}`), "utf8");
        const body = note.slice(0, note.indexOf("\n\n") + 1);
        const signature = base64(note.slice(body.length).match(/^\n— (\S+) (\S+)\n$/)?.[2] ?? "").subarray(4);
        expect(verify(null, Buffer.from(body), key, signature)).toBe(true);

        let frontier = emptyFrontier;
        for (const leaf of entries.slice(0, size)) frontier = append(frontier, leaf).frontier;
        expect(body).toBe(`example.com/log/testdata\n${size}\n${Buffer.from(root(frontier)).toString("base64")}\n`);
        roots.push(root(frontier));
      }
      expect(roots.length).toBe(16);

      const read = nodeFromTiles(({ position, count }) => entries.slice(position, position + count));
      for (let oldSize = 1; oldSize < 16; oldSize++) {
        const proof = consistencyProof(oldSize, 15, read);
        const claim = { oldSize, newSize: 15, oldRoot: roots[oldSize]!, newRoot: roots[15]!, proof };
        expect(verifyConsistency(claim)).toBe(true);
      }
    },
  );

  /** C2SP tlog-tiles: entries one after another, each behind its length in two bytes. */
  function bundle(file: string): Uint8Array[] {
    const bytes = readFileSync(file);
    const entries: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; ) {
      const end = at + 2 + bytes.readUInt16BE(at);
      entries.push(bytes.subarray(at + 2, end));
      at = end;
    }
    return entries;
  }
});
