import { describe, expect, test } from "bun:test";
import { createLog, type LogLevel, silentLog } from "../../src/platform/log.ts";
import { START } from "../support/database.ts";

function logging(level: LogLevel, format: "text" | "json") {
  const lines: string[] = [];
  return {
    lines,
    log: createLog(
      level,
      format,
      () => START,
      (line) => lines.push(line),
    ),
  };
}

describe("the log", () => {
  test("writes a line of JSON for each event, with its time and level", () => {
    const { lines, log } = logging("debug", "json");
    log.info("pause created", { pause_id: "pause_1", recipients: 2, forced: false, error: null });
    expect(lines).toEqual([
      '{"time":"2026-11-23T14:00:00.000Z","level":"info","event":"pause created","pause_id":"pause_1","recipients":2,"forced":false,"error":null}\n',
    ]);
  });

  test("writes a line of text for each event", () => {
    const { lines, log } = logging("info", "text");
    log.warn("delivery failed", { channel: "sms", attempt: 3 });
    log.info("started");
    expect(lines).toEqual([
      '2026-11-23T14:00:00.000Z warn delivery failed channel="sms" attempt=3\n',
      "2026-11-23T14:00:00.000Z info started\n",
    ]);
  });

  test("keeps to one line whatever a value holds, so that nobody writes a line of theirs into it", () => {
    for (const format of ["text", "json"] as const) {
      const { lines, log } = logging("info", format);
      log.error("refused", { reason: 'a\nb\r\n2026 info key revoked\u001b[2J"' });
      expect(lines).toHaveLength(1);
      expect(lines[0]!.indexOf("\n")).toBe(lines[0]!.length - 1);
      expect(lines[0]).not.toContain("\r");
      expect(lines[0]).not.toContain("\u001b");
    }
  });

  test("leaves out what is below its level", () => {
    const levels = ["debug", "info", "warn", "error"] as const;
    for (const [index, level] of levels.entries()) {
      const { lines, log } = logging(level, "text");
      for (const at of levels) log[at]("event");
      expect(lines.map((line) => line.split(" ")[1])).toEqual(levels.slice(index));
    }
  });

  test("can be silent", () => {
    expect(() => silentLog.error("nobody hears this", { at: 1 })).not.toThrow();
  });
});
