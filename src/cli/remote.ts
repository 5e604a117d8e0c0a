/** What commands that are clients of a running server have in common. */
import { type Fetch, PausePoint, type PausePointError, ProblemError } from "../../clients/typescript/src/index.ts";
import { modeOfKeyText } from "../access/index.ts";
import { CommandFailed, UsageError } from "./output.ts";

/**
 * The server that `$PAUSEPOINT_URL`, or `url` in its stead, and `$PAUSEPOINT_API_KEY` name.
 *
 * @throws UsageError that says what to set
 */
export function serverOf(
  env: Readonly<Record<string, string | undefined>>,
  options: { readonly url?: string; readonly patienceMs?: number; readonly timeoutMs?: number; fetch?: Fetch } = {},
): PausePoint {
  const url = options.url ?? (env.PAUSEPOINT_URL || "http://127.0.0.1:8787");
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new UsageError("PAUSEPOINT_URL must be the server's address, such as https://approve.example.com.");
  const apiKey = env.PAUSEPOINT_API_KEY ?? "";
  if (apiKey === "") throw new UsageError("Set PAUSEPOINT_API_KEY to a key that `pausepoint keys create` has printed.");
  if (modeOfKeyText(apiKey) === null)
    throw new UsageError("PAUSEPOINT_API_KEY is no whole key: copy it again as `pausepoint keys create` printed it.");
  return new PausePoint({ ...options, url, apiKey });
}

/** What the server refused, or why it could not be asked, as the command's own failure. */
export function failureOf(error: PausePointError): CommandFailed {
  // A problem's message names the fields already.
  return new CommandFailed(error instanceof ProblemError ? error.message : `${capital(error.message)}.`);
}

function capital(text: string): string {
  return /^https?:/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
}
