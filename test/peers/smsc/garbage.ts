/** Octets that no SMSC should send, and that some do. */
import type { Garbage } from "./behaviour.ts";
import { encode, frame } from "./pdu.ts";
import { COMMANDS } from "./vocabulary.ts";

/** Far from the sequence numbers that the SMSC counts up, so that an answer to garbage is nobody else's. */
const SEQUENCE = 0x7000_0001;

export function garbageOctets(kind: Garbage): Buffer {
  switch (kind) {
    case "length-4gb":
      return frame(COMMANDS.deliver_sm, 0, SEQUENCE, Buffer.alloc(0), 0xffff_ffff);
    case "length-3":
      return frame(COMMANDS.deliver_sm, 0, SEQUENCE, Buffer.alloc(0), 3);
    case "unknown-command":
      return frame(0x0000_0999, 0, SEQUENCE, Buffer.from("anything"));
    case "unknown-response":
      return frame(0x8000_0999, 0, SEQUENCE, Buffer.from("anything"));
    case "truncated-string":
      return frame(COMMANDS.deliver_sm, 0, SEQUENCE, Buffer.from("CMT"));
    case "long-sm-length": {
      const octets = encode({ command: "deliver_sm", sequence: SEQUENCE, fields: { short_message: Buffer.from("Y") } });
      octets.writeUInt8(200, octets.length - 2);
      return octets;
    }
    case "long-tlv": {
      const octets = encode({ command: "deliver_sm", sequence: SEQUENCE });
      return frame(
        COMMANDS.deliver_sm,
        0,
        SEQUENCE,
        Buffer.concat([octets.subarray(16), Buffer.from("0424ffff59", "hex")]),
      );
    }
    case "stray-response":
      return encode({ command: "submit_sm_resp", sequence: SEQUENCE, fields: { message_id: "stray" } });
    case "http":
      return Buffer.from("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  }
}
