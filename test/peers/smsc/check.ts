/** What a strict SMSC refuses in a submit_sm, each with the status that SMPP 3.4 has for it (5.1.3, 5.2). */

import { readPart } from "./part.ts";
import type { Pdu } from "./pdu.ts";
import type { Status } from "./vocabulary.ts";

export interface Limits {
  /** data_coding values that are taken; default 0, 3 and 8. */
  readonly dataCodings: readonly number[];
  /** Whether message_payload is taken. */
  readonly messagePayload: boolean;
  /** Takes one short_message of up to 254 octets and sends it on in parts, as some SMSCs do. */
  readonly splitsLongMessages: boolean;
}

/** The first complaint, or null for a message that is taken. */
export function complaintAbout(pdu: Pdu, limits: Limits, now: number): Status | null {
  const value = (name: string) => Number(pdu.fields[name]);
  const string = (name: string) => String(pdu.fields[name]);
  const source = { ton: value("source_addr_ton"), npi: value("source_addr_npi"), address: string("source_addr") };
  const esmClass = value("esm_class");
  const registered = value("registered_delivery");
  if (!/^[A-Z0-9]{0,5}$/.test(string("service_type"))) return "ESME_RINVSERTYP";
  if (!TONS.has(source.ton)) return "ESME_RINVSRCTON";
  if (!NPIS.has(source.npi)) return "ESME_RINVSRCNPI";
  if (!isSource(source.ton, source.address)) return "ESME_RINVSRCADR";
  if (!DESTINATION_TONS.has(value("dest_addr_ton"))) return "ESME_RINVDSTTON";
  if (!DESTINATION_NPIS.has(value("dest_addr_npi"))) return "ESME_RINVDSTNPI";
  if (!isDestination(value("dest_addr_ton"), string("destination_addr"))) return "ESME_RINVDSTADR";
  // Messaging mode 0 to 3; type 0, delivery acknowledgement or user acknowledgement; the two GSM bits (5.2.12).
  if (![0x00, 0x08, 0x10].includes(esmClass & 0x3c)) return "ESME_RINVESMCLASS";
  if (value("priority_flag") > 3) return "ESME_RINVPRTFLG";
  if (!isTime(string("schedule_delivery_time"), now)) return "ESME_RINVSCHED";
  if (!isTime(string("validity_period"), now)) return "ESME_RINVEXPIRY";
  // Bits 5 to 7 are reserved, and so is the receipt 3 (5.2.17).
  if ((registered & 0xe0) !== 0 || (registered & 3) === 3) return "ESME_RINVREGDLVFLG";
  if (value("replace_if_present_flag") > 1) return "ESME_RINVREPFLAG";
  if (!limits.dataCodings.includes(value("data_coding"))) return "ESME_RINVDCS";
  if (value("sm_default_msg_id") !== 0) return "ESME_RINVDFTMSGID";
  return complaintAboutText(pdu, limits);
}

function complaintAboutText(pdu: Pdu, limits: Limits): Status | null {
  const read = readPart(pdu);
  if (typeof read === "string") return read;
  const { payload, shortMessage, text, octets, udh, concatenation } = read;
  if (payload && !limits.messagePayload) return "ESME_ROPTPARNOTALLWD";
  if (payload && shortMessage.length > 0) return "ESME_RINVMSGLEN";
  if (octets.length === 0 && udh === null) return "ESME_RINVMSGLEN";
  if (text === null) return Number(pdu.fields.data_coding) === 8 ? "ESME_RINVMSGLEN" : "ESME_RSUBMITFAIL";
  if (payload || limits.splitsLongMessages) return null;
  // A short message is 140 octets on the air; with sar_* the SMSC writes the six octets of the header itself.
  const headerSize = udh?.length ?? (concatenation === null ? 0 : 6);
  const isSeptets = Number(pdu.fields.data_coding) === 0;
  const room = isSeptets ? Math.floor(((140 - headerSize) * 8) / 7) : 140 - headerSize;
  return octets.length > room ? "ESME_RINVMSGLEN" : null;
}

const TONS = new Set([0, 1, 2, 3, 4, 5, 6]);
const NPIS = new Set([0, 1, 3, 4, 6, 8, 9, 10, 14, 18]);
const DESTINATION_TONS = new Set([0, 1, 2, 3]);
const DESTINATION_NPIS = new Set([0, 1]);

function isSource(ton: number, address: string): boolean {
  if (ton === 5) return /^[A-Za-z0-9 &+._-]{1,11}$/.test(address) && /[A-Za-z]/.test(address);
  if (ton === 1) return INTERNATIONAL.test(address);
  return /^\d{1,20}$/.test(address);
}

function isDestination(ton: number, address: string): boolean {
  return ton === 1 ? INTERNATIONAL.test(address) : /^\d{3,20}$/.test(address);
}

/** E.164: no plus sign, no zero in front. */
const INTERNATIONAL = /^[1-9]\d{6,14}$/;

/** Empty, absolute and not past, or relative (7.1.1). */
function isTime(text: string, now: number): boolean {
  if (text === "") return true;
  const found = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d)(\d\d)([+\-R])$/.exec(text);
  if (found === null) return false;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, tenth = 0, quarters = 0] = found
    .slice(1, 9)
    .map(Number);
  if (hour > 23 || minute > 59 || second > 59) return false;
  const sign = found[9];
  if (sign === "R") return month <= 12 && day <= 31 && tenth === 0 && quarters === 0;
  if (month < 1 || month > 12 || day < 1 || quarters > 48) return false;
  if (day > new Date(Date.UTC(2000 + year, month, 0)).getUTCDate()) return false;
  const local = Date.UTC(2000 + year, month - 1, day, hour, minute, second, tenth * 100);
  return local - (sign === "-" ? -1 : 1) * quarters * 15 * 60_000 > now;
}
