import { z } from "zod";
import { sha256 } from "../hash.ts";
import { proxyUrl, tlsSchema } from "./http-gateway.ts";
import { httpUrl, section, text, wholeNumber } from "./leaves.ts";

const WITNESS_KEY = "the verifier key that `pausepoint witness init` printed: name+hash+base64";
const WITNESSES = "an array of at most 16 witnesses { key, url }";

const witness = section({
  /** The witness's verifier key, one line. */
  key: text(WITNESS_KEY, isWitnessKey),
  /** Where it listens; `/add-checkpoint` is put behind it. It may be a private address. */
  url: httpUrl,
  tls: tlsSchema.prefault({}),
  /** An HTTP proxy on the way. Default: `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` of the environment. */
  proxy: proxyUrl.exactOptional(),
  /** How long one request may take, 1 to 120 s. Default 15. */
  timeoutSeconds: wholeNumber(1, 120).default(15),
});

/** `audit: { … }`: where the log's checkpoints go. */
export const auditSchema = section({
  /** Who is asked to cosign each checkpoint. Default: nobody. */
  witnesses: z
    .array(witness, WITNESSES)
    .max(16, WITNESSES)
    .refine((list) => new Set(list.map(({ key }) => key)).size === list.length, "each witness once")
    .default([]),
  /** How often they are asked, 1 to 1440 minutes. Default 5. */
  everyMinutes: wholeNumber(1, 1_440).default(5),
  /** A folder that gets each checkpoint as a file; it must exist. Relative to this file. Default: none. */
  drop: text("the path of a folder", /^[^\0]+$/)
    .nullable()
    .default(null),
});

/** A witness, checked, with its defaults. */
export type WitnessConfig = Readonly<z.output<typeof witness>>;

/** C2SP signed-note, verifier keys, with the type of C2SP tlog-cosignature v1 (0x04). */
function isWitnessKey(line: string): boolean {
  const [, name = "", hash, base64 = ""] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(line) ?? [];
  const key = Buffer.from(base64, "base64");
  if (key.byteLength !== 33 || key[0] !== 4 || key.toString("base64") !== base64) return false;
  return Buffer.from(sha256(Buffer.concat([Buffer.from(`${name}\n`), key]))).toString("hex", 0, 4) === hash;
}
