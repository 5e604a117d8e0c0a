/**
 * The samples of docs/receipts.md, held to what they promise: a genuine receipt is taken, every other is refused, and by
 * the very line that is there for it.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import canonicalize from "canonicalize";
import { type App, startApp } from "../../src/app.ts";
import { loadConfig } from "../../src/platform/config/load.ts";
import { silentLog } from "../../src/platform/log.ts";
import { environment, folderWith, type Ran, run } from "../support/binary.ts";
import { DAY, HOUR, TurnedClock } from "../support/database.ts";
import { program } from "../support/program.ts";
import { documentAt, fencesOf, project } from "./documents.ts";

const sample = (name: string) =>
  fencesOf(documentAt("docs/receipts.md"), "file").find(({ marker }) => marker?.detail === name)!.text;
const action = { do: "wire", to: "Meridian", amount: "8400.00", nonce: "kQHyhsjWjKRCBqPJ1TyDCw" };
const action_digest = `sha256:${createHash("sha256").update(canonicalize(action)!).digest("hex")}`;

const folder = folderWith();
symlinkSync(join(project, "node_modules"), join(folder, "node_modules"));
const clock = new TurnedClock(Date.now() - 2 * DAY);
const links = new Map<string, (link: string) => void>();
let app: App;
const receipts: Record<string, string> = {};

beforeAll(async () => {
  const config = await loadConfig({ flags: { data: join(folder, "data"), port: "0" }, env: {}, cwd: folder });
  const onOutbox = ({ link, text }: { link: string; text: string }) =>
    links.get(/Pay (\w+)\?/.exec(text)?.[1] ?? "")?.(link);
  app = await startApp({ config, log: silentLog, clock, onOutbox });
  const key = async (mode: string) => {
    const made = await run(
      [...program, "keys", "create", "--name", mode, "--mode", mode, "--data", config.dataDir],
      "/",
      environment(),
    );
    return made.stdout.trim();
  };
  const [live, testing] = [await key("live"), await key("test")];
  receipts.old = await answered("old", live);
  // The samples look at the machine's own clock.
  clock.set(Date.now());
  receipts.genuine = await answered("genuine", live);
  receipts.rejected = await answered("rejected", live, {}, "Reject");
  receipts.elsewhere = await answered("elsewhere", live, { audience: "shipping" });
  receipts.unbound = await answered("unbound", live, { action_digest: null });
  receipts.test = await answered("test", testing);
  clock.set(Date.now() - HOUR);
  receipts.silent = await answered("silent", live, { timeout_hours: 1, timeout_default: "Approve" }, null);
  const [header, payload, signature] = receipts.genuine.split(".");
  const claims = JSON.parse(Buffer.from(receipts.rejected.split(".")[1]!, "base64url").toString());
  const changed = Buffer.from(JSON.stringify({ ...claims, choice: "Approve" })).toString("base64url");
  receipts.forged = `${header}.${changed}.${signature}`;
  receipts.renamed = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url")}.${payload}.${signature}`;
});
afterAll(async () => {
  await app.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The receipt of a pause that a person answered over its link, or that the clock did. */
async function answered(
  name: string,
  key: string,
  more: object = {},
  choice: string | null = "Approve",
): Promise<string> {
  const call = async (path: string, body?: object) => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const init = body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) };
    return (await fetch(app.url + path, init)).json() as Promise<{ pause_id: string; receipt: string }>;
  };
  const sent = new Promise<string>((resolve) => links.set(name, resolve));
  const question = { recipient: "+13128471928", channel: "sms", message: `Pay ${name}?`, audience: "payments" };
  const { pause_id } = await call("/v1/pause", { ...question, action_digest, ...more });
  if (choice === null) clock.set(Date.now());
  else await fetch(await sent, { method: "POST", redirect: "manual", body: new URLSearchParams({ choice }) });
  return (await call(`/v1/pause/${pause_id}`)).receipt;
}

const DRIVERS = {
  mjs: `import { check } from "./FILE";
    const { receipt, action } = JSON.parse(process.argv[2]);
    console.log(await check(receipt, action));`,
  py: `import json, sys, importlib
order = json.loads(sys.argv[1])
print(importlib.import_module("FILE"[:-3]).check(order["receipt"], order["action"]))`,
};
let written = 0;

/** Checks a receipt with a sample, or with what is left of it. */
function checked(kind: "mjs" | "py", receipt: string, done: object, text = sample(`receipt.${kind}`)): Promise<Ran> {
  // A name of its own, since Python keeps what it has compiled.
  const name = `receipt_${written++}.${kind}`;
  writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, `driver_${name}`), DRIVERS[kind].replace("FILE", name));
  const program = kind === "mjs" ? process.execPath : "python3";
  const env = environment({ PAUSEPOINT_URL: app.url });
  return run([program, `driver_${name}`, JSON.stringify({ receipt, action: done })], folder, env);
}

interface Refusal {
  readonly of: string;
  readonly receipt: string;
  readonly action?: object;
  /** What the sample says. */
  readonly says: RegExp;
  /** The part that refuses, and what stands there once it is taken out; null where the library does it unasked. */
  readonly without: readonly [string, string] | null;
}

const REFUSALS: Readonly<Record<"mjs" | "py", readonly Refusal[]>> = {
  mjs: [
    {
      of: "another action's",
      receipt: "genuine",
      action: { ...action, amount: "84000.00" },
      says: /another action was approved/,
      without: ["payload.action_digest !== digest", "false"],
    },
    {
      of: "no action's",
      receipt: "unbound",
      says: /another action/,
      without: ["payload.action_digest !== digest", "false"],
    },
    {
      of: "a Reject",
      receipt: "rejected",
      says: /the answer was Reject/,
      without: ['payload.choice !== "Approve"', "false"],
    },
    { of: "the clock's", receipt: "silent", says: /nobody answered/, without: ['payload.source !== "human"', "false"] },
    {
      of: "another audience's",
      receipt: "elsewhere",
      says: /unexpected "aud" claim/,
      without: ['    audience: "payments",\n', ""],
    },
    { of: "a test's", receipt: "test", says: /no applicable key/, without: ["keys.json`", "keys.json?mode=test`"] },
    { of: "an old one", receipt: "old", says: /"exp" claim timestamp check failed/, without: null },
    { of: "a forged one", receipt: "forged", says: /signature verification failed/, without: null },
    { of: "one of another algorithm", receipt: "renamed", says: /"alg"/, without: null },
  ],
  py: [
    {
      of: "another action's",
      receipt: "genuine",
      action: { ...action, amount: "84000.00" },
      says: /another action was approved/,
      without: ['claims["action_digest"] != digest', "False"],
    },
    {
      of: "no action's",
      receipt: "unbound",
      says: /another action/,
      without: ['claims["action_digest"] != digest', "False"],
    },
    {
      of: "a Reject",
      receipt: "rejected",
      says: /the answer was Reject/,
      without: ['claims["choice"] != "Approve"', "False"],
    },
    {
      of: "the clock's",
      receipt: "silent",
      says: /nobody answered/,
      without: ['claims["source"] != "human"', "False"],
    },
    {
      of: "another audience's",
      receipt: "elsewhere",
      says: /somebody else/,
      without: ['claims["aud"] != "payments"', "False"],
    },
    { of: "a test's", receipt: "test", says: /unknown key/, without: ['keys.json"', 'keys.json?mode=test"'] },
    { of: "an old one", receipt: "old", says: /it has expired/, without: ['time.time() >= claims["exp"]', "False"] },
    { of: "a forged one", receipt: "forged", says: /signature is forged/, without: ["not is_signed(", "None is ("] },
    { of: "one of another algorithm", receipt: "renamed", says: /not a receipt/, without: null },
  ],
};

for (const kind of ["mjs", "py"] as const) {
  describe(`receipt.${kind} of docs/receipts.md`, () => {
    test("takes a genuine receipt, and answers the digest of the action", async () => {
      const { status, stdout, stderr } = await checked(kind, receipts.genuine!, action);
      expect([status, stdout, stderr]).toEqual([0, `${action_digest}\n`, ""]);
    });

    for (const { of, receipt, action: done = action, says, without } of REFUSALS[kind]) {
      test(`refuses ${of}${without === null ? "" : ", by a line that is needed for it"}`, async () => {
        const { status, stderr } = await checked(kind, receipts[receipt]!, done);
        expect(status).toBe(1);
        expect(stderr).toMatch(says);
        if (without === null) return;
        const text = sample(`receipt.${kind}`);
        expect(text).toContain(without[0]);
        expect(
          (await checked(kind, receipts[receipt]!, done, text.replace(...(without as [string, string])))).status,
        ).toBe(0);
      });
    }
  });
}
