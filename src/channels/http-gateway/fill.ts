/** Fills what the operator declared with one message: always as a value, never by writing into encoded text. */
import type { GatewayMessage, Shape } from "../../platform/config/http-gateway.ts";

/** The shape with its placeholders filled. A text that is one placeholder becomes its value, of its own type. */
export function fillShape(shape: Shape, message: GatewayMessage): unknown {
  if (typeof shape === "string") return fillValue(shape, message);
  if (Array.isArray(shape)) return shape.map((one: Shape) => fillShape(one, message));
  if (typeof shape !== "object" || shape === null) return shape;
  const filled = Object.entries(shape).map(([name, value]) => [name, fillShape(value, message)] as const);
  // What a message does not have is left out, as a validity of one that never ends.
  return Object.fromEntries(filled.filter(([name, value]) => value !== null || shape[name as never] === null));
}

/** The text with its placeholders filled; null where it is one alone that the message has nothing for. */
export function fillText(template: string, message: GatewayMessage): string | null {
  const value = fillValue(template, message);
  return value === null ? null : String(value);
}

function fillValue(template: string, message: GatewayMessage): string | number | null {
  const [, only] = /^\{\{(\w+)\}\}$/.exec(template) ?? [];
  if (only !== undefined) return placeholderValue(only, message);
  // One pass over the template: what stands in the message is never taken for a placeholder.
  return template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(placeholderValue(name, message) ?? ""));
}

function placeholderValue(name: string, message: GatewayMessage): string | number | null {
  return Object.hasOwn(message, name) ? message[name as keyof GatewayMessage] : null;
}

/** What stands in a parsed body at names and places with dots between; undefined for nothing. */
export function at(value: unknown, path: string): unknown {
  let found = value;
  for (const step of path.split(".")) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, step)) return undefined;
    found = (found as Readonly<Record<string, unknown>>)[step];
  }
  return found;
}
