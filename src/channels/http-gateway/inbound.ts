/** What a gateway tells: what became of a message, and what someone wrote. As a query, a form or JSON. */
import type { HttpGatewayConfig } from "../../platform/config/http-gateway.ts";
import type { PeerAnswer, PeerEvent, PeerRequest, Report } from "../channel.ts";
import { at } from "./fill.ts";
import { phoneOf } from "./phone.ts";
import { Heard, proven, said } from "./proof.ts";

/** Sends words to someone who wrote. */
type Answering = (to: string, words: string) => Promise<unknown>;

/** The channel's `receive`, or undefined where nothing could be proven. */
export function gatewayReceiver(config: HttpGatewayConfig, answering: Answering) {
  const { hooks } = config;
  if (hooks === undefined) return undefined;
  const heard = new Heard();
  return async (request: PeerRequest, report: Report): Promise<PeerAnswer> => {
    const what = proven(request, hooks);
    if (typeof what === "object") return what;
    const told = fieldsOf(request);
    if (told === null) return said(400, "The body is neither JSON nor a form.");
    if (what === "receipt") {
      for (const one of listOf(told, config.receipts?.listPath)) {
        const receipt = receiptOf(config, one, request);
        if (receipt !== null) await report(receipt);
      }
      return { status: 204, body: null };
    }
    const words: string[] = [];
    for (const one of listOf(told, config.inbound?.listPath)) {
      const answer = await answerText(config, one, heard, report, answering);
      if (answer !== null) words.push(answer);
    }
    return words.length === 0 ? { status: 204, body: null } : said(200, words.join("\n"));
  };
}

/** Null for what changes nothing: a message that is still on its way, or that is not ours. */
function receiptOf({ receipts }: HttpGatewayConfig, told: unknown, request: PeerRequest): PeerEvent | null {
  if (receipts === undefined) return null;
  const ours = URL.parse(request.url)?.searchParams.get("delivery") ?? "";
  const theirs = receipts.idPath === undefined ? "" : textAt(told, receipts.idPath);
  const deliveryId = /^\w{1,64}$/.test(ours) ? ours : "";
  if (deliveryId === "" && theirs === "") return null;
  const status = textAt(told, receipts.statusPath).toLowerCase();
  const which = (["delivered", "failed", "sent"] as const).find((kind) =>
    receipts[kind].some((word) => word.toLowerCase() === status),
  );
  if (which === undefined || status === "") return null;
  // The word is one of the operator's own list, so that nothing of the gateway's can come along.
  const error = which === "failed" ? `the gateway could not deliver the text (${status})` : null;
  const ids = theirs === "" || theirs.length > 128 ? {} : { providerIds: [theirs] };
  return { kind: "receipt", deliveryId, ...ids, status: which, error };
}

async function answerText(
  config: HttpGatewayConfig,
  told: unknown,
  heard: Heard,
  report: Report,
  answering: Answering,
): Promise<string | null> {
  const { inbound } = config;
  if (inbound === undefined) return null;
  const from = phoneOf(config, textAt(told, inbound.fromPath));
  const id = inbound.idPath === undefined ? "" : textAt(told, inbound.idPath);
  if (from === null || !heard.isNew(id)) return null;
  let words: string | null;
  try {
    words = await report({ kind: "reply", from, text: textAt(told, inbound.textPath) });
  } catch (error) {
    heard.forget(id);
    throw error;
  }
  if (words === null || words === "" || inbound.answer === "none") return null;
  if (inbound.answer === "body") return words;
  await answering(from, words);
  return null;
}

function textAt(value: unknown, path: string): string {
  const found = at(value, path);
  return typeof found === "string" || typeof found === "number" ? String(found) : "";
}

function listOf(told: unknown, listPath: string | undefined): readonly unknown[] {
  const listed = listPath === undefined ? told : at(told, listPath);
  if (Array.isArray(listed)) return listed.slice(0, 1_000);
  return listed === undefined ? [] : [listed];
}

/** What stands in the query, and over it what stands in the body; null for a body that can't be read. */
function fieldsOf({ url, method, headers, body }: PeerRequest): unknown {
  const query = Object.fromEntries(URL.parse(url)?.searchParams ?? []);
  if (method === "GET" || body.byteLength === 0) return query;
  const text = new TextDecoder().decode(body);
  if (/^application\/x-www-form-urlencoded\b/i.test(headers["content-type"] ?? ""))
    return { ...query, ...Object.fromEntries(new URLSearchParams(text)) };
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) || typeof value !== "object" ? value : { ...query, ...value };
  } catch {
    return null;
  }
}
