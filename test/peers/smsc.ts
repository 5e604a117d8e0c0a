/**
 * A peer for tests that speaks SMPP 3.4 as a carrier's SMSC does, strict in what it takes and odd to order, on real
 * sockets on loopback. What it plays, from which documents, and what it leaves out: README.md.
 */
import type { Clock } from "../../src/platform/clock.ts";
import type { Aim, Cut, SmscBehaviour } from "./smsc/behaviour.ts";
import type { Limits } from "./smsc/check.ts";
import type { Delivery, DeliverySettings } from "./smsc/deliveries.ts";
import type { SmscMessage, SmscPart } from "./smsc/inbox.ts";
import type { MobileMessage } from "./smsc/mobile.ts";
import type { IdSpelling, ReceiptShape } from "./smsc/receipt.ts";
import type { ResponderSettings } from "./smsc/responder.ts";
import { RunningSmsc } from "./smsc/running.ts";
import type { PduRecord, SmscSession } from "./smsc/session.ts";
import type { Command } from "./smsc/vocabulary.ts";

export type { Aim, Cut, Garbage, SmscBehaviour } from "./smsc/behaviour.ts";
export type { Delivery } from "./smsc/deliveries.ts";
export type { SmscMessage, SmscPart } from "./smsc/inbox.ts";
export type { MobileMessage } from "./smsc/mobile.ts";
export type { IdSpelling, ReceiptShape } from "./smsc/receipt.ts";
export type { PduRecord, SmscSession } from "./smsc/session.ts";

export interface SmscOptions {
  /** At most 15 octets. */
  readonly systemId: string;
  /** At most 8 octets, as the document has it. */
  readonly password: string;
  /** A key and a certificate in PEM: TLS from the first octet on. */
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly clock?: Clock;
  /** Default `precise`: ESME_RINVSYSID or ESME_RINVPASWD. */
  readonly bindRefusal?: ResponderSettings["bindRefusal"];
  /** Ends the connection after a refused bind; default false. */
  readonly hangsUpOnRefusedBind?: boolean;
  /** Connections at once; any further one is reset as soon as it is made. Default no limit. */
  readonly mostConnections?: number;
  /** How message ids are spelled in submit_sm_resp; default `decimal`. */
  readonly messageIds?: IdSpelling;
  /** Default 439041101, which is 1a2b3c4d. */
  readonly firstMessageId?: number;
  readonly limits?: Partial<Limits>;
  /** submit_sm that may be unanswered at once on a session; beyond it ESME_RTHROTTLED. Default no limit. */
  readonly window?: number;
  /** submit_sm taken in any second of the clock; beyond it ESME_RTHROTTLED. Default no limit. */
  readonly rate?: number;
  /** What is sent by itself for each message that asks for a receipt; default nothing: the test calls `receipt`. */
  readonly receipts?: ReceiptShape;
  /** Of deliver_sm: default a window of 10, again after 1,000 ms, an answer within 30,000 ms. */
  readonly deliveries?: Partial<DeliverySettings>;
}

export interface Smsc {
  readonly port: number;
  /** `smpp://127.0.0.1:port`, or `smpps://…` with TLS. */
  readonly url: string;
  /** Every connection that was let in, closed ones included, the first first. */
  readonly sessions: readonly SmscSession[];
  /** Connections that were made, those turned away included. */
  readonly connections: number;
  /** Every submit_sm that was accepted. */
  readonly parts: readonly SmscPart[];
  /** Whole messages, in the order in which they became whole. */
  readonly messages: readonly SmscMessage[];
  /** Every PDU both ways, broken ones included. */
  readonly records: readonly PduRecord[];
  /** Every deliver_sm, with each attempt and its answer. */
  readonly deliveries: readonly Delivery[];
  /** Breaches of the protocol that had no other consequence, in words. */
  readonly complaints: readonly string[];
  /** Answers held by `gather`. */
  readonly held: number;
  /** submit_sm that wait for an answer now. */
  readonly outstanding: number;
  /** The most that ever waited at once. */
  readonly mostOutstanding: number;
  /** The most submit_sm that were accepted within any `milliseconds` (default 1,000) of the clock. */
  mostWithin(milliseconds?: number): number;
  /** How often a whole message with that text was accepted. */
  accepted(text: string): number;
  /** Parts whose message is not whole. */
  incomplete(): readonly SmscPart[];
  /** The next whole message that was not handed out before; rejects after `timeout` real ms (as patient as the tests are by default). */
  nextMessage(wanted?: { readonly to?: string; readonly text?: string }, timeout?: number): Promise<SmscMessage>;
  /** The next PDU of that command and direction (default `in`) that was not handed out before. */
  nextPdu(wanted?: { command?: Command; direction?: "in" | "out" }, timeout?: number): Promise<PduRecord>;
  /** The next session that was not handed out before, once it is bound. */
  nextBound(timeout?: number): Promise<SmscSession>;
  /** The next session that was not handed out before, once its connection is closed. */
  nextClosed(timeout?: number): Promise<SmscSession>;
  /** Scripts the next PDUs that fit; scripts are used up in the order given. */
  behave(behaviour: SmscBehaviour, aim?: Aim): void;
  /** Forgets the scripts that were not used up, the cut and the pieces. */
  behaveWell(): void;
  /** Sends the answers that `gather` holds. */
  flush(): void;
  /** From now on writes everything in pieces of so many octets; null for whole. */
  answerInPieces(octets: number | null): void;
  /**
   * Cuts the link once: after `pdus` more PDUs, both directions and all sessions counted, or with `inside` after so many
   * octets of the one after them. A PDU that came in whole is acted on, but not answered; one that was cut is not.
   */
  dropAt(pdus: number, options?: { readonly inside?: number; readonly how?: Cut }): void;
  /** Loses every link that is open. */
  drop(how: Cut): void;
  /** Refuses connections, for `milliseconds` of the clock or until `acceptConnections`; links that stand are left alone. */
  refuseConnections(milliseconds?: number): Promise<void>;
  acceptConnections(): Promise<void>;
  /** Sends delivery receipts for a part; all copies come back once they are answered. */
  receipt(part: SmscPart, shape?: ReceiptShape): Promise<readonly Delivery[]>;
  /** A handset writes. Comes back once every part is answered; `deliveries` shows them at once. */
  reply(message: MobileMessage): Promise<readonly Delivery[]>;
  /** Cuts every connection and closes the port; whoever still waits is rejected. */
  stop(): Promise<void>;
}

/** Starts the SMSC on 127.0.0.1, on a port of its own. */
export async function startSmsc(options: SmscOptions): Promise<Smsc> {
  const smsc = new RunningSmsc(options);
  await smsc.acceptConnections();
  return smsc;
}
