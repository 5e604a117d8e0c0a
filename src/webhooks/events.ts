/** What an endpoint can listen for: a pause has ended, in one of three ways. */
export const webhookEvents = ["pause.responded", "pause.timed_out", "pause.cancelled"] as const;
export type WebhookEvent = (typeof webhookEvents)[number];
