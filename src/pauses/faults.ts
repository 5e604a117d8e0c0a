/** All that is wrong with the body of a create, told at once: what the schema refuses, and what the configuration does. */
import type { z } from "zod";
import type { FieldError } from "../platform/problem.ts";
import { type CreateRequest, createBody, NOT_AN_OPTION } from "./request.ts";

/** What the configuration can be held against; a part that is wrong by itself is absent. */
export type Askable = { readonly [Name in "channel" | "recipient" | "webhook_url"]?: CreateRequest[Name] | undefined };

/**
 * The schema stops at a body that it can't take. Its other parts are looked at here, so that whoever mends the one fault is
 * not told of the next one only then.
 *
 * @param found what the schema has found
 * @param against what the configuration has against the parts that are whole
 */
export function everyFault(
  body: unknown,
  found: readonly FieldError[],
  against: (asked: Askable) => readonly FieldError[],
): readonly FieldError[] {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return found;
  const members = body as Readonly<Record<string, unknown>>;
  const whole = <S extends z.ZodType>(name: string, schema: S): z.output<S> | undefined => {
    if (found.some((fault) => "pointer" in fault && `${fault.pointer}/`.startsWith(`/${name}/`))) return undefined;
    return schema.safeParse(members[name]).data;
  };
  const { channel, recipient, webhook_url, options, timeout_default } = createBody.shape;
  const [choices, silent] = [whole("options", options), whole("timeout_default", timeout_default)];
  const isNoOption = choices !== undefined && typeof silent === "string" && !choices.includes(silent);
  const asked = {
    channel: whole("channel", channel),
    recipient: whole("recipient", recipient),
    webhook_url: whole("webhook_url", webhook_url),
  };
  return [...found, ...(isNoOption ? [{ pointer: "/timeout_default", detail: NOT_AN_OPTION }] : []), ...against(asked)];
}
