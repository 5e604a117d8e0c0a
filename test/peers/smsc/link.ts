/** One connection as octets: whole PDUs in, octets out in one write or in pieces, and every way to lose it. */
import type { Socket } from "node:net";
import type { Cut } from "./behaviour.ts";
import { decodeHeader, HEADER_SIZE, type Header } from "./pdu.ts";

/** Where the link is to be cut, counted in PDUs of both directions over all links; used up by the first cut. */
export class CutPlan {
  #left = 0;
  #inside: number | null = null;
  #how: Cut | null = null;

  /** After `pdus` more PDUs, or so many octets into the one after them. */
  set(pdus: number, inside: number | null, how: Cut): void {
    this.#left = pdus;
    this.#inside = inside;
    this.#how = how;
  }

  /** The octets of the next PDU that may still pass when the cut lies inside it. */
  inside(): { readonly octets: number; readonly how: Cut } | null {
    if (this.#how === null || this.#left > 0 || this.#inside === null) return null;
    return { octets: this.#inside, how: this.#how };
  }

  /** Counts one PDU; says how to cut when the boundary after it is the one. Zero PDUs are passed at the start. */
  pass(count: 0 | 1): Cut | null {
    if (this.#how === null) return null;
    this.#left -= count;
    return this.#left <= 0 && this.#inside === null ? this.#how : null;
  }

  get isSet(): boolean {
    return this.#how !== null;
  }

  /** The plan is carried out. */
  done(): void {
    this.#how = null;
  }
}

export interface Wire {
  /** The size of the pieces that answers are written in; null for one write. */
  pieces: number | null;
  readonly cutPlan: CutPlan;
}

export interface LinkEvents {
  /** Headers of all whole PDUs of one read, before the first is handled. */
  readonly arrived: (headers: readonly Header[]) => void;
  readonly pdu: (octets: Buffer) => void;
  /** A length that can't be one. */
  readonly badLength: (header: Header, octets: Buffer) => void;
  readonly closed: () => void;
}

/** Longer than any PDU that an ESME has cause to send (a message_payload holds at most 64 K). */
const LONGEST_PDU = 70_000;

export class Link {
  readonly #socket: Socket;
  readonly #wire: Wire;
  readonly #events: LinkEvents;
  #unread = Buffer.alloc(0);
  #announced = 0;
  readonly #queue: Buffer[] = [];
  #writing = false;
  #ending: Cut | null = null;
  /** Says and hears nothing any more. */
  #mute = false;
  #open = true;

  constructor(socket: Socket, wire: Wire, events: LinkEvents) {
    this.#socket = socket;
    this.#wire = wire;
    this.#events = events;
    socket.setNoDelay(true);
    socket.on("data", (octets: Buffer) => this.#read(octets));
    // A reset from the other side is what many tests are about; "close" follows.
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#open = false;
      events.closed();
    });
    socket.on("end", () => {
      if (!this.#mute) socket.end();
    });
  }

  get isOpen(): boolean {
    return this.#open && !this.#mute;
  }

  /** Writes one PDU, which counts for the cut plan. Returns how many octets of it go out. */
  writePdu(octets: Buffer): number {
    if (!this.isOpen) return 0;
    const { cutPlan } = this.#wire;
    const inside = cutPlan.inside();
    if (inside !== null) {
      const passed = Math.min(inside.octets, octets.length);
      cutPlan.done();
      this.write(octets.subarray(0, passed));
      this.cut(inside.how);
      return passed;
    }
    this.write(octets);
    const how = cutPlan.pass(1);
    if (how !== null) this.#carryOut(how);
    return octets.length;
  }

  write(octets: Buffer): void {
    if (!this.isOpen || octets.length === 0) return;
    const size = this.#wire.pieces ?? octets.length;
    for (let at = 0; at < octets.length; at += size) this.#queue.push(octets.subarray(at, at + size));
    this.#pump();
  }

  /** Loses the link after what is queued has gone out. */
  cut(how: Cut): void {
    if (!this.isOpen) return;
    this.#mute = true;
    this.#ending = how;
    this.#pump();
  }

  /** Closes at once, whatever is queued. */
  destroy(): void {
    this.#mute = true;
    this.#socket.destroy();
  }

  #pump(): void {
    if (this.#writing) return;
    const piece = this.#queue.shift();
    if (piece === undefined) {
      this.#finish();
      return;
    }
    this.#writing = true;
    this.#socket.write(piece, () => {
      // The next piece leaves in a packet of its own.
      setImmediate(() => {
        this.#writing = false;
        this.#pump();
      });
    });
  }

  #finish(): void {
    if (this.#ending === "rst") this.#socket.resetAndDestroy();
    if (this.#ending === "fin") this.#socket.end();
    this.#ending = null;
  }

  #carryOut(how: Cut): void {
    this.#wire.cutPlan.done();
    this.cut(how);
  }

  #read(octets: Buffer): void {
    if (!this.isOpen) return;
    this.#unread = Buffer.concat([this.#unread, octets]);
    this.#announce();
    while (this.isOpen && this.#unread.length > 0) {
      const inside = this.#wire.cutPlan.inside();
      if (inside !== null && this.#unread.length >= Math.min(inside.octets, this.#nextLength() ?? inside.octets)) {
        this.#carryOut(inside.how);
        return;
      }
      if (this.#unread.length < HEADER_SIZE) return;
      const header = decodeHeader(this.#unread);
      if (isBad(header)) {
        this.#events.badLength(header, this.#unread);
        return;
      }
      if (this.#unread.length < header.length) return;
      const pdu = this.#unread.subarray(0, header.length);
      this.#unread = this.#unread.subarray(header.length);
      this.#announced -= header.length;
      const how = this.#wire.cutPlan.pass(1);
      if (how === null) {
        this.#events.pdu(pdu);
        continue;
      }
      // The PDU came in whole, so it is acted on; its answer comes too late.
      this.#wire.cutPlan.done();
      this.#mute = true;
      this.#events.pdu(pdu);
      this.#mute = false;
      this.cut(how);
    }
  }

  #nextLength(): number | null {
    return this.#unread.length < 4 ? null : this.#unread.readUInt32BE(0);
  }

  #announce(): void {
    const headers: Header[] = [];
    while (this.#unread.length - this.#announced >= HEADER_SIZE) {
      const header = decodeHeader(this.#unread.subarray(this.#announced));
      if (isBad(header) || this.#unread.length - this.#announced < header.length) break;
      headers.push(header);
      this.#announced += header.length;
    }
    if (headers.length > 0) this.#events.arrived(headers);
  }
}

function isBad({ length }: Header): boolean {
  return length < HEADER_SIZE || length > LONGEST_PDU;
}
