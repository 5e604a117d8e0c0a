import type { Clock } from "../../platform/clock.ts";
import type { ChannelTools } from "../../platform/config/defined.ts";
import { equalInConstantTime, sha256 } from "../../platform/hash.ts";
import type { Log, LogFields } from "../../platform/log.ts";
import type { Concealed } from "../http-gateway/conceal.ts";
import { concealed } from "./words.ts";

export type Fetch = ChannelTools["fetch"];

/** The world as it is handed to the operator's code. */
export function toolsFor(
  parts: {
    readonly name: string;
    readonly clock: Clock;
    readonly log: Log;
    readonly hooksUrl: () => string;
    readonly fetch?: Fetch;
  },
  hidden: Concealed,
): ChannelTools {
  const { name, clock, log, hooksUrl, fetch = globalThis.fetch } = parts;
  const note =
    (level: "info" | "warn" | "error") =>
    (event: string, fields: LogFields = {}) =>
      log[level](concealed(String(event), hidden), { channel: name, ...shown(fields, hidden) });
  return {
    fetch: (input, init) => fetch(input, init),
    now: () => clock.now(),
    log: { info: note("info"), warn: note("warn"), error: note("error") },
    get hooksUrl() {
      return hooksUrl();
    },
    // Hashed, so that not even the length can be learned from the time it takes.
    sameSecret: (given, expected) =>
      typeof given === "string" &&
      expected !== undefined &&
      expected !== "" &&
      equalInConstantTime(sha256(given), sha256(expected)),
  };
}

function shown(fields: LogFields, hidden: Concealed): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      typeof value === "number" || typeof value === "boolean" || value === null
        ? value
        : concealed(String(value), hidden),
    ]),
  );
}
