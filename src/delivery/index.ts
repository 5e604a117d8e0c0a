export type { Carrier } from "./lane.ts";
export { cancelQueued, deliveriesOf, insertDelivery, outboxMessages } from "./queries.ts";
export { DeliveryQueue } from "./queue.ts";
export type { DueMessage } from "./record.ts";
