/**
 * Programs that fetch links on their own and say so: previews of messengers, scanners and crawlers, by the names that
 * their makers publish or that they print beside an address of their own. Most scanners of mail gateways call
 * themselves a browser on purpose, so that a name which is not here proves nothing.
 */
const PROGRAMS: readonly { readonly source: string; readonly names: RegExp }[] = [
  { source: "https://api.slack.com/robots", names: /\bSlackbot\b|\bSlack-ImgProxy\b/ },
  {
    // Messages on an iPhone calls itself by these names too when it makes a preview.
    source: "https://developers.facebook.com/docs/sharing/webmasters/web-crawlers",
    names:
      /\bfacebookexternalhit\/|\bfacebookcatalog\/|\bFacebot\b|\bmeta-external(?:agent|fetcher)\/|\bmeta-webindexer\//i,
  },
  { source: "https://opengraphplus.com/consumers/whatsapp/crawling", names: /^WhatsApp\// },
  {
    source: "https://developer.x.com/en/docs/x-for-websites/cards/guides/getting-started",
    names: /\bTwitterbot\//,
  },
  { source: "https://www.linkedin.com/robots.txt", names: /\bLinkedInBot\// },
  { source: "it prints +https://discordapp.com", names: /\bDiscordbot\// },
  { source: "it calls itself TelegramBot (like TwitterBot)", names: /^TelegramBot\b/ },
  { source: "it calls itself SkypeUriPreview; Skype's and Teams' previews", names: /\bSkypeUriPreview\b/ },
  { source: "https://support.apple.com/en-us/119829", names: /\bApplebot\// },
  {
    source: "https://developers.google.com/crawling/docs/crawlers-fetchers/overview-google-crawlers",
    names: /\bGooglebot\b|\bGoogleOther\b|\bAdsBot-Google|\bAPIs-Google\b|\bGoogle-Safety\b|\bFeedFetcher-Google\b/,
  },
  {
    source: "https://www.bing.com/webmasters/help/which-crawlers-does-bing-use-8c184ec0",
    names: /\bbingbot\/|\bBingPreview\//,
  },
];

/**
 * Whether a request for a page is known not to come from a person who looks at it now. `Sec-Purpose` is Fetch's header
 * for speculative requests, `prefetch` perhaps with parameters (Fetch, "Sec-Purpose"; HTML, "speculative loading");
 * `Purpose` (Chrome, Safari), `X-Purpose` (Safari) and `X-Moz` (Firefox) came before it. False says nothing.
 */
export function isAutomated(headers: Headers): boolean {
  for (const name of ["sec-purpose", "purpose", "x-purpose", "x-moz"]) {
    if (/^\s*"?(?:prefetch|preview)\b/i.test(headers.get(name) ?? "")) return true;
  }
  const userAgent = headers.get("user-agent") ?? "";
  return PROGRAMS.some(({ names }) => names.test(userAgent));
}
