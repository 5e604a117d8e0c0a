export { type Actor, type EntryType, entryTypes, newEntry, type NewEntry, type World } from "./entry.ts";
export { appendEntry } from "./log.ts";
export { canonicalize, type JsonValue } from "./jcs.ts";
export { type EntryFilter, readEntries } from "./read.ts";
