/** Whether the certificate of `listen.tls` can be served, for how long, and for whom. */
import { statSync } from "node:fs";
import { certificateCaution, readCertificate, timeLeft } from "../../platform/certificate.ts";
import { isoTime } from "../../platform/clock.ts";
import { ConfigError } from "../../platform/config/error.ts";
import type { LoadedConfig } from "../../platform/config/load.ts";
import { bad, type Finding, ok } from "./finding.ts";

/** Nothing where no certificate is configured. `now` in milliseconds since the epoch. */
export function ofCertificate({ listen, baseUrl }: Pick<LoadedConfig, "listen" | "baseUrl">, now: number): Finding[] {
  const name = "certificate";
  if (listen.tls === undefined) return [];
  try {
    const certificate = readCertificate(listen.tls, now);
    const found = `${listen.tls.cert}, good until ${isoTime(certificate.until)} (${timeLeft(certificate, now)})`;
    const caution = certificateCaution(certificate, baseUrl, now);
    return [
      caution === null ? ok(name, found) : bad(name, "warn", `${found}: ${caution.what}`, caution.todo),
      ...ofKey(listen.tls.key),
    ];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [bad(name, "fail", "a start would be refused", error.message)];
  }
}

function ofKey(file: string): Finding[] {
  const { mode } = statSync(file);
  if ((mode & 0o007) === 0) return [];
  const shown = (mode & 0o7777).toString(8).padStart(4, "0");
  const found = `${file}, mode ${shown}: everybody on this machine can pass for this server`;
  return [bad("certificate's key", "fail", found, `chmod o-rwx ${file}`)];
}
