export { ActionError, type DigestedAction, digestOfBytes, digestOfJson } from "./action-digest.ts";
export { Attestor } from "./attest.ts";
export { type Checkpoint, parseCheckpoint } from "./checkpoint.ts";
export { commitmentOf, DisclosureError, disclosedMembers, openDisclosure } from "./disclosure.ts";
export { type Actor, entryTypes, newEntry, type World } from "./entry.ts";
export { followHandovers, type Handover } from "./handovers.ts";
export { type LogHead, logHead } from "./head.ts";
export { IJsonError } from "./i-json.ts";
export { canonicalize, type JsonValue } from "./jcs.ts";
export {
  checkpointOf,
  cosignaturesOf,
  installation,
  newestCheckpoint,
  newestCosignedBy,
  putCosignature,
} from "./key-queries.ts";
export { appendEntry, chainHead } from "./log.ts";
export {
  append,
  emptyRoot,
  type Frontier,
  frontierFrom,
  leafHash,
  root,
  verifyConsistency,
  verifyInclusion,
} from "./merkle.ts";
export {
  requestCheckpoint,
  type SignedCheckpoint,
  signedCheckpoint,
  storedCheckpoint,
  withCosignatures,
} from "./newest-checkpoint.ts";
export {
  cosignatureTime,
  cosignedMessage,
  formatVerifierKey,
  NoteError,
  openNote,
  parseNote,
  parseVerifierKey,
  signatureLine,
  type VerifierKey,
  verifierKey,
} from "./note.ts";
export { hasHadName, nextOrigin, readOrigin } from "./origin.ts";
export { type Policy, PolicyError, parsePolicy, satisfies } from "./policy.ts";
export { type OldestGroup, oldestGroup, pruneGroup } from "./prune.ts";
export { entriesOfPause, entriesUpTo, entryAt, lastSeq, newestOfInstallation } from "./queries.ts";
export { readEntries } from "./read.ts";
export { disclosedValue, isArray, isObject, type JsonObject } from "./read-entry.ts";
export { isWhole, type SelectedEntry, type Selection, selectEntries, seqBefore, shownText } from "./select.ts";
export { type PublicSigningKey, receiptKeys } from "./signing-keys.ts";
export { keptEntryAt, readStart } from "./start.ts";
export { StoredTree } from "./stored-tree.ts";
export { parseStrict, StrictJsonError } from "./strict-json.ts";
export { formatSubmission, parseSubmission, type Submission } from "./submission.ts";
export { formatTlogProof, hashIn, parseTlogProof } from "./tlog-proof.ts";
export { frontierOf } from "./tree.ts";
export { type Verification, verifyLive, verifyUntil } from "./verify.ts";
export {
  isSigned,
  MalformedReceipt,
  type ReadReceipt,
  type ReceiptFault,
  readReceipt,
  verifyReceipt,
} from "./verify-receipt.ts";
export {
  resumeSigning,
  settleRestore,
  type Withheld,
  withheld,
  withholdAfterRestore,
  withholdSigning,
} from "./withheld.ts";
