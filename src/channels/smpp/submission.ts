/** A message as the submit_sm that carry it (SMPP 3.4, section 4.4). */
import { isoTime } from "../../platform/clock.ts";
import type { SmppConfig } from "../../platform/config/smpp.ts";
import type { Address } from "./addresses.ts";
import { type Body, TAG, type Tlv } from "./pdu.ts";
import type { WrittenText } from "./text.ts";

/** One part, ready to be sent as often as needed: it stays the same to the last octet, so that a phone can tell. */
export interface Submission {
  readonly body: Body<"submit_sm">;
  readonly tlvs: readonly Tlv[];
}

export interface Envelope {
  readonly source: Address;
  readonly destination: Address;
  readonly validForSeconds: number | null;
  /** Whether the carrier is to tell what becomes of it. */
  readonly wantsReceipt: boolean;
  /** Ties the parts of a long text together: 16 bits, of which `udh8` uses the lower half. */
  readonly reference: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

/** A header counts parts in one octet. */
export const MOST_PARTS = 255;

export function submissionsOf(config: SmppConfig, text: WrittenText, envelope: Envelope): readonly Submission[] {
  const total = text.parts.length;
  return text.parts.map((octets, index) => {
    const place = { total, number: index + 1, reference: envelope.reference };
    const { header, tlvs } = total === 1 ? NO_CHAIN : chain(config, place);
    // 254 octets is the most that the field can hold, and no phone gets that many in one.
    const isPayload = header.length + octets.length > 254 || config.longMessages === "payload";
    const inPayload = isPayload && octets.length > LONGEST_ALONE;
    return {
      body: {
        serviceType: "",
        sourceTon: envelope.source.ton,
        sourceNpi: envelope.source.npi,
        source: envelope.source.address,
        destinationTon: envelope.destination.ton,
        destinationNpi: envelope.destination.npi,
        destination: envelope.destination.address,
        esmClass: header.length > 0 ? ESM_UDH : 0,
        protocolId: 0,
        priority: 0,
        scheduleDeliveryTime: "",
        validityPeriod: validityPeriod(config, envelope),
        registeredDelivery: envelope.wantsReceipt ? REGISTERED[config.receipts] : 0,
        replaceIfPresent: 0,
        dataCoding: text.dataCoding,
        defaultMessageId: 0,
        shortMessage: inPayload ? Buffer.alloc(0) : Buffer.concat([header, octets]),
      },
      tlvs: inPayload ? [{ tag: TAG.messagePayload, value: octets }] : tlvs,
    };
  });
}

const ESM_UDH = 0x40;
/** Section 5.2.17. */
const REGISTERED = { none: 0, final: 1, failure: 2 } as const;
/** With `payload`, a text that any carrier takes in one message goes the ordinary way. */
const LONGEST_ALONE = 140;

interface Chain {
  /** The user data header, in front of the text (3GPP TS 23.040, sections 9.2.3.24.1 and 9.2.3.24.8). */
  readonly header: Buffer;
  readonly tlvs: readonly Tlv[];
}

const NO_CHAIN: Chain = { header: Buffer.alloc(0), tlvs: [] };

function chain(
  { longMessages }: SmppConfig,
  { total, number, reference }: { total: number; number: number; reference: number },
): Chain {
  const low = reference & 0xff;
  const high = (reference >> 8) & 0xff;
  switch (longMessages) {
    case "udh8":
      return { header: Buffer.of(5, 0x00, 3, low, total, number), tlvs: [] };
    case "udh16":
      return { header: Buffer.of(6, 0x08, 4, high, low, total, number), tlvs: [] };
    case "sar":
      return {
        header: NO_CHAIN.header,
        tlvs: [
          { tag: TAG.sarReference, value: Buffer.of(high, low) },
          { tag: TAG.sarTotal, value: Buffer.of(total) },
          { tag: TAG.sarNumber, value: Buffer.of(number) },
        ],
      };
    case "payload":
      return NO_CHAIN;
  }
}

/** Section 7.1.1; `000000001500000R`-like for a relative one. Carriers keep a text for days, not for months. */
const LONGEST_VALIDITY_SECONDS = 30 * 86_400;

function validityPeriod({ validityPeriod: how }: SmppConfig, { validForSeconds, now }: Envelope): string {
  if (how === "none" || validForSeconds === null) return "";
  const seconds = Math.min(LONGEST_VALIDITY_SECONDS, Math.max(1, Math.floor(validForSeconds)));
  if (how === "absolute")
    return `${isoTime(now + seconds * 1000)
      .replace(/\D/g, "")
      .slice(2, 14)}000+`;
  const two = (value: number) => String(value).padStart(2, "0");
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  return `0000${two(days)}${two(hours)}${two(minutes)}${two(seconds % 60)}000R`;
}
