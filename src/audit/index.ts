export { ActionError, type DigestedAction, digestOfBytes, digestOfJson } from "./action-digest.ts";
export { Attestor } from "./attest.ts";
export { type Checkpoint, parseCheckpoint } from "./checkpoint.ts";
export { commitmentOf, DisclosureError, disclosedMembers, openDisclosure } from "./disclosure.ts";
export { type Actor, entryTypes, newEntry, type World } from "./entry.ts";
export { followHandovers, type Handover } from "./handovers.ts";
export { type LogHead, logHead } from "./head.ts";
export { IJsonError } from "./i-json.ts";
export { canonicalize, type JsonValue } from "./jcs.ts";
export { checkpointOf, newestCheckpoint, withholdSigning } from "./key-queries.ts";
export { appendEntry, chainHead } from "./log.ts";
export { append, type Frontier, frontierFrom, leafHash, root, verifyInclusion } from "./merkle.ts";
export { requestCheckpoint, type SignedCheckpoint, signedCheckpoint } from "./newest-checkpoint.ts";
export { NoteError, openNote, parseNote, parseVerifierKey, type VerifierKey } from "./note.ts";
export { entriesOfPause, entriesUpTo, entryAt, newestOfInstallation } from "./queries.ts";
export { readEntries } from "./read.ts";
export { disclosedValue, isArray, isObject, type JsonObject } from "./read-entry.ts";
export { isWhole, type SelectedEntry, type Selection, selectEntries, seqBefore, shownText } from "./select.ts";
export { type PublicSigningKey, receiptKeys } from "./signing-keys.ts";
export { StoredTree } from "./stored-tree.ts";
export { parseStrict, StrictJsonError } from "./strict-json.ts";
export { formatTlogProof, hashIn, parseTlogProof } from "./tlog-proof.ts";
export { type Verification, verifyLive } from "./verify.ts";
export {
  isSigned,
  type ReadReceipt,
  ReceiptError,
  type ReceiptFault,
  readReceipt,
  verifyReceipt,
} from "./verify-receipt.ts";
