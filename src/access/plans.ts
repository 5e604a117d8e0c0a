import type { Plan } from "../platform/config/plans.ts";
import { type FieldError, Problem } from "../platform/problem.ts";
import type { Key } from "./keys.ts";

/** What plans there are, by name: those of the configuration over the built-in ones. */
export type Plans = Readonly<Record<string, Plan>>;

/**
 * What the key's plan allows; null for a key without one, which nothing but its own limits holds.
 *
 * @throws Problem `plan-limit` for a plan that the configuration does not have any more: what the operator meant to limit
 * is not let through.
 */
export function planOf(key: Pick<Key, "plan">, plans: Plans): Plan | null {
  if (key.plan === null) return null;
  const plan = Object.hasOwn(plans, key.plan) ? plans[key.plan] : undefined;
  if (plan === undefined)
    throw new Problem("plan-limit", `The key's plan ${key.plan} is not in the server's configuration.`);
  return plan;
}

/** What a create asks for beyond the plan, by JSON pointer. */
export function beyondPlan(
  plan: Plan,
  asked: { readonly channel: string; readonly timeoutHours: number; readonly webhookUrl: string | null },
): FieldError[] {
  const { channels, maxTimeoutHours, webhooks } = plan;
  const errors: FieldError[] = [];
  if (channels !== null && !channels.includes(asked.channel))
    errors.push({ pointer: "/channel", detail: `must be ${channels.join(" or ")} with this key's plan` });
  if (maxTimeoutHours !== null && asked.timeoutHours > maxTimeoutHours)
    errors.push({ pointer: "/timeout_hours", detail: `must be at most ${maxTimeoutHours} with this key's plan` });
  if (!webhooks && asked.webhookUrl !== null)
    errors.push({ pointer: "/webhook_url", detail: "must be null with this key's plan, which has no webhooks" });
  return errors;
}

/** For the routes that make and change webhooks. @throws Problem `plan-limit` where the key's plan has none. */
export function refuseWebhooksBeyondPlan(key: Pick<Key, "plan">, plans: Plans): void {
  if (planOf(key, plans)?.webhooks === false)
    throw new Problem("plan-limit", "The key's plan has no webhooks.", {
      errors: [{ pointer: "/url", detail: "is not for this key's plan, which has no webhooks" }],
    });
}
