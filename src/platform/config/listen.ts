/** The settings of `listen`: the address, who stands in front, and the certificate where nobody does. */
import { z } from "zod";
import { network, oneOf, section, text, wholeNumber } from "./leaves.ts";

const tls = section({
  /** The certificate in PEM, followed by those that lead from it to its authority; relative to this file. */
  cert: text("the path of a file", /^[^\0]+$/),
  /** Its private key in PEM, without a passphrase; relative to this file. */
  key: text("the path of a file", /^[^\0]+$/),
  /** The oldest TLS that is spoken. Default `1.2`. */
  minVersion: oneOf(["1.2", "1.3"]).default("1.2"),
  /** How many days a browser insists on https for this host (RFC 6797), 0 to 730; 0 has it forget. Default 365. */
  hstsDays: wholeNumber(0, 730).default(365),
});

export const listenSchema = section({
  /** The address to listen on. Default `127.0.0.1`: this machine only, for a reverse proxy in front. */
  host: text("a host name or an IP address", /^[A-Za-z0-9_.:%-]+$/).default("127.0.0.1"),
  /** The TCP port, 0 to 65535; 0 takes any that is free. Default 8787. */
  port: wholeNumber(0, 65_535).default(8787),
  /** Networks whose `X-Forwarded-For` is believed. Default: none. */
  trustProxy: z.array(network, "an array of networks in CIDR notation").default([]),
  /** Speak https, with these files. Default: http, with a proxy in front. */
  tls: tls.exactOptional(),
});

type Listen = z.output<typeof listenSchema>;
export type TlsSettings = Readonly<z.output<typeof tls>>;

/** The same with every path absolute. */
export function withAbsoluteFiles(listen: Listen, absolute: (path: string) => string): Listen {
  const { tls } = listen;
  return tls === undefined ? listen : { ...listen, tls: { ...tls, cert: absolute(tls.cert), key: absolute(tls.key) } };
}

/** The address of a listener as a browser on this machine reaches it: `http://127.0.0.1:8787`, `https://…` with TLS. */
export function listenUrl({ host, port, tls }: { host: string; port: number; tls?: unknown }): string {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  const scheme = tls === undefined ? "http" : "https";
  return new URL(`${scheme}://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`).origin;
}
