export { messageComposer } from "./compose.ts";
export { Inbound } from "./inbound.ts";
export { Links } from "./link.ts";
export { messageText } from "./messages.ts";
export { reportStyle } from "./page/assets.ts";
export { escapeHtml } from "./page/escape.ts";
export { Respond } from "./respond.ts";
export { respondRoutes } from "./routes.ts";
