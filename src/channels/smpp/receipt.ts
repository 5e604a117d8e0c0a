/** Reads receipts: optional parameters first, then the text of Appendix B of SMPP 3.4, which carriers vary. */
import { type Body, TAG, type Tlv, tlvOf } from "./pdu.ts";

export interface Receipt {
  readonly messageId: string;
  /** Both addresses of the message that brought it, one of which is the recipient's, somehow spelled. */
  readonly phones: readonly string[];
  readonly status: "delivered" | "failed";
  /** Plain words and the carrier's code, for `failed`. */
  readonly error: string | null;
}

type Message = Pick<Body<"deliver_sm">, "esmClass" | "source" | "destination">;

/** What a message for us is (section 5.2.12). `other`: acknowledgements by a phone, of which there is nothing to make. */
export function kindOf({ esmClass }: Pick<Message, "esmClass">, tlvs: readonly Tlv[]): "receipt" | "text" | "other" {
  const type = esmClass & 0x3c;
  if (type === 0x04) return "receipt";
  if (type !== 0) return "other";
  return tlvOf(tlvs, TAG.receiptedMessageId) === null ? "text" : "receipt";
}

/** Null for a receipt that says nothing final, or not of which message. */
export function readReceipt({ source, destination }: Message, octets: Buffer, tlvs: readonly Tlv[]): Receipt | null {
  const text = octets.toString("latin1");
  const named = tlvOf(tlvs, TAG.receiptedMessageId)?.toString("latin1").replace(/\0.*$/s, "").trim();
  const messageId = named || (/\bid:\s*([^\s:]{1,64})/i.exec(text)?.[1] ?? "");
  const state = STATES[tlvOf(tlvs, TAG.messageState)?.[0] ?? 0] ?? wordIn(text);
  const words = state === null ? undefined : FINAL[state];
  if (messageId === "" || words === undefined) return null;
  const receipt = { messageId, phones: [source, destination] };
  if (words === null) return { ...receipt, status: "delivered", error: null };
  const code = networkError(tlvs) ?? /\berr:\s*([0-9a-z]{1,10})/i.exec(text)?.[1] ?? null;
  const said = code === null || /^0*$/.test(code) ? state : `${state}, error ${code}`;
  return { ...receipt, status: "failed", error: `${words} (${said})` };
}

/** Section 5.2.28. */
const STATES = [null, "ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD"] as const;

/** Final ones only: null where it arrived, else why not. */
const FINAL: Readonly<Record<string, string | null>> = {
  DELIVRD: null,
  EXPIRED: "the phone could not be reached in time",
  DELETED: "the carrier deleted the text",
  UNDELIV: "the carrier could not deliver the text",
  REJECTD: "the carrier rejected the text",
};

/** Some carriers cut the word off or write it out: `DELIVERED`, `UNDELIVERABLE`, `REJECTED`. */
function wordIn(text: string): string | null {
  const word = /\bstat:\s*([a-z]{4,20})/i.exec(text)?.[1]?.toUpperCase();
  if (word === undefined) return null;
  const known = ["EXPIRED", "DELETED", "UNDELIV", "REJECT", "DELIV"].find((start) => word.startsWith(start));
  return known === "DELIV" ? "DELIVRD" : known === "REJECT" ? "REJECTD" : (known ?? word);
}

/** Section 5.3.2.31: an octet for the network, two for its error. */
function networkError(tlvs: readonly Tlv[]): string | null {
  const value = tlvOf(tlvs, TAG.networkErrorCode);
  return value?.length === 3 ? String(value.readUInt16BE(1)) : null;
}
