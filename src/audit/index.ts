export { Attestor } from "./attest.ts";
export { type Actor, entryTypes, newEntry, type World } from "./entry.ts";
export { canonicalize, type JsonValue } from "./jcs.ts";
export { newestCheckpoint } from "./key-queries.ts";
export { appendEntry } from "./log.ts";
export { requestCheckpoint, type SignedCheckpoint, signedCheckpoint } from "./newest-checkpoint.ts";
export { readEntries } from "./read.ts";
export type { PublicSigningKey } from "./signing-keys.ts";
export { type Verification, verifyLive } from "./verify.ts";
