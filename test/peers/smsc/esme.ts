/** The plainest ESME, for the SMSC's own tests: a socket, and PDUs as they come. */

import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { systemClock } from "../../../src/platform/clock.ts";
import { PATIENCE_MS } from "../../support/eventually.ts";
import { Arrivals } from "../twilio/arrivals.ts";
import { type Draft, decode, encode, type Fields, type Pdu } from "./pdu.ts";
import { type Command, type Status, statusOf } from "./vocabulary.ts";

export class Esme {
  /** Every read of the socket as it came. */
  readonly reads: Buffer[] = [];
  /** Resolves to how the connection ended: `end`, or the error's code. */
  readonly ended: Promise<string>;
  readonly #pdus = new Arrivals<Pdu>(systemClock, "PDU");
  readonly #socket: Socket;
  #unread = Buffer.alloc(0);
  #sequence = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.ended = new Promise((resolve) => {
      socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
      socket.on("end", () => resolve("end"));
      socket.on("close", () => resolve("close"));
    });
    socket.on("data", (octets: Buffer) => this.#read(octets));
  }

  static async connect(port: number, ca?: string): Promise<Esme> {
    const [socket, ready] =
      ca === undefined
        ? [connect(port, "127.0.0.1"), "connect"]
        : [connectTls({ port, host: "127.0.0.1", ca }), "secureConnect"];
    const esme = new Esme(socket);
    await Promise.race([new Promise((resolve) => socket.once(ready, resolve)), esme.ended]);
    return esme;
  }

  /** Connected and bound. */
  static async bound(port: number, command: Command = "bind_transceiver", ca?: string): Promise<Esme> {
    const esme = await Esme.connect(port, ca);
    const status = await esme.bind(command);
    if (status !== "ESME_ROK") throw new Error(`the bind was answered ${status}`);
    return esme;
  }

  async bind(command: Command = "bind_transceiver", fields: Fields = {}): Promise<Status | string> {
    const account = { system_id: "pause", password: "secret08", interface_version: 0x34 };
    return statusOf((await this.ask({ command, fields: { ...account, ...fields } })).status);
  }

  /** Sends a request and waits for what comes with its sequence number. */
  ask(draft: Omit<Draft, "sequence">): Promise<Pdu> {
    const sequence = this.send(draft);
    return this.#pdus.next((pdu) => pdu.sequence === sequence && pdu.id >= 0x8000_0000, PATIENCE_MS);
  }

  /** Returns the sequence number. */
  send(draft: Omit<Draft, "sequence">): number {
    const sequence = ++this.#sequence;
    this.write(encode({ ...draft, sequence }));
    return sequence;
  }

  async submit(fields: Fields = {}, tlvs: Draft["tlvs"] = []): Promise<Status | string> {
    return statusOf((await this.ask(submission(fields, tlvs))).status);
  }

  next(command: Command): Promise<Pdu> {
    return this.#pdus.next((pdu) => pdu.command === command, PATIENCE_MS);
  }

  /** Answers a request of the SMSC. */
  answer(pdu: Pdu, status = 0): void {
    this.write(encode({ command: `${pdu.command}_resp` as Command, sequence: pdu.sequence, status }));
  }

  write(octets: Buffer): void {
    this.#socket.write(octets);
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(octets: Buffer): void {
    this.reads.push(Buffer.from(octets));
    this.#unread = Buffer.concat([this.#unread, octets]);
    while (this.#unread.length >= 16 && this.#unread.length >= Math.max(16, this.#unread.readUInt32BE(0))) {
      const length = this.#unread.readUInt32BE(0);
      if (length < 16) return;
      const pdu = this.#unread.subarray(0, length);
      this.#unread = this.#unread.subarray(length);
      try {
        this.#pdus.add(decode(pdu));
      } catch {
        // Garbage that was ordered; it stands in `reads`.
      }
    }
  }
}

/** A submit_sm that is taken, but for what is changed. */
export function submission(fields: Fields = {}, tlvs: Draft["tlvs"] = []): Omit<Draft, "sequence"> {
  const addressed = { source_addr_ton: 5, source_addr: "Pause", dest_addr_ton: 1, dest_addr_npi: 1 };
  const rest = { destination_addr: "15005550006", short_message: Buffer.from("Deploy?") };
  return { command: "submit_sm", fields: { ...addressed, ...rest, ...fields }, tlvs };
}
