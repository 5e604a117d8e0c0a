import type { PublicRoute, Reply } from "../../access/index.ts";
import { HTML_HEADERS } from "../../platform/html-headers.ts";
import { Problem } from "../../platform/problem.ts";

/** The documentation. Everything behind it is loaded at the first request. `baseUrl`: what the server's links start with. */
export function docsRoutes(baseUrl: () => string): PublicRoute[] {
  return [
    {
      method: "GET",
      path: "/docs",
      access: "public",
      async handle() {
        const { openApiDocument } = await import("../openapi/document.ts");
        const { renderReference } = await import("./reference.ts");
        return await html(renderReference(openApiDocument(baseUrl())));
      },
    },
    {
      method: "GET",
      path: "/docs/",
      access: "public",
      handle: () => ({ status: 308, headers: { location: "/docs" }, body: null }),
    },
    {
      method: "GET",
      path: "/docs/:page",
      access: "public",
      async handle(call) {
        const { markdownOf } = await import("./pages.ts");
        const asked = call.param("page");
        const markdown = markdownOf(asked.replace(/\.md$/, ""));
        if (markdown === null) throw new Problem("not-found", "There is no such page.");
        if (asked.endsWith(".md")) {
          const { servedMarkdown } = await import("./files.ts");
          return text("text/markdown", servedMarkdown(markdown));
        }
        const { renderPage } = await import("./render.ts");
        return await html(renderPage(markdown));
      },
    },
    {
      method: "GET",
      path: "/docs/files/:file",
      access: "public",
      async handle(call) {
        const { fileNamed } = await import("./files.ts");
        const file = fileNamed(call.param("file"));
        if (file === null) throw new Problem("not-found", "There is no such file.");
        const body = new Blob([await file.read()]).stream();
        return { status: 200, headers: { "content-type": file.type }, body };
      },
    },
    {
      method: "GET",
      path: "/llms.txt",
      access: "public",
      async handle() {
        const { llmsText } = await import("./llms.ts");
        return text("text/plain", llmsText(baseUrl()));
      },
    },
  ];
}

function text(type: string, body: string): Reply {
  return { status: 200, headers: { "content-type": `${type}; charset=utf-8` }, body };
}

async function html(body: string): Promise<Reply> {
  const { POLICY } = await import("./render.ts");
  return {
    status: 200,
    headers: {
      ...HTML_HEADERS,
      "content-language": "en",
      "content-security-policy": POLICY,
    },
    body,
  };
}
