import { expect, test } from "bun:test";
import { filesOf, TarDamage, tarOf } from "../../src/backup/tar.ts";

const collect = async (source: AsyncIterable<Uint8Array>) => {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
};
async function* piecesOf(bytes: Uint8Array, length = bytes.length) {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}
const entry = (name: string, text: string) => ({ name, size: Buffer.byteLength(text), bytes: [Buffer.from(text)] });
const AT = Date.UTC(2026, 10, 23, 14);

test("what is packed comes out again, whatever the pieces it arrives in, and tar lists it", async () => {
  const texts = { "manifest.json": "{}", empty: "", block: "a".repeat(512), "a little more": "b".repeat(513) };
  const packed = await collect(
    tarOf(
      Object.entries(texts).map(([name, text]) => entry(name, text)),
      AT,
    ),
  );
  for (const step of [1, 511, 512, 4096, packed.length]) {
    const found: Record<string, string> = {};
    for await (const { name, bytes } of filesOf(piecesOf(packed, step)))
      found[name] = (await collect(bytes)).toString();
    expect(found).toEqual(texts);
  }
  const listed = Bun.spawnSync(["tar", "tf", "-"], { stdin: packed });
  expect(listed.stdout.toString()).toBe(
    Object.keys(texts)
      .map((name) => `pausepoint-backup/${name}\n`)
      .join(""),
  );
  expect(listed.stderr.toString()).toBe("");
});

test("a file of nine gibibytes is told of as tar understands it", async () => {
  const size = 9 * 2 ** 30;
  const { value: header } = await tarOf([{ name: "pausepoint.db", size, bytes: [] }], AT).next();
  const listed = Bun.spawnSync(["tar", "tvf", "-"], { stdin: header as Uint8Array });
  expect(listed.stdout.toString()).toContain(` ${size} 2026-11-23`);
  const { value: file } = await filesOf(piecesOf(header as Uint8Array)).next();
  expect([file?.name, file?.size]).toEqual(["pausepoint.db", size]);
});

test("a file that grows or shrinks while it is packed is an error", async () => {
  const changed = (size: number) => collect(tarOf([{ ...entry("list", "0123"), size }], AT));
  await expect(changed(3)).rejects.toThrow("list has changed while it was packed");
  await expect(changed(5)).rejects.toThrow("list has changed while it was packed");
});

test("nothing is read but what is written here: no other folder, no link, no other mode", async () => {
  const packed = await collect(tarOf([entry("list", "0123")], AT));
  const read = async (change: (archive: Buffer) => void) => {
    const archive = Buffer.from(packed);
    change(archive);
    for await (const { bytes } of filesOf(piecesOf(archive))) await collect(bytes);
  };
  await read(() => {});
  const changes: ((archive: Buffer) => void)[] = [
    (archive) => archive.write("../../../etc/passwd\0", 0),
    (archive) => archive.write("2", 156),
    (archive) => archive.write("0004777", 100),
    (archive) => archive.write("x", 512 + 4),
    (archive) => archive.write("x", 512 * 2 + 600),
  ];
  for (const change of changes) await expect(read(change)).rejects.toThrow(TarDamage);
});
