import type { ChannelConfig } from "../platform/config/schema.ts";
import { parseSmsc, type SmppConfig } from "../platform/config/smpp.ts";

/** What an operator should know of a channel's settings, but may have good reason for: sentences without any secret. */
export function cautionsOf(settings: ChannelConfig): readonly string[] {
  switch (settings.kind) {
    case "smpp":
      return [...ofLink(settings), ...ofLengths(settings), ...ofSenders(settings.replies, sendersOf(settings))];
    case "httpGateway":
      // Without `inbound` nobody expects a reply.
      return [
        ...ofAddress(settings.url),
        ...(settings.inbound === undefined ? [] : ofSenders(settings.replies, { from: settings.from })),
      ];
    case "kannel":
      return [
        ...ofAddress(settings.url),
        ...(settings.hooks === undefined ? [] : ofSenders(settings.replies, { from: settings.from })),
      ];
    case "ntfy":
      return ofAddress(settings.url);
    default:
      return [];
  }
}

const READABLE = "texts, links and credentials can be read on the way";

function ofLink({ url }: SmppConfig): readonly string[] {
  const smsc = parseSmsc(url);
  return smsc === null || smsc.isTls || isLocal(smsc.host) ? [] : [`SMPP without TLS: ${READABLE}`];
}

function ofAddress(address: string): readonly string[] {
  const url = URL.parse(address);
  return url?.protocol !== "http:" || isLocal(url.hostname) ? [] : [`HTTP without TLS: ${READABLE}`];
}

function isLocal(host: string): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|\[?::1\]?)$/i.test(host);
}

/** SMPP 3.4, section 4.1: what stands in a bind. Neither is cut: that would only hide why a bind fails. */
function ofLengths({ systemId, password }: SmppConfig): readonly string[] {
  return [
    ...(systemId.length > 15 ? ["`systemId` is longer than the 15 characters of the standard; it is sent whole"] : []),
    ...(password.length > 8 ? ["`password` is longer than the 8 characters of the standard; it is sent whole"] : []),
  ];
}

function sendersOf({ from, senders }: SmppConfig): Readonly<Record<string, string>> {
  const named = Object.entries(senders).map(([country, sender]) => [`senders.${country}`, sender] as const);
  return { from, ...Object.fromEntries(named) };
}

function ofSenders(replies: string, senders: Readonly<Record<string, string | undefined>>): readonly string[] {
  const names = Object.entries(senders).flatMap(([setting, sender = ""]) =>
    /[A-Za-z]/.test(sender) ? [`\`${setting}\``] : [],
  );
  if (replies === "off" || names.length === 0) return [];
  return [`nobody can write back to a name (${names.join(", ")}): those texts ask for an answer at the link alone`];
}
