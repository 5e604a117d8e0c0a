/**
 * What Kannel calls: the `dlr-url` of a text (`receipt-SECRET?delivery=…&type=%d`), and the `get-url` of an sms-service
 * (`inbound-SECRET?from=%p&text=%b&id=%I&charset=%C`), whose answer is texted back to the one who wrote.
 */
import type { HooksConfig } from "../../platform/config/http-gateway.ts";
import type { KannelConfig } from "../../platform/config/kannel.ts";
import type { PeerAnswer, PeerEvent, PeerRequest, Report } from "../channel.ts";
import { phoneOf } from "../http-gateway/phone.ts";
import { Heard, proven, said } from "../http-gateway/proof.ts";

export function kannelReceiver(config: KannelConfig, hooks: HooksConfig) {
  const heard = new Heard();
  return async (request: PeerRequest, report: Report): Promise<PeerAnswer> => {
    const what = proven(request, hooks);
    if (typeof what === "object") return what;
    const fields = rawQuery(request.url);
    if (what === "receipt") {
      const receipt = receiptOf(decoded(fields.get("delivery")), decoded(fields.get("type")));
      if (receipt !== null) await report(receipt);
      return said(200, "");
    }
    const from = phoneOf(config, decoded(fields.get("from")));
    const id = decoded(fields.get("id"));
    if (from === null || !heard.isNew(id)) return said(200, "");
    try {
      const text = decoded(fields.get("text"), decoded(fields.get("charset")));
      return said(200, (await report({ kind: "reply", from, text })) ?? "");
    } catch (error) {
      heard.forget(id);
      throw error;
    }
  };
}

/** The bits of `dlr-mask`; 4 (queued) and 8 (at the SMSC) are on the way. */
function receiptOf(deliveryId: string, type: string): PeerEvent | null {
  if (!/^\w{1,64}$/.test(deliveryId)) return null;
  const receipt = { kind: "receipt" as const, deliveryId };
  switch (type) {
    case "1":
      return { ...receipt, status: "delivered", error: null };
    case "2":
      return { ...receipt, status: "failed", error: "the carrier could not deliver the text (Kannel, receipt 2)" };
    case "16":
      return { ...receipt, status: "failed", error: "the carrier refused the text (Kannel, receipt 16)" };
    case "8":
      return { ...receipt, status: "sent", error: null };
    default:
      return null;
  }
}

/** Bytes by name: a text may be in another charset than UTF-8, which URL's own reading would destroy. */
function rawQuery(url: string): ReadonlyMap<string, Buffer> {
  const query = /\?([^#]*)/.exec(url)?.[1] ?? "";
  return new Map(
    query.split("&").map((pair) => {
      const [name = "", ...rest] = pair.split("=");
      const bytes = rest
        .join("=")
        .replaceAll("+", " ")
        .replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
      return [name, Buffer.from(bytes, "latin1")];
    }),
  );
}

function decoded(bytes: Buffer | undefined, charset = ""): string {
  return new TextDecoder(
    /^utf-?16(be)?$/i.test(charset) ? "utf-16be" : /^iso-?8859-1$/i.test(charset) ? "latin1" : "utf-8",
  ).decode(bytes ?? Buffer.alloc(0));
}
