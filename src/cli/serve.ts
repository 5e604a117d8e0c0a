import type { Command } from "commander";
import { renderUnicodeCompact } from "uqr";
import { type App, startApp } from "../app.ts";
import type { OnOutbox } from "../delivery/index.ts";
import type { Pause } from "../pauses/index.ts";
import { isWildcard } from "../platform/network.ts";
import { version } from "../platform/version.ts";
import { printsToJournal } from "./journal.ts";
import { onTerminal, print } from "./output.ts";
import { HangUps, Reloads } from "./reloads.ts";
import { type CommonOptions, logOf, settingsOf, withCommonOptions } from "./settings.ts";
import { stopSignal } from "./stop-signal.ts";

/** What hangs beyond the time of a stop, such as a channel that does not let go, is left after so long. */
const LATE_MS = 1_000;

/** `pausepoint serve`: runs until SIGTERM or SIGINT. */
export function addServe(program: Command): void {
  withCommonOptions(program.command("serve").description("run the server"))
    .option("--host <host>", "the address to listen on (default 127.0.0.1)")
    .option("--port <port>", "the port to listen on (default 8787; 0 for any)")
    .action(serve);
}

async function serve(options: CommonOptions & { host?: string; port?: string }): Promise<void> {
  // Known from the first moment on: left to themselves, signals end a process as it stands.
  const hangUps = new HangUps();
  const told = stopSignal().then(() => {
    // A second signal does not wait.
    process.once("SIGINT", () => process.exit(130));
    process.once("SIGTERM", () => process.exit(143));
  });
  const config = await settingsOf(options);
  const log = logOf(config);
  const show: OnOutbox = (message, due) => {
    print(`\n${due.channel} to ${message.to}\n${indent(message.text)}`);
    // Asked to listen in the network, a phone there can open the page: give it something to scan.
    if (isWildcard(config.listen.host)) print(renderUnicodeCompact(message.link));
  };
  // Whoever tries it out sees both sides here: the message that nobody is sent, and the end that it comes to.
  const isShown = onTerminal() && options.json !== true && !config.channelsConfigured;
  const app = await startApp({
    config,
    log,
    ...(isShown ? { onOutbox: show, onEnded: (pause) => print(endOf(pause)) } : {}),
    onFatal: (error) => {
      log.error("storage failed; stopping so that nothing is answered that is not on disk", { error: error.message });
      process.exit(1);
    },
  });
  greet(app, options.json === true, config.dataDir);
  const reloads = new Reloads({ app, log, options, dataDir: config.dataDir, hangUps });
  await told;
  reloads.stop();
  setTimeout(
    () => {
      log.error("not stopped within the time that it was given; ended, as a kill would", {
        graceSeconds: app.graceSeconds,
      });
      process.exit(1);
    },
    app.graceSeconds * 1000 + LATE_MS,
  ).unref();
  await app.stop();
}

function greet(app: App, json: boolean, folder: string): void {
  // A key or a link in the journal is there for whoever may read it, for as long as it is kept.
  const isSecretKept = printsToJournal();
  const firstKey = isSecretKept ? null : app.firstKey;
  if (json) {
    print(
      JSON.stringify({
        version: version.number,
        url: app.url,
        base_url: app.baseUrl,
        data: folder,
        ...(firstKey === null ? {} : { test_key: firstKey }),
        ...(app.consoleSetup === null || isSecretKept ? {} : { console_setup: app.consoleSetup }),
      }),
    );
    return;
  }
  print(`PausePoint ${version.number}  ${app.url}  (data in ${folder})`);
  if (app.consoleSetup !== null)
    print(
      `Set up the console: ${isSecretKept ? `${ownCommand()} setup-link --data ${folder} prints the link` : app.consoleSetup}`,
    );
  if (firstKey === null) {
    print(`Make a key with: ${ownCommand()} keys create --name NAME --mode test --data ${folder}`);
    return;
  }
  print(`Your test key, shown once: ${firstKey}`);
  print(`Ask your first question:\n${firstCurl(app.url, firstKey)}`);
  if (!onTerminal())
    print(`Then read the message: curl -s ${app.url}/v1/test/messages -H "Authorization: Bearer ${firstKey}"`);
}

/** How this very program is called from here: as the executable, or from source as `npm start` does. */
function ownCommand(): string {
  return process.env.PAUSEPOINT_BUILD_VERSION === undefined ? "npx bun src/main.ts" : process.execPath;
}

function firstCurl(url: string, key: string): string {
  return `curl -s ${url}/v1/pause \\
  -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" \\
  -d '{"recipient":"+1 (312) 847-1928","channel":"sms","message":"Deploy build 4712 to production?","options":["Deploy","Abort"],"timeout_default":"Abort"}'`;
}

/** How a pause ended, in one line. */
function endOf({ status, response_choice: choice, response_source: source, response_via: via }: Pause): string {
  if (status === "cancelled") return "Withdrawn by the agent.";
  if (status === "timed_out") return "The time is over, without an answer.";
  if (source === "timeout_default") return `The time is over; the default answers: ${choice}`;
  const how = { page: "on the page", test: "by a test call" }[via ?? ""] ?? `by ${via}`;
  return `Answered: ${choice}, ${how}`;
}

function indent(text: string): string {
  return text.replace(/^/gm, "  | ");
}
