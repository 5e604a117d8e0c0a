import type { PublicRoute, Reply } from "../access/index.ts";
import { HTML_HEADERS } from "../platform/html-headers.ts";
import type { Log } from "../platform/log.ts";
import { Problem, type ProblemSlug, problems } from "../platform/problem.ts";
import { escapeHtml } from "../respond/page/escape.ts";
import { StorageBusy } from "../storage/index.ts";
import { traceField } from "./told.ts";

/** Any error as a problem document (RFC 9457). What we did not foresee is logged whole and told as nothing but its id. */
export function problemReply(error: unknown, about: FailedRequest, log: Log): Reply {
  const problem = asProblem(error, about, log);
  const { status, title } = problems[problem.slug];
  return {
    status,
    headers: { "content-type": "application/problem+json", ...problem.headers },
    body: {
      type: `/problems/${problem.slug}`,
      title,
      status,
      detail: problem.message,
      request_id: about.requestId,
      ...(problem.errors.length > 0 ? { errors: problem.errors } : {}),
    },
  };
}

/** The page behind each problem's `type`. */
export const problemPages: PublicRoute = {
  method: "GET",
  path: "/problems/:slug",
  access: "public",
  handle: (call) => problemPage(call.param("slug")),
};

function problemPage(slug: string): Reply {
  if (!Object.hasOwn(problems, slug)) throw new Problem("not-found", "There is no such problem.");
  const { status, title, help } = problems[slug as ProblemSlug];
  return {
    status: 200,
    headers: {
      ...HTML_HEADERS,
      "content-security-policy": "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    },
    body: `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><h1>${title}</h1><p>HTTP ${status}, <code>${slug}</code></p><p>${escapeHtml(help)}</p></html>`,
  };
}

/** The request, for the answer and for the log. */
interface FailedRequest {
  readonly requestId: string;
  readonly request?: Request;
}

function asProblem(error: unknown, { requestId, request }: FailedRequest, log: Log): Problem {
  if (error instanceof Problem) return error;
  const which = { request_id: requestId, ...(request === undefined ? {} : traceField(request)) };
  if (error instanceof StorageBusy) {
    log.warn("request refused", { ...which, error: error.message });
    return new Problem("unavailable", "Storage can't take the request now; nothing of it was kept.", {
      headers: { "retry-after": "1" },
    });
  }
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  // Where it broke, not the whole way there: a log line holds no stack trace.
  const at = stack?.split("\n").find((line) => /^\s+at /.test(line));
  log.error("request failed", { ...which, error: `${name}: ${unquoted(message)}`, at: at?.trim() ?? null });
  return new Problem("internal", "The request was not carried out. The server's log tells more under the request id.");
}

/** What an engine quotes in a message ("…" cannot be parsed as a URL) may be what somebody sent. */
function unquoted(message: string): string {
  return message.replaceAll(/"[^"]*"?/g, '"…"');
}
