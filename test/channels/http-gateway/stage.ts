import type { OutgoingMessage, PeerEvent, PeerRequest } from "../../../src/channels/channel.ts";
import { type Clock, systemClock } from "../../../src/platform/clock.ts";
import { type HttpGatewayConfig, httpGatewaySchema } from "../../../src/platform/config/http-gateway.ts";

export const PHONE = "+13128471928";
export const TOKEN = "AUx1dG9rZW5fdGhhdF9kZWNpZGVzX2FuZF9tdXN0X25vdF9sZWFr";
export const link = `https://approve.example.com/r/${TOKEN}`;
export const HOOKS = "https://approve.example.com/hooks/sms";
export const SECRET = "a-secret-of-the-hooks";

export const message: OutgoingMessage = {
  deliveryId: "dlv_1",
  to: PHONE,
  text: `PausePoint: Refund 1,200 EUR to Meridian & Söhne?\n\nAnswer: ${link}`,
  link,
  question: null,
  validForSeconds: 930,
};

/** What breaks every body that is spliced as text. */
export const NASTY = `He said "yes", it's\r\nC:\\new\ttab </text><to>+1</to> <![CDATA[x]]> &amp; {{to}} \${x} 100% a+b 😀 é ${link}`;

export const untilStopped = new AbortController().signal;

export function settings(changes: Record<string, unknown>): HttpGatewayConfig {
  const given = Object.entries({ kind: "httpGateway", ...changes }).filter(([, value]) => value !== undefined);
  return httpGatewaySchema.parse(Object.fromEntries(given));
}

export function clockAt(read: () => number): Clock {
  return { now: read, after: systemClock.after };
}

export function call(
  rest: string,
  changes: Partial<PeerRequest> & { query?: string; text?: string } = {},
): PeerRequest {
  const { query, text, ...others } = changes;
  return {
    method: text === undefined ? "GET" : "POST",
    url: `${HOOKS}/${rest}${query === undefined ? "" : `?${query}`}`,
    rest,
    headers: text === undefined ? {} : { "content-type": "application/json" },
    body: new TextEncoder().encode(text ?? ""),
    address: "10.1.2.3",
    ...others,
  };
}

/** A report that keeps what it is told. */
export function listening(words: string | null = null) {
  const events: PeerEvent[] = [];
  const report = async (event: PeerEvent) => {
    events.push(event);
    return words;
  };
  return { events, report };
}
