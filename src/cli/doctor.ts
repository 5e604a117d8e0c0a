import { type Command, Option } from "commander";
import { UsageError } from "./output.ts";
import { type CommonOptions, settingsOf, withCommonOptions } from "./settings.ts";

interface DoctorOptions extends CommonOptions {
  readonly sendTest?: string;
  readonly channel?: string;
  readonly charset?: boolean;
  readonly dryRun?: boolean;
  readonly wait?: string;
  readonly offline?: boolean;
  readonly within?: string;
  readonly part?: string;
}

/** Seconds in which everything has ended, whatever hangs. */
const WITHIN = "20";
const LAST_MS = 500;

/** `pausepoint doctor`: looks at configuration, folder and channels, or sends a test message. It writes nothing. */
export function addDoctor(program: Command): void {
  withCommonOptions(
    program.command("doctor").description("look whether everything is in place, or send a test message"),
  )
    .option("--send-test <address>", "send a test message: @name, or an address as the channel takes it")
    .option("--channel <name>", "the channel of the test (default: the only one that takes the address)")
    .option("--charset", "send characters that gateways get wrong, and say what to compare")
    .option("--dry-run", "send nothing: show the message, what it costs, and the request to an HTTP gateway")
    .option("--wait <seconds>", "how long to wait for a receipt over SMPP (default 30; 0 beside a running server)")
    .option("--offline", "ask nobody: neither names, nor channels, nor this server at its base URL")
    .option("--within <seconds>", "how long looking may take, 1 to 3600; a long log takes longer", WITHIN)
    .addOption(new Option("--part <name>", "what a process of its own looks at").hideHelp())
    .action(doctor);
}

async function doctor(options: DoctorOptions): Promise<void> {
  const { sendTest, channel, charset, dryRun, wait } = options;
  if (sendTest === undefined && (channel ?? charset ?? dryRun ?? wait) !== undefined)
    throw new UsageError("Give an address with --send-test: --channel, --charset, --dry-run and --wait belong to it.");
  if (wait !== undefined && !(/^\d{1,3}$/.test(wait) && Number(wait) <= 600))
    throw new UsageError(`--wait must be a whole number of seconds from 0 to 600, not ${wait}`);
  const { offline = false, within = WITHIN, part, json = false } = options;
  const withinMs = Number(within) * 1000;
  if (!/^\d{1,4}(\.\d+)?$/.test(within) || withinMs < 1000 || withinMs > 3_600_000)
    throw new UsageError(`--within must be a number of seconds from 1 to 3600, not ${within}`);
  const config = await settingsOf(options);
  // Loaded when asked for: no other command needs the channels to be.
  if (part !== undefined) await (await import("./doctor/parts.ts")).lookAt(part, config, { offline, withinMs });
  else if (sendTest !== undefined) await (await import("./doctor/send-test.ts")).sendTest(config, sendTest, options);
  else {
    const { check } = await import("./doctor/checks.ts");
    try {
      await check(config, { json, offline, withinMs });
    } finally {
      // A look-up that hangs can't be taken back, and would hold up the end.
      setTimeout(() => process.exit(), LAST_MS).unref();
    }
  }
}
