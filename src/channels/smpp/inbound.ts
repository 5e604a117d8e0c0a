/** What the carrier brings: receipts, and texts that people write. */
import type { Clock } from "../../platform/clock.ts";
import type { SmppConfig } from "../../platform/config/smpp.ts";
import type { Log } from "../../platform/log.ts";
import type { Report } from "../channel.ts";
import { phoneOf } from "./addresses.ts";
import type { Ledger, Verdict } from "./ledger.ts";
import { type Pdu, TAG, tlvOf } from "./pdu.ts";
import { Pieces, readPiece } from "./pieces.ts";
import { kindOf, readReceipt } from "./receipt.ts";
import { STATUS } from "./status.ts";
import { readText } from "./text.ts";

type Message = Pdu<"deliver_sm" | "data_sm">;

export interface InboundParts {
  readonly config: SmppConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly ledger: Ledger;
  readonly report: Report;
  /** Texts words back to one who wrote, as from the number that they wrote to. */
  readonly answer: (to: string, from: Message["body"], words: string) => void;
}

const MOST_UNANSWERED = 1_000;

export class Inbound {
  readonly #parts: InboundParts;
  readonly #pieces = new Pieces();
  /** Recorded, but the answer to the carrier could not be written: it will bring them once more. */
  readonly #unanswered = new Set<string>();
  readonly #words = new Map<Message, () => void>();

  constructor(parts: InboundParts) {
    this.#parts = parts;
  }

  /** Resolves with the status for the carrier once the message is recorded; rejects when it could not be. */
  async take(message: Message): Promise<number> {
    if (this.#unanswered.delete(markOf(message))) return STATUS.ok;
    const { body, tlvs } = message;
    switch (kindOf(body, tlvs)) {
      case "receipt": {
        const receipt = readReceipt(body, octetsOf(message), tlvs);
        const verdict = receipt === null ? null : await this.#parts.ledger.take(receipt);
        if (verdict !== null) await reportVerdict(this.#parts.report, verdict);
        break;
      }
      case "text":
        await this.#takeText(message);
        break;
      case "other":
    }
    return STATUS.ok;
  }

  /** The carrier has its answer, or never got it. */
  answered(message: Message, isWritten: boolean): void {
    const sayWords = this.#words.get(message);
    this.#words.delete(message);
    sayWords?.();
    if (isWritten) return;
    this.#unanswered.add(markOf(message));
    const [oldest] = this.#unanswered;
    if (this.#unanswered.size > MOST_UNANSWERED && oldest !== undefined) this.#unanswered.delete(oldest);
  }

  async #takeText(message: Message): Promise<void> {
    const { config, clock, log, report, answer } = this.#parts;
    const { body, tlvs } = message;
    const from = phoneOf(config, { ton: body.sourceTon, address: body.source });
    const piece = readPiece(body, octetsOf(message), tlvs);
    const text = piece === null ? null : readText(config, body.dataCoding, piece.octets);
    if (from === null || piece === null || text === null) {
      log.info("a text that came over SMPP was passed over", { why: from === null ? "its sender" : "its coding" });
      return;
    }
    const whole =
      piece.chain === null ? text : this.#pieces.add(`${from} ${body.destination}`, text, piece.chain, clock.now());
    if (whole === null) return;
    const words = await report({ kind: "reply", from, text: whole });
    // Only after the carrier has its answer: some take nothing from us before.
    if (words !== null && words !== "") this.#words.set(message, () => answer(from, body, words));
  }
}

/** Receipts of a whole message, as they are reported. */
export async function reportVerdict(report: Report, { deliveryId, status, error }: Verdict): Promise<void> {
  await report({ kind: "receipt", deliveryId, status, error });
}

function octetsOf(message: Message): Buffer {
  const payload = tlvOf(message.tlvs, TAG.messagePayload);
  if (message.command === "deliver_sm" && message.body.shortMessage.length > 0) return message.body.shortMessage;
  return payload ?? Buffer.alloc(0);
}

/** The same for the same message brought again; its sequence number changes then. */
function markOf(message: Message): string {
  const { source, destination, esmClass, dataCoding } = message.body;
  const hash = new Bun.CryptoHasher("sha256").update(octetsOf(message));
  for (const { tag, value } of message.tlvs) hash.update(`\n${tag} `).update(value);
  return `${source} ${destination} ${esmClass} ${dataCoding} ${hash.digest("base64")}`;
}
