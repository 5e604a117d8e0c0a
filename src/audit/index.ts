export { type Actor, entryTypes, newEntry, type World } from "./entry.ts";
export { canonicalize, type JsonValue } from "./jcs.ts";
export { appendEntry } from "./log.ts";
export { readEntries } from "./read.ts";
export { type Verification, verifyLive } from "./verify.ts";
