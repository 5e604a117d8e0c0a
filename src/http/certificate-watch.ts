import {
  type CertificateFiles,
  isNearItsEnd,
  readCertificate,
  type ServerCertificate,
  stateOfFiles,
  timeLeft,
} from "../platform/certificate.ts";
import { type Clock, isoTime } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";

/** What watching is made with. */
export interface WatchParts {
  readonly files: CertificateFiles;
  readonly clock: Clock;
  readonly log: Log;
  /** Has this certificate be shown from now on. Throws when it can't. */
  readonly change: (certificate: ServerCertificate) => void;
}

/** Renewing writes two files, one after the other: they are read once they have been as they are for this long. */
const LOOK_MS = 10_000;
const DAY = 86_400_000;

/**
 * Looks at the certificate's files and has a new pair be served without a restart, the usual way of what renews them
 * (a file written over, another renamed into its place, a link turned). While the pair on disk is no good, the one
 * before stays, and the log says why, once. Nearing its end, the log says so each day.
 */
export class CertificateWatch {
  readonly #parts: WatchParts;
  #served: ServerCertificate;
  #servedState: string;
  #seen: string;
  #complaint = "";
  #tellAt = 0;
  #cancel: () => void = () => {};

  /** @param served what was read before, while the files were in `state` */
  constructor(parts: WatchParts, served: ServerCertificate, state: string | null) {
    this.#parts = parts;
    this.#served = served;
    this.#servedState = state ?? "";
    this.#seen = this.#servedState;
  }

  start(): void {
    this.#tellOfItsEnd();
    this.#cancel = this.#parts.clock.after(LOOK_MS, () => this.#look());
  }

  stop(): void {
    this.#cancel();
  }

  /** For who has put both files there and says so: they are taken now. A pair that is no good yet is looked at again later. */
  lookAtOnce(): void {
    const state = stateOfFiles(this.#parts.files) ?? "";
    if (state !== this.#servedState) this.#take(state);
    this.#seen = state;
  }

  #look(): void {
    const state = stateOfFiles(this.#parts.files) ?? "";
    if (state !== this.#servedState && state === this.#seen) this.#take(state);
    this.#seen = state;
    this.start();
  }

  #take(state: string): void {
    const { files, clock, log, change } = this.#parts;
    try {
      const certificate = readCertificate(files, clock.now());
      const { cert, key } = this.#served;
      // Written anew with the same content, or with another mode: no connection need be closed for that.
      const isOther = certificate.cert !== cert || certificate.key !== key;
      if (isOther) change(certificate);
      this.#servedState = state;
      this.#complaint = "";
      if (!isOther) return;
      this.#served = certificate;
      this.#tellAt = 0;
      log.info("certificate changed", { until: isoTime(certificate.until) });
    } catch (error) {
      const why = (error as Error).message;
      if (why !== this.#complaint) log.error("certificate not changed; the one before is still served", { why });
      this.#complaint = why;
    }
  }

  #tellOfItsEnd(): void {
    const { clock, log } = this.#parts;
    const now = clock.now();
    if (now < this.#tellAt || !isNearItsEnd(this.#served, now)) return;
    this.#tellAt = now + DAY;
    const until = isoTime(this.#served.until);
    if (now >= this.#served.until) log.error("certificate has expired; renew it", { until });
    else log.warn("certificate ends soon; renew it", { until, left: timeLeft(this.#served, now) });
  }
}
