import { type Connection, Reader } from "../storage/index.ts";
import { chainHead } from "./log.ts";
import { root } from "./merkle.ts";

/** Where a log ends. */
export interface LogHead {
  /** Of its last entry; 0 when there is none. */
  readonly seq: number;
  /** Its chain hash, 64 hex digits; 64 zeros when there is none. */
  readonly hash: string;
  /** The RFC 6962 root over all entries, base64. */
  readonly root: string;
}

/** The head of the log as a database that is read holds it, without verifying what is before it. */
export function logHead(connection: Connection): LogHead {
  const reader = new Reader(connection);
  const { seq, hash, frontier } = reader.snapshot(() => reader.run(chainHead.load));
  return { seq, hash, root: Buffer.from(root(frontier)).toString("base64") };
}
