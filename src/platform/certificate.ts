/** The certificate that the server speaks TLS with, read from its files and looked at before anybody is shown it. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import ipaddr from "ipaddr.js";
import { isoTime } from "./clock.ts";
import { ConfigError } from "./config/error.ts";
import type { TlsSettings } from "./config/listen.ts";

/** Where the pair lies. */
export type CertificateFiles = Pick<TlsSettings, "cert" | "key">;

/** A certificate and its key, in PEM, which belong together and are good now. */
export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly until: number;
  /** Whether it names that host, a DNS name or an address, as browsers ask for: in subjectAltName (RFC 9525). */
  covers(host: string): boolean;
}

const DAY = 86_400_000;

/**
 * Reads the pair.
 *
 * @param now milliseconds since the epoch, by which it must be valid
 * @throws ConfigError that names the setting and the file: unreadable, no PEM, with a passphrase, not belonging
 * together, expired or not valid yet
 */
export function readCertificate(files: CertificateFiles, now: number): ServerCertificate {
  const cert = read("cert", files.cert);
  const key = read("key", files.key);
  const [leaf, ...others] = certificatesIn(cert, files.cert);
  const own = privateKeyIn(key, files.key);
  if (leaf === undefined) throw refusal("cert", files.cert, "holds no certificate in PEM");
  if (!leaf.checkPrivateKey(own)) {
    const isBehind = others.some((other) => other.checkPrivateKey(own));
    throw isBehind
      ? refusal("cert", files.cert, "has the server's own certificate behind others; put it first")
      : refusal("key", files.key, `is not the key of the certificate in ${files.cert}`);
  }
  const from = leaf.validFromDate.getTime();
  const until = leaf.validToDate.getTime();
  if (now >= until) throw refusal("cert", files.cert, `expired at ${isoTime(until)}; renew it`);
  if (now < from) throw refusal("cert", files.cert, `is not valid before ${isoTime(from)}; look at the clock`);
  return { cert, key, from, until, covers: (host) => namesHost(leaf, host) };
}

/** Changes whenever either file does, also where a link to it was turned; null while one can't be looked at. */
export function stateOfFiles({ cert, key }: CertificateFiles): string | null {
  try {
    const states = [cert, key].map((file) => statSync(file, { bigint: true }));
    return states.map(({ dev, ino, size, mtimeNs, ctimeNs }) => [dev, ino, size, mtimeNs, ctimeNs].join()).join(" ");
  } catch {
    return null;
  }
}

/**
 * Whether a certificate is so near its end that whatever should have renewed it has not: less than 21 days or than a
 * quarter of its own time are left, whichever is shorter.
 */
export function isNearItsEnd({ from, until }: Pick<ServerCertificate, "from" | "until">, now: number): boolean {
  return until - now < Math.min(21 * DAY, (until - from) / 4);
}

/** How long a certificate is good for from now on, in words: `20 days`, `5 hours`. */
export function timeLeft({ until }: Pick<ServerCertificate, "until">, now: number): string {
  const hours = Math.max(0, Math.floor((until - now) / 3_600_000));
  const [count, unit] = hours < 48 ? [hours, "hour"] : [Math.floor(hours / 24), "day"];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** What an operator should know of a certificate that is good: what is so, and what to do; the former without a full stop. */
export function certificateCaution(
  certificate: Omit<ServerCertificate, "cert" | "key">,
  baseUrl: string,
  now: number,
): { readonly what: string; readonly todo: string } | null {
  if (isNearItsEnd(certificate, now)) {
    const what = `it ends in ${timeLeft(certificate, now)}`;
    return { what, todo: "Renew it: the server takes up new files by itself." };
  }
  const { hostname } = new URL(baseUrl);
  if (certificate.covers(hostname)) return null;
  const what = `it does not name ${hostname}, which links lead to`;
  return { what, todo: "Take a certificate for the host of baseUrl, unless a proxy stands in front." };
}

function read(setting: "cert" | "key", file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "there is no such file" : `it can't be read (${code})`;
    throw refusal(setting, file, `${why}; name a file that PausePoint's user can read`);
  }
}

function certificatesIn(pem: string, file: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    throw refusal("cert", file, "holds a certificate that can't be read");
  }
}

function privateKeyIn(pem: string, file: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    const locked = (error as NodeJS.ErrnoException).code === "ERR_MISSING_PASSPHRASE";
    throw refusal(
      "key",
      file,
      locked ? "has a passphrase; take it off" : "holds no private key in PEM that can be used",
    );
  }
}

function refusal(setting: "cert" | "key", file: string, why: string): ConfigError {
  return new ConfigError(`Correct listen.tls.${setting}: ${file}: ${why}.`);
}

function namesHost(leaf: X509Certificate, host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "");
  return (ipaddr.isValid(bare) ? leaf.checkIP(bare) : leaf.checkHost(bare, { subject: "never" })) !== undefined;
}
