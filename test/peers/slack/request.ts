import type { IncomingHttpHeaders } from "node:http";
import { isObject } from "./blocks.ts";

/** A call of the Web API as it came in, refused ones included. */
export interface SlackCall {
  /** Such as `chat.postMessage`. */
  readonly method: string;
  readonly verb: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The arguments as Slack read them, without the token. */
  readonly args: Readonly<Record<string, unknown>>;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** What was answered; null when nothing was. */
  answer: SlackAnswer | null;
}

export type SlackAnswer = Readonly<Record<string, unknown>> & { readonly ok: boolean; readonly error?: string };

export interface ReadRequest {
  readonly args: Readonly<Record<string, unknown>>;
  readonly token: string | null;
  /** A refusal of the form of the request, whatever the method. */
  readonly error: string | null;
  readonly warning: string | null;
}

/**
 * Reads the arguments and the token, after "Using the Slack Web API": the query for a GET; JSON, a form or nothing for
 * a POST; the token as a bearer, or as a field of a form, never of JSON and not of the address.
 */
export function readRequest(verb: string, url: URL, headers: IncomingHttpHeaders, body: string): ReadRequest {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1] ?? null;
  const read = verb === "GET" ? fromForm(url.searchParams) : fromBody(headers["content-type"], body);
  const { token: field, ...args } = read.args;
  const posted = verb !== "GET" && read.isForm && typeof field === "string" && field !== "" ? field : null;
  return { args, token: bearer ?? posted, error: read.error, warning: read.warning };
}

interface Read {
  readonly args: Readonly<Record<string, unknown>>;
  readonly isForm: boolean;
  readonly error: string | null;
  readonly warning: string | null;
}

function fromBody(contentType: string | undefined, body: string): Read {
  if (contentType === undefined) return body === "" ? nothing(null) : nothing("missing_post_type");
  const [type = "", ...parameters] = contentType.toLowerCase().split(";");
  const charset = parameters.map((text) => /^\s*charset="?([^"\s]+)"?\s*$/.exec(text)?.[1]).find(Boolean);
  if (charset !== undefined && charset !== "utf-8" && charset !== "iso-8859-1") return nothing("invalid_charset");
  switch (type.trim()) {
    case "application/json":
      return { ...fromJson(body), warning: charset === undefined ? "missing_charset" : null };
    case "application/x-www-form-urlencoded":
      return {
        ...fromForm(new URLSearchParams(body)),
        warning: charset === undefined ? null : "superfluous_charset",
      };
    case "text/plain":
      return nothing(null);
    default:
      return nothing("invalid_post_type");
  }
}

function fromForm(fields: URLSearchParams): Read {
  return { args: Object.fromEntries(fields), isForm: true, error: null, warning: null };
}

function fromJson(body: string): Read {
  try {
    const value: unknown = JSON.parse(body);
    if (!isObject(value)) return nothing("json_not_object");
    return { args: value, isForm: false, error: null, warning: null };
  } catch {
    return nothing("invalid_json");
  }
}

function nothing(error: string | null): Read {
  return { args: {}, isForm: false, error, warning: null };
}
