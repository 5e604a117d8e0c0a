export {
  DEFAULT_TIMEOUT,
  type PostResult,
  type Resolve,
  type WebhookClient,
  type WebhookClientOptions,
  type WebhookRequest,
  webhookClient,
} from "./client.ts";
export { type AddressGuard, addressGuard, type GuardOptions, LONGEST_URL, type UrlVerdict } from "./guard.ts";
