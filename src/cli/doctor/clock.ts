/** Whether the machine's clock can be believed. What the log's own times say of it is told in contents.ts. */
import { isoTime } from "../../platform/clock.ts";
import { bad, type Finding, ok } from "./finding.ts";
import { duration } from "./words.ts";

/** What somebody else said that time it is. */
export interface OtherClock {
  readonly from: string;
  /** Milliseconds since the epoch, to the second. */
  readonly date: number;
  /** When that was heard, by this clock. */
  readonly heardAt: number;
}

const OFF_MS = 10_000;
/** Slack and Twilio sign the time; a code of an operator's telephone is good for half a minute. */
const FAR_OFF_MS = 60_000;
const PATIENCE_MS = 2_000;

/** Nobody is asked for the time; `others` are answers that came anyway. */
export async function ofClock(now: number, others: readonly OtherClock[]): Promise<Finding> {
  const name = "clock";
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const shown = `${isoTime(now)}, time zone ${zone}`;
  const todo = "Set the clock, and have it kept: timedatectl set-ntp true, or chrony.";
  for (const { from, date, heardAt } of others) {
    const off = heardAt - date;
    if (Math.abs(off) <= OFF_MS) continue;
    const found = `${shown}: ${duration(Math.abs(off))} ${off > 0 ? "ahead of" : "behind"} ${from}`;
    return bad(name, Math.abs(off) > FAR_OFF_MS ? "fail" : "warn", found, todo);
  }
  const isKept = await isSynchronized();
  if (isKept === false) return bad(name, "warn", `${shown}; the system says that nothing keeps it`, todo);
  const kept = isKept ? "kept by the system" : "whether it is kept can't be seen here";
  const agreed = others.length === 0 ? "" : `, and agrees with ${others.map(({ from }) => from).join(", ")}`;
  return ok(name, `${shown}; ${kept}${agreed}`);
}

/** What the kernel knows of it, whoever keeps the clock (adjtimex(2)); null where systemd is not there to ask. */
async function isSynchronized(): Promise<boolean | null> {
  const timedatectl = Bun.which("timedatectl");
  if (timedatectl === null) return null;
  const child = Bun.spawn([timedatectl, "show", "--property=NTPSynchronized", "--value"], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  const [told, status] = await Promise.all([child.stdout.text(), child.exited]);
  clearTimeout(timer);
  const answer = told.trim();
  return status === 0 && (answer === "yes" || answer === "no") ? answer === "yes" : null;
}
