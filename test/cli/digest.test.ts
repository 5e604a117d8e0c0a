import { afterAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import canonicalize from "canonicalize";
import { environment, folderWith, type Ran } from "../support/binary.ts";
import { program } from "../support/program.ts";

const NONCE = "kQHyhsjWjKRCBqPJ1TyDCw";
const folder = folderWith({ "pay.json": '{ "to": "Meridian",\n  "amount": "8400.00" }\n' });
writeFileSync(
  join(folder, "build.tar"),
  Uint8Array.from({ length: 100_000 }, (_, n) => n % 251),
);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `pausepoint digest`, with something on stdin if need be. */
async function digest(args: readonly string[], stdin = ""): Promise<Ran> {
  const child = Bun.spawn([...program, "digest", ...args], {
    cwd: folder,
    env: environment(),
    stdin: new Blob([stdin]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, status] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { status, stdout, stderr };
}
const sha256 = (...parts: (string | Uint8Array)[]) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return `sha256:${hash.digest("hex")}`;
};

describe("the digest of a JSON action", () => {
  test("is over its RFC 8785 form with a nonce in it, which is told with it and is another each time", async () => {
    const made = [await digest(["pay.json", "--json"]), await digest(["pay.json", "--json"])];
    const [first, second] = made.map(({ stdout }) => JSON.parse(stdout));
    expect(first.nonce).toMatch(/^[\w-]{22}$/);
    expect(first.action).toEqual({ to: "Meridian", amount: "8400.00", nonce: first.nonce });
    expect(first.action_digest).toBe(sha256(canonicalize(first.action)!));
    expect(second.action_digest).not.toBe(first.action_digest);
  });

  test("is the same however the action is given and spelled: as a file, on stdin, as an argument, with the nonce inside", async () => {
    const spelled = '{"amount":"8400.00","to":"\\u004deridian"}';
    const inside = `{"nonce":"${NONCE}","to":"Meridian","amount":"8400.00"}`;
    const made = [
      await digest(["pay.json", "--nonce", NONCE]),
      await digest(["-", "--nonce", NONCE], spelled),
      await digest([spelled, "--nonce", NONCE]),
      await digest([inside]),
      await digest([inside, "--nonce", NONCE]),
    ];
    const expected = sha256(canonicalize({ to: "Meridian", amount: "8400.00", nonce: NONCE })!);
    for (const { status, stdout } of made) expect([status, stdout]).toEqual([0, `${expected}\nnonce ${NONCE}\n`]);
  });

  test.each([
    ['{"a":1,\n"a":2}', "Line 2, at /a: the member is named twice."],
    ['{"a":"\\ud800"}', "Line 1, at /a: the text holds half a surrogate pair, which is no character."],
    [
      '{"a":{"b":9007199254740993}}',
      "Line 1, at /a/b: the number can't be kept exactly by every reader; write it as a string.",
    ],
    ['{"a":1', "Line 1: a comma or } is missing."],
    ["[1]", "The action must be a JSON object, so that a nonce can stand in it: put it into one."],
    ['{"nonce":"7"}', "It needs a nonce of 22 to 200 characters of A-Z, a-z, 0-9, - and _."],
    ['{"nonce":7}', "It needs a nonce of 22 to 200 characters of A-Z, a-z, 0-9, - and _."],
  ])("is refused for %p", async (action, sentence) => {
    expect(await digest([action])).toEqual({ status: 2, stdout: "", stderr: `${sentence}\n` });
  });

  test("is refused for an action with another nonce than the one given, and for a file that is not there", async () => {
    const { status, stderr } = await digest([`{"nonce":"${NONCE}"}`, "--nonce", NONCE.replace("k", "K")]);
    expect([status, stderr]).toEqual([2, "The action has a nonce of its own, and it is not the one that was given.\n"]);
    expect((await digest(["nothing.json"])).stderr).toContain("The file nothing.json can't be read (ENOENT)");
    expect((await digest(["-"], "\ufeff{}")).status).toBe(2);
  });
});

test("the digest of other bytes is over the nonce, one zero byte, and the bytes", async () => {
  const { stdout } = await digest(["build.tar", "--json"]);
  const { action_digest, nonce, ...rest } = JSON.parse(stdout);
  expect(rest).toEqual({});
  const bytes = new Uint8Array(await Bun.file(join(folder, "build.tar")).arrayBuffer());
  expect(action_digest).toBe(sha256(nonce, "\0", bytes));
});

describe("--check", () => {
  const expected = sha256(canonicalize({ to: "Meridian", amount: "8400.00", nonce: NONCE })!);

  test("ends with 0 for the same action, and with 1 for another", async () => {
    const same = await digest(["pay.json", "--nonce", NONCE, "--check", expected]);
    expect(same).toEqual({ status: 0, stdout: "It is the same action.\n", stderr: "" });
    const more = '{"to":"Meridian","amount":"84000.00"}';
    const other = await digest([more, "--nonce", NONCE, "--check", expected, "--json"]);
    expect([other.status, other.stdout]).toEqual([1, ""]);
    expect(other.stderr).toStartWith("The action is another one: its digest with this nonce is sha256:");
  });

  test("asks for the nonce, and for a digest that is one", async () => {
    const without = await digest(["pay.json", "--check", expected]);
    expect([without.status, without.stderr]).toEqual([
      2,
      "To compare, give --nonce: the one that was printed with the digest.\n",
    ]);
    expect((await digest(["pay.json", "--check", expected.toUpperCase()])).status).toBe(2);
  });
});
