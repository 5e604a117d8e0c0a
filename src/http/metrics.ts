/**
 * `GET /metrics`, for Prometheus: behind a token beside the API, or on a listener of its own, so that what the server does
 * is never open to whoever reaches the API.
 */
import type { PublicRoute, Reply } from "../access/index.ts";
import { equalInConstantTime, sha256 } from "../platform/hash.ts";
import type { Log } from "../platform/log.ts";
import { Problem } from "../platform/problem.ts";
import { Listener } from "./listener.ts";
import { problemReply } from "./problem-document.ts";

/** Makes the text, and says in which media type. `accept`: the header of that name. */
export type Expose = (accept: string | null) => Promise<{ readonly type: string; readonly text: string }>;

/** The route beside the API. Who has not the token learns nothing. */
export function metricsRoute(token: string, expose: Expose): PublicRoute {
  return {
    method: "GET",
    path: "/metrics",
    access: "public",
    handle: (call) => answer(call.request, token, expose),
  };
}

/**
 * A listener for metrics alone; any other path is a 404. Without a token, whoever reaches it may read.
 *
 * @throws the operating system's error when the address can't be listened on.
 */
export function listenForMetrics(
  listen: { readonly host: string; readonly port: number },
  token: string | null,
  { expose, log }: { readonly expose: Expose; readonly log: Log },
): Listener {
  const refused = (error: unknown) => response(problemReply(error, { requestId: "" }, log));
  return new Listener(listen, null, {
    async fetch(request) {
      try {
        const { pathname } = new URL(request.url, "http://localhost");
        if (pathname !== "/metrics") throw new Problem("not-found", "There is no such route.");
        if (request.method !== "GET" && request.method !== "HEAD")
          throw new Problem("method-not-allowed", "This route takes GET, HEAD.", { headers: { allow: "GET, HEAD" } });
        return response(await answer(request, token, expose));
      } catch (error) {
        return refused(error);
      }
    },
    error: refused,
  });
}

async function answer(request: Request, token: string | null, expose: Expose): Promise<Reply> {
  if (token !== null) authenticate(request, token);
  const { type, text } = await expose(request.headers.get("accept"));
  return { status: 200, headers: { "content-type": type, vary: "Accept" }, body: text };
}

function authenticate(request: Request, token: string): void {
  const [, sent = ""] = /^bearer ([^ ]+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
  // Digests of one length, so that the time tells nothing of the token's own.
  if (equalInConstantTime(sha256(sent), sha256(token))) return;
  throw new Problem("no-key", "There is no valid token in the Authorization header.", {
    headers: { "www-authenticate": 'Bearer realm="pausepoint metrics"' },
  });
}

function response({ status, headers, body }: Reply): Response {
  const text = typeof body === "string" ? body : `${JSON.stringify(body)}\n`;
  return new Response(text, {
    status,
    headers: { "cache-control": "no-store", "x-content-type-options": "nosniff", ...headers },
  });
}
