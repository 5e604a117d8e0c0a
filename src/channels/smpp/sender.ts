import { afterLong, type Clock } from "../../platform/clock.ts";
import type { SmppConfig } from "../../platform/config/smpp.ts";
import type { Log } from "../../platform/log.ts";
import type { Random } from "../../platform/random.ts";
import type { Connection, OutgoingMessage, Report, SendResult } from "../channel.ts";
import { type Address, destinationAddress, senderFor, sourceAddress } from "./addresses.ts";
import { Inbound, reportVerdict } from "./inbound.ts";
import { canonical, Ledger } from "./ledger.ts";
import { type Message, MOST_UNKNOWN, messageOf, type Part, Progress } from "./progress.ts";
import { type Outcome, Session } from "./session.ts";
import { refusalOf, wordsFor } from "./status.ts";
import { type Envelope, MOST_PARTS, type Submission, submissionsOf } from "./submission.ts";
import { type WrittenText, writeText } from "./text.ts";

interface Parts {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly onlySends?: boolean;
}

/** What a connected channel has. */
interface Connected {
  readonly session: Session;
  readonly ledger: Ledger;
}

/** Hands messages over part by part, and remembers what became of each from one attempt to the next. */
export class Sender {
  readonly #config: SmppConfig;
  readonly #parts: Parts;
  readonly #progress = new Progress();
  #connected: Connected | null = null;
  #reference: number;

  constructor(config: SmppConfig, parts: Parts) {
    this.#config = config;
    this.#parts = parts;
    const [high = 0, low = 0] = parts.random.bytes(2);
    this.#reference = high * 256 + low;
  }

  connect(report: Report): Connection {
    const { clock, log } = this.#parts;
    const config = this.#config;
    const told = async (reported: Promise<unknown>): Promise<void> => {
      await reported.catch(() => log.error("a receipt over SMPP could not be recorded"));
    };
    const ledger = new Ledger({
      clock,
      format: config.messageIdFormat,
      onVerdict: (verdict) => void told(reportVerdict(report, verdict)),
      onStray: (stray) => told(report({ kind: "receipt", deliveryId: "", ...stray })),
    });
    const inbound = new Inbound({
      ...{ config, clock, log, ledger, report },
      answer: (to, { destinationTon: ton, destinationNpi: npi, destination: address }, words) =>
        void this.#answer(to, { ton, npi, address }, words),
    });
    const session = new Session({
      ...this.#parts,
      config,
      onMessage: (message) => inbound.take(message),
      onAnswered: (message, isWritten) => inbound.answered(message, isWritten),
    });
    const connected = { session, ledger };
    this.#connected = connected;
    return {
      get isUp() {
        return session.isUp;
      },
      stop: async () => {
        await session.stop();
        ledger.close();
        if (this.#connected === connected) this.#connected = null;
      },
    };
  }

  /** One attempt: hands over what no earlier one has. */
  async send(message: OutgoingMessage, signal: AbortSignal, wantsReceipt: boolean): Promise<SendResult> {
    const connected = this.#connected;
    if (connected === null) return NOT_CONNECTED;
    const text = writeText(this.#config, message.text);
    if (text === null) return failed('the text has characters that GSM-7 does not have, and `charset` is "gsm7"');
    if (text.parts.length > MOST_PARTS) return failed(`the text has more than ${MOST_PARTS} parts`);
    const { deliveryId, to } = message;
    const source = sourceAddress(this.#config, senderFor(this.#config, to));
    const known = this.#progress.of(deliveryId, () =>
      this.#submissions(text, { source, to, validForSeconds: message.validForSeconds, wantsReceipt }),
    );
    const outcomes = await this.#handOver(connected, known, { deliveryId, to, signal, wantsReceipt });
    const result = judge(known, outcomes);
    this.#progress.note(deliveryId, known, result.outcome !== "retry");
    return { ...result, segments: text.segments };
  }

  /** Words back to one who wrote. Tried once: they are a courtesy, and the question's page says the same. */
  async #answer(to: string, source: Address, words: string): Promise<void> {
    const connected = this.#connected;
    const text = writeText(this.#config, words);
    if (connected === null || text === null || text.parts.length > MOST_PARTS) return;
    const wanted = { source, to, validForSeconds: 3_600, wantsReceipt: false };
    const message = messageOf(this.#submissions(text, wanted));
    const never = new AbortController().signal;
    const outcomes = await this.#handOver(connected, message, {
      deliveryId: "",
      to,
      signal: never,
      wantsReceipt: false,
    });
    if (judge(message, outcomes).outcome !== "sent") this.#parts.log.warn("words back over SMPP were not sent");
  }

  #submissions(
    text: WrittenText,
    { to, ...wanted }: Pick<Envelope, "source" | "validForSeconds" | "wantsReceipt"> & { readonly to: string },
  ): readonly Submission[] {
    const reference = this.#reference;
    if (text.parts.length > 1) this.#reference = (reference + 1) & 0xffff;
    const destination = destinationAddress(this.#config, to);
    return submissionsOf(this.#config, text, { ...wanted, destination, reference, now: this.#parts.clock.now() });
  }

  /** What became of each part that was not taken before. */
  async #handOver(
    { session, ledger }: Connected,
    { parts, missing }: Message,
    about: {
      readonly deliveryId: string;
      readonly to: string;
      readonly signal: AbortSignal;
      readonly wantsReceipt: boolean;
    },
  ): Promise<readonly Outcome[]> {
    const { deliveryId, to, wantsReceipt } = about;
    // What has left by half of the time can be answered in the other half.
    const enough = new AbortController();
    const cancel = afterLong(this.#parts.clock, (this.#config.timeoutSeconds * 1000) / 2, () => enough.abort());
    const signal = AbortSignal.any([about.signal, enough.signal]);
    const note = (part: Part, outcome: Outcome) => {
      if (outcome.kind !== "taken") return;
      part.messageId = canonical(outcome.messageId);
      if (wantsReceipt && this.#config.receipts !== "none") {
        ledger.add(outcome.messageId, { deliveryId, to, missing, part: parts.indexOf(part) });
      }
    };
    const handOver = async (part: Part): Promise<Outcome> => {
      const outcome = await session.submit({
        submission: part.submission,
        signal,
        // The rest of a text that is refused would only be half a text.
        onRefused: () => enough.abort(),
        onLate: (late) => {
          part.unknown--;
          note(part, late);
        },
      });
      if (outcome.kind === "unknown") part.unknown++;
      note(part, outcome);
      return outcome;
    };
    const open = parts.filter(({ messageId, unknown }) => messageId === null && unknown < MOST_UNKNOWN);
    const outcomes = await Promise.all(open.map(handOver));
    cancel();
    return outcomes;
  }
}

// What became of it

const NOT_CONNECTED: SendResult = retry("there is no connection to the carrier", null, true);

function failed(error: string, status: number | null = null): SendResult {
  return { outcome: "failed", error, status, excerpt: null };
}

function retry(error: string, status: number | null, isChannelDown: boolean): SendResult {
  return {
    outcome: "retry",
    error,
    status,
    excerpt: null,
    retryAfterMs: null,
    ...(isChannelDown ? { isChannelDown } : {}),
  };
}

/** The worst of what its parts came to. */
function judge({ parts }: Message, outcomes: readonly Outcome[]): SendResult {
  const refusals = outcomes.flatMap((outcome) => (outcome.kind === "refused" ? [outcome.status] : []));
  const never = refusals.find((status) => refusalOf(status) === "never");
  if (never !== undefined) return failed(wordsFor(never), never);
  if (parts.every(({ messageId }) => messageId !== null)) {
    const ids = parts.flatMap(({ messageId }) => messageId || []);
    return { outcome: "sent", providerId: ids.length > 0 ? ids.join(",") : null, status: 0, excerpt: null };
  }
  if (parts.some(({ messageId, unknown }) => messageId === null && unknown >= MOST_UNKNOWN)) {
    return failed(
      "the carrier did not say that it took the text, also not when it was sent again; it may have arrived",
    );
  }
  const unknown = outcomes.find((outcome) => outcome.kind === "unknown");
  if (unknown !== undefined)
    return retry(`${unknown.why}; it may have taken the text, which is sent once more`, null, false);
  const [refused] = refusals;
  if (refused !== undefined) return retry(wordsFor(refused), refused, refusalOf(refused) === "down");
  const unsent = outcomes.find((outcome) => outcome.kind === "unsent");
  return retry(
    unsent?.why ?? "not all parts were handed over in time",
    unsent?.status ?? null,
    unsent?.isDown ?? false,
  );
}
