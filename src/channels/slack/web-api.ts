/**
 * Slack's Web API: a POST for each call, the token in a header, `{ "ok": … }` in JSON back.
 * https://docs.slack.dev/apis/web-api
 */

import { afterLong, type Clock } from "../../platform/clock.ts";
import type { SlackConfig } from "../../platform/config/slack.ts";
import { isRecord, parseObject } from "../../platform/json.ts";
import { readRetryAfter } from "../../platform/retry-after.ts";
import type { SendResult } from "../channel.ts";
import { notFromSlack, slackRefusal } from "./refusals.ts";

/** What a call that brought nothing means for the message. `code` is Slack's, null when it gave none. */
export type Refused = Exclude<SendResult, { readonly outcome: "sent" | "delivered" }> & {
  readonly isOk: false;
  readonly code: string | null;
};

export type Answer =
  | { readonly isOk: true; readonly status: number; readonly fields: Readonly<Record<string, unknown>> }
  | Refused;

/** The calls of one attempt, which together may take `timeoutSeconds`. */
export interface Attempt {
  /** Makes a call; never rejects for what the peer or the network does. */
  call(method: string, token: string, fields: Readonly<Record<string, unknown>>): Promise<Answer>;
  /** Takes the timer back. */
  end(): void;
}

/** Starts an attempt that also ends when `stop` aborts. */
export function startAttempt(config: SlackConfig, clock: Clock, stop: AbortSignal): Attempt {
  const deadline = new AbortController();
  const cancel = afterLong(clock, config.timeoutSeconds * 1000, () => deadline.abort());
  const signal = AbortSignal.any([stop, deadline.signal]);
  return {
    async call(method, token, fields) {
      const doubt = method === "chat.postMessage" ? `; ${MAYBE_TAKEN}` : "";
      let response: Response;
      try {
        signal.throwIfAborted();
        response = await fetch(`${config.apiBase}/${method}`, {
          method: "POST",
          headers: { ...encoded(method).headers, Authorization: `Bearer ${token}` },
          body: encoded(method).body(fields),
          // Following one would hand the token to a host that the operator did not name.
          redirect: "manual",
          signal,
        });
      } catch (error) {
        if (stop.aborted) return unanswered(`the attempt was stopped before Slack answered${doubt}`);
        if (deadline.signal.aborted) {
          return unanswered(`Slack did not answer within ${config.timeoutSeconds} s${doubt}`);
        }
        return broken(error, doubt);
      }
      return judge(response.status, response.headers, await readStart(response), clock, doubt);
    },
    end: cancel,
  };
}

const MAYBE_TAKEN = "it may have taken the message, so a retry can send it twice";

/** These two do not read JSON. */
const FORM_ONLY = new Set(["users.lookupByEmail", "apps.connections.open"]);

function encoded(method: string) {
  if (FORM_ONLY.has(method)) {
    return {
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body: (fields: Readonly<Record<string, unknown>>) =>
        new URLSearchParams(
          Object.entries(fields).map(([name, value]): [string, string] => [name, String(value)]),
        ).toString(),
    };
  }
  // Without the charset Slack answers with a warning.
  const headers = { "Content-Type": "application/json; charset=utf-8" };
  return { headers, body: (fields: Readonly<Record<string, unknown>>) => JSON.stringify(fields) };
}

const LONGEST_ANSWER = 256 * 1024;

/** The body, or null when the connection ended in the middle of it. */
async function readStart(response: Response): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= LONGEST_ANSWER) break;
    }
  } catch {
    return null;
  }
  return Buffer.concat(chunks).toString("utf8");
}

// What became of it

function judge(status: number, headers: Headers, text: string | null, clock: Clock, doubt: string): Answer {
  const fields = text === null ? null : parseObject(text);
  if (fields?.ok === true && status >= 200 && status < 300) return { isOk: true, status, fields };
  const retryAfterMs = readRetryAfter(headers.get("retry-after"), clock);
  const code =
    fields?.ok === false && typeof fields.error === "string" && CODE.test(fields.error) ? fields.error : null;
  if (code === null) {
    const isCut = text === null && status >= 200 && status < 300;
    const error = isCut ? "the connection to Slack broke in the middle of its answer" : notFromSlack(status);
    const isDoubtful = isCut || status >= 500 || (status >= 200 && status < 300);
    const isChannelDown = status >= 502 || (status < 500 && !isCut);
    return refused(
      {
        outcome: "retry",
        error: isDoubtful ? error + doubt : error,
        status,
        excerpt: null,
        retryAfterMs,
        isChannelDown,
      },
      null,
    );
  }
  const { words, means } = slackRefusal(code);
  const needed = code === "missing_scope" && typeof fields?.needed === "string" && SCOPES.test(fields.needed);
  const error = `${words}${needed ? `: ${fields.needed}` : ""} (Slack ${code})`;
  const excerpt = excerptOf(fields ?? {});
  if (means === "failed" && status < 500 && status !== 429)
    return refused({ outcome: "failed", error, status, excerpt }, code);
  const isChannelDown = means === "down" || status === 429;
  return refused(
    {
      outcome: "retry",
      error: means === "unsure" ? error + doubt : error,
      status,
      excerpt,
      retryAfterMs,
      isChannelDown,
    },
    code,
  );
}

const CODE = /^[a-z][a-z0-9_]{1,80}$/;
const SCOPES = /^[a-z][a-z:._,]{1,200}$/;

/** Slack's answer as far as it can hold nothing of the message: its codes, and where in the blocks it found fault. */
function excerptOf(fields: Readonly<Record<string, unknown>>): string {
  const { error, needed, provided, response_metadata: more } = fields;
  const messages = isRecord(more) && Array.isArray(more.messages) ? more.messages.join(" ") : "";
  const faults = [...messages.matchAll(/\[json-pointer:([\w/]{1,100})\]/g)].map(([, pointer]) => pointer);
  const named = Object.entries({ error, needed, provided }).filter(
    ([, value]) => typeof value === "string" && /^[a-z][\w:.,]{0,300}$/.test(value),
  );
  return JSON.stringify({ ok: false, ...Object.fromEntries(named), ...(faults.length > 0 ? { faults } : {}) }).slice(
    0,
    1000,
  );
}

function refused(
  result: Exclude<SendResult, { readonly outcome: "sent" | "delivered" }>,
  code: string | null,
): Refused {
  return { ...result, isOk: false, code };
}

function unanswered(error: string, isChannelDown = false): Refused {
  return refused({ outcome: "retry", error, status: null, excerpt: null, retryAfterMs: null, isChannelDown }, null);
}

/** No such name, a closed port, no way through the network, or a TLS handshake or certificate refused. */
const NEVER_CONNECTED =
  /^(?:ENOTFOUND|EAI_AGAIN|ConnectionRefused|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|FailedToOpenSocket|EPROTO|.*(?:CERT|VERIFY).*)$/;

function broken(error: unknown, doubt: string): Refused {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "no code";
  if (NEVER_CONNECTED.test(code)) return unanswered(`the server in \`apiBase\` cannot be reached (${code})`, true);
  return unanswered(`the connection to Slack broke before it answered (${code})${doubt}`);
}
