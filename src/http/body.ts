import type { Clock } from "../platform/clock.ts";
import { faultIn } from "../platform/json.ts";
import { invalid, Problem } from "../platform/problem.ts";

/** The longest body, in bytes. */
export const LONGEST_BODY = 65_536;
const SLOWEST_MS = 10_000;

/** A body as JSON, checked for what no field may hold. An empty one is `{}` where `optional`. @throws Problem */
export async function readJson(request: Request, clock: Clock, optional: boolean): Promise<unknown> {
  const length = request.headers.get("content-length");
  if (optional && (request.body === null || length === "0")) return {};
  refuseOtherType(request, "application/json");
  const bytes = await readBytes(request, clock);
  if (optional && bytes.byteLength === 0) return {};
  const text = decode(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Problem("not-json", "The body is not JSON.");
  }
  const fault = faultIn(value);
  if (fault !== null) throw invalid([fault]);
  return value;
}

/** A body as the fields of an HTML form. @throws Problem */
export async function readForm(request: Request, clock: Clock): Promise<URLSearchParams> {
  refuseOtherType(request, "application/x-www-form-urlencoded");
  return new URLSearchParams(decode(await readBytes(request, clock)));
}

/** Exactly this media type, in UTF-8: a look-alike (`application/jsonx`) is another. */
function refuseOtherType(request: Request, wanted: string): void {
  const [type = "", ...parameters] = (request.headers.get("content-type") ?? "").split(";");
  const charset = parameters.map((text) => text.trim().toLowerCase()).find((text) => text.startsWith("charset="));
  const utf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  if (type.trim().toLowerCase() !== wanted || !utf8)
    throw new Problem("media-type", `The body must be ${wanted}, in UTF-8.`);
}

/** A body of any type as it came. @throws Problem */
export async function readBytes(request: Request, clock: Clock): Promise<Uint8Array> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > LONGEST_BODY) throw tooLarge();
  let stopTimer = () => {};
  const late = new Promise<never>((_, reject) => {
    stopTimer = clock.after(SLOWEST_MS, () =>
      reject(new Problem("request-timeout", "The body did not arrive within ten seconds.", CLOSE)),
    );
  });
  try {
    const bytes = new Uint8Array(await Promise.race([request.arrayBuffer(), late]));
    if (bytes.byteLength > LONGEST_BODY) throw tooLarge();
    return bytes;
  } catch (error) {
    if (error instanceof Problem) throw error;
    // Bun's own limit behind ours, or a client that left.
    if (/maxRequestBodySize/.test((error as Error).message)) throw tooLarge();
    throw new Problem("bad-request", "The body did not arrive whole.", CLOSE);
  } finally {
    stopTimer();
  }
}

const CLOSE = { headers: { connection: "close" } };

/**
 * The connection stays: what still comes of the body is read and dropped, up to Bun's own limit. Closing it with bytes
 * unread resets it, and a proxy that is still sending would tell its client of a broken server (502) in place of this.
 */
function tooLarge(): Problem {
  return new Problem("too-large", "The body is longer than 64 kB.");
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Problem("not-json", "The body is not UTF-8.");
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
