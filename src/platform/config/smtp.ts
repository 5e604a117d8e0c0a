import { createPrivateKey } from "node:crypto";
import { isIP } from "node:net";
import { z } from "zod";
import { oneOf, section, text, wholeNumber } from "./leaves.ts";
import { certificates, DOMAIN, hostName } from "./tls.ts";

/** An address with the name that is shown for it, perhaps empty. */
export interface Mailbox {
  readonly name: string;
  readonly address: string;
}

/** What stands in `url`. */
export interface Relay {
  /** A name or an IP address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** `smtps://`: encrypted from the first byte (RFC 8314, section 3.3). */
  readonly isImplicitTls: boolean;
  readonly login: { readonly user: string; readonly password: string } | null;
}

const URL_RULE =
  "smtp://host:587 or smtps://user:password@host:465, with characters such as @ / ? # % in user and password percent-encoded";

const mailbox = (allowed: string) =>
  text(allowed, (value) => parseMailbox(value) !== null).transform((value): Mailbox => {
    const { name, address } = parseMailbox(value) ?? { name: "", address: value };
    return { name, address };
  });

const tls = section({
  /** Certificates of the authorities that sign the relay's own, in PEM; they stand in place of the public ones. */
  ca: certificates.exactOptional(),
  /** The name that the relay's certificate must hold. Default: the host in `url`. */
  serverName: hostName.exactOptional(),
  /**
   * For `smtp://`: `required` refuses a relay that does not offer STARTTLS (RFC 3207), `if-offered` goes on without,
   * `off` never asks. Default `required`; `off` for a relay on this machine that needs no log-in. Where a connection is
   * encrypted, the certificate is always checked.
   */
  startTls: oneOf(["required", "if-offered", "off"]).exactOptional(),
  /** Whether user and password may be sent over a connection that is not encrypted. Default false. */
  allowUnencryptedLogin: z.boolean("true or false").default(false),
});

const dkim = section({
  /** The domain that signs; receivers compare it with the domain of `from`. */
  domain: text("a domain, such as example.com", DOMAIN),
  /** The name of the key, which is published at `<selector>._domainkey.<domain>`. */
  selector: text("a selector, such as mail2026", DOMAIN),
  /** The private key, RSA of at least 1,024 bits (RFC 8301), in PEM. */
  privateKey: text("an RSA private key in PEM, without a passphrase, of at least 1024 bits", isRsaKey),
});

/** The settings of `smtp({ … })`: mail through a relay that the operator has an account or a permission on. */
export const smtpSchema = section({
  kind: z.literal("smtp"),
  /** The relay: `smtp://` (port 587 unless named) or `smtps://` (465), perhaps with user and password. */
  url: text(URL_RULE, (value) => parseRelay(value) !== null),
  /** The sender: `approve@example.com`, or with a name, `PausePoint <approve@example.com>`. */
  from: mailbox("an address such as PausePoint <approve@example.com>"),
  /** Where replies go, which decide nothing. Default: to `from`. */
  replyTo: mailbox("an address such as Operations <ops@example.com>").exactOptional(),
  tls: tls.prefault({}),
  /** Signs each mail (DKIM, RFC 6376). Default: the relay does, or nobody. */
  dkim: dkim.exactOptional(),
  /** How long one attempt may take, 1 to 120 s. Default 30. */
  timeoutSeconds: wholeNumber(1, 120).default(30),
  /** How many mails are handed over at the same time, each on a connection of its own, 1 to 50. Default 4. */
  concurrency: wholeNumber(1, 50).default(4),
  /** Whether those who were asked get a second mail when no answer of theirs is needed any more. Default false. */
  tellWhenOver: z.boolean("true or false").default(false),
}).superRefine((settings, context) => {
  const relay = parseRelay(settings.url);
  if (relay === null) return;
  const refuse = (key: string, allowed: string) =>
    context.addIssue({ code: "custom", path: ["tls", key], message: allowed });
  const encryption = encryptionOf(settings);
  const { ca, serverName, startTls, allowUnencryptedLogin } = settings.tls;
  if (relay.isImplicitTls && startTls !== undefined) {
    refuse("startTls", "nothing beside smtps://, which is encrypted from the start");
  }
  if (encryption === "off") {
    if (ca !== undefined) refuse("ca", 'nothing, unless startTls is "required" or "if-offered"');
    if (serverName !== undefined) refuse("serverName", 'nothing, unless startTls is "required" or "if-offered"');
    if (relay.login !== null && !allowUnencryptedLogin) {
      refuse(
        "startTls",
        '"required" or "if-offered"; "off" would send the password as it is: see allowUnencryptedLogin',
      );
    }
  }
  if (allowUnencryptedLogin && (relay.login === null || encryption === "implicit" || encryption === "required")) {
    refuse("allowUnencryptedLogin", 'false, unless url has a password and startTls is "if-offered" or "off"');
  }
});

type Settings = z.input<typeof smtpSchema>;

/** What `smtp({ … })` takes. The types allow undefined, as `process.env.X` may be; the start then refuses it. */
export type SmtpSettings = { [Key in keyof Settings as Exclude<Key, "kind">]: Settings[Key] | undefined };

/** A mail channel, checked, with its defaults. */
export type SmtpConfig = Readonly<z.output<typeof smtpSchema>>;

export type Encryption = "implicit" | "required" | "if-offered" | "off";

/** When the connection to the relay is encrypted. */
export function encryptionOf({ url, tls }: Pick<SmtpConfig, "url" | "tls">): Encryption {
  const relay = parseRelay(url);
  if (relay?.isImplicitTls) return "implicit";
  if (tls.startTls !== undefined) return tls.startTls;
  // What goes to this machine crosses no network, and its relay's certificate is rarely one that anybody signed.
  return relay !== null && isLoopback(relay.host) && relay.login === null ? "off" : "required";
}

/** The parts of a relay's address; null when it is not one. */
export function parseRelay(address: string): Relay | null {
  const url = URL.parse(address);
  if (url === null || !/^smtps?:\/\//i.test(address) || !/^\/?$/.test(url.pathname) || /[?#\s]/.test(address))
    return null;
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(host) === 0 && !/^[a-z0-9._-]+$/i.test(host)) return null;
  const user = decoded(url.username);
  const password = decoded(url.password);
  if (user === null || password === null || (user === "") !== (password === "")) return null;
  const isImplicitTls = url.protocol.toLowerCase() === "smtps:";
  const port = url.port === "" ? (isImplicitTls ? 465 : 587) : Number(url.port);
  return port === 0 ? null : { host, port, isImplicitTls, login: user === "" ? null : { user, password } };
}

/** Null for broken percent-encoding, and for control characters, which no log-in over SMTP can carry (RFC 4616). */
function decoded(part: string): string | null {
  try {
    const text = decodeURIComponent(part);
    return /\p{Cc}/u.test(text) ? null : text;
  } catch {
    return null;
  }
}

function isLoopback(host: string): boolean {
  return /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|::1)$/i.test(host);
}

/** `Name <address>`, `"Name, with a comma" <address>` or the address alone; the address in ASCII, names in any script. */
function parseMailbox(value: string): Mailbox | null {
  const [, quoted, plain, bracketed, alone] =
    value.match(/^(?:(?:"([^"\\]*)"|([^"<>]*?))\s*<([^<>\s]+)>|([^<>\s]+))$/) ?? [];
  const address = bracketed ?? alone ?? "";
  const [, domain] = address.match(/^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(.+)$/i) ?? [];
  const name = (quoted ?? plain ?? "").trim();
  const isRight = domain !== undefined && DOMAIN.test(domain) && address.length <= 254;
  return isRight && [...name].length <= 100 && !/[\p{Cc}\p{Cf}]/u.test(name) ? { name, address } : null;
}

function isRsaKey(pem: string): boolean {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(pem);
    return asymmetricKeyType === "rsa" && (asymmetricKeyDetails?.modulusLength ?? 0) >= 1024;
  } catch {
    return false;
  }
}
