import { afterLong, type Clock } from "../../platform/clock.ts";
import type { SmppConfig } from "../../platform/config/smpp.ts";
import type { Receipt } from "./receipt.ts";

/** A receipt as it is reported: of a message as a whole. */
export interface Verdict {
  readonly deliveryId: string;
  readonly status: "delivered" | "failed";
  readonly error: string | null;
}

/** A receipt for which no message is known, with its id in each spelling that {@link canonical} may give the answer's. */
export interface Stray {
  readonly providerIds: readonly string[];
  readonly status: "delivered" | "failed";
  readonly error: string | null;
}

interface Entry {
  readonly deliveryId: string;
  /** The recipient's number. */
  readonly to: string;
  /** Parts that have not arrived; shared by all of them. */
  readonly missing: Set<number>;
  readonly part: number;
}

interface Held {
  readonly receipt: Receipt;
  readonly cancel: () => void;
}

const MOST_ENTRIES = 50_000;
const MOST_HELD = 1_000;
/** A receipt can come before the answer that names its message, and even by another connection. */
const HOLD_MS = 60_000;

/**
 * Which message a receipt is of. A text of several parts has arrived when all have, and failed with the first that does.
 * In memory: after a restart every receipt is a stray.
 */
export class Ledger {
  readonly #clock: Clock;
  readonly #onVerdict: (verdict: Verdict) => void;
  readonly #onStray: (stray: Stray) => Promise<void>;
  readonly #entries = new Map<string, Entry>();
  readonly #held = new Map<string, Held>();
  /** How this carrier spells ids in receipts: set, or found out with the first that matches. */
  #spelling: Spelling | null;

  constructor(parts: {
    readonly clock: Clock;
    readonly format: SmppConfig["messageIdFormat"];
    readonly onVerdict: (verdict: Verdict) => void;
    readonly onStray: (stray: Stray) => Promise<void>;
  }) {
    this.#clock = parts.clock;
    this.#spelling = parts.format === "auto" ? null : SET[parts.format];
    this.#onVerdict = parts.onVerdict;
    this.#onStray = parts.onStray;
  }

  /** The carrier took a part of a message and named it. `missing` holds the numbers of all its parts. */
  add(messageId: string, entry: Entry): void {
    if (messageId === "") return;
    const key = canonical(messageId);
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > MOST_ENTRIES && oldest !== undefined) this.#entries.delete(oldest);
    if (this.#held.size > 0) this.#takeHeld();
  }

  /**
   * A receipt came. A verdict is handed to the caller, so that it can be recorded before the carrier is answered. With as
   * many held as may be, the one that has to go is recorded first: a carrier that brings nothing else has to wait.
   */
  async take(receipt: Receipt): Promise<Verdict | null> {
    const entry = this.#find(receipt);
    if (entry !== null) return this.#judge(entry, receipt);
    await this.#hold(receipt);
    return null;
  }

  /** Tells of what is still held as of strays. */
  close(): void {
    for (const key of [...this.#held.keys()]) void this.#release(key);
  }

  #find({ messageId, phones }: Receipt): { readonly key: string; readonly entry: Entry } | null {
    const spelled = spellings(messageId);
    for (const spelling of this.#candidates) {
      const key = spelled[spelling];
      const entry = key === null ? undefined : this.#entries.get(key);
      if (key === null || entry === undefined) continue;
      const isProven = this.#spelling !== null;
      // 291 may be 123 in hexadecimal, and the id of another message: the number has to fit as well.
      if (!isProven && spelling !== "same" && !phones.some((phone) => isSameNumber(phone, entry.to))) continue;
      const isTelling = new Set(Object.values(spelled)).size > 1;
      if (isTelling) this.#spelling = spelling;
      return { key, entry };
    }
    return null;
  }

  get #candidates(): readonly Spelling[] {
    return this.#spelling === null ? ALL : [this.#spelling];
  }

  #judge({ key, entry }: { readonly key: string; readonly entry: Entry }, receipt: Receipt): Verdict | null {
    const { deliveryId, missing, part } = entry;
    this.#entries.delete(key);
    // Another part has failed before, or this one has come twice.
    if (!missing.delete(part)) return null;
    if (receipt.status === "failed") missing.clear();
    return missing.size > 0 ? null : { deliveryId, status: receipt.status, error: receipt.error };
  }

  async #hold(receipt: Receipt): Promise<void> {
    const key = `${canonical(receipt.messageId)} ${receipt.status}`;
    if (this.#held.has(key)) return;
    const cancel = afterLong(this.#clock, HOLD_MS, () => void this.#release(key));
    this.#held.set(key, { receipt, cancel });
    const [oldest] = this.#held.keys();
    if (this.#held.size > MOST_HELD && oldest !== undefined) await this.#release(oldest);
  }

  async #release(key: string): Promise<void> {
    const held = this.#held.get(key);
    if (held === undefined) return;
    this.#held.delete(key);
    held.cancel();
    const { messageId, status, error } = held.receipt;
    const spelled = spellings(messageId);
    const ids = this.#candidates.flatMap((spelling) => spelled[spelling] ?? []);
    await this.#onStray({ providerIds: [...new Set(ids)], status, error });
  }

  #takeHeld(): void {
    for (const [key, { receipt, cancel }] of this.#held) {
      const found = this.#find(receipt);
      if (found === null) continue;
      this.#held.delete(key);
      cancel();
      const verdict = this.#judge(found, receipt);
      if (verdict !== null) this.#onVerdict(verdict);
    }
  }
}

/** How the id of a receipt becomes the one of the answer. */
type Spelling = "same" | "fromDecimal" | "fromHex";
const ALL: readonly Spelling[] = ["same", "fromDecimal", "fromHex"];
const SET = { same: "same", "hex-to-decimal": "fromDecimal", "decimal-to-hex": "fromHex" } as const;

/** The id that an answer may have had, for each way to spell it; null where it is no such number. */
function spellings(receiptId: string): Readonly<Record<Spelling, string | null>> {
  const same = canonical(receiptId);
  const isShort = same.length <= 40;
  return {
    same,
    fromDecimal: isShort && /^\d+$/.test(same) ? BigInt(same).toString(16) : null,
    fromHex: isShort && /^[0-9a-f]+$/.test(same) ? BigInt(`0x${same}`).toString() : null,
  };
}

/** Numbers come with and without their country's code, zeros or a plus. */
function isSameNumber(one: string, other: string): boolean {
  const [a = "", b = ""] = [one, other].map((number) => number.replace(/\D/g, "").slice(-7));
  return a.length === 7 && a === b;
}

/** Without what carriers change on the way: capitals, spaces, zeros in front. */
export function canonical(messageId: string): string {
  return messageId
    .trim()
    .toLowerCase()
    .replace(/^0+(?=.)/, "");
}
