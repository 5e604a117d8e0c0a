/**
 * The examples for frameworks that are not at hand here, run as they are: what they do with PausePoint is real, and the
 * framework's call convention is that of its documents (stand-ins). What happens after a person agreed, refused, or gave no
 * answer is looked at.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { source } from "../clients/python/python.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { environment, folderWith, type Ran, run } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";

setDefaultTimeout(30_000);
const examples = join(import.meta.dir, "../../examples");

interface Example {
  readonly file: string;
  readonly args: readonly string[];
  readonly message: string;
  readonly yes: string;
  readonly no: string;
  /** What it prints after each. */
  readonly said: readonly [yes: string, no: string];
  /** The file that the irreversible action leaves. */
  readonly effect: readonly [file: string, text: string];
  /** An edit that leads it past the question. */
  readonly past: readonly [from: string, to: string];
}

const frameworks: Readonly<Record<string, Example>> = {
  "langgraph-python": {
    file: "agent.py",
    args: ["thread-RUN"],
    message: "Wire $8,400 to Meridian Supplies?",
    yes: "Approve",
    no: "Reject",
    said: ["done", "not done"],
    effect: ["ledger.txt", "$8,400 to Meridian Supplies\n"],
    past: [`interrupt({"question": f"Wire {state['amount']} to {state['to']}?"})`, "True"],
  },
  "openai-agents-python": {
    file: "agent.py",
    args: ["Clean up"],
    message: "Let the agent call purge?",
    yes: "Approve",
    no: "Reject",
    said: ["14000 rows of orders_old are gone", "it was not allowed"],
    effect: ["purged.txt", "14000 of orders_old\n"],
    past: ["needs_approval=True", "needs_approval=False"],
  },
  crewai: {
    file: "flow.py",
    args: [],
    message: "Send this campaign to 340 contacts?",
    yes: "Send",
    no: "Hold",
    said: ["sent", "not sent"],
    effect: ["sent.txt", "Half price until Friday\n"],
    past: [", provider=AskByText())", ")"],
  },
  autogen: {
    file: "agent.py",
    args: ["Sign what is ready"],
    message: "Sign and submit MSA-114?",
    yes: "Sign",
    no: "Decline",
    said: ["MSA-114 is signed", "MSA-114 is not signed: nobody said so"],
    effect: ["signed.txt", "MSA-114\n"],
    past: ["decision = await", 'decision = __import__("unittest.mock").mock.Mock()\n    AsyncPausePoint() or'],
  },
  "pydantic-ai": {
    file: "agent.py",
    args: ["Clean up"],
    message: "Let the agent call purge?",
    yes: "Approve",
    no: "Reject",
    said: ["14000 rows of orders_old are gone", "A person did not allow it."],
    effect: ["purged.txt", "14000 of orders_old\n"],
    past: ["requires_approval=True", "requires_approval=False"],
  },
};

let appliance: Appliance;
beforeAll(async () => {
  appliance = await startAppliance();
});
afterAll(() => appliance.stop());

interface Asked {
  readonly pause_id: string;
  readonly message: string;
  readonly recipient: string;
  readonly options: readonly string[];
  readonly timeout_default: string | null;
}
const pending = async (): Promise<Asked[]> =>
  (await appliance.get("/v1/pause?status=pending", appliance.keys.test)).body.data;

/** Runs an example with its framework's conventions, and lets `answer` decide the question that it asks. */
async function tale(
  name: string,
  answer: (pause: Asked) => Promise<unknown>,
  { edit = (text: string) => text, byClock = frameworks[name]!.no } = {},
): Promise<Ran> {
  const example = frameworks[name]!;
  const [effect, text] = example.effect;
  const folder = folderWith({ [example.file]: edit(readFileSync(join(examples, name, example.file), "utf8")) });
  try {
    const env = environment({
      ...{ PAUSEPOINT_URL: appliance.url, PAUSEPOINT_API_KEY: appliance.keys.test, PYTHONDONTWRITEBYTECODE: "1" },
      PYTHONPATH: `${source}:${join(import.meta.dir, "stand-ins")}`,
    });
    let ended = false;
    // Each is a run of its own: under the same name, an example goes on with the question that it has asked before.
    const args = example.args.map((arg) => arg.replace("RUN", crypto.randomUUID()));
    const running = run(["python3", example.file, ...args], folder, env).finally(() => {
      ended = true;
    });
    const [pause] = await eventually(pending, ({ length }) => length > 0 || ended);
    if (pause === undefined) throw new Error(`${name} went its way without a question: ${(await running).stderr}`);
    expect(pause.message).toBe(example.message);
    expect(pause.timeout_default).toBe(byClock);
    expect(existsSync(join(folder, effect))).toBe(false);
    await answer(pause);
    const ran = await running;
    expect(existsSync(join(folder, effect)) ? readFileSync(join(folder, effect), "utf8") : "").toBe(
      ran.stdout === `${example.said[0]}\n` ? text : "",
    );
    return ran;
  } finally {
    for (const { pause_id } of await pending())
      await appliance.post(`/v1/pause/${pause_id}/cancel`, appliance.keys.test, {});
    rmSync(folder, { recursive: true, force: true });
  }
}

const tap = (choice: string) => async (pause: Asked) => {
  const [sent] = await appliance.messages(pause);
  expect((await appliance.choose(sent!.link, choice)).status).toBe(303);
};
const expire = ({ pause_id }: Asked) => appliance.post(`/v1/test/pause/${pause_id}/expire`, appliance.keys.test);
const withdraw = ({ pause_id }: Asked) => appliance.post(`/v1/pause/${pause_id}/cancel`, appliance.keys.test, {});

describe.each(Object.entries(frameworks))("examples/%s", (name, example) => {
  const [done, left] = example.said.map((said) => ({ status: 0, stdout: `${said}\n`, stderr: "" }));

  test("acts once a person has agreed, and not before", async () => {
    expect(await tale(name, tap(example.yes))).toEqual(done!);
  });

  test.each([
    ["a person has refused", tap(example.no)],
    ["nobody has answered in time", expire],
    ["the question was withdrawn", withdraw],
  ])("does not act when %s", async (_, answer) => {
    expect(await tale(name, answer)).toEqual(left!);
  });

  test("does not act when the clock would agree", async () => {
    const edit = (text: string) => text.replace(`timeout_default="${example.no}"`, `timeout_default="${example.yes}"`);
    expect(await tale(name, expire, { edit, byClock: example.yes })).toEqual(left!);
  });

  test("is caught when it goes past the question", async () => {
    const [from, to] = example.past;
    const text = readFileSync(join(examples, name, example.file), "utf8");
    expect(text.split(from).length).toBe(2);
    await expect(tale(name, tap(example.yes), { edit: (whole) => whole.replace(from, to) })).rejects.toThrow(
      `${name} went its way without a question`,
    );
  });

  test("says that it was not run with the framework itself", () => {
    expect(readFileSync(join(examples, name, "README.md"), "utf8")).toContain("not run against");
  });
});
