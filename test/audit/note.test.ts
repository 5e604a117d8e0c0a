import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseCheckpoint, signCheckpoint } from "../../src/audit/checkpoint.ts";
import { append, emptyFrontier, leafHash, root } from "../../src/audit/merkle.ts";
import {
  formatVerifierKey,
  openNote,
  parseNote,
  parseVerifierKey,
  signNote,
  verifierKey,
} from "../../src/audit/note.ts";
import { signingKeyFrom } from "../../src/platform/ed25519.ts";

const log = join(import.meta.dir, "../../../shared/vectors/tessera-log/log");
const TESSERA = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";

/** The example of golang.org/x/mod/sumdb/note, which the standard was made from. */
const NEUMANN_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const NEUMANN_NOTE =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
  "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

/** Entries in a bundle of C2SP tlog-tiles: each behind its length in 16 bits. */
function entriesOf(bundle: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bundle.byteLength; ) {
    const length = Buffer.from(bundle).readUInt16BE(at);
    entries.push(bundle.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return entries;
}

const signer = signingKeyFrom(new Uint8Array(32).fill(7));
const key = verifierKey("example.com/log", signer.publicKey);
const note = signNote("If you think cryptography is the answer\n", key, signer);

describe("a whole log that others have published", () => {
  test.skipIf(!existsSync(log))(
    "verifies: 16 checkpoints, each signed by its key and with the root of its entries [needs shared/vectors]",
    () => {
      const entries = entriesOf(readFileSync(join(log, "tile/entries/000.p/15")));
      let frontier = emptyFrontier;
      let checked = 0;
      for (let size = 0; size <= 15; size++) {
        const { note, signedBy } = openNote(readFileSync(join(log, `checkpoint.${size}`), "utf8"), [
          parseVerifierKey(TESSERA),
        ]);
        expect(signedBy).toHaveLength(1);
        const checkpoint = parseCheckpoint(note.text);
        expect(checkpoint).toMatchObject({ origin: "example.com/log/testdata", size });
        expect(Buffer.from(checkpoint.root).toString("base64")).toBe(Buffer.from(root(frontier)).toString("base64"));
        checked++;
        const next = entries[size];
        if (next !== undefined) frontier = append(frontier, leafHash(next)).frontier;
      }
      expect(checked).toBe(16);
    },
  );
});

describe("a verifier key", () => {
  test("is read and written in the one line of the standard", () => {
    for (const line of [TESSERA, NEUMANN_KEY]) expect(formatVerifierKey(parseVerifierKey(line))).toBe(line);
    expect(formatVerifierKey(key)).toMatch(/^example\.com\/log\+[0-9a-f]{8}\+A/);
  });

  test.each([
    ["no parts", "example.com/log"],
    ["a hash that is not its own", TESSERA.replace("33d7b496", "33d7b497")],
    ["a name that is not the hash's", TESSERA.replace("testdata", "other")],
    ["a type that is not known", NEUMANN_KEY.replace("+AR", "+DR")],
    ["a short key", "example.com/foo+530d903f+AeLb4oz2"],
    ["base64 of another spelling", `${TESSERA}=`],
  ])("with %s is refused", (_, line) => {
    expect(() => parseVerifierKey(line)).toThrow();
  });
});

describe("a note", () => {
  test("that others have published opens with its key", () => {
    expect(openNote(NEUMANN_NOTE, [parseVerifierKey(NEUMANN_KEY)]).signedBy).toHaveLength(1);
    expect(() => openNote(NEUMANN_NOTE.replace("your", "my"), [parseVerifierKey(NEUMANN_KEY)])).toThrow("forged");
  });

  test("opens with the key that signed it, beside signatures of keys that nobody here knows", () => {
    const stranger = verifierKey("stranger.example", signingKeyFrom(new Uint8Array(32).fill(9)).publicKey);
    const withStranger = `${note}${signNote("other\n", stranger, signer).split("\n\n")[1]}`;
    expect(openNote(withStranger, [key]).signedBy).toEqual([key]);
    expect(openNote(note, [stranger]).signedBy).toEqual([]);
    expect(parseNote(note).text).toBe("If you think cryptography is the answer\n");
  });

  test("is a forgery as a whole when a known key's signature does not hold", () => {
    expect(() => openNote(note.replace("think", "thonk"), [key])).toThrow("forged");
    expect(() => openNote(`${note}${note.split("\n\n")[1]}`, [key])).toThrow("twice");
  });

  test.each([
    ["no signature", "text\n"],
    ["no signature below the empty line", "text\n\n"],
    ["a text without end", note.replace("answer\n", "answer")],
    ["a last line without end", note.slice(0, -1)],
    ["a hyphen in place of the dash", note.replace("—", "-")],
    ["two spaces", note.replace("— ", "—  ")],
    ["a signature of no bytes", note.replace(/ \S+\n$/, " AAAA\n")],
    ["base64 of another spelling", note.replace(/=*\n$/, "====\n")],
    ["a control character", note.replace("think", "th\u0007nk")],
    ["a carriage return", note.replace("answer\n", "answer\r\n")],
    ["a lone surrogate", note.replace("think", "th\ud800nk")],
  ])("with %s is refused", (_, text) => {
    expect(() => openNote(text, [key])).toThrow();
  });
});

describe("a checkpoint", () => {
  const hash = new Uint8Array(32).fill(1);

  test("comes back as it was signed", () => {
    const checkpoint = { origin: "example.com/log", size: 12, root: hash };
    const { note, signedBy } = openNote(signCheckpoint(checkpoint, key, signer), [key]);
    expect(signedBy).toEqual([key]);
    expect(parseCheckpoint(note.text)).toEqual(checkpoint);
  });

  test.each([
    ["no root", "o\n1\n"],
    ["a size with a zero before it", `o\n01\n${Buffer.from(hash).toString("base64")}\n`],
    ["a size beyond all integers", `o\n99999999999999999\n${Buffer.from(hash).toString("base64")}\n`],
    ["a negative size", `o\n-1\n${Buffer.from(hash).toString("base64")}\n`],
    ["a short root", "o\n1\nAAAA\n"],
    ["no origin", `\n1\n${Buffer.from(hash).toString("base64")}\n`],
  ])("with %s is refused", (_, text) => {
    expect(() => parseCheckpoint(text)).toThrow();
  });
});
