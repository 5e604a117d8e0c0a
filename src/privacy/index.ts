export { knownBackups } from "./ledger.ts";
export { applyErasures, type Erasure, Privacy } from "./privacy.ts";
export { pruneLog } from "./prune.ts";
export { eraseOld } from "./retention.ts";
export { privacyRoutes } from "./routes.ts";
