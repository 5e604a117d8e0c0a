import { isoTime } from "../platform/clock.ts";
import type { Json } from "../platform/json.ts";
import type { Mode, PauseStatus, ResponseSource } from "../storage/index.ts";

/** The pause as every answer shows it (contract, section 2). */
export interface Pause {
  pause_id: string;
  object: "pause";
  mode: Mode;
  status: PauseStatus;
  channel: string;
  recipient: string | string[];
  message: string;
  options: string[];
  timeout_hours: number;
  timeout_default: string | null;
  created_at: string;
  expires_at: string;
  response_choice: string | null;
  response_source: ResponseSource | null;
  response_via: string | null;
  response_comment: string | null;
  responded_at: string | null;
  responded_by: string | null;
  cancelled_at: string | null;
  cancel_reason: string | null;
  reached: boolean | null;
  delivery: PauseDelivery[];
  details: Record<string, string>;
  metadata: Record<string, Json>;
  action_digest: string | null;
  audience: string | null;
  receipt: string | null;
  /** When its content was erased: what then stands in its texts is `[erased]`, or nothing. */
  erased_at: string | null;
}

export interface PauseDelivery {
  channel: string;
  recipient: string;
  status: "queued" | "sent" | "delivered" | "opened" | "failed" | "cancelled";
  error: string | null;
}

/** A row of `pauses`, as any of its queries answers it. */
export interface PauseRow {
  readonly n: number;
  readonly id: string;
  readonly world_n: number;
  readonly status: PauseStatus;
  readonly channel: string;
  readonly recipient_form: "one" | "many";
  readonly message: string;
  readonly options: string;
  readonly details: string;
  readonly metadata: string;
  readonly allow_comment: number;
  readonly action_digest: string | null;
  readonly audience: string | null;
  readonly webhook_url: string | null;
  readonly timeout_hours: number;
  readonly timeout_default: string | null;
  readonly policy: string;
  readonly created_at: number;
  readonly expires_at: number;
  readonly ended_at: number | null;
  readonly response_choice: string | null;
  readonly response_source: ResponseSource | null;
  readonly response_via: string | null;
  readonly response_comment: string | null;
  readonly responded_by: number | null;
  readonly cancel_reason: string | null;
  readonly receipt: string | null;
  readonly rejected_count: number;
  readonly erased_at: number | null;
}

export interface DeliveryRow {
  /** Null in rows that are no message, which are not shown here. */
  readonly channel: string | null;
  readonly step: number;
  readonly attempts: number;
  readonly status: "queued" | "sending" | "sent" | "delivered" | "failed" | "cancelled";
  readonly error: string | null;
  readonly address: string;
  readonly opened_at: number | null;
}

/** Puts a pause together from its rows. `recipients` are the addresses by position. */
export function shapePause(
  row: PauseRow,
  mode: Mode,
  recipients: readonly string[],
  deliveries: readonly DeliveryRow[],
): Pause {
  const shown = deliveries.filter(isTried).map((delivery) => shapeDelivery(delivery, row.channel));
  const responded = row.status === "responded" ? row.ended_at : null;
  const cancelled = row.status === "cancelled" ? row.ended_at : null;
  return {
    pause_id: row.id,
    object: "pause",
    mode,
    status: row.status,
    channel: row.channel,
    recipient: row.recipient_form === "one" ? (recipients[0] ?? "") : [...recipients],
    message: row.message,
    options: JSON.parse(row.options) as string[],
    timeout_hours: row.timeout_hours,
    timeout_default: row.timeout_default,
    created_at: isoTime(row.created_at),
    expires_at: isoTime(row.expires_at),
    response_choice: row.response_choice,
    response_source: row.response_source,
    response_via: row.response_via,
    response_comment: row.response_comment,
    responded_at: responded === null ? null : isoTime(responded),
    responded_by: row.responded_by === null ? null : (recipients[row.responded_by] ?? null),
    cancelled_at: cancelled === null ? null : isoTime(cancelled),
    cancel_reason: row.cancel_reason,
    reached: reached(shown, deliveries),
    delivery: shown,
    details: JSON.parse(row.details) as Record<string, string>,
    metadata: JSON.parse(row.metadata) as Record<string, Json>,
    action_digest: row.action_digest,
    audience: row.audience,
    receipt: row.receipt,
    erased_at: row.erased_at === null ? null : isoTime(row.erased_at),
  };
}

/** A later step of a fallback shows once it has been tried. */
function isTried({ step, attempts, status }: DeliveryRow): boolean {
  return step === 0 || attempts > 0 || (status !== "queued" && status !== "cancelled");
}

function shapeDelivery(row: DeliveryRow, channel: string): PauseDelivery {
  const status = row.status === "sending" ? "queued" : row.status;
  // An opened link proves that the message arrived, whatever the carrier told.
  return {
    channel: row.channel ?? channel,
    recipient: row.address,
    status: row.opened_at === null ? status : "opened",
    error: row.error,
  };
}

/** True once one was delivered or opened, false once all have failed and no further step waits, else null. */
function reached(shown: readonly PauseDelivery[], deliveries: readonly DeliveryRow[]): boolean | null {
  if (shown.some(({ status }) => status === "delivered" || status === "opened")) return true;
  const isWaiting = deliveries.some(({ status }) => status === "queued" || status === "sending");
  return !isWaiting && shown.length > 0 && shown.every(({ status }) => status === "failed") ? false : null;
}
