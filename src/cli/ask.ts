import type { Command } from "commander";
import type { CreatePause, Decision } from "../../clients/typescript/src/index.ts";
import { AskProgress } from "./ask-progress.ts";
import { ExitStatus, print, printError, printJson, UsageError } from "./output.ts";

/** What a script reads from the exit status: the first option, another one, and that there is no answer. */
const FIRST = 0;
const ANOTHER = 3;
const NO_ANSWER = 4;

/** `pausepoint ask`: a question from a shell script or a CI job, as a client of a running server. */
export function addAsk(program: Command): void {
  program
    .command("ask")
    .description("ask a person from a script, wait, and print the choice")
    .argument("<message>", "the question")
    .requiredOption("--to <recipient...>", "whom to ask: @name, a phone number, an email address or a Slack id")
    .option("--channel <name>", "how to ask", "sms")
    .option("--options <a,b>", "the options, with commas between; the first one is exit status 0", "Approve,Reject")
    .option("--timeout-hours <n>", "how long to wait, fractions allowed (default: the server's)")
    .option("--default <option>", "what the clock chooses when nobody answers")
    .option("--accept-default", "let the first option count, too, when the clock chose it by --default")
    .option("--details <label=text...>", "a fact that is shown beside the question")
    .option("--allow-comment", "let the person add a comment")
    .option("--action-digest <digest>", "what the approval is bound to, as `pausepoint digest` prints it")
    .option("--audience <name>", "who may use the receipt")
    .option("--idempotency-key <key>", "names the question, so that a job that runs again asks nobody twice")
    .option("--url <url>", "the server (default: $PAUSEPOINT_URL, else http://127.0.0.1:8787)")
    .option("--json", "print the whole pause as JSON")
    .addHelpText(
      "after",
      "\nThe key is read from $PAUSEPOINT_API_KEY. Exit status: 0 the first option, 3 another one, 4 no answer, or\nthe first option by the clock alone, 1 failed, 2 wrong usage. Ctrl-C withdraws the question.",
    )
    .action(ask);
}

interface Options {
  readonly to: readonly string[];
  readonly channel: string;
  readonly options: string;
  readonly timeoutHours?: string;
  readonly default?: string;
  readonly acceptDefault?: boolean;
  readonly details?: readonly string[];
  readonly allowComment?: boolean;
  readonly actionDigest?: string;
  readonly audience?: string;
  readonly idempotencyKey?: string;
  readonly url?: string;
  readonly json?: boolean;
}

async function ask(message: string, options: Options): Promise<void> {
  const question = questionOf(message, options);
  const [{ PausePointError }, { failureOf, serverOf }] = await Promise.all([
    import("../../clients/typescript/src/index.ts"),
    import("./remote.ts"),
  ]);
  const progress = new AskProgress(`Asking ${options.to.join(", ")} over ${options.channel}; waiting for the answer.`);
  const { fetch, listeners } = progress;
  const server = serverOf(process.env, { fetch, ...(options.url === undefined ? {} : { url: options.url }) });
  const aborter = new AbortController();
  for (const [name, status] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    process.once(name, () => aborter.abort(new ExitStatus(status)));
  }
  const { idempotencyKey } = options;
  let decision: Decision;
  try {
    decision = await server.ask(question, {
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      signal: aborter.signal,
      cancelOnAbort: true,
      ...listeners,
    });
  } catch (error) {
    if (error instanceof ExitStatus) progress.tellStop();
    throw error instanceof PausePointError ? failureOf(error) : error;
  }
  if (decision.choice === null || !decision.isHuman) progress.tellReach(decision.pause);
  tell(decision, options.json === true);
  const status = statusOf(decision, options.acceptDefault === true);
  if (status !== FIRST) throw new ExitStatus(status);
}

/** @throws UsageError for an option that can't be read; what the server refuses is the server's to say. */
function questionOf(message: string, options: Options): CreatePause {
  const { to, channel, timeoutHours, details: pairs = [], allowComment, actionDigest, audience } = options;
  const hours = timeoutHours === undefined ? undefined : Number(timeoutHours);
  if (hours !== undefined && !(hours > 0)) throw new UsageError("--timeout-hours must be a number above 0.");
  const details = pairs.map((pair): [string, string] => {
    const split = pair.indexOf("=");
    if (split < 1) throw new UsageError(`--details must be label=text, such as --details "Amount=$8,400".`);
    return [pair.slice(0, split), pair.slice(split + 1)];
  });
  const choices = options.options.split(",").map((option) => option.trim());
  if (options.default !== undefined && !choices.includes(options.default))
    throw new UsageError(`--default must be one of the options: ${choices.join(", ")}.`);
  return {
    recipient: to.length === 1 ? (to[0] ?? "") : to,
    channel,
    message,
    options: choices,
    ...(hours === undefined ? {} : { timeout_hours: hours }),
    ...(options.default === undefined ? {} : { timeout_default: options.default }),
    ...(details.length === 0 ? {} : { details: Object.fromEntries(details) }),
    ...(allowComment === true ? { allow_comment: true } : {}),
    ...(actionDigest === undefined ? {} : { action_digest: actionDigest }),
    ...(audience === undefined ? {} : { audience }),
  };
}

/** The choice alone goes to stdout, so that a script can read it; how it came about goes to stderr. */
function tell({ choice, isHuman, status, comment, pause }: Decision, json: boolean): void {
  if (json) printJson(pause);
  else if (choice !== null) print(choice);
  if (choice !== null && !isHuman)
    printError(`Nobody answered in time: ${choice} is the default, and no person chose it.`);
  if (status === "timed_out") printError("Nobody answered in time.");
  if (status === "cancelled") printError("The question was withdrawn.");
  if (comment !== null) printError(`They added: ${JSON.stringify(comment)}`);
}

/** Silence is no consent: what a script goes on with was chosen by a person, unless it says that the clock will do. */
function statusOf({ choice, isHuman, pause }: Decision, acceptDefault: boolean): number {
  if (choice === null) return NO_ANSWER;
  if (choice !== pause.options[0]) return ANOTHER;
  return isHuman || acceptDefault ? FIRST : NO_ANSWER;
}
