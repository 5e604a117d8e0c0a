import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { readArchive } from "../../src/backup/archive.ts";
import { type BackupKey, readKey } from "../../src/backup/key.ts";
import { run } from "../support/binary.ts";
import { pathOf, testNeeding } from "../support/needs.ts";
import { Stage, verified } from "./stage.ts";

const own = { version: "0.1.0", schema: 1 };
let stage: Stage;
let identity: string;
let recipient: string;
let key: BackupKey;

beforeAll(async () => {
  stage = await Stage.start();
  for (let n = 0; n < 20; n++) await stage.appliance.ask(stage.appliance.keys.test, { message: `Question ${n}` });
  identity = await generateIdentity();
  recipient = await identityToRecipient(identity);
  key = await readKey(identity, "here");
  writeFileSync(stage.path("identity"), `# made for a test\n${identity}\n`);
  writeFileSync(stage.path("recipient"), `${recipient}\n`);
  await stage.backup("plain.tar.gz");
  await stage.backup("encrypted.age", ["--key-file", stage.path("identity")]);
});
afterAll(() => stage.stop());

/** Whether the bytes are taken for a backup. */
const isRead = async (bytes: Uint8Array, withKey: BackupKey | null): Promise<boolean> => {
  const file = stage.path("changed");
  writeFileSync(file, bytes);
  try {
    await readArchive(file, { key: withKey, own, into: null });
    return true;
  } catch (error) {
    expect((error as Error).name).toBe("BackupUnreadable");
    expect((error as Error).message).toContain(file);
    return false;
  }
};

/** Every place near the ends, where headers and tags are, and many between. */
const placesIn = (bytes: Uint8Array): number[] =>
  [...bytes.keys()].filter((at) => at < 300 || at >= bytes.length - 120 || at % 97 === 0);

describe.each(["plain.tar.gz", "encrypted.age"])("%s", (name) => {
  const withKey = () => (name === "encrypted.age" ? key : null);

  test("is read as it was written", async () => {
    expect(await isRead(readFileSync(stage.path(name)), withKey())).toBe(true);
  });

  test("is refused when any byte of it is another, by one bit or by all", async () => {
    const bytes = readFileSync(stage.path(name));
    const taken: string[] = [];
    for (const at of placesIn(bytes))
      for (const bits of [1, 0xff]) {
        const changed = Uint8Array.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ bits;
        if (await isRead(changed, withKey())) taken.push(`${at} ^ ${bits}`);
      }
    expect(taken).toEqual([]);
  }, 300_000);

  test("is refused when it is cut anywhere, or goes on behind its end", async () => {
    const bytes = readFileSync(stage.path(name));
    const taken: number[] = [];
    for (const length of [0, ...placesIn(bytes)])
      if (await isRead(bytes.subarray(0, length), withKey())) taken.push(length);
    expect(taken).toEqual([]);
    expect(await isRead(Buffer.concat([bytes, Buffer.from([0])]), withKey())).toBe(false);
    expect(await isRead(Buffer.concat([bytes, bytes]), withKey())).toBe(false);
  }, 300_000);
});

/** Every file of a folder with its bytes; of a lock nothing is said. */
const stateOf = (folder: string) =>
  readdirSync(folder)
    .filter((name) => !/lock/.test(name))
    .sort()
    .map((name) => [name, Bun.hash(readFileSync(`${folder}/${name}`)), statSync(`${folder}/${name}`).mode]);

describe("the command refuses with status 2, and says what to do:", () => {
  const told = async (name: string, args: readonly string[] = [], env: Record<string, string> = {}) => {
    const { status, stdout, stderr } = await stage.restore(name, "nowhere-at-all", args, env);
    expect([status, stdout]).toEqual([2, ""]);
    expect(await Bun.file(stage.path("nowhere-at-all/pausepoint.db")).exists()).toBe(false);
    return stderr.replaceAll(`${stage.folder}/`, "");
  };

  test("a damaged file", async () => {
    const bytes = readFileSync(stage.path("plain.tar.gz"));
    bytes[5_000] = (bytes[5_000] ?? 0) ^ 4;
    writeFileSync(stage.path("damaged.tar.gz"), bytes);
    expect(await told("damaged.tar.gz")).toBe("damaged.tar.gz is damaged or cut; take another backup\n");
  });

  test("a file that was cut", async () => {
    writeFileSync(stage.path("cut.age"), readFileSync(stage.path("encrypted.age")));
    truncateSync(stage.path("cut.age"), 3_000);
    expect(await told("cut.age", ["--key-file", stage.path("identity")])).toBe(
      "cut.age is damaged or cut; take another backup\n",
    );
  });

  describe.each([
    ["plain.tar.gz", []],
    ["encrypted.age", ["--key-file"]],
  ] as const)("%s cut or spoilt anywhere,", (name, words) => {
    test("and leaves nothing behind: no new folder, and a folder that is there as it was, also with --force", async () => {
      const bytes = readFileSync(stage.path(name));
      const args = words.length === 0 ? [] : ["--key-file", stage.path("identity")];
      const folder = stage.path("as-it-was");
      rmSync(folder, { recursive: true, force: true });
      expect(await stage.restore(name, "as-it-was", args)).toMatchObject({ status: 0 });
      const before = stateOf(folder);
      const flipped = Uint8Array.from(bytes);
      flipped[bytes.length >> 1] = (flipped[bytes.length >> 1] ?? 0) ^ 1;
      // In the header, in the manifest, in the database, before the last byte; and whole with one bit turned.
      const spoilt = [7, 100, 900, bytes.length >> 1, bytes.length - 1].map((length) => bytes.subarray(0, length));
      for (const broken of [...spoilt, flipped]) {
        writeFileSync(stage.path("broken"), broken);
        const told = await stage.restore("broken", "new-folder", args);
        expect([told.status, told.stdout]).toEqual([2, ""]);
        expect(told.stderr).toMatch(/broken .*(damaged|is no backup)/);
        expect(existsSync(stage.path("new-folder"))).toBe(false);
        expect(await stage.restore("broken", "as-it-was", [...args, "--force"])).toMatchObject({ status: 2 });
        expect(stateOf(folder)).toEqual(before);
      }
    }, 60_000);
  });

  test("a file that is something else, and one that is not there", async () => {
    writeFileSync(stage.path("letter.txt"), "Dear Sir or Madam,\n".repeat(50));
    expect(await told("letter.txt")).toStartWith(
      "letter.txt is no backup of PausePoint, or damaged in its first bytes",
    );
    expect(await told("no.such")).toBe("no.such can't be read (ENOENT); name a file that can\n");
    expect(await told(".")).toContain("can't be read (EISDIR)");
  });

  test("an encrypted one without a key, with another, and with the half that only encrypts", async () => {
    expect(await told("encrypted.age")).toBe(
      "encrypted.age is encrypted; give its key with --key-file or in PAUSEPOINT_BACKUP_KEY\n",
    );
    const another = await generateIdentity();
    expect(await told("encrypted.age", [], { PAUSEPOINT_BACKUP_KEY: another })).toStartWith(
      "encrypted.age does not open with this key",
    );
    expect(await told("encrypted.age", ["--key-file", stage.path("recipient")])).toStartWith(
      "encrypted.age needs the secret half of its age key",
    );
  });

  test("one that is not encrypted, where a key was given: anybody may have put it there", async () => {
    expect(await told("plain.tar.gz", ["--key-file", stage.path("identity")])).toStartWith(
      "plain.tar.gz is not encrypted, so anybody may have made it",
    );
  });

  test("what is no key", async () => {
    writeFileSync(stage.path("empty.key"), "# nothing\n");
    writeFileSync(stage.path("wrong.key"), `${identity.slice(0, -1)}${identity.endsWith("Q") ? "P" : "Q"}\n`);
    writeFileSync(stage.path("mixed.key"), `${identity}\nhello\n`);
    expect(await told("encrypted.age", ["--key-file", stage.path("empty.key")])).toStartWith("empty.key holds no key");
    expect(await told("encrypted.age", ["--key-file", stage.path("wrong.key")])).toContain("no age key");
    expect(await told("encrypted.age", ["--key-file", stage.path("mixed.key")])).toContain("no age key");
    expect(await told("encrypted.age", ["--key-file", stage.path("none.key")])).toStartWith(
      "the key file none.key can't be read (ENOENT)",
    );
  });
});

describe("an encrypted backup", () => {
  test("can be made where only the public half of its key is, and opened with the other", async () => {
    await stage.backup("public.age", ["--key-file", stage.path("recipient")]);
    expect(await stage.restore("public.age", "from-public", ["--key-file", stage.path("identity")])).toMatchObject({
      status: 0,
    });
  });

  test("opens with the passphrase it was made with, and no other", async () => {
    const told = await stage.backup("phrase.age", [], { PAUSEPOINT_BACKUP_KEY: "nine green bottles" });
    expect(told.encrypted).toBe(true);
    const wrong = await stage.restore("phrase.age", "from-phrase", [], { PAUSEPOINT_BACKUP_KEY: "ten green bottles" });
    expect(wrong).toMatchObject({ status: 2, stdout: "" });
    expect(wrong.stderr).toContain("does not open with this key");
    writeFileSync(stage.path("phrase.key"), "nine green bottles\n");
    expect(await stage.restore("phrase.age", "from-phrase", ["--key-file", stage.path("phrase.key")])).toMatchObject({
      status: 0,
    });
  }, 300_000);

  testNeeding("age")("is opened by the age command, and what comes out by tar", async () => {
    const opening = `"${pathOf("age")}" -d -i identity encrypted.age | tar xzf - && age-keygen -y identity`;
    const { status, stdout, stderr } = await run(["bash", "-o", "pipefail", "-c", opening], stage.folder);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `${recipient}\n`, stderr: "" });
    expect(verified(stage.path("pausepoint-backup")).fault).toBeNull();
  });

  test("shows nothing of what is in it", () => {
    const bytes = readFileSync(stage.path("encrypted.age"));
    const secret = readFileSync(`${stage.data}/secret`, "utf8").trim();
    expect([bytes.includes(secret), bytes.includes("pausepoint"), bytes.includes("Question")]).toEqual([
      false,
      false,
      false,
    ]);
  });
});
