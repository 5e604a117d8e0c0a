import { hkdfSync } from "node:crypto";
import type { Mode } from "../storage/index.ts";
import { SECRET_PREFIX } from "./signing.ts";

/** Milliseconds that the secret before the current one still signs. */
export const ROTATION_OVERLAP = 24 * 3_600_000;
const SECRET_LENGTH = 32;

/** How often a secret was rotated, and when last; the version counts from 1. */
interface Rotation {
  readonly secret_version: number;
  readonly secret_rotated_at: number | null;
}

/** What an endpoint's secret is derived from. */
export interface EndpointSecret extends Rotation {
  readonly id: string;
}

/** What the default secret of a project's mode is derived from. */
export interface WorldSecret extends Rotation {
  readonly project: string;
  readonly mode: Mode;
}

/**
 * What webhooks are signed with. No secret is stored: each is derived from the folder's secret by HKDF (RFC 5869) with a
 * name of its own, so that a copy of the database alone can sign nothing, and rotating one is counting its version up.
 */
export class WebhookSecrets {
  readonly #folderSecret: Uint8Array;

  constructor(folderSecret: Uint8Array) {
    this.#folderSecret = folderSecret;
  }

  /** The secrets that sign for an endpoint at a time, as `whsec_…`: the current one, then perhaps the one before. */
  ofEndpoint(row: EndpointSecret, now: number): readonly string[] {
    return this.#inUse(`endpoint ${row.id}`, row, now);
  }

  /** What signs for the `webhook_url` of a project's pauses in one mode, as {@link ofEndpoint}. */
  ofWorld(row: WorldSecret, now: number): readonly string[] {
    return this.#inUse(`default ${row.project} ${row.mode}`, row, now);
  }

  #inUse(name: string, { secret_version: version, secret_rotated_at: rotatedAt }: Rotation, now: number): string[] {
    const current = this.#derive(name, version);
    const overlaps = rotatedAt !== null && version > 1 && now < rotatedAt + ROTATION_OVERLAP;
    return overlaps ? [current, this.#derive(name, version - 1)] : [current];
  }

  #derive(name: string, version: number): string {
    const derived = hkdfSync("sha256", this.#folderSecret, "", `pausepoint webhook ${name} v${version}`, SECRET_LENGTH);
    return `${SECRET_PREFIX}${Buffer.from(derived).toString("base64")}`;
  }
}
