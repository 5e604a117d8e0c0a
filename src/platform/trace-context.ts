/**
 * W3C Trace Context (Recommendation of 23 November 2021): where a request stands in a trace that somebody else keeps.
 * PausePoint makes no spans of its own; it takes the place in the trace from whoever asks and hands it on to whom it tells.
 *
 * https://www.w3.org/TR/trace-context/
 */
import type { Random } from "./random.ts";

/** A place in a trace. */
export interface TraceContext {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** The asker's span, 16 lower-case hex digits. */
  readonly parentId: string;
  readonly isSampled: boolean;
  /** What vendors carry along, in their own words; null when nothing, or nothing that can be read. */
  readonly state: string | null;
}

/** Version, trace, parent, flags; of a later version perhaps more behind another dash (§3.2.2, §4.3). */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_TRACE = "0".repeat(32);
const NO_PARENT = "0".repeat(16);

/** What the headers say, or null: what is malformed counts as not sent, as §3.2 and §4.3 want it. */
export function traceContextOf(headers: Headers): TraceContext | null {
  const sent = headers.get("traceparent");
  return sent === null ? null : readTraceContext(sent, headers.get("tracestate"));
}

/** As {@link traceContextOf}, of the headers' values. */
export function readTraceContext(traceparent: string, tracestate: string | null): TraceContext | null {
  const [, version, traceId = NO_TRACE, parentId = NO_PARENT, flags = "00", more] = TRACEPARENT.exec(traceparent) ?? [];
  if (version === undefined || version === "ff" || traceId === NO_TRACE || parentId === NO_PARENT) return null;
  if (version === "00" && more !== undefined) return null;
  const isSampled = (Number.parseInt(flags, 16) & 1) === 1;
  return { traceId, parentId, isSampled, state: tracestate === null ? null : readTraceState(tracestate) };
}

/** The value of `traceparent`, of version 00. */
export function traceparentOf({ traceId, parentId, isSampled }: TraceContext): string {
  return `00-${traceId}-${parentId}-${isSampled ? "01" : "00"}`;
}

/** The headers that hand the trace on to whom we call, as the child of a span of ours: each call has a parent id of its own. */
export function onward(trace: TraceContext, random: Random): Readonly<Record<string, string>> {
  const traceparent = traceparentOf({ ...trace, parentId: newParentId(random) });
  return trace.state === null ? { traceparent } : { traceparent, tracestate: trace.state };
}

function newParentId(random: Random): string {
  const id = Buffer.from(random.bytes(8)).toString("hex");
  // All zeros mean none (§3.2.2.4).
  return id === NO_PARENT ? "0000000000000001" : id;
}

/** §3.3.1.3.1: a name, or a tenant, an at sign and a system. */
const KEY = /^(?:[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})$/;
/** §3.3.1.3.2: printable ASCII without comma and equals sign, which does not end in a space. */
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const MOST_MEMBERS = 32;
const MOST_CHARACTERS = 512;
const LONG_MEMBER = 128;

/**
 * The list in one spelling, or null where it is empty or no list by §3.3.1: it is kept whole or not at all. Beyond 512
 * characters, long members go first, then those at the end, as §3.3.1.5 says.
 */
function readTraceState(text: string): string | null {
  const members = text
    .split(",")
    .map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ""))
    .filter((member) => member !== "");
  if (members.length === 0 || members.length > MOST_MEMBERS) return null;
  const keys = new Set<string>();
  for (const member of members) {
    const equals = member.indexOf("=");
    const key = member.slice(0, Math.max(0, equals));
    if (!KEY.test(key) || !VALUE.test(member.slice(equals + 1)) || keys.has(key)) return null;
    keys.add(key);
  }
  return shortened(members);
}

function shortened(members: readonly string[]): string | null {
  const whole = members.join(",");
  if (whole.length <= MOST_CHARACTERS) return whole;
  const kept = members.filter((member) => member.length <= LONG_MEMBER);
  while (kept.join(",").length > MOST_CHARACTERS) kept.pop();
  return kept.length === 0 ? null : kept.join(",");
}
