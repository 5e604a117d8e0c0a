import type { Month } from "../platform/months.ts";
import type { Reader } from "../storage/index.ts";
import type { Plans } from "./plans.ts";
import { listKeys, monthsOfKeys } from "./queries.ts";

/** What a key has used of its plan in a month. */
export interface Usage {
  readonly used: number;
  /** Pauses a month; null: as many as it wants. */
  readonly limit: number | null;
}

/**
 * What every key has created in a month, for lists of keys: ask the result for a row's number and plan. One read,
 * whatever the number of pauses.
 *
 * @example
 * const usage = usageOf(writer, config.plans, monthsIn(config.limits.timeZone)(clock.now()));
 * const { used, limit } = usage(row);
 */
export function usageOf(
  reader: Pick<Reader, "all">,
  plans: Plans,
  month: Month,
): (key: { readonly n: number; readonly plan: string | null }) => Usage {
  const counted = new Map(
    reader.all(monthsOfKeys, { month: month.number }).map(({ key_n, pauses }) => [key_n, pauses]),
  );
  return ({ n, plan }) => ({
    used: counted.get(n) ?? 0,
    limit: plan !== null && Object.hasOwn(plans, plan) ? (plans[plan]?.pausesPerMonth ?? null) : null,
  });
}

/** The ids of keys in force whose plan there is not: they can create nothing, and their operator should know. */
export function keysWithoutTheirPlan(reader: Pick<Reader, "all">, plans: Plans): string[] {
  return reader
    .all(listKeys, {})
    .filter(({ plan, revoked_at }) => plan !== null && revoked_at === null && !Object.hasOwn(plans, plan))
    .map(({ id }) => id);
}
