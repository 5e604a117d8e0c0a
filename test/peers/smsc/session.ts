/** One connection of an ESME: bind states, sequence numbers, what waits for an answer. What to answer: responder.ts. */
import type { Socket } from "node:net";
import type { Clock } from "../../../src/platform/clock.ts";
import type { Cut, Garbage } from "./behaviour.ts";
import { garbageOctets } from "./garbage.ts";
import { Link, type Wire } from "./link.ts";
import { type Draft, decode, decodeHeader, encode, type Header, type Pdu, Unreadable } from "./pdu.ts";
import { COMMANDS, type Command, commandOf, RESPONSE, type Status, statusValue } from "./vocabulary.ts";

export type BindState = "open" | "transmitter" | "receiver" | "transceiver" | "unbound" | "closed";

export interface PduRecord {
  readonly session: number;
  readonly direction: "in" | "out";
  readonly at: number;
  readonly octets: Buffer;
  /** Null for what can't be read. */
  readonly pdu: Pdu | null;
  /** Why it can't be read. */
  readonly error: string | null;
  /** Octets that went out; fewer than all when the link was cut inside. */
  readonly written: number;
}

export interface SessionEvents {
  readonly clock: Clock;
  readonly wire: Wire;
  readonly record: (record: PduRecord) => void;
  readonly arrived: (session: SmscSession, headers: readonly Header[]) => void;
  readonly request: (session: SmscSession, pdu: Pdu) => void;
  readonly answered: (session: SmscSession, sequence: number) => void;
  /** Breaches that a carrier would grumble at, in words. */
  readonly complain: (complaint: string) => void;
  readonly closed: (session: SmscSession) => void;
}

export class SmscSession {
  readonly id: number;
  /** Set by a bind that was accepted. */
  state: BindState = "open";
  readonly #events: SessionEvents;
  readonly #link: Link;
  readonly #waiting = new Map<number, { command: Command; answer: (pdu: Pdu | null) => void }>();
  #sequence = 0;

  constructor(id: number, socket: Socket, events: SessionEvents) {
    this.id = id;
    this.#events = events;
    this.#link = new Link(socket, events.wire, {
      arrived: (headers) => events.arrived(this, headers),
      pdu: (octets) => this.#read(octets),
      badLength: (header, octets) => this.#refuseLength(header, octets),
      closed: () => this.#closed(),
    });
  }

  /** Whether the connection stands, as far as the SMSC shows. */
  get isOpen(): boolean {
    return this.#link.isOpen;
  }

  /** Whether deliver_sm may be sent over it. */
  get receives(): boolean {
    return this.isOpen && (this.state === "receiver" || this.state === "transceiver");
  }

  get submits(): boolean {
    return this.state === "transmitter" || this.state === "transceiver";
  }

  get deliversOutstanding(): number {
    return [...this.#waiting.values()].filter(({ command }) => command === "deliver_sm").length;
  }

  /** Sends a request; `answer` gets the response, or null when the link falls first. */
  request(draft: Omit<Draft, "sequence">, answer: (pdu: Pdu | null) => void): void {
    const sequence = ++this.#sequence;
    this.#waiting.set(sequence, { command: draft.command, answer });
    this.send({ ...draft, sequence });
  }

  /** Asks whether the ESME is there; its answer, or null when the link fell first. */
  enquireLink(): Promise<Pdu | null> {
    return new Promise((resolve) => this.request({ command: "enquire_link" }, resolve));
  }

  /** Unbinds from the SMSC's side, and closes once that is answered. */
  async unbind(): Promise<Pdu | null> {
    const response = await new Promise<Pdu | null>((resolve) => this.request({ command: "unbind" }, resolve));
    if (response !== null) this.state = "unbound";
    this.cut("fin");
    return response;
  }

  /** Writes one PDU and records it. */
  send(draft: Draft): void {
    this.sendOctets(encode(draft));
  }

  /** Writes several PDUs in one write. */
  sendTogether(drafts: readonly Draft[]): void {
    if (!this.isOpen) return;
    const encoded = drafts.map(encode);
    // A cut that was ordered falls between PDUs, so they go one by one.
    if (this.#events.wire.cutPlan.isSet) {
      for (const octets of encoded) this.sendOctets(octets);
      return;
    }
    for (const octets of encoded) this.#recordOut(octets, octets.length);
    this.#link.write(Buffer.concat(encoded));
    for (const octets of encoded) this.#noteAnswer(octets);
  }

  /** Writes octets as they are, as one PDU of the count; only the first `inside` of them, then the link is the caller's to cut. */
  sendOctets(octets: Buffer, inside = octets.length): void {
    const written = inside < octets.length ? inside : this.#link.writePdu(octets);
    if (inside < octets.length) this.#link.write(octets.subarray(0, inside));
    if (written === 0) return;
    this.#recordOut(octets, written);
    this.#noteAnswer(octets);
  }

  garbage(kind: Garbage): void {
    this.sendOctets(garbageOctets(kind));
  }

  cut(how: Cut): void {
    this.#link.cut(how);
  }

  destroy(): void {
    this.#link.destroy();
  }

  #recordOut(octets: Buffer, written: number): void {
    this.#record("out", octets, written, readable(octets));
  }

  #record(direction: "in" | "out", octets: Buffer, written: number, read: Pdu | Unreadable): void {
    const isPdu = !(read instanceof Unreadable);
    this.#events.record({
      ...{ session: this.id, direction, at: this.#events.clock.now(), octets: Buffer.from(octets), written },
      ...{ pdu: isPdu ? read : null, error: isPdu ? null : read.message },
    });
  }

  #noteAnswer(octets: Buffer): void {
    if (octets.length < 16) return;
    const { id, sequence } = decodeHeader(octets);
    if (id >= RESPONSE) this.#events.answered(this, sequence);
  }

  #read(octets: Buffer): void {
    const header = decodeHeader(octets);
    const read = readable(octets);
    this.#record("in", octets, octets.length, read);
    const command = commandOf(header.id);
    if (header.id < RESPONSE && (header.sequence === 0 || header.sequence > 0x7fff_ffff)) {
      this.#events.complain(`${command} has the sequence number ${header.sequence}`);
    }
    if (read instanceof Unreadable) {
      this.#refuse(header, read.status);
      return;
    }
    if (command === null) {
      this.#refuse(header, "ESME_RINVCMDID");
      return;
    }
    if (header.id >= RESPONSE) {
      this.#answered(read);
      return;
    }
    if (header.status !== 0) this.#events.complain(`${command} has the status ${header.status}`);
    this.#events.request(this, read);
  }

  #answered(pdu: Pdu): void {
    const found = this.#waiting.get(pdu.sequence);
    const fits =
      found !== undefined && (pdu.id === COMMANDS.generic_nack || pdu.id === COMMANDS[found.command] + RESPONSE);
    if (!fits) {
      this.#events.complain(`${pdu.command} ${pdu.sequence} answers nothing that was asked`);
      return;
    }
    if (pdu.command === "deliver_sm_resp" && pdu.fields.message_id !== undefined && pdu.fields.message_id !== "") {
      this.#events.complain("deliver_sm_resp has a message_id, which is to be empty");
    }
    this.#waiting.delete(pdu.sequence);
    found.answer(pdu);
  }

  /** A request whose body is broken gets its own response; an unknown id or a bad length a generic_nack. */
  #refuse(header: Header, status: Status): void {
    const command = commandOf(header.id);
    if (header.id >= RESPONSE) {
      this.#events.complain(`${command ?? "an unknown response"} can't be read: ${status}`);
      return;
    }
    const isKnown = command !== null && `${command}_resp` in COMMANDS && status !== "ESME_RINVCMDLEN";
    const answer = isKnown ? (`${command}_resp` as Command) : "generic_nack";
    this.send({ command: answer, status: statusValue(status), sequence: header.sequence });
  }

  #refuseLength(header: Header, octets: Buffer): void {
    this.#record("in", octets, octets.length, new Unreadable("ESME_RINVCMDLEN", `command_length is ${header.length}`));
    this.send({ command: "generic_nack", status: statusValue("ESME_RINVCMDLEN"), sequence: 0 });
    // Where the next PDU starts is anyone's guess.
    this.cut("fin");
  }

  #closed(): void {
    this.state = "closed";
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { answer } of waiting) answer(null);
    this.#events.closed(this);
  }
}

function readable(octets: Buffer): Pdu | Unreadable {
  try {
    if (octets.length < 16) throw new Unreadable("ESME_RINVCMDLEN", "shorter than a header");
    return decode(octets);
  } catch (error) {
    if (error instanceof Unreadable) return error;
    throw error;
  }
}
