export { type Actor, type EntryType, entryTypes, type NewEntry, newEntry, type World } from "./entry.ts";
export { canonicalize, type JsonValue } from "./jcs.ts";
export { appendEntry } from "./log.ts";
export { type EntryFilter, readEntries } from "./read.ts";
export { type Verification, verifyLive } from "./verify.ts";
