/** The SMSC behind `startSmsc`: connections let in or turned away, and the wiring between its rooms. */

import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { type Clock, systemClock } from "../../../src/platform/clock.ts";
import { PATIENCE_MS } from "../../support/eventually.ts";
import type { Smsc, SmscOptions } from "../smsc.ts";
import { Arrivals } from "../twilio/arrivals.ts";
import { type Aim, type Cut, type SmscBehaviour, SmscScript } from "./behaviour.ts";
import { Deliveries, type Delivery } from "./deliveries.ts";
import { Inbox, type SmscMessage, type SmscPart } from "./inbox.ts";
import { CutPlan } from "./link.ts";
import { addresses, type MobileMessage, mobileOriginated } from "./mobile.ts";
import { isAsked, type ReceiptShape, receiptBody } from "./receipt.ts";
import { Responder, type ResponderSettings } from "./responder.ts";
import { type PduRecord, type SessionEvents, SmscSession } from "./session.ts";
import { Throughput } from "./throughput.ts";
import { COMMANDS, type Command } from "./vocabulary.ts";

export class RunningSmsc implements Smsc {
  port = 0;
  connections = 0;
  readonly sessions: SmscSession[] = [];
  readonly complaints: string[] = [];
  readonly #options: SmscOptions;
  readonly #clock: Clock;
  readonly #wire = { pieces: null as number | null, cutPlan: new CutPlan() };
  readonly #script: SmscScript;
  readonly #inbox = new Inbox(systemClock);
  readonly #throughput = new Throughput();
  readonly #records = new Arrivals<PduRecord>(systemClock, "PDU");
  readonly #bound = new Arrivals<SmscSession>(systemClock, "bound session");
  readonly #closed = new Arrivals<SmscSession>(systemClock, "closed session");
  readonly #sockets = new Set<Socket>();
  readonly #deliveries: Deliveries;
  readonly #responder: Responder;
  readonly #events: SessionEvents;
  #server: Server | null = null;
  #reference = 0;

  constructor(options: SmscOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#script = new SmscScript(this.#clock);
    const deliverySettings = { window: 10, retryAfter: 1000, responseTimeout: 30_000, ...options.deliveries };
    this.#deliveries = new Deliveries(this.sessions, deliverySettings, this.#clock);
    this.#responder = new Responder(settingsOf(options), {
      ...{ clock: this.#clock, script: this.#script, inbox: this.#inbox, throughput: this.#throughput },
      settle: (part) => this.#settle(part),
      receipt: (part, shape) => void this.#addReceipts(part, shape),
      bound: () => this.#announceBound(),
      complain: (complaint) => this.complaints.push(complaint),
    });
    this.#events = this.#sessionEvents();
  }

  get url(): string {
    return `${this.#options.tls === undefined ? "smpp" : "smpps"}://127.0.0.1:${this.port}`;
  }

  get parts(): readonly SmscPart[] {
    return this.#inbox.parts;
  }

  get messages(): readonly SmscMessage[] {
    return this.#inbox.messages.all;
  }

  get records(): readonly PduRecord[] {
    return this.#records.all;
  }

  get deliveries(): readonly Delivery[] {
    return this.#deliveries.all;
  }

  get held(): number {
    return this.#responder.held;
  }

  get outstanding(): number {
    return this.#throughput.outstanding;
  }

  get mostOutstanding(): number {
    return this.#throughput.mostOutstanding;
  }

  mostWithin(milliseconds = 1000): number {
    return this.#throughput.most(milliseconds);
  }

  accepted(text: string): number {
    return this.messages.filter((message) => message.text === text).length;
  }

  incomplete(): readonly SmscPart[] {
    return this.#inbox.incomplete();
  }

  nextMessage({ to, text }: { to?: string; text?: string } = {}, timeout = PATIENCE_MS): Promise<SmscMessage> {
    return this.#inbox.messages.next(
      (message) => (to === undefined || message.to === to) && (text === undefined || message.text === text),
      timeout,
    );
  }

  nextPdu(wanted: { command?: Command; direction?: "in" | "out" } = {}, timeout = PATIENCE_MS): Promise<PduRecord> {
    const { command, direction = "in" } = wanted;
    return this.#records.next(
      (record) => record.direction === direction && (command === undefined || record.pdu?.command === command),
      timeout,
    );
  }

  nextBound(timeout = PATIENCE_MS): Promise<SmscSession> {
    return this.#bound.next(() => true, timeout);
  }

  nextClosed(timeout = PATIENCE_MS): Promise<SmscSession> {
    return this.#closed.next(() => true, timeout);
  }

  behave(behaviour: SmscBehaviour, aim: Aim = {}): void {
    this.#script.add(behaviour, aim);
  }

  behaveWell(): void {
    this.#script.clear();
    this.#wire.pieces = null;
    this.#wire.cutPlan.done();
  }

  flush(): void {
    this.#responder.flush();
  }

  answerInPieces(octets: number | null): void {
    this.#wire.pieces = octets;
  }

  dropAt(pdus: number, { inside, how = "rst" }: { inside?: number; how?: Cut } = {}): void {
    this.#wire.cutPlan.set(pdus, inside ?? null, how);
    if (this.sessions.some(({ isOpen }) => isOpen)) this.#cutAtStart();
  }

  drop(how: Cut): void {
    for (const session of this.sessions) session.cut(how);
  }

  async refuseConnections(milliseconds?: number): Promise<void> {
    const server = this.#server;
    this.#server = null;
    // Only what listens is closed; the callback would wait for the links too.
    server?.close();
    if (milliseconds !== undefined) this.#clock.after(milliseconds, () => void this.acceptConnections());
  }

  async acceptConnections(): Promise<void> {
    if (this.#server !== null) return;
    const { tls } = this.#options;
    const onSocket = (socket: Socket): void => this.#connect(socket);
    const server =
      tls === undefined
        ? createServer({ allowHalfOpen: true }, onSocket)
        : createTlsServer({ key: tls.key, cert: tls.cert, allowHalfOpen: true }, onSocket);
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.port, "127.0.0.1", resolve);
    });
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the SMSC has no port");
    this.port = address.port;
  }

  receipt(part: SmscPart, shape: ReceiptShape = {}): Promise<readonly Delivery[]> {
    return settled(this.#addReceipts(part, shape));
  }

  reply(message: MobileMessage): Promise<readonly Delivery[]> {
    const drafts = mobileOriginated(message, () => ++this.#reference);
    return settled(drafts.map((draft) => this.#deliveries.add("mobile-originated", draft)));
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    for (const arrivals of [this.#records, this.#bound, this.#closed, this.#inbox.messages]) arrivals.close();
    this.#deliveries.stop();
    const closed = new Promise<void>((resolve) => (server === null ? resolve() : server.close(() => resolve())));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #connect(socket: Socket): void {
    this.connections += 1;
    const { mostConnections = Number.POSITIVE_INFINITY } = this.#options;
    if (this.#sockets.size >= mostConnections) {
      socket.on("error", () => {});
      socket.resetAndDestroy();
      return;
    }
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    this.sessions.push(new SmscSession(this.sessions.length + 1, socket, this.#events));
    this.#cutAtStart();
  }

  /** A cut after no PDU at all. */
  #cutAtStart(): void {
    const how = this.#wire.cutPlan.pass(0);
    if (how === null) return;
    this.#wire.cutPlan.done();
    this.drop(how);
  }

  #announceBound(): void {
    for (const session of this.sessions) {
      const isBound = session.submits || session.receives;
      if (isBound && !this.#bound.all.includes(session)) this.#bound.add(session);
    }
    this.#deliveries.pump();
  }

  #settle(part: SmscPart): void {
    const { receipts } = this.#options;
    if (receipts !== undefined && isAsked(part, receipts.state ?? "DELIVRD")) this.#addReceipts(part, receipts);
  }

  #addReceipts(part: SmscPart, shape: ReceiptShape): readonly Delivery[] {
    const { state = "DELIVRD", unasked = false, copies = 1 } = shape;
    if (!unasked && !isAsked(part, state)) throw new Error(`no ${state} receipt was asked for with ${part.messageId}`);
    const { esmClass, text, tlvs } = receiptBody(part, shape, this.#clock.now());
    const fields = {
      // Back from whom it went to, to whom it came from.
      ...addresses(part.to, part.from),
      ...{ esm_class: esmClass, short_message: Buffer.from(text, "latin1") },
    };
    return Array.from({ length: copies }, () =>
      this.#deliveries.add("receipt", { command: "deliver_sm", fields, tlvs }),
    );
  }

  #sessionEvents(): SessionEvents {
    return {
      ...{ clock: this.#clock, wire: this.#wire },
      record: (record) => this.#records.add(record),
      arrived: ({ id }, headers) => {
        for (const header of headers) {
          if (header.id !== COMMANDS.submit_sm || this.#throughput.arrived(id, header.sequence)) continue;
          this.complaints.push(`submit_sm ${header.sequence} has the sequence number of one that waits for its answer`);
        }
      },
      request: (session, pdu) => this.#responder.answer(session, pdu),
      answered: ({ id }, sequence) => this.#throughput.answered(id, sequence),
      complain: (complaint) => this.complaints.push(complaint),
      closed: (session) => {
        this.#throughput.closed(session.id);
        this.#closed.add(session);
      },
    };
  }
}

function settled(deliveries: readonly Delivery[]): Promise<readonly Delivery[]> {
  const all = Promise.all(deliveries.map((delivery) => delivery.settled)).then(() => deliveries);
  // A test that does not wait for it is not failed by the stop.
  all.catch(() => {});
  return all;
}

function settingsOf(options: SmscOptions): ResponderSettings {
  const { systemId, password, bindRefusal = "precise", hangsUpOnRefusedBind = false } = options;
  const { messageIds = "decimal", firstMessageId = 0x1a2b_3c4d, limits = {} } = options;
  return {
    ...{ systemId, password, bindRefusal, hangsUpOnRefusedBind, messageIds, firstMessageId },
    limits: { dataCodings: [0, 3, 8], messagePayload: true, splitsLongMessages: false, ...limits },
    ...{ window: options.window ?? null, rate: options.rate ?? null },
  };
}
