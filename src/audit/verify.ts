/**
 * Verifies a live log against itself and against the tables whose story it tells. It shows that log and tables agree;
 * that the operator has not written both anew, only a checkpoint kept elsewhere can show.
 */
import { type Connection, Reader } from "../storage/index.ts";
import { readStart } from "./start.ts";
import { AttestedCheck } from "./verify-attested.ts";
import { ChainCheck } from "./verify-chain.ts";
import { KeyCheck } from "./verify-keys.ts";
import { PauseCheck } from "./verify-pauses.ts";
import { BEFORE_ALL, entriesWithRows, pausesAfter, strayRows } from "./verify-queries.ts";
import { SigningKeyCheck } from "./verify-signing-keys.ts";
import { StartCheck } from "./verify-start.ts";
import { Wrong } from "./wrong.ts";

/** What a verification saw. With a fault, the numbers and hashes are those of the part before it. */
export interface Verification {
  /** Entries that hold. */
  readonly entries: number;
  /** Where the log begins: above 1 once its beginning was pruned. */
  readonly firstSeq: number;
  /** The seq of the last of them; 0 when there is none. */
  readonly lastSeq: number;
  /** Its chain hash, 64 hex digits; 64 zeros when there is none. */
  readonly headHash: string;
  /** The RFC 6962 root over them, base64. */
  readonly root: string;
  /** Pauses whose rows agree with the log. */
  readonly pauses: number;
  /** Pauses whose question was pruned, and of which the rest agrees. */
  readonly pausesInPart: number;
  /** Checkpoints that are genuine, and have the root that the tree had. */
  readonly checkpoints: number;
  /** Receipts that are genuine, and say what rows and entries say. */
  readonly receipts: number;
  /** Commitments whose disclosures have been erased: what they stood for can't be compared, and that is no fault. */
  readonly erasedDisclosures: number;
  /** The first thing that is wrong, or null. `seq` is null for a row that no entry tells of. */
  readonly fault: { readonly seq: number | null; readonly what: string } | null;
}

const PAGE = 500;

/**
 * Walks the whole log and compares it with the tables, both ways, in memory that does not grow with the log. All reads
 * see one moment, so a server may go on writing beside it. First the chain with its tree, disclosures and keys, in order
 * of seq; when all that holds, the pauses in the order of their making; and when they hold too, what was signed.
 *
 * @param connection from `openForReading`; it stays the caller's.
 * @throws SqliteError when the file can't be read; whatever can be read is judged, never thrown.
 */
export function verifyLive(connection: Connection): Verification {
  return verifyUntil(connection, () => false).verification;
}

/**
 * The same for as long as there is time: it ends once `isOver` answers true, which it is asked after each few hundred
 * rows, with what holds by then. `isWhole` tells whether all of it was looked at.
 */
export function verifyUntil(
  connection: Connection,
  isOver: () => boolean,
): { readonly verification: Verification; readonly isWhole: boolean } {
  const reader = new Reader(connection);
  return reader.snapshot(() => {
    const start = readStart(reader);
    const beginning = new StartCheck(reader, start);
    const chain = new ChainCheck(reader, start, beginning.frontier);
    const keys = new SigningKeyCheck(reader);
    const attested = new AttestedCheck(reader, keys);
    const pauses = new PauseCheck(reader, start, attested);
    const { fault, isWhole } = firstFault(() => {
      walkLog(reader, { beginning, chain, signing: keys, attested }, isOver);
      walkPauses(reader, pauses, isOver);
      if (attested.fault !== null) throw attested.fault;
    });
    const verification = {
      entries: chain.seq - start.firstSeq + 1,
      firstSeq: start.firstSeq,
      lastSeq: chain.seq,
      headHash: chain.hash,
      root: Buffer.from(chain.root).toString("base64"),
      pauses: pauses.count,
      pausesInPart: pauses.inPart,
      checkpoints: attested.checkpoints,
      receipts: attested.receipts,
      erasedDisclosures: chain.erased,
      fault,
    };
    return { verification, isWhole };
  });
}

class OutOfTime extends Error {}

function firstFault(walk: () => void): { readonly fault: Verification["fault"]; readonly isWhole: boolean } {
  try {
    walk();
    return { fault: null, isWhole: true };
  } catch (error) {
    if (error instanceof OutOfTime) return { fault: null, isWhole: false };
    if (!(error instanceof Wrong)) throw error;
    return { fault: { seq: error.seq, what: error.message }, isWhole: true };
  }
}

interface LogChecks {
  readonly beginning: StartCheck;
  readonly chain: ChainCheck;
  readonly signing: SigningKeyCheck;
  readonly attested: AttestedCheck;
}

function walkLog(reader: Reader, { beginning, chain, signing, attested }: LogChecks, isOver: () => boolean): void {
  const keys = new KeyCheck(reader);
  beginning.walk((told, worldN) => {
    keys.take(told, worldN);
    signing.take(told);
  });
  beginning.compareSigned(attested);
  for (let after = BEFORE_ALL; ; ) {
    const page = reader.all(entriesWithRows, { after, limit: PAGE });
    for (const row of page) {
      const told = chain.follow(row);
      keys.take(told, row.world_n);
      signing.take(told);
      beginning.take(told);
      attested.grown(chain.seq, () => chain.root);
    }
    const last = page.at(-1);
    if (last === undefined) break;
    if (isOver()) throw new OutOfTime();
    after = last.seq;
  }
  beginning.finish();
  chain.finish();
  keys.finish();
  signing.finish();
  attested.finish(chain.seq);
}

function walkPauses(reader: Reader, pauses: PauseCheck, isOver: () => boolean): void {
  for (let after = BEFORE_ALL; ; ) {
    const page = reader.all(pausesAfter, { after, limit: PAGE });
    for (const row of page) pauses.compare(row);
    const last = page.at(-1);
    if (last === undefined) break;
    if (isOver()) throw new OutOfTime();
    after = last.n;
  }
  for (const { table, query } of strayRows) {
    const stray = reader.one(query, {});
    if (stray !== undefined)
      throw new Wrong(null, `the table ${table} has a row of pause number ${stray.pause_n}, which is not there`);
  }
}
