/** One message as the request that the operator described. */
import type { BodyFunction, GatewayMessage, HttpGatewayConfig, Shape } from "../../platform/config/http-gateway.ts";
import { measure } from "../../platform/sms/segments.ts";
import type { OutgoingMessage } from "../channel.ts";
import { percent } from "./conceal.ts";
import type { Exchange } from "./exchange.ts";
import { fillShape, fillText } from "./fill.ts";
import { spelled } from "./phone.ts";
import { toXml } from "./xml.ts";

/** What the operator's request may speak of. */
export function gatewayMessage(
  config: HttpGatewayConfig,
  { to, text, link, deliveryId, validForSeconds }: OutgoingMessage,
  receiptUrl: string | null,
): GatewayMessage {
  const { segments, encoding } = measure(text);
  const ttlSeconds = validForSeconds === null ? null : Math.max(1, Math.floor(validForSeconds));
  const ttlMinutes = ttlSeconds === null ? null : Math.max(1, Math.floor(ttlSeconds / 60));
  const numbers = { ttlSeconds, ttlMinutes, segments, encoding };
  return { to: spelled(config, to), from: config.from ?? "", text, link, id: deliveryId, ...numbers, receiptUrl };
}

/**
 * The request without its credentials.
 *
 * @throws Error when the operator's function or shape gives what can't be written; it names no content
 */
export function describeRequest(config: HttpGatewayConfig, message: GatewayMessage): Exchange {
  const query = Object.entries(config.query).flatMap(([name, template]) => {
    const value = fillText(template, message);
    return value === null ? [] : [`${percent(name)}=${percent(value)}`];
  });
  const headers: Record<string, string> = {};
  for (const [name, template] of Object.entries(config.headers)) {
    const value = fillText(template, message);
    if (value !== null) headers[name.toLowerCase()] = oneLine(value);
  }
  if (config.idempotencyHeader !== undefined) headers[config.idempotencyHeader.toLowerCase()] = oneLine(message.id);
  const written = bodyOf(config, message);
  if (written !== null) headers["content-type"] ??= written.type;
  return {
    method: config.method,
    url: query.length === 0 ? config.url : `${config.url}?${query.join("&")}`,
    headers,
    body: written?.text ?? null,
  };
}

function bodyOf({ body }: HttpGatewayConfig, message: GatewayMessage): { type: string; text: string } | null {
  if (body === undefined) return null;
  if (typeof body === "function" || "json" in body) {
    const text = jsonText(declaredValue(typeof body === "function" ? body : body.json, message));
    if (text === undefined) throw new Error("the function in `body` gives nothing that JSON can hold");
    return { type: "application/json; charset=utf-8", text };
  }
  if ("form" in body)
    return {
      type: "application/x-www-form-urlencoded; charset=utf-8",
      text: toForm(plainValue(body.form, message)),
    };
  return { type: "application/xml; charset=utf-8", text: toXml(plainValue(body.xml, message)) };
}

function declaredValue(body: Shape | BodyFunction, message: GatewayMessage): unknown {
  if (typeof body !== "function") return fillShape(body, message);
  try {
    return body(message);
  } catch {
    // Its own words may hold the text.
    throw new Error("the function in `body` failed");
  }
}

/** Without getters, whose words on failing may hold the text. */
function plainValue(body: Shape | BodyFunction, message: GatewayMessage): unknown {
  return declaredValue(typeof body === "function" ? (given) => structuredClone(body(given)) : body, message);
}

function jsonText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    // A toJSON of the operator's own may say what it was given.
    throw new Error("the function in `body` gives what JSON cannot hold");
  }
}

/** A form (WHATWG URL, section 5.2); an array gives its name several times. */
function toForm(value: unknown): string {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error("a form body is an object of texts, numbers and arrays of them");
  const fields = new URLSearchParams();
  for (const [name, given] of Object.entries(value)) {
    for (const one of Array.isArray(given) ? given : [given]) {
      if (one === null || one === undefined) continue;
      if (typeof one === "object") throw new Error("a form body is an object of texts, numbers and arrays of them");
      fields.append(name, String(one));
    }
  }
  return fields.toString();
}

function oneLine(value: string): string {
  if (!/^[ -~]*$/.test(value)) throw new Error("a header would hold more than printable ASCII");
  return value;
}
