import type { PublicRoute, Reply } from "../access/index.ts";
import { HTML_HEADERS } from "../platform/html-headers.ts";
import { frontStyle } from "../respond/page/assets.ts";
import { FAVICON } from "../respond/page/render.ts";

/**
 * What stands at the server's own address, for whoever cut a link short or looks whether anything is there: what this
 * is, and nothing about who uses it. A page for a browser, JSON for everything that does not ask for HTML by name.
 */
export const frontPage: PublicRoute = {
  method: "GET",
  path: "/",
  access: "public",
  handle: (call) => (prefersHtml(call.request.headers.get("accept") ?? "") ? page : described),
};

const ABOUT = "This server asks people before a program goes on, and passes on their answers.";
const TO_READERS =
  "There is nothing to see here. If you were asked a question, open the link in the message that brought it: each message has a link of its own.";

const TO_DEVELOPERS = 'You write programs? <a href="/docs">The documentation</a> is here, too.';

const VARY = { vary: "Accept" } as const;

const page: Reply = {
  status: 200,
  headers: {
    ...HTML_HEADERS,
    "content-language": "en",
    "content-security-policy": `default-src 'none'; style-src ${frontStyle.source}; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'`,
    ...VARY,
  },
  body:
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>PausePoint</title>' +
    '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">' +
    `<link rel="icon" href="${FAVICON}"><style>${frontStyle.text}</style></head>` +
    `<body><main><section><h1>PausePoint</h1><p>${ABOUT}</p><p>${TO_READERS}</p><p>${TO_DEVELOPERS}</p></section></main></body></html>\n`,
};

const described: Reply = {
  status: 200,
  headers: VARY,
  body: { name: "PausePoint", about: ABOUT, api: "/v1/pause", docs: "/docs", health: "/healthz" },
};

/** Whether `Accept` (RFC 9110 §12.5.1) names HTML, and JSON not above it. A wildcard alone, as curl sends, is no browser's. */
function prefersHtml(accept: string): boolean {
  const html = qualityOf("text/html", accept);
  return html > 0 && html >= qualityOf("application/json", accept);
}

/** The quality of a type where it is named itself, else 0. */
function qualityOf(type: string, accept: string): number {
  for (const range of accept.toLowerCase().split(",")) {
    const [name = "", ...parameters] = range.split(";").map((part) => part.trim());
    if (name !== type) continue;
    const quality = parameters.find((parameter) => parameter.startsWith("q="));
    return quality === undefined ? 1 : Number(quality.slice(2)) || 0;
  }
  return 0;
}
