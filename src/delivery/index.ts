export { cancelQueued, deliveriesOf, insertDelivery, outboxMessages } from "./queries.ts";
