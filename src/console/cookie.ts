import { sha256Base64url } from "../platform/hash.ts";

/** `__Host-` binds a cookie to this very host, but browsers take it over HTTPS alone (RFC 6265bis, section 4.1.3). */
function nameAt(baseUrl: string): string {
  return baseUrl.startsWith("https:") ? "__Host-pausepoint" : "pausepoint";
}

/** The text of the session's cookie, or null. */
export function cookieOf(request: Request, baseUrl: string): string | null {
  const start = `${nameAt(baseUrl)}=`;
  const found = (request.headers.get("cookie") ?? "").split(/; */).find((pair) => pair.startsWith(start));
  return found === undefined ? null : found.slice(start.length);
}

/** The header that sets the session's cookie, or with null takes it away. */
export function setCookie(baseUrl: string, token: string | null): Record<string, string> {
  const secure = baseUrl.startsWith("https:") ? "; Secure" : "";
  const end = token === null ? "; Max-Age=0" : "";
  return { "set-cookie": `${nameAt(baseUrl)}=${token ?? ""}; Path=/; HttpOnly; SameSite=Strict${secure}${end}` };
}

/** The token of a session's forms: nothing that the cookie could be found from. */
export function formToken(cookie: string): string {
  return sha256Base64url(`console form\0${cookie}`);
}
