export { keyHint, modeOfKeyText, newKeyText } from "./key-text.ts";
export { type AccessContext, createKey, type Key, KeyRing, revokeKey } from "./keys.ts";
export { type KeyLimits, mayAsk, noLimits } from "./limits.ts";
export { listKeys } from "./queries.ts";
export type { Call, KeyRoute, Method, PublicRoute, Reply, Route } from "./route.ts";
export { defaultScopes, isScope, type Scope, scopes } from "./scopes.ts";
