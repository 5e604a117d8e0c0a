import { errorBody, type TwilioError, twilioError } from "./errors.ts";

/** An HTTP answer before it is sent. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What Twilio itself answers with these statuses. */
export const STATUS_ERRORS = { 429: twilioError(20429), 500: twilioError(20500), 503: twilioError(20503) } as const;

export function json(status: number, body: unknown): Answer {
  return { status, body: JSON.stringify(body), headers: { "Content-Type": "application/json;charset=utf-8" } };
}

export function refusal(error: TwilioError, retryAfterSeconds?: number): Answer {
  return {
    status: error.status,
    body: errorBody(error),
    headers: {
      "Content-Type": "application/json;charset=utf-8",
      ...(error.status === 401 ? { "WWW-Authenticate": 'Basic realm="Twilio API"' } : {}),
      ...(retryAfterSeconds === undefined ? {} : { "Retry-After": String(retryAfterSeconds) }),
    },
  };
}

export function html(status: number): Answer {
  const body = `<html><head><title>${status}</title></head><body><h1>${status}</h1></body></html>\n`;
  return { status, body, headers: { "Content-Type": "text/html" } };
}
