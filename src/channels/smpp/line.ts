/**
 * One connection to the carrier: opened, bound, tried now and then, unbound (SMPP 3.4, sections 2.2 and 2.9).
 */
import type { Socket } from "node:net";
import { afterLong, type Clock } from "../../platform/clock.ts";
import type { SmppConfig } from "../../platform/config/smpp.ts";
import { type Answer, Answers } from "./answers.ts";
import { Frames } from "./frames.ts";
import { type Body, decode, encode, type Pdu, type Tlv } from "./pdu.ts";
import { explain, open } from "./socket.ts";
import { STATUS } from "./status.ts";

export type Role = "transceiver" | "transmitter" | "receiver";

/** Why a line ended. `status` is the carrier's answer to the bind, where that was it. */
export interface End {
  readonly why: string;
  readonly status: number | null;
}

export interface LineEvents {
  onBound(): void;
  /** A message for us; the status for the answer. Rejecting asks the carrier to bring it again. */
  onMessage(message: Pdu<"deliver_sm" | "data_sm">): Promise<number>;
  /** The answer to such a message was written, or could not be. */
  onAnswered(message: Pdu<"deliver_sm" | "data_sm">, isWritten: boolean): void;
  /** It is over, for whatever reason. Called once. */
  onGone(end: End): void;
}

/** Messages for us that are worked on at once; above it the carrier has to wait. */
const MOST_HANDLED = 64;
/** Octets that wait to be sent; above it nothing is read, since a carrier that reads no answers gets no more of them. */
const MOST_UNSENT = 64 * 1024;
const UNBIND_WITHIN_MS = 3_000;
const ANSWERS_WITHIN_MS = 5_000;
const LAST_SEQUENCE = 0x7fffffff;

const BIND = {
  transceiver: "bind_transceiver",
  transmitter: "bind_transmitter",
  receiver: "bind_receiver",
} as const;

export class Line {
  readonly #config: SmppConfig;
  readonly #clock: Clock;
  readonly #role: Role;
  readonly #events: LineEvents;
  readonly #socket: Socket;
  readonly #frames = new Frames();
  readonly #answers: Answers;
  readonly #closed = Promise.withResolvers<void>();
  #onUnbound = () => {};
  #stopTimer: () => void;
  #stopEnquiry = () => {};
  #sequence = 0;
  #bindSequence = 0;
  #handled = 0;
  #isClogged = false;
  #state: "opening" | "bound" | "closing" | "gone" = "opening";

  constructor(config: SmppConfig, clock: Clock, role: Role, events: LineEvents) {
    this.#config = config;
    this.#clock = clock;
    this.#role = role;
    this.#events = events;
    this.#answers = new Answers(clock, config.timeoutSeconds, () => {
      // Perhaps nobody is there any more.
      if (this.#state === "bound") this.#enquire();
    });
    this.#stopTimer = afterLong(clock, this.#timeoutMs, () => this.#end("no answer to the bind"));
    const { socket, ready } = open(config);
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.once(ready, () => this.#bind());
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("drain", () => {
      this.#isClogged = false;
      this.#readOn();
    });
    socket.on("error", (error) => this.#end(explain(error)));
    socket.on("end", () => this.#end("closed by the carrier"));
    socket.on("close", () => {
      this.#end("closed by the carrier");
      this.#closed.resolve();
    });
  }

  get isBound(): boolean {
    return this.#state === "bound";
  }

  /** Sends a submission. `onLate` is told the answer if it comes after it was given up. */
  submit(body: Body<"submit_sm">, tlvs: readonly Tlv[], onLate: (answer: Answer) => void): Promise<Answer> {
    const sequence = this.#nextSequence();
    const answer = this.#answers.expect(sequence, onLate);
    if (!this.#write(encode("submit_sm", sequence, body, { tlvs }))) this.#answers.neverSent(sequence);
    return answer;
  }

  /** Waits for the answers that are due, unbinds, closes; each step for a while only. */
  async close(): Promise<void> {
    if (this.#state === "bound") {
      this.#state = "closing";
      await this.#within(ANSWERS_WITHIN_MS, (done) => this.#answers.whenEmpty(done));
      await this.#within(UNBIND_WITHIN_MS, (done) => {
        this.#onUnbound = done;
        this.#write(encode("unbind", this.#nextSequence(), {}));
      });
    }
    this.#end("closed by this side");
    await this.#closed.promise;
  }

  get #timeoutMs(): number {
    return this.#config.timeoutSeconds * 1000;
  }

  get #isGone(): boolean {
    return this.#state === "gone";
  }

  // Out

  #bind(): void {
    if (this.#isGone) return;
    const { systemId, password, systemType } = this.#config;
    const body = { systemId, password, systemType, interfaceVersion: 0x34, addrTon: 0, addrNpi: 0, addressRange: "" };
    this.#bindSequence = this.#nextSequence();
    this.#write(encode(BIND[this.#role], this.#bindSequence, body));
  }

  #nextSequence(): number {
    do this.#sequence = this.#sequence >= LAST_SEQUENCE ? 1 : this.#sequence + 1;
    while (this.#answers.isExpected(this.#sequence));
    return this.#sequence;
  }

  #write(frame: Buffer): boolean {
    if (this.#isGone || !this.#socket.writable) return false;
    this.#socket.write(frame);
    if (this.#socket.writableLength > MOST_UNSENT) {
      this.#isClogged = true;
      this.#socket.pause();
    }
    return true;
  }

  #answer(command: "deliver_sm_resp" | "data_sm_resp", sequence: number, status: number): boolean {
    // An answer to a message has a message id that must be empty (section 4.6.2).
    return this.#write(encode(command, sequence, { messageId: "" }, { status }));
  }

  /** The link is tried at an interval, so that nothing on the way takes it for idle; one that stays silent is dead. */
  #listen(): void {
    this.#stopTimer();
    this.#stopTimer = afterLong(this.#clock, this.#config.enquireLinkSeconds * 1000, () => this.#enquire());
  }

  #enquire(): void {
    this.#stopEnquiry();
    this.#stopEnquiry = afterLong(this.#clock, Math.min(this.#timeoutMs, this.#config.enquireLinkSeconds * 1000), () =>
      this.#end("silent"),
    );
    this.#write(encode("enquire_link", this.#nextSequence(), {}));
    this.#listen();
  }

  // In

  #read(chunk: Buffer): void {
    if (this.#isGone) return;
    this.#stopEnquiry();
    for (const frame of this.#frames.take(chunk)) {
      this.#handle(frame);
      if (this.#isGone) return;
    }
    if (!this.#frames.isBroken) return;
    this.#write(encode("generic_nack", 0, {}, { status: STATUS.invalidCommandLength }));
    this.#end("the carrier sent an impossible length");
  }

  #handle(frame: Buffer): void {
    const pdu = decode(frame);
    switch (pdu.command) {
      case null:
        this.#refuse(pdu.commandId, pdu.sequence, pdu.status);
        break;
      case "bind_transceiver_resp":
      case "bind_transmitter_resp":
      case "bind_receiver_resp":
        this.#boundAs(pdu);
        break;
      case "submit_sm_resp":
        this.#answers.take(pdu.sequence, pdu.status, pdu.body.messageId);
        break;
      case "generic_nack":
        this.#nacked(pdu);
        break;
      case "enquire_link":
        this.#write(encode("enquire_link_resp", pdu.sequence, {}));
        break;
      case "unbind":
        this.#write(encode("unbind_resp", pdu.sequence, {}));
        this.#end("unbound by the carrier");
        break;
      case "unbind_resp":
        this.#onUnbound();
        break;
      case "deliver_sm":
      case "data_sm":
        void this.#take(pdu);
        break;
      case "enquire_link_resp":
      case "deliver_sm_resp":
      case "data_sm_resp":
        break;
      default:
        // Commands that only a client sends.
        this.#refuse(0, pdu.sequence, STATUS.invalidCommandId);
    }
  }

  /** Answers what can't be read or has no place here. A response is never answered. */
  #refuse(commandId: number, sequence: number, status: number): void {
    if (commandId >= 0x80000000) return;
    if (commandId === 0x05) this.#answer("deliver_sm_resp", sequence, status);
    else if (commandId === 0x103) this.#answer("data_sm_resp", sequence, status);
    // alert_notification and outbind have no answer (sections 4.12.1 and 4.1.7).
    else if (commandId !== 0x102 && commandId !== 0x0b) this.#write(encode("generic_nack", sequence, {}, { status }));
  }

  #boundAs({ status, sequence }: { readonly status: number; readonly sequence: number }): void {
    if (this.#state !== "opening" || sequence !== this.#bindSequence) return;
    if (status !== STATUS.ok) {
      this.#end("the bind was refused", status);
      return;
    }
    this.#state = "bound";
    this.#listen();
    this.#events.onBound();
  }

  #nacked({ sequence, status }: Pdu<"generic_nack">): void {
    if (this.#state === "opening" && sequence === this.#bindSequence) this.#end("the bind was refused", status);
    else this.#answers.take(sequence, status === STATUS.ok ? STATUS.systemError : status, "");
  }

  async #take(message: Pdu<"deliver_sm" | "data_sm">): Promise<void> {
    const response = `${message.command}_resp` as const;
    if (this.#state === "opening") {
      this.#answer(response, message.sequence, STATUS.wrongBindState);
      return;
    }
    if (++this.#handled >= MOST_HANDLED) this.#socket.pause();
    let status: number = STATUS.tryAgain;
    try {
      status = await this.#events.onMessage(message);
    } catch {
      // What could not be recorded is worth bringing again.
    }
    this.#handled--;
    this.#readOn();
    this.#events.onAnswered(message, this.#answer(response, message.sequence, status));
  }

  #readOn(): void {
    if (this.#handled < MOST_HANDLED && !this.#isClogged) this.#socket.resume();
  }

  // The end

  #end(why: string, status: number | null = null): void {
    if (this.#isGone) return;
    // The last words are still written; a carrier that does not read them is not waited for.
    this.#state = "gone";
    this.#stopTimer();
    this.#stopEnquiry();
    this.#socket.end();
    const cancel = this.#clock.after(UNBIND_WITHIN_MS, () => this.#socket.destroy());
    void this.#closed.promise.then(cancel);
    if (this.#socket.connecting) this.#socket.destroy();
    this.#answers.giveUpAll("the connection to the carrier broke before it answered");
    this.#onUnbound();
    this.#events.onGone({ why, status });
  }

  #within(milliseconds: number, start: (done: () => void) => void): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = afterLong(this.#clock, milliseconds, resolve);
    start(() => {
      cancel();
      resolve();
    });
    return promise;
  }
}
