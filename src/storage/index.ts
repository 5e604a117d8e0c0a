export { copyDatabase, integrityFault, newestSchema, quickFault, schemaIn, schemaOf } from "./copy.ts";
export { type Connection, makeFolder, openDatabase, openForReading } from "./database.ts";
export { appendLine, syncPath } from "./durable.ts";
export { StorageBusy, StorageError } from "./errors.ts";
export { inspectDatabase, openToLook } from "./inspect.ts";
export { isFolderServed, lockBackup, lockFolder } from "./lock.ts";
export { define, insertInto, type Query, type QueryBuilder, type RowOf } from "./query.ts";
export { Reader } from "./reader.ts";
export { ensureInstallation, findInstallation, folderSecret, readSecret, secretDigest } from "./secret.ts";
export { stagingFolder, swapIn } from "./swap.ts";
export type {
  DailyMeasure,
  DeliveryKind,
  DeliveryStatus,
  EventType,
  KeyPurpose,
  Mode,
  OperatorRole,
  PauseStatus,
  ResponseSource,
  Tables,
} from "./tables.ts";
export type { SharedState, Tx, Work } from "./work.ts";
export { Writer } from "./writer.ts";
