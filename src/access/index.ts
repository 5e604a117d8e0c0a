export { keyHint, modeOfKeyText, newKeyText } from "./key-text.ts";
export { type AccessContext, createKey, type Key, KeyRing, revokeKey } from "./keys.ts";
export { type KeyLimits, limitsInWords, MOST_MINUTES, mayAsk, noLimits, readMinutes } from "./limits.ts";
export { beyondPlan, type Plans, planOf, refuseWebhooksBeyondPlan } from "./plans.ts";
export { listKeys } from "./queries.ts";
export { countPause, type Quota, quotaFields } from "./quota.ts";
export type { Call, KeyRoute, Method, PublicRoute, Reply, Route } from "./route.ts";
export { defaultScopes, isScope, type Scope, scopes } from "./scopes.ts";
export { keysWithoutTheirPlan, type Usage, usageOf } from "./usage.ts";
