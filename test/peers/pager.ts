/**
 * The pager server of docs/channels.md, "Write a channel": it takes pages as JSON, refuses a wrong key and pagers that
 * are switched off, and tells what became of a page at the address that came with it.
 */
export interface Page {
  readonly pager: string;
  readonly text: string;
  readonly id: string;
  readonly ttl: number | null;
  readonly tell: string;
}

export interface PagerPeer {
  readonly url: string;
  readonly pages: Page[];
  /** Tells what happened, as the server does; answers with status and body. */
  tell(page: Page, told: Readonly<Record<string, unknown>>, secret?: string): Promise<{ status: number; text: string }>;
  stop(): Promise<void>;
}

export function startPager(rules: { readonly key: string; readonly secret: string; readonly off?: string }): PagerPeer {
  const pages: Page[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      if (new URL(request.url).pathname !== "/pages" || request.method !== "POST")
        return new Response("no such place", { status: 405 });
      if (request.headers.get("authorization") !== `Bearer ${rules.key}`)
        return new Response("who are you?", { status: 401 });
      const page = (await request.json()) as Page;
      if (page.pager === rules.off || !/^\d{6}$/.test(page.pager)) return new Response("no pager", { status: 404 });
      pages.push(page);
      return Response.json({ page: `p-${pages.length}` }, { status: 201 });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    pages,
    async tell(page, told, secret = rules.secret) {
      const answer = await fetch(page.tell, {
        method: "POST",
        headers: { "content-type": "application/json", "x-pager-secret": secret },
        body: JSON.stringify({ id: page.id, pager: page.pager, ...told }),
      });
      return { status: answer.status, text: await answer.text() };
    },
    stop: () => server.stop(true),
  };
}
