import { renderPage } from "../../../src/respond/page/render.ts";
import type { PageView } from "../../../src/respond/view.ts";
import { states, viewOf } from "./samples.ts";

/** A real server on loopback that shows views under addresses and takes their answers like the appliance: 303, then the page. */
export interface PageServer {
  /** The address that shows `view` until an answer comes, and what was chosen after it. */
  show(view: PageView): string;
  /** The answers that came to an address, in order. */
  answers(address: string): readonly { readonly choice: string | null; readonly comment: string | null }[];
  /** Every path that was asked for, with its method, since the start. */
  readonly requests: readonly string[];
  /** From now on answers wait: `arrived` when the first has come, until `release`. */
  hold(): { readonly arrived: Promise<void>; release(): void };
  stop(): Promise<void>;
}

export function servePages(): PageServer {
  const views = new Map<string, PageView>();
  const answers = new Map<string, { choice: string | null; comment: string | null }[]>();
  const requests: string[] = [];
  let holding: { arrived(): void; readonly released: Promise<void> } | null = null;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      requests.push(`${request.method} ${pathname}`);
      const view = views.get(pathname);
      if (!view) return new Response("not here", { status: 404 });
      if (request.method === "POST") {
        const form = new URLSearchParams(await request.text());
        const choice = form.get("choice");
        answers.get(pathname)?.push({ choice, comment: form.get("comment") });
        holding?.arrived();
        await holding?.released;
        views.set(pathname, viewOf({ ...states.answered!, choice: choice ?? "" } as PageView["state"]));
        return new Response(null, { status: 303, headers: { location: pathname } });
      }
      const page = renderPage(view);
      const headers = {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": page.contentSecurityPolicy,
        "content-language": page.language,
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
      };
      return new Response(page.html, { headers });
    },
  });
  return {
    show(view) {
      const path = `/r/${views.size}`;
      views.set(path, view);
      answers.set(path, []);
      return new URL(path, server.url).href;
    },
    answers: (address) => answers.get(new URL(address).pathname) ?? [],
    requests,
    hold() {
      const arrival = Promise.withResolvers<void>();
      const release = Promise.withResolvers<void>();
      holding = { arrived: arrival.resolve, released: release.promise };
      return { arrived: arrival.promise, release: release.resolve };
    },
    stop: () => server.stop(true),
  };
}
