/** What settings of encrypted connections are made of. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { text } from "./leaves.ts";

/** A host name of letters, digits and hyphens (RFC 1123), at most 253 characters. */
export const DOMAIN =
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i;

export const certificates = text("one or more certificates in PEM", isCertificates);
export const privateKey = text("a private key in PEM, without a passphrase", isPrivateKey);
export const hostName = text("a host name", DOMAIN);

function isCertificates(pem: string): boolean {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const block of blocks) new X509Certificate(block);
    return blocks.length > 0;
  } catch {
    return false;
  }
}

function isPrivateKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).type === "private";
  } catch {
    return false;
  }
}
