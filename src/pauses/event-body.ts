import { isoTime } from "../platform/clock.ts";
import type { Pause } from "./shape.ts";

/**
 * What a webhook sends and an event stream shows as `data`, as JSON on one line. `at` is when it happened, in
 * milliseconds; `subject` is the pause, or what else the event is about.
 */
export function eventBody(type: string, at: number, subject: object | null): string {
  return JSON.stringify({ type, timestamp: isoTime(at), data: subject });
}

/** A pause as it was when it was created, whatever has become of it since. */
export function asCreated(pause: Pause): Pause {
  const asked = typeof pause.recipient === "string" ? 1 : pause.recipient.length;
  return {
    ...pause,
    status: "pending",
    response_choice: null,
    response_source: null,
    response_via: null,
    response_comment: null,
    responded_at: null,
    responded_by: null,
    cancelled_at: null,
    cancel_reason: null,
    reached: null,
    // The first message of each recipient stands first; what a fallback has tried since comes behind.
    delivery: pause.delivery.slice(0, asked).map((delivery) => ({ ...delivery, status: "queued", error: null })),
    receipt: null,
  };
}
