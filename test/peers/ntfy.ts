/**
 * An ntfy server, after ntfy's documentation ("Publishing", "Publish as JSON", "Limitations") and the codes of its own
 * errors. Strict: an unknown field, a topic that is none, a fourth action are refused.
 */
export interface Published {
  readonly topic: string;
  readonly title?: string;
  readonly message?: string;
  readonly priority?: number;
  readonly click?: string;
  readonly actions?: readonly Readonly<Record<string, unknown>>[];
}

export interface NtfyPeer {
  readonly url: string;
  readonly published: Published[];
  readonly authorizations: (string | null)[];
  stop(): Promise<void>;
}

export interface NtfyRules {
  /** The one `Authorization` that is let in; anybody is without it. */
  readonly authorization?: string;
  /** Topics that nobody may write to. */
  readonly closed?: readonly string[];
  /** Answers every request with this. */
  readonly failing?: () => Response;
  readonly tls?: { readonly key: string; readonly cert: string };
}

const FIELDS = ["topic", "message", "title", "tags", "priority", "actions", "click", "attach", "markdown", "icon"];
const ACTION_FIELDS = ["action", "label", "url", "clear"];

export function startNtfy({ authorization, closed = [], failing, tls }: NtfyRules = {}): NtfyPeer {
  const published: Published[] = [];
  const authorizations: (string | null)[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    ...(tls === undefined ? {} : { tls }),
    async fetch(request) {
      authorizations.push(request.headers.get("authorization"));
      if (failing !== undefined) return failing();
      const { pathname } = new URL(request.url);
      const login = request.headers.get("authorization");
      if (request.method === "GET" && pathname === "/v1/health") return Response.json({ healthy: true });
      if (request.method === "GET" && pathname === "/v1/account") {
        if (login !== null && login !== authorization) return refused(401, 40101, "unauthorized");
        return Response.json({
          username: login === null ? "*" : "pausepoint",
          role: login === null ? "anonymous" : "user",
        });
      }
      if (request.method !== "POST" || new URL(request.url).pathname !== "/")
        return refused(404, 40401, "page not found");
      const body: unknown = await request.json().catch(() => null);
      if (!isMessage(body)) return refused(400, 40024, "invalid request: request body must be valid JSON");
      if (!/^[-_A-Za-z0-9]{1,64}$/.test(body.topic)) return refused(400, 40009, "invalid request: topic invalid");
      const given = request.headers.get("authorization");
      if (authorization !== undefined && given !== null && given !== authorization)
        return refused(401, 40101, "unauthorized");
      if ((authorization !== undefined && given === null) || closed.includes(body.topic))
        return refused(403, 40301, "forbidden");
      if (new TextEncoder().encode(body.message ?? "").length > 4096)
        return refused(413, 41301, "attachment too large");
      published.push(body);
      const { topic, title, message } = body;
      return Response.json({ id: "hwQ2YpKdmg", time: 1_788_000_000, event: "message", topic, title, message });
    },
  });
  const url = `${tls === undefined ? "http" : "https"}://127.0.0.1:${server.port}`;
  return { url, published, authorizations, stop: () => server.stop(true) };
}

function isMessage(body: unknown): body is Published {
  if (typeof body !== "object" || body === null || !("topic" in body) || typeof body.topic !== "string") return false;
  const { priority = 3, actions = [] } = body as Published;
  return (
    Object.keys(body).every((field) => FIELDS.includes(field)) &&
    [1, 2, 3, 4, 5].includes(priority) &&
    actions.length <= 3 &&
    actions.every(
      (action) =>
        action.action === "view" &&
        typeof action.label === "string" &&
        typeof action.url === "string" &&
        Object.keys(action).every((field) => ACTION_FIELDS.includes(field)),
    )
  );
}

function refused(http: number, code: number, error: string): Response {
  return Response.json({ code, http, error, link: "https://ntfy.sh/docs/publish/" }, { status: http });
}
