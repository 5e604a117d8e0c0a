import { templateVersion } from "../../src/respond/page/template.ts";

/** What stands in an executable in place of these expressions. */
export function definesFor(version: string, commit: string): Readonly<Record<string, string>> {
  return {
    "process.env.NODE_ENV": JSON.stringify("production"),
    "process.env.PAUSEPOINT_BUILD_VERSION": JSON.stringify(version),
    "process.env.PAUSEPOINT_BUILD_COMMIT": JSON.stringify(commit),
    // Taken here, by the same Bun: at each start it would cost some twenty milliseconds, and the memory of its time zones.
    "process.env.PAUSEPOINT_BUILD_TEMPLATE": JSON.stringify(templateVersion()),
  };
}
