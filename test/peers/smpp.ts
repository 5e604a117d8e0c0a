/**
 * A carrier on loopback, played by the server of the npm package `smpp`, which reads and writes PDUs by code that is not
 * ours. What it can't be made to do (broken bytes, half a PDU, silence in the wrong place) does `smpp-raw.ts`.
 */
import type { AddressInfo, Server } from "node:net";

/** A PDU as the package has it: the fields of the command under their names in the standard, and its own few. */
export interface PeerPdu {
  readonly command: string;
  readonly command_status: number;
  readonly sequence_number: number;
  // biome-ignore lint/suspicious/noExplicitAny: the package is untyped, and each command has other fields
  readonly [field: string]: any;
  response(fields?: object): PeerPdu;
  toBuffer(): Buffer;
}

interface PeerSession {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  on(event: string, listener: (argument: any) => void): void;
  send(pdu: PeerPdu, onResponse?: (pdu: PeerPdu) => void): boolean;
  deliver_sm(fields: object, onResponse?: (pdu: PeerPdu) => void): boolean;
  data_sm(fields: object, onResponse?: (pdu: PeerPdu) => void): boolean;
  enquire_link(onResponse: (pdu: PeerPdu) => void): boolean;
  unbind(onResponse: (pdu: PeerPdu) => void): boolean;
  readonly socket: { destroy(): void; readonly destroyed: boolean };
}

interface Package {
  PDU: { new (command: string | Buffer, fields?: object): PeerPdu; maxLength: number };
  createServer(options: object, listener: (session: PeerSession) => void): Server;
  readonly encodings: Readonly<Record<string, { encode(text: string): Buffer; decode(octets: Buffer): string }>>;
}

export const smppPackage: Package = require("smpp");
smppPackage.PDU.maxLength = 80_000;

export interface BindPdu {
  readonly command: string;
  readonly system_id: string;
  readonly password: string;
  readonly system_type: string;
  readonly interface_version: number;
}

/** A submit_sm as it came. `text` is decoded by the package. */
export interface Taken {
  readonly pdu: PeerPdu;
  readonly text: string;
  /** The elements of the user data header, or empty. */
  readonly udh: readonly Buffer[];
  readonly messageId: string;
}

export type Reaction =
  | { readonly kind: "take"; readonly messageId?: string }
  | { readonly kind: "refuse"; readonly status: number }
  /** No answer, neither taken nor refused; or taken and no answer. */
  | { readonly kind: "silent"; readonly isTaken?: boolean }
  /** The link is cut; `isTaken` says whether after it was taken. */
  | { readonly kind: "drop"; readonly isTaken: boolean };

export interface SmscOptions {
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca?: string; readonly requestCert?: boolean };
  /** What is done with the nth submission, from 0. Default: it is taken. */
  readonly react?: (pdu: PeerPdu, n: number) => Reaction;
  /** The status of the nth bind. Default: 0. */
  readonly bindStatus?: (n: number, pdu: PeerPdu) => number;
  /** Called before a submission is answered. */
  readonly beforeAnswer?: (messageId: string, smsc: Smsc) => void;
}

export class Smsc {
  readonly binds: BindPdu[] = [];
  readonly taken: Taken[] = [];
  readonly unbinds: string[] = [];
  /** Every submission that came, taken or not. */
  submissions = 0;
  enquiries = 0;
  readonly #server: Server;
  readonly #options: SmscOptions;
  readonly #sessions = new Map<PeerSession, string>();
  #watchers: (() => void)[] = [];
  #connections = 0;

  static async start(options: SmscOptions = {}): Promise<Smsc> {
    const smsc = new Smsc(options);
    await new Promise<void>((resolve) => smsc.#server.listen(0, "127.0.0.1", resolve));
    return smsc;
  }

  private constructor(options: SmscOptions) {
    this.#options = options;
    const tls = options.tls === undefined ? {} : { rejectUnauthorized: options.tls.requestCert, ...options.tls };
    this.#server = smppPackage.createServer(tls, (session) => this.#serve(session));
    this.#server.on("tlsClientError", () => {});
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `${this.#options.tls === undefined ? "smpp" : "ssmpp"}://127.0.0.1:${port}`;
  }

  /** Connections that were ever made. */
  get connections(): number {
    return this.#connections;
  }

  /** Sessions that are bound now. */
  get bound(): number {
    return this.#sessions.size;
  }

  /** Resolves once it holds; looked at whenever something has come. */
  async until(holds: (smsc: Smsc) => boolean): Promise<void> {
    while (!holds(this)) await new Promise<void>((resolve) => this.#watchers.push(resolve));
  }

  /** Brings a message to the client and resolves with its answer. */
  deliver(fields: object, command: "deliver_sm" | "data_sm" = "deliver_sm"): Promise<PeerPdu> {
    return new Promise((resolve) => this.#receiver()[command](fields, resolve));
  }

  enquire(): Promise<PeerPdu> {
    return new Promise((resolve) => this.#receiver().enquire_link(resolve));
  }

  unbind(): Promise<PeerPdu> {
    return new Promise((resolve) => this.#receiver().unbind(resolve));
  }

  /** Cuts every link. */
  drop(): void {
    for (const session of [...this.#sessions.keys()]) session.socket.destroy();
  }

  async stop(): Promise<void> {
    this.drop();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #receiver(): PeerSession {
    for (const [session, command] of this.#sessions) if (command !== "bind_transmitter") return session;
    throw new Error("nobody is bound to take messages");
  }

  #changed(): void {
    for (const watcher of this.#watchers.splice(0)) watcher();
  }

  #serve(session: PeerSession): void {
    this.#connections++;
    session.on("error", () => {});
    session.on("close", () => {
      this.#sessions.delete(session);
      this.#changed();
    });
    for (const command of ["bind_transceiver", "bind_transmitter", "bind_receiver"]) {
      session.on(command, (pdu) => {
        const status = this.#options.bindStatus?.(this.binds.length, pdu) ?? 0;
        this.binds.push(pdu);
        session.send(pdu.response({ command_status: status, system_id: "carrier" }));
        if (status === 0) this.#sessions.set(session, command);
        this.#changed();
      });
    }
    session.on("unbind", (pdu) => {
      this.unbinds.push(this.#sessions.get(session) ?? "unbound");
      session.send(pdu.response());
      this.#changed();
    });
    session.on("enquire_link", (pdu) => {
      this.enquiries++;
      session.send(pdu.response());
      this.#changed();
    });
    session.on("submit_sm", (pdu) => this.#submitted(session, pdu));
    this.#changed();
  }

  #submitted(session: PeerSession, pdu: PeerPdu): void {
    const reaction = this.#options.react?.(pdu, this.submissions) ?? { kind: "take" };
    this.submissions++;
    if (reaction.kind === "take" || (reaction.kind !== "refuse" && reaction.isTaken === true)) {
      const messageId = (reaction.kind === "take" ? reaction.messageId : undefined) ?? `m${this.taken.length + 1}`;
      const content = pdu.message_payload ?? pdu.short_message;
      this.taken.push({ pdu, text: content.message, udh: content.udh ?? [], messageId });
      this.#options.beforeAnswer?.(messageId, this);
      if (reaction.kind === "take") session.send(pdu.response({ message_id: messageId }));
    }
    if (reaction.kind === "refuse") session.send(pdu.response({ command_status: reaction.status }));
    if (reaction.kind === "drop") session.socket.destroy();
    this.#changed();
  }
}
