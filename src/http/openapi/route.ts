import type { PublicRoute } from "../../access/index.ts";

/** `/openapi.json`, made when it is first asked for. `baseUrl`: what the server's links start with. */
export function openApiRoute(baseUrl: () => string): PublicRoute {
  let made: { readonly url: string; readonly text: string } | null = null;
  return {
    method: "GET",
    path: "/openapi.json",
    access: "public",
    async handle() {
      const url = baseUrl();
      if (made?.url !== url) {
        const { openApiDocument } = await import("./document.ts");
        made = { url, text: `${JSON.stringify(openApiDocument(url))}\n` };
      }
      // Any page of any origin may read what anybody may.
      return {
        status: 200,
        headers: { "content-type": "application/json", "access-control-allow-origin": "*" },
        body: made.text,
      };
    },
  };
}
