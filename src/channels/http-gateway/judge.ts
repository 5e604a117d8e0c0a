/** What a gateway's answer means, by the operator's rules. */

import type { Clock } from "../../platform/clock.ts";
import type { HttpGatewayConfig, Rule } from "../../platform/config/http-gateway.ts";
import { readRetryAfter } from "../../platform/retry-after.ts";
import type { SendResult } from "../channel.ts";
import { type Concealed, excerptOf } from "./conceal.ts";
import type { Answer } from "./exchange.ts";
import { at } from "./fill.ts";

/**
 * `permanent` first, then `retry`, then `success`. A 2xx that is no success by the rule has perhaps sent the text, so it
 * fails rather than send it again and again. Without a rule, what may pass is tried again and other 4xx fail.
 */
export function judge(config: HttpGatewayConfig, answer: Answer, concealed: Concealed, clock: Clock): SendResult {
  const { status, text } = answer;
  const body = parse(text);
  const holds = (rule: Rule) => ruleHolds(rule, answer, body);
  const common = { status, excerpt: excerptOf(text, concealed) };
  if (config.permanent.some(holds))
    return { outcome: "failed", error: `the gateway refuses the text (HTTP ${status}, by \`permanent\`)`, ...common };
  const isDown = DOWN.has(status) || certificateTrouble(text) !== null;
  const again = (error: string): SendResult => ({
    ...{ outcome: "retry", error, ...common, retryAfterMs: readRetryAfter(answer.headers.get("retry-after"), clock) },
    ...(isDown ? { isChannelDown: true } : {}),
  });
  if (config.retry.some(holds)) return again(`the gateway does not take the text now (HTTP ${status}, by \`retry\`)`);
  const { success } = config;
  const isNamed = success?.status !== undefined || (status >= 200 && status < 300);
  if (isNamed && (success === undefined ? USUAL.has(status) && !isWebPage(answer) : holds(success)))
    return { outcome: "sent", providerId: idOf(config, answer, body, concealed), ...common };
  const certificate = status === 400 ? certificateTrouble(text) : null;
  if (certificate !== null) return again(certificate);
  if (status === 401 || status === 403 || status === 407)
    return again(`the gateway refuses the credentials or this server (HTTP ${status}); check \`auth\` and \`headers\``);
  if (status >= 300 && status < 400)
    return again(`the gateway answers with a redirect (HTTP ${status}), which is not followed; check \`url\``);
  if (status >= 500 || PASSING.has(status)) return again(`the gateway does not take the text now (HTTP ${status})`);
  if (status < 300) {
    const why = isWebPage(answer)
      ? `a web page answers in the gateway's place (HTTP ${status}); check \`url\`, or name in \`success\` what it says`
      : `the gateway's answer (HTTP ${status}) is no success by the rules of the configuration`;
    return { outcome: "failed", error: `${why}; it may have sent the text, so it is not tried again`, ...common };
  }
  return { outcome: "failed", error: `the gateway refuses the text (HTTP ${status})`, ...common };
}

/** nginx lets the handshake pass and says in HTTP what was wrong with it. */
function certificateTrouble(text: string): string | null {
  if (/No required SSL certificate was sent/i.test(text))
    return "the gateway asks for a client certificate (HTTP 400); see `tls.cert` and `tls.key`";
  if (/The SSL certificate error/i.test(text))
    return "the gateway does not accept the client certificate in `tls` (HTTP 400)";
  return null;
}

const USUAL: ReadonlySet<number> = new Set([200, 201, 202, 204]);

/** The log-in page of a network, or the gateway's own console: both say 200, and have sent nothing. */
function isWebPage({ headers, text }: Answer): boolean {
  return /^text\/html\b/i.test(headers.get("content-type") ?? "") && /^\s*<(?:!doctype html|html)\b/i.test(text);
}

/** Request Timeout, Too Early, Too Many Requests (RFC 9110, 8470 and 6585). */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);
/** Said of the account or the gateway, not of one text. */
const DOWN: ReadonlySet<number> = new Set([401, 403, 407, 429, 503]);

function ruleHolds(rule: Rule, { status, text }: Answer, body: unknown): boolean {
  if (rule.status !== undefined && !rule.status.includes(status)) return false;
  if (rule.bodyMatches !== undefined && !new RegExp(rule.bodyMatches.source, rule.bodyMatches.flags).test(text))
    return false;
  if (rule.path === undefined) return true;
  const found = at(body, rule.path);
  return found !== undefined && (rule.is ?? []).some((value) => String(value) === String(found));
}

function idOf({ messageId }: HttpGatewayConfig, answer: Answer, body: unknown, { to, text }: Concealed): string | null {
  if (messageId === undefined) return null;
  const { path, header, pattern } = messageId;
  const found =
    (path === undefined ? undefined : at(body, path)) ??
    (header === undefined ? undefined : answer.headers.get(header)) ??
    (pattern === undefined ? undefined : new RegExp(pattern.source, pattern.flags).exec(answer.text)?.[1]);
  const id = typeof found === "string" || typeof found === "number" ? String(found).trim() : "";
  // A path that is wrong may lead to the number or the text: neither is an id, and neither is to be kept.
  const isOurs = id.replace(/\D/g, "") === to.replace(/\D/g, "") || text.includes(id);
  return /^[\w.:@/=+-]{1,128}$/.test(id) && !isOurs ? id : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
