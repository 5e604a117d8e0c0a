import { createHmac } from "node:crypto";
import { equalInConstantTime } from "../../platform/hash.ts";

const OLDEST_SECONDS = 300;

/**
 * Whether a request comes from Slack: `X-Slack-Signature` is `v0=` and the HMAC-SHA256, as hex digits, of
 * `v0:<timestamp>:<body>` under the app's signing secret, and `X-Slack-Request-Timestamp` is no more than five minutes
 * away, so that a recorded request cannot be played again. `now` in milliseconds.
 * https://docs.slack.dev/authentication/verifying-requests-from-slack
 */
export function isFromSlack(
  signingSecret: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
  now: number,
): boolean {
  const timestamp = headers["x-slack-request-timestamp"] ?? "";
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(now / 1000 - Number(timestamp)) > OLDEST_SECONDS) return false;
  const hmac = createHmac("sha256", signingSecret).update(`v0:${timestamp}:`).update(body).digest("hex");
  return equalInConstantTime(Buffer.from(`v0=${hmac}`), Buffer.from(headers["x-slack-signature"] ?? ""));
}
