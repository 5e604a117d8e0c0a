/** What every webhook calls itself. */
export const USER_AGENT = "PausePoint";

/**
 * Whether a request is a webhook of a PausePoint: of this one, or of another. Whoever may ask chooses where webhooks go,
 * so that one may be sent to this very server, where it comes from an address that is trusted. It must count for nothing
 * there, and its sender can't take these headers off.
 */
export function isWebhook(headers: Headers): boolean {
  const isSigned = headers.has("webhook-signature") && /^(?:evt|dlv)_/.test(headers.get("webhook-id") ?? "");
  return isSigned || headers.get("user-agent") === USER_AGENT;
}
