/** One request to a witness (C2SP tlog-witness v1.0.0, add-checkpoint), and what its answer means. */
import {
  cosignatureTime,
  formatSubmission,
  NoteError,
  openNote,
  type Submission,
  signatureLine,
  type VerifierKey,
} from "../audit/index.ts";
import { afterLong, type Clock } from "../platform/clock.ts";
import type { WitnessConfig } from "../platform/config/audit.ts";

/** A witness of the configuration, its key read. */
export interface Witness extends Omit<WitnessConfig, "key"> {
  readonly key: VerifierKey;
  /** The key in its one line. */
  readonly vkey: string;
}

export type WitnessAnswer =
  /** `line` is the signature line, genuine; `time` is when, in seconds by the witness's clock. */
  | { readonly kind: "cosigned"; readonly line: string; readonly time: number }
  /** It knows a tree of this size, and the proof must start there. */
  | { readonly kind: "knows"; readonly size: number }
  /** It knows another tree: of the same size, or one that ours does not contain. */
  | { readonly kind: "differs" }
  | { readonly kind: "failed"; readonly why: string };

const LONGEST_ANSWER = 64 * 1024;

/** Never rejects. No redirect is followed. */
export async function askWitness(
  witness: Witness,
  submission: Submission,
  clock: Clock,
  stop: AbortSignal,
): Promise<WitnessAnswer> {
  const { url, tls, proxy, timeoutSeconds } = witness;
  const deadline = new AbortController();
  const cancel = afterLong(clock, timeoutSeconds * 1000, () => deadline.abort());
  try {
    const response = await fetch(`${url}/add-checkpoint`, {
      method: "POST",
      headers: { "content-type": "text/plain; charset=utf-8" },
      body: formatSubmission(submission),
      redirect: "manual",
      signal: AbortSignal.any([stop, deadline.signal]),
      tls: { ...tls, rejectUnauthorized: true },
      ...(proxy === undefined ? {} : { proxy }),
      keepalive: false,
    });
    const type = response.headers.get("content-type") ?? "";
    return meaningOf(response.status, type, await textOf(response), witness.key, submission.checkpoint);
  } catch (error) {
    if (deadline.signal.aborted) return failed(`no answer within ${timeoutSeconds} s`);
    const { code } = error as { code?: unknown };
    return failed(typeof code === "string" ? `it cannot be reached (${code})` : "it cannot be reached");
  } finally {
    cancel();
  }
}

function meaningOf(status: number, type: string, text: string, key: VerifierKey, checkpoint: string): WitnessAnswer {
  if (status === 200) return cosignatureIn(text, key, checkpoint);
  if (status === 409 && /^text\/x\.tlog\.size\s*(;|$)/.test(type)) {
    const size = /^(0|[1-9]\d{0,15})\n$/.exec(text)?.[1];
    return size === undefined ? failed("409 without the size of a tree") : { kind: "knows", size: Number(size) };
  }
  if (status === 409 || status === 422) return { kind: "differs" };
  if (status === 404) return failed("it does not watch this log (404): give it the log's verifier key");
  if (status === 403) return failed("it knows another key for this log (403): give it the one in use");
  return failed(`it answered ${status}`);
}

/** The line of the very key that is configured; lines of others are passed over, as the standard asks. */
function cosignatureIn(text: string, key: VerifierKey, checkpoint: string): WitnessAnswer {
  try {
    const { note, signedBy } = openNote(`${checkpoint}${text}`, [key]);
    const own = note.signatures.find(({ name, hash }) => name === key.name && hash === key.hash);
    if (signedBy.length === 0 || own === undefined) return failed("its answer is not signed by its key");
    return { kind: "cosigned", line: signatureLine(key, own.bytes), time: cosignatureTime(own.bytes) };
  } catch (error) {
    if (error instanceof NoteError) return failed(`its answer can't be trusted: ${error.message}`);
    throw error;
  }
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > LONGEST_ANSWER) throw Object.assign(new Error("the answer is endless"), { code: "ENDLESS" });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function failed(why: string): WitnessAnswer {
  return { kind: "failed", why };
}
