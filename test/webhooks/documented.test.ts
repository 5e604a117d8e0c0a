import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { sign } from "../../src/webhooks/signing.ts";
import { documentAt, fencesOf, project } from "../docs/documents.ts";
import { folderWith, run } from "../support/binary.ts";
import { testNeeding } from "../support/needs.ts";
import { startStage } from "./stage.ts";

const document = documentAt("docs/webhooks.md");
const fileOf = (name: string) =>
  fencesOf(document, "file").find(({ marker }) => marker?.detail === name)?.text ?? "there is no such fence";
const sampleOf = (name: string) =>
  JSON.parse(fencesOf(document, "json").find(({ marker }) => marker?.detail === name)?.text ?? "null");

const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const OLD = `whsec_${Buffer.alloc(32, 8).toString("base64")}`;
const OTHER = `whsec_${Buffer.alloc(32, 9).toString("base64")}`;
const BODY = '{"type":"pause.responded","data":{"message":"Zahlen? – 💶"}}';
const MINUTE = 60;

interface Received {
  readonly name: string;
  readonly genuine: boolean;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** What a receiver may get: genuine ones, and all that only looks like one. */
function received(): Received[] {
  const now = Math.floor(Date.now() / 1000);
  const signed = (secrets: readonly string[], timestampSeconds = now) => ({
    ...sign({ id: "evt_1", timestampSeconds, body: BODY, secrets }),
  });
  const good = signed([SECRET]);
  const one = (name: string, headers: Record<string, string>, body = BODY, genuine = false) => ({
    name,
    genuine,
    headers,
    body,
  });
  return [
    one("signed with the secret", good, BODY, true),
    one("a few minutes on its way", signed([SECRET], now - 4 * MINUTE), BODY, true),
    one("signed during a rotation, new secret first", signed([SECRET, OLD]), BODY, true),
    one("signed during a rotation, the receiver's being the old one", signed([OLD, SECRET]), BODY, true),
    one("signed with another secret", signed([OTHER])),
    one("two signatures, none of them right", signed([OTHER, OLD])),
    one("another body", good, BODY.replace("responded", "cancelled")),
    one("a body with a space more", good, `${BODY} `),
    one("another id", { ...good, "webhook-id": "evt_2" }),
    one("another time", { ...good, "webhook-timestamp": String(now - 1) }),
    one("an old one, sent once more", signed([SECRET], now - 6 * MINUTE)),
    one("one from the future", signed([SECRET], now + 6 * MINUTE)),
    one("a time that is none", { ...good, "webhook-timestamp": "soon" }),
    one("no signature", { ...good, "webhook-signature": "" }),
    one("a version without a signature", { ...good, "webhook-signature": "v1," }),
    one("half a signature", { ...good, "webhook-signature": good["webhook-signature"].slice(0, 20) }),
    one("none of the headers", {}),
    one("a time alone", { "webhook-timestamp": String(now) }),
    one("a signature that is no ASCII", { ...good, "webhook-signature": "v1,ü" }),
  ];
}

/** One program for each language, that says of each line of its input whether the documented function takes it. */
const JUDGE_PYTHON = `import json, sys
from verify import verify
for line in sys.stdin:
    got = json.loads(line)
    print(json.dumps(verify("${SECRET}", got["headers"], got["body"].encode())))
`;
const judgeNode = (module: string, refusal: string) => `import { readFileSync } from "node:fs";
import { WebhookVerificationError } from "standardwebhooks";
import { verify } from "./${module}";
class Never {}
for (const line of readFileSync("input.jsonl", "utf8").trim().split("\\n")) {
  const { headers, body } = JSON.parse(line);
  let taken = false;
  try {
    taken = Boolean(verify("${SECRET}", headers, body));
  } catch (error) {
    if (!(error instanceof ${refusal})) throw error;
  }
  console.log(taken);
}
`;

let folder: string;
let all: Received[];
beforeAll(() => {
  all = received();
  folder = folderWith({
    "verify.py": fileOf("verify.py"),
    "verify.mjs": fileOf("verify.mjs"),
    "verify-standard.mjs": fileOf("verify-standard.mjs"),
    "judge.py": JUDGE_PYTHON,
    "judge.mjs": judgeNode("verify.mjs", "Never"),
    "judge-standard.mjs": judgeNode("verify-standard.mjs", "WebhookVerificationError"),
    "input.jsonl": all.map((one) => `${JSON.stringify(one)}\n`).join(""),
  });
  symlinkSync(join(project, "node_modules"), join(folder, "node_modules"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Expects a program to take what is genuine and nothing else. */
async function expectJudged(command: readonly string[]): Promise<void> {
  const { status, stdout, stderr } = await run(command, folder);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const verdicts = stdout.trim().split("\n");
  expect(all.map(({ name }, index) => [name, verdicts[index]])).toEqual(
    all.map(({ name, genuine }) => [name, String(genuine)]),
  );
}

describe("what docs/webhooks.md tells a receiver to do takes genuine webhooks and no forged or old one", () => {
  testNeeding("python requests")("in Python", () =>
    expectJudged(["sh", "-c", 'exec "$0" judge.py < input.jsonl', Bun.which("python3") ?? "/usr/bin/python3"]),
  );

  test("in Node", () => expectJudged([Bun.which("node") ?? process.execPath, "judge.mjs"]));

  test("with the package standardwebhooks", () =>
    expectJudged([Bun.which("node") ?? process.execPath, "judge-standard.mjs"]));
});

describe("what docs/webhooks.md shows", () => {
  test("of an endpoint has the members of one, in their order", async () => {
    await using stage = await startStage();
    const made = await stage.create({ events: ["pause.responded", "pause.timed_out"], description: "the ledger" });
    const shown = sampleOf("webhook");
    expect(Object.keys(shown)).toEqual(Object.keys(made));
    expect({ ...shown, id: "", secret: "", url: "", created_at: "" }).toEqual({
      ...made,
      id: "",
      secret: "",
      url: "",
      created_at: "",
    });
    for (const name of ["id", "secret"]) expect(shown[name].length).toBe(made[name as "id"].length);
  });

  test("of an event holds a pause with the members that docs/api.md shows", () => {
    const event = sampleOf("event");
    expect(Object.keys(event)).toEqual(["type", "timestamp", "data"]);
    const [pause] = fencesOf(documentAt("docs/api.md"), "json").filter(({ marker }) => marker?.detail === "pause");
    expect(Object.keys(event.data)).toEqual(Object.keys(JSON.parse(pause?.text ?? "null")));
    expect([event.type, event.timestamp]).toEqual([`pause.${event.data.status}`, event.data.responded_at]);
  });
});
