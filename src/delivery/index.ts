export { Attendant } from "./attendant.ts";
export { forgetMessages, takeRoom } from "./ceiling.ts";
export type { DeliveryContext } from "./context.ts";
export {
  type ClaimedMessage,
  type Compose,
  type DueMessage,
  isOptedOut,
  optedOutWords,
  queueNotices,
} from "./messages.ts";
export { failedOfEndpoint, type WebhookFilter, webhooksByUrgency } from "./operator-queries.ts";
export type { OnOutbox } from "./outbox.ts";
export {
  asksOf,
  cancelAsks,
  codedAsks,
  deleteOptOut,
  findOptOut,
  insertAsk,
  insertHeard,
  insertOptOut,
  laneLoads,
  outboxMessages,
} from "./queries.ts";
export { type Carrier, DeliveryQueue } from "./queue.ts";
export { takeReceipt } from "./receipts.ts";
export { redeliver } from "./redeliver.ts";
export { deliveryRoutes } from "./routes.ts";
export { deliveryById } from "./shown-queries.ts";
export { isReceiver, queueTest, queueWebhooks, WEBHOOK, WebhookTraffic } from "./webhooks.ts";
