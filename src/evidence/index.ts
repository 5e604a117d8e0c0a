export { checkpointNow } from "./checkpoints.ts";
export { signingKeysOf } from "./keys.ts";
export { evidenceRoutes } from "./routes.ts";
