/**
 * The client of a PausePoint server: asks a person, and waits for the answer, over restarts and broken networks. Needs
 * nothing but `fetch` and Web Crypto, so it runs in Node 20.3 and later, Bun and Deno.
 *
 * @example
 * const pausepoint = new PausePoint();
 * const decision = await pausepoint.ask({ recipient: "@cfo", channel: "sms", message: "Wire $8,400 to Meridian?" });
 * if (decision.isHuman && decision.choice === "Approve") wire();
 */
export { PausePoint, type PausePointOptions } from "./client.ts";
export type { AskOptions, Decision, Progress } from "./decision.ts";
export { type DigestedAction, digestAction } from "./digest.ts";
export {
  AnswerError,
  ConflictError,
  ConnectionError,
  ForbiddenError,
  InvalidRequestError,
  NotFoundError,
  PausePointError,
  ProblemError,
  RateLimitedError,
  UnauthorizedError,
  UnavailableError,
} from "./errors.ts";
export type { Fetch } from "./http.ts";
export {
  fetchReceiptKeys,
  type ReceiptClaims,
  type ReceiptDemands,
  ReceiptError,
  type ReceiptFault,
  type ReceiptKeys,
  verifyReceipt,
} from "./receipt.ts";
export type {
  AuditEntry,
  AuditPage,
  AuditQuery,
  ConsumedReceipt,
  CreatePause,
  Delivery,
  FieldError,
  ListQuery,
  Page,
  Pause,
} from "./types.ts";
export { type VerifyWebhookOptions, verifyWebhook, WebhookError, type WebhookEvent } from "./webhook.ts";
