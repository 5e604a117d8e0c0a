/** What a key may do. */
export const scopes = [
  "pauses:write",
  "pauses:read",
  "audit:read",
  "webhooks:manage",
  "receipts:consume",
  "admin",
] as const;
export type Scope = (typeof scopes)[number];

/** What a key may do unless it was made with others. */
export const defaultScopes: readonly Scope[] = ["pauses:write", "pauses:read", "audit:read", "webhooks:manage"];

/** True for the exact name of a scope. */
export function isScope(name: string): name is Scope {
  return (scopes as readonly string[]).includes(name);
}
