/** Plain words for an exchange that brought no whole answer. None of them holds an address or a name. */

/** An exchange that this code, not the network, has ended. The message is fit for the developer's eyes. */
export class ExchangeFailure extends Error {
  override readonly name = "ExchangeFailure";
}

/** What an error of the resolver, the socket, TLS or the HTTP parser means, as the end of a sentence. */
export function failureWords(error: unknown): string {
  if (error instanceof ExchangeFailure) return error.message;
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "no code";
  const known = words[code];
  if (known !== undefined) return known;
  if (/^HPE_/.test(code)) return `the answer is not valid HTTP (${code})`;
  if (/CERT|^UNABLE_TO_|SIGNATURE|_CRL|^INVALID_(?:CA|PURPOSE)$/.test(code)) return untrusted(code);
  if (/^(?:ERR_SSL_|ERR_TLS_|EPROTO$)/.test(code)) return `no secure connection could be made (${code})`;
  return `the connection failed (${code})`;
}

const untrusted = (why: string) => `the certificate is not trusted (${why})`;
const NO_SUCH_NAME = "the name does not resolve";
const NO_WAY = "there is no way to the receiver's network";
const UNKNOWN_ISSUER = untrusted("its issuer is unknown");
const SELF_SIGNED = untrusted("it is self-signed");

const words: Readonly<Record<string, string>> = {
  ENOTFOUND: NO_SUCH_NAME,
  ENODATA: NO_SUCH_NAME,
  EAI_AGAIN: "the name cannot be resolved now",
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was closed before a whole answer came",
  EPIPE: "the connection was closed before a whole answer came",
  ETIMEDOUT: "the receiver did not take the connection",
  EHOSTUNREACH: NO_WAY,
  ENETUNREACH: NO_WAY,
  EADDRNOTAVAIL: NO_WAY,
  HPE_HEADER_OVERFLOW: "the head of the answer is longer than 16 kB",
  ERR_TLS_CERT_ALTNAME_INVALID: untrusted("it is for another name"),
  CERT_HAS_EXPIRED: untrusted("it has expired"),
  CERT_NOT_YET_VALID: untrusted("it is not valid yet"),
  CERT_REVOKED: untrusted("it was revoked"),
  DEPTH_ZERO_SELF_SIGNED_CERT: SELF_SIGNED,
  SELF_SIGNED_CERT_IN_CHAIN: SELF_SIGNED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_ISSUER,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_ISSUER,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_ISSUER,
};
