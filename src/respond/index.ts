export { messageComposer } from "./compose.ts";
export { Inbound } from "./inbound.ts";
export { Links } from "./link.ts";
export { messageText } from "./messages.ts";
export { Respond } from "./respond.ts";
export { respondRoutes } from "./routes.ts";
