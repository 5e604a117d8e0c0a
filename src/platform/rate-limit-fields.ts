/** A policy as it is advertised: so much in so long. */
export interface RatePolicy {
  /** Lower case letters, digits and dashes. */
  readonly name: string;
  readonly quota: number;
  readonly windowSeconds: number;
}

/**
 * The fields `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11, in the syntax of RFC 9651): what
 * a policy allows, what is left of it, and the whole seconds until it is whole again. They are hints, no promise.
 *
 * @example
 * { "ratelimit-policy": '"month";q=50;w=2592000', ratelimit: '"month";r=49;t=608400' }
 */
export function rateLimitFields(policy: RatePolicy, remaining: number, seconds: number): Record<string, string> {
  return {
    "ratelimit-policy": `"${policy.name}";q=${policy.quota};w=${policy.windowSeconds}`,
    ratelimit: `"${policy.name}";r=${Math.max(0, Math.floor(remaining))};t=${Math.max(0, Math.ceil(seconds))}`,
  };
}
