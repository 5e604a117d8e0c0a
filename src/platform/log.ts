/** What happens, one line each, to stderr (stdout belongs to what a command was asked to print). */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

/** Never a secret, never a whole message or address: ids, counts, states and error codes. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

export type LogLevel = "debug" | "info" | "warn" | "error";
const ORDER: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** As the configuration has it: `auto` is text for who looks on, and JSON for who collects. */
export function logFormat(configured: "text" | "json" | "auto", isTerminal: boolean): "text" | "json" {
  return configured === "auto" ? (isTerminal ? "text" : "json") : configured;
}

/** A log in JSON lines or in text, at and above a level. `write` takes whole lines with their line feed. */
export function createLog(
  level: LogLevel,
  format: "text" | "json",
  now: () => number,
  write: (line: string) => void,
): Log {
  const emit =
    (at: LogLevel) =>
    (event: string, fields: LogFields = {}) => {
      if (ORDER.indexOf(at) < ORDER.indexOf(level)) return;
      const time = new Date(now()).toISOString();
      write(
        format === "json"
          ? `${JSON.stringify({ time, level: at, event, ...fields })}\n`
          : textLine(time, at, event, fields),
      );
    };
  return { debug: emit("debug"), info: emit("info"), warn: emit("warn"), error: emit("error") };
}

/** A log that keeps nothing. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

function textLine(time: string, level: LogLevel, event: string, fields: LogFields): string {
  // JSON spelling of the values keeps a line feed in one from starting a line of its own.
  const pairs = Object.entries(fields).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
  return `${time} ${level} ${event}${pairs.join("")}\n`;
}
