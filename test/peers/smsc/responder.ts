/** What the SMSC answers: binds, submit_sm, enquire_link, and the trouble that was ordered for them. */
import type { Clock } from "../../../src/platform/clock.ts";
import type { SmscBehaviour, SmscScript } from "./behaviour.ts";
import { complaintAbout, type Limits } from "./check.ts";
import type { Inbox, SmscPart } from "./inbox.ts";
import { type Draft, encode, type Pdu, tlv } from "./pdu.ts";
import { type IdSpelling, type ReceiptShape, spellId } from "./receipt.ts";
import type { SmscSession } from "./session.ts";
import type { Throughput } from "./throughput.ts";
import { COMMANDS, type Command, STATUSES, type Status, statusValue, TLV } from "./vocabulary.ts";

export interface ResponderSettings {
  readonly systemId: string;
  readonly password: string;
  /** What a wrong system id or password is told; default ESME_RINVSYSID and ESME_RINVPASWD. */
  readonly bindRefusal: "precise" | "ESME_RBINDFAIL";
  readonly hangsUpOnRefusedBind: boolean;
  readonly messageIds: IdSpelling;
  readonly firstMessageId: number;
  readonly limits: Limits;
  /** submit_sm that may be unanswered at once; the next is ESME_RTHROTTLED. */
  readonly window: number | null;
  /** submit_sm that are taken in any second; the next is ESME_RTHROTTLED. */
  readonly rate: number | null;
}

export interface ResponderSurroundings {
  readonly clock: Clock;
  readonly script: SmscScript;
  readonly inbox: Inbox;
  readonly throughput: Throughput;
  /** Sends the receipts that are due by themselves. */
  readonly settle: (part: SmscPart) => void;
  readonly receipt: (part: SmscPart, shape: ReceiptShape) => void;
  /** A receiver was bound. */
  readonly bound: () => void;
  readonly complain: (complaint: string) => void;
}

export class Responder {
  readonly #settings: ResponderSettings;
  readonly #around: ResponderSurroundings;
  readonly #held: Held[] = [];
  #lastId: number;

  constructor(settings: ResponderSettings, around: ResponderSurroundings) {
    this.#settings = settings;
    this.#around = around;
    this.#lastId = settings.firstMessageId - 1;
  }

  answer(session: SmscSession, pdu: Pdu): void {
    const behaviour = this.#around.script.take(pdu) ?? { kind: "well" as const };
    this.#behave(behaviour, session, pdu);
  }

  /** Sends the answers that are held, also when they are fewer than were to be gathered. */
  flush(): void {
    const held = this.#held.splice(0);
    const last = held.at(-1)?.behaviour;
    const ordered = last?.order === "reversed" ? held.reverse() : held;
    if (last?.writes === "each") for (const { session, response } of ordered) session.send(response);
    else {
      for (const session of new Set(ordered.map((one) => one.session))) {
        session.sendTogether(ordered.filter((one) => one.session === session).map(({ response }) => response));
      }
    }
    for (const { part } of ordered) if (part !== null) this.#around.settle(part);
  }

  get held(): number {
    return this.#held.length;
  }

  #behave(behaviour: SmscBehaviour, session: SmscSession, pdu: Pdu): void {
    const { settle, clock } = this.#around;
    const response = `${pdu.command}_resp` as Command;
    const { sequence } = pdu;
    /** Acts on the PDU; what is to be answered, and what was accepted. */
    const act = (messageId?: string): Outcome => this.#act(session, pdu, messageId);
    const finish = ({ draft, part, after }: Outcome): void => {
      session.send(draft);
      if (part !== null) settle(part);
      after?.();
    };
    switch (behaviour.kind) {
      case "well":
        finish(act());
        return;
      case "message-id":
        finish(act(behaviour.messageId));
        return;
      case "refuse": {
        const fields = behaviour.body === true ? { fields: { message_id: "" } } : {};
        session.send({ command: response, status: statusValue(behaviour.status), sequence, ...fields });
        return;
      }
      case "nack":
        session.send({
          ...{ command: "generic_nack", status: statusValue(behaviour.status) },
          sequence: behaviour.sequence === "zero" ? 0 : sequence,
        });
        return;
      case "late": {
        const outcome = act();
        clock.after(behaviour.after, () => finish(outcome));
        return;
      }
      case "never": {
        const part = behaviour.accepted === false ? null : act().part;
        if (part !== null) settle(part);
        return;
      }
      case "gather": {
        const { draft, part } = act();
        this.#held.push({ session, response: draft, part, behaviour });
        if (this.#held.length >= behaviour.count) this.flush();
        return;
      }
      case "repeat": {
        const outcome = act();
        for (let copy = 1; copy < (behaviour.copies ?? 2); copy++) session.send(outcome.draft);
        finish(outcome);
        return;
      }
      case "receipt-first": {
        const { draft, part } = act();
        if (part !== null) this.#around.receipt(part, { unasked: true, ...behaviour.receipt });
        session.send(draft);
        return;
      }
      case "drop":
        this.#drop(behaviour, session, act);
        return;
      case "garbage": {
        const outcome = act();
        session.garbage(behaviour.garbage);
        if (behaviour.answered === true) {
          finish(outcome);
          return;
        }
        if (outcome.part !== null) settle(outcome.part);
        return;
      }
      case "unbind": {
        const part = behaviour.accepted === true ? act().part : null;
        if (part !== null) settle(part);
        void session.unbind();
      }
    }
  }

  #drop({ how, when }: Extract<SmscBehaviour, { kind: "drop" }>, session: SmscSession, act: () => Outcome): void {
    if (when === "before") {
      session.cut(how);
      return;
    }
    const { draft, part } = act();
    if (when !== "after") session.sendOctets(encode(draft), when.inside);
    session.cut(how);
    if (part !== null) this.#around.settle(part);
  }

  #act(session: SmscSession, pdu: Pdu, messageId?: string): Outcome {
    const { sequence } = pdu;
    const answer = (command: Command, status: Status = "ESME_ROK"): Outcome => ({
      draft: { command, status: STATUSES[status], sequence },
      part: null,
    });
    switch (pdu.command) {
      case "bind_receiver":
      case "bind_transmitter":
      case "bind_transceiver":
        return this.#bind(session, pdu, pdu.command);
      case "submit_sm":
        return this.#submit(session, pdu, messageId);
      case "enquire_link":
        return answer("enquire_link_resp");
      case "unbind": {
        if (session.state === "open") return answer("unbind_resp", "ESME_RINVBNDSTS");
        session.state = "unbound";
        return { ...answer("unbind_resp"), after: () => session.cut("fin") };
      }
      case "query_sm":
        return answer("query_sm_resp", session.submits ? "ESME_RQUERYFAIL" : "ESME_RINVBNDSTS");
      default: {
        // Known commands that this SMSC does not offer, and those that only an SMSC sends.
        const response = `${pdu.command}_resp`;
        return response in COMMANDS
          ? answer(response as Command, "ESME_RINVCMDID")
          : answer("generic_nack", "ESME_RINVCMDID");
      }
    }
  }

  #bind(session: SmscSession, pdu: Pdu, command: "bind_receiver" | "bind_transmitter" | "bind_transceiver"): Outcome {
    const { systemId, password, bindRefusal, hangsUpOnRefusedBind } = this.#settings;
    const { fields, sequence } = pdu;
    const isPrecise = bindRefusal === "precise";
    const response = `${command}_resp` as const;
    const refuse = (status: Status): Outcome => ({
      draft: { command: response, status: STATUSES[status], sequence },
      part: null,
      ...(hangsUpOnRefusedBind && session.state === "open" ? { after: () => session.cut("fin") } : {}),
    });
    if (session.state !== "open") return refuse("ESME_RALYBND");
    if (fields.system_id !== systemId) return refuse(isPrecise ? "ESME_RINVSYSID" : "ESME_RBINDFAIL");
    if (fields.password !== password) return refuse(isPrecise ? "ESME_RINVPASWD" : "ESME_RBINDFAIL");
    const version = Number(fields.interface_version);
    // A transceiver is new in 3.4 (2.2.3).
    if (command === "bind_transceiver" && version < 0x34) return refuse("ESME_RBINDFAIL");
    session.state =
      command === "bind_receiver" ? "receiver" : command === "bind_transmitter" ? "transmitter" : "transceiver";
    const tlvs = version < 0x34 ? [] : [tlv(TLV.sc_interface_version, 0x34)];
    return {
      draft: { command: response, sequence, fields: { system_id: "SMSC" }, tlvs },
      part: null,
      after: this.#around.bound,
    };
  }

  #submit(session: SmscSession, pdu: Pdu, wantedId: string | undefined): Outcome {
    const { clock, inbox, throughput } = this.#around;
    const { limits, window, rate, messageIds } = this.#settings;
    const { sequence } = pdu;
    const refuse = (status: Status): Outcome => ({
      draft: { command: "submit_sm_resp", status: STATUSES[status], sequence },
      part: null,
    });
    if (!session.submits) return refuse("ESME_RINVBNDSTS");
    const now = clock.now();
    const complaint = complaintAbout(pdu, limits, now);
    if (complaint !== null) return refuse(complaint);
    if (window !== null && throughput.isBeyond(session.id, sequence, window)) return refuse("ESME_RTHROTTLED");
    if (rate !== null && throughput.acceptedSince(now - 1000) >= rate) return refuse("ESME_RTHROTTLED");
    const number = ++this.#lastId;
    const messageId = wantedId ?? spellId(number, messageIds);
    const part = inbox.accept(pdu, session.id, number, messageId, now);
    throughput.accepted(now);
    return { draft: { command: "submit_sm_resp", sequence, fields: { message_id: messageId } }, part };
  }
}

interface Outcome {
  readonly draft: Draft;
  /** What was accepted, if it was a message. */
  readonly part: SmscPart | null;
  /** What follows the answer. */
  readonly after?: () => void;
}

interface Held {
  readonly session: SmscSession;
  readonly response: Draft;
  readonly part: SmscPart | null;
  readonly behaviour: Extract<SmscBehaviour, { kind: "gather" }>;
}
