import { describe, expect, test } from "bun:test";
import { checkpointText } from "../../src/audit/checkpoint.ts";
import { cosignedMessage, formatVerifierKey, signatureLine, verifierKey } from "../../src/audit/note.ts";
import { parsePolicy, satisfies } from "../../src/audit/policy.ts";
import { signingKeyFrom } from "../../src/platform/ed25519.ts";
import { sha256 } from "../../src/platform/hash.ts";
import { SmallLog } from "../support/small-log.ts";

const log = new SmallLog("example.com/behind-the-sofa").grow(9);
const TIME = 1_679_315_147;

function witness(name: string, seed = name) {
  const signer = signingKeyFrom(sha256(seed));
  const key = verifierKey(name, signer.publicKey, "cosignature");
  return {
    vkey: formatVerifierKey(key),
    line(text: string, time = TIME) {
      const bytes = Buffer.alloc(72);
      bytes.writeBigUInt64BE(BigInt(time));
      bytes.set(signer.sign(cosignedMessage(text, time)), 8);
      return signatureLine(key, bytes);
    },
  };
}

const names = ["X1", "X2", "X3", "Y1", "Y2", "Y3"] as const;
const witnesses = Object.fromEntries(names.map((name) => [name, witness(`witness.example/${name}`)]));

/** The example of the draft, with keys in the place of its <vkey>. */
const EXAMPLE = `
log ${log.vkey}

witness X1 ${witnesses.X1!.vkey}
witness X2 ${witnesses.X2!.vkey}
witness X3 ${witnesses.X3!.vkey}
group X-witnesses 2 X1 X2 X3

witness Y1 ${witnesses.Y1!.vkey}
witness Y2 ${witnesses.Y2!.vkey}
witness Y3 ${witnesses.Y3!.vkey}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
`;

const text = checkpointText({ origin: log.origin, size: 9, root: log.root() });

/** The checkpoint with cosignatures of these. */
function note(...by: readonly string[]): string {
  return `${log.checkpoint()}${by.map((name) => witnesses[name]!.line(text)).join("")}`;
}

describe("the draft's example", () => {
  const policy = parsePolicy(EXAMPLE);

  test("lists one log and six witnesses in two groups", () => {
    expect(policy.logs).toEqual([{ key: log.key, url: null }]);
    expect([...policy.witnesses.keys()]).toEqual([...names]);
    expect(policy.groups.get("X-witnesses")).toEqual({ threshold: 2, members: ["X1", "X2", "X3"] });
    expect(policy.groups.get("Y-witnesses")?.threshold).toBe(1);
    expect(policy.groups.get("X-and-Y")?.threshold).toBe(2);
    expect(policy.quorum).toBe("X-and-Y");
  });

  test("wants two of the X and one of the Y, whichever: all 64 ways", () => {
    for (let ways = 0; ways < 64; ways++) {
      const by = names.filter((_, index) => (ways & (1 << index)) !== 0);
      const count = (letter: string) => by.filter((name) => name.startsWith(letter)).length;
      const { satisfied, cosigners } = satisfies(policy, note(...by));
      expect([by, satisfied]).toEqual([by, count("X") >= 2 && count("Y") >= 1]);
      expect(cosigners.map(({ name }) => name)).toEqual([...by]);
    }
  });

  test("tells which log has signed, who has cosigned and when, or what is missing", () => {
    const good = satisfies(policy, note("X1", "X3", "Y2"));
    expect(good).toMatchObject({ satisfied: true, why: null, log: log.key, checkpoint: { size: 9 } });
    expect(good.cosigners[0]).toMatchObject({ name: "X1", time: TIME });
    expect(satisfies(policy, note("X1")).why).toContain("X-and-Y has not cosigned the checkpoint: X1");
  });

  test("is not satisfied by a forged cosignature, another log, or a cosignature of another tree", () => {
    const other = new SmallLog("example.com/other").grow(9);
    const lines = ["X1", "X2", "Y1"].map((name) => witnesses[name]!.line(text)).join("");
    expect(satisfies(policy, `${other.checkpoint()}${lines}`)).toMatchObject({ satisfied: false });
    const grown = log.forkedAt(9, 10);
    const moved = satisfies(policy, `${grown.checkpoint()}${lines}`);
    expect(moved).toMatchObject({ satisfied: false, checkpoint: null });
    expect(moved.why).toContain("forged");
    const onlyWitnesses = `${text}\n${lines}`;
    expect(satisfies(policy, onlyWitnesses)).toMatchObject({
      satisfied: false,
      why: "No log that is trusted has signed the checkpoint.",
    });
    expect(satisfies(policy, "nothing").satisfied).toBe(false);
  });

  test("counts no stranger and nobody twice", () => {
    const stranger = witness("stranger.example/w").line(text);
    expect(satisfies(policy, `${note("X1", "Y1")}${stranger}`).satisfied).toBe(false);
    expect(satisfies(policy, `${note("X1", "Y1")}${witnesses.X1!.line(text)}`).satisfied).toBe(false);
  });
});

describe("a trust file", () => {
  const [one, two] = [witnesses.X1!.vkey, witnesses.X2!.vkey];

  test("may want one witness, or none", () => {
    const single = parsePolicy(`log ${log.vkey}\nwitness w ${one}\nquorum w\n`);
    expect(satisfies(single, note()).satisfied).toBe(false);
    expect(satisfies(single, note("X1")).satisfied).toBe(true);
    const none = parsePolicy(`log ${log.vkey}\nquorum none\n`);
    expect(satisfies(none, note()).satisfied).toBe(true);
  });

  test("may leave the logs to whoever uses it", () => {
    const open = parsePolicy(`witness w ${one}\nquorum w\n`);
    expect(satisfies(open, note("X1")).satisfied).toBe(false);
    expect(satisfies(open, note("X1"), [log.key]).satisfied).toBe(true);
  });

  test("takes tabs, spaces, comments, URLs and names of any bytes; lines after the quorum too", () => {
    const policy = parsePolicy(
      `# who\n \t# more\n\tlog  ${log.vkey}\thttps://log.example/\n\nwitness K ${one} https://w.example\nwitness \u212a ${two}\ngroup beide all K \u212a\n quorum\tbeide \nlog ${new SmallLog("o").vkey}`,
    );
    expect(policy.logs.map(({ url }) => url)).toEqual(["https://log.example/", null]);
    expect(policy.witnesses.get("K")?.url).toBe("https://w.example");
    expect(satisfies(policy, note("X1")).satisfied).toBe(false);
    const { satisfied, cosigners } = satisfies(policy, note("X1", "X2"));
    expect([satisfied, cosigners.map(({ name }) => name)]).toEqual([true, ["K", "\u212a"]]);
    expect(parsePolicy(Buffer.from(`quorum none\n# \xe4\xff`, "latin1")).quorum).toBeNull();
  });

  test("holds many of each", () => {
    const many = Array.from({ length: 200 }, (_, index) => index);
    const lines = many.map((index) => `witness w${index} ${witness(`w${index}`).vkey}\ngroup g${index} any w${index}`);
    const groups = many.map((index) => `g${index}`).join(" ");
    expect(parsePolicy(`${lines.join("\n")}\ngroup all 200 ${groups}\nquorum all\n`).groups.size).toBe(201);
  });

  test.each([
    ["no quorum", `log ${log.vkey}\n`, "no quorum line"],
    ["two quorums", "quorum none\nquorum none\n", "Line 2"],
    ["a quorum that is not defined above", `quorum w\nwitness w ${one}\n`, "not defined above"],
    ["a member that is not defined above", `group g any w\nwitness w ${one}\nquorum g\n`, "not defined above"],
    ["a group that holds itself", `witness w ${one}\ngroup g any w g\nquorum g\n`, "not defined above"],
    ["a name twice", `witness w ${one}\nwitness w ${two}\nquorum w\n`, "defined already"],
    ["a group named as a witness", `witness w ${one}\ngroup w any w\nquorum w\n`, "defined already"],
    ["the name none", `witness none ${one}\nquorum none\n`, "none is no name"],
    ["none as a member", `group g any none\nquorum g\n`, "not defined above"],
    ["a member twice", `witness w ${one}\ngroup g any w w\nquorum g\n`, "already"],
    ["a member of two groups", `witness w ${one}\ngroup g any w\ngroup h any w\nquorum h\n`, "already"],
    ["a group without members", "group g any\nquorum g\n", "at least one member"],
    ["a threshold of 0", `witness w ${one}\ngroup g 0 w\nquorum g\n`, "from 1 to 1"],
    ["a threshold above all", `witness w ${one}\ngroup g 2 w\nquorum g\n`, "from 1 to 1"],
    ["a threshold with a zero before it", `witness w ${one}\ngroup g 01 w\nquorum g\n`, "from 1 to 1"],
    ["a key twice", `witness v ${one}\nwitness w ${one}\nquorum w\n`, "given before"],
    [
      "a witness's key under another name",
      `witness v ${one}\nwitness w ${witness("o", "witness.example/X1").vkey}\nquorum w\n`,
      "given before",
    ],
    ["a log twice", `log ${log.vkey}\nlog ${log.vkey}\nquorum none\n`, "given before"],
    ["a witness's key for a log", `log ${one}\nquorum none\n`, "not of the type that a log"],
    ["a log's key for a witness", `witness w ${log.vkey}\nquorum w\n`, "not of the type that a witness"],
    ["no key", "log example.com/log\nquorum none\n", "not a verifier key"],
    ["too many items", `log ${log.vkey} url more\nquorum none\n`, "perhaps a URL"],
    ["another keyword", "trust everybody\nquorum none\n", "begins with log, witness"],
    ["a carriage return", "quorum none\r\n", "control character"],
    ["a byte of zero", "quorum none\n# \0\n", "control character"],
  ])("with %s is refused, and says where", (_, file, words) => {
    expect(() => parsePolicy(file)).toThrow(words);
  });
});
