/** node:net and node:tls, since it is these that were seen to refuse a certificate that does not fit. */
import { connect as connectPlainly, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { parseSmsc, type SmppConfig } from "../../platform/config/smpp.ts";

/** Begins to connect. `ready` is the event from which on anything may be written: with TLS, once the carrier is proven. */
export function open({ url, tls }: SmppConfig): { socket: Socket | TLSSocket; ready: "connect" | "secureConnect" } {
  const smsc = parseSmsc(url);
  if (smsc === null) throw new Error("the carrier's address was not checked");
  const { host, port, isTls } = smsc;
  if (!isTls) return { socket: connectPlainly({ host, port, autoSelectFamily: true }), ready: "connect" };
  const { ca, cert, key, serverName } = tls;
  const name = serverName ?? host;
  const options = {
    host,
    port,
    autoSelectFamily: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.2" as const,
    // RFC 6066, section 3: an address is no server name.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  };
  return { socket: connectTls(options), ready: "secureConnect" };
}

/** What went wrong, by the system's or OpenSSL's word for it, never its sentence, which may name hosts. */
export function explain(error: Error): string {
  const code = "code" in error && typeof error.code === "string" ? error.code : "no code";
  // The other way round: an alert is what the carrier said about us (RFC 8446, section 6.2).
  if (/ALERT/.test(code)) return `it refuses this server's TLS connection (${code})`;
  return /CERT|VERIFY|ALTNAME|SIGNATURE/.test(code) ? `its certificate is refused (${code})` : code;
}
