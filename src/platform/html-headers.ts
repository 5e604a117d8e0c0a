/**
 * What goes with every page, beside its own Content-Security-Policy: not framed, not indexed, not reached by a window or a
 * document of another site, nothing of the device, and no address of ours told to others.
 */
export const HTML_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
  "x-robots-tag": "noindex, nofollow, noarchive",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
} as const;
