import type { Generated } from "kysely";

/** The columns of every table, as the migrations make them. Times are milliseconds, JSON and enumerations are text. */
export interface Tables {
  installation: {
    n: number;
    id: string;
    secret_check: Uint8Array;
    created_at: number;
    signing_withheld: string | null;
    withheld_size: number | null;
    restored_at: number | null;
  };
  restores: {
    n: Generated<number>;
    restored_at: number;
    made_at: number;
    seq: number;
    entry_seq: number | null;
  };
  projects: { n: Generated<number>; name: string; created_at: number };
  worlds: {
    n: Generated<number>;
    project_n: number;
    mode: Mode;
    secret_version: Generated<number>;
    secret_rotated_at: number | null;
  };
  api_keys: {
    n: Generated<number>;
    id: string;
    world_n: number;
    name: string;
    hash: Uint8Array;
    hint: string;
    scopes: string;
    limits: string;
    plan: string | null;
    created_at: number;
    revoked_at: number | null;
  };
  key_months: { month: number; key_n: number; pauses: number };
  recipient_messages: { n: number; newest_at: number; before: Uint8Array };
  pauses: {
    n: Generated<number>;
    id: string;
    world_n: number;
    key_n: number;
    status: PauseStatus;
    channel: string;
    recipient_form: "one" | "many";
    message: string;
    options: string;
    details: string;
    metadata: string;
    allow_comment: number;
    action_digest: string | null;
    audience: string | null;
    webhook_url: string | null;
    timeout_hours: number;
    timeout_default: string | null;
    policy: string;
    created_at: number;
    expires_at: number;
    next_due_at: number;
    ended_at: number | null;
    response_choice: string | null;
    response_source: ResponseSource | null;
    response_via: string | null;
    response_comment: string | null;
    responded_by: number | null;
    cancel_reason: string | null;
    receipt: string | null;
    receipt_consumed_at: number | null;
    rejected_count: Generated<number>;
    erased_at: Generated<number | null>;
  };
  recipients: {
    pause_n: number;
    position: number;
    address: string;
    destination: string;
    opened_at: number | null;
  };
  appearances: { digest: Uint8Array; appearance: string };
  views: {
    pause_n: number;
    position: number;
    ordinal: number;
    at: number;
    language: string;
    state: string;
    appearance: Uint8Array;
    automated: number;
  };
  pause_traces: { pause_n: number; traceparent: string; tracestate: string | null };
  scripted_acts: { pause_n: number; position: number; script: string; step: number; due_at: number };
  answers: {
    pause_n: number;
    ordinal: number;
    position: number | null;
    choice: string;
    comment: string | null;
    source: ResponseSource;
    via: string | null;
    at: number;
  };
  deliveries: {
    pause_n: number;
    ordinal: number;
    id: string;
    kind: DeliveryKind;
    lane: string;
    status: DeliveryStatus;
    due_at: number;
    created_at: number;
    attempts: Generated<number>;
    begun_after: Generated<number>;
    error: string | null;
    finished_at: number | null;
    position: number | null;
    channel: string | null;
    step: Generated<number>;
    destination: string | null;
    reply_code: string | null;
    provider_id: string | null;
    endpoint_n: number | null;
    event_id: string | null;
    event_type: string | null;
  };
  delivery_attempts: {
    pause_n: number;
    ordinal: number;
    attempt: number;
    at: number;
    took_ms: number | null;
    outcome: string;
    status: number | null;
    error: string | null;
    excerpt: string | null;
    encoding: string | null;
    segments: number | null;
  };
  webhook_endpoints: {
    n: Generated<number>;
    id: string;
    world_n: number;
    url: string;
    events: string | null;
    description: string | null;
    status: "enabled" | "disabled";
    disabled_reason: string | null;
    secret_version: Generated<number>;
    secret_rotated_at: number | null;
    failing_since: number | null;
    created_at: number;
    deleted_at: number | null;
  };
  events: { n: Generated<number>; id: string; world_n: number; pause_n: number; type: EventType; at: number };
  heard: { channel: string; digest: Uint8Array; at: number };
  opt_outs: { channel: string; digest: Uint8Array; at: number };
  erasures: {
    n: Generated<number>;
    id: string;
    digests: string;
    actor: string;
    after_seq: number;
    asked_at: number;
    finished_at: Generated<number | null>;
  };
  legal_holds: {
    n: Generated<number>;
    id: string;
    digests: string;
    reason: string;
    set_at: number;
    released_at: Generated<number | null>;
  };
  idempotency_keys: { world_n: number; key: string; body_hash: Uint8Array; pause_n: number; created_at: number };
  operators: {
    n: Generated<number>;
    id: string;
    name: string;
    known_as: string;
    role: OperatorRole;
    password: string;
    password_given: number;
    totp_version: Generated<number>;
    totp_since: Generated<number | null>;
    totp_last_step: Generated<number>;
    totp_tried_until: Generated<number>;
    recovery: Generated<string>;
    created_at: number;
    removed_at: Generated<number | null>;
  };
  operator_sessions: {
    n: Generated<number>;
    id: string;
    operator_n: number;
    hash: Uint8Array;
    is_full: number;
    address: string | null;
    user_agent: string | null;
    created_at: number;
    seen_at: number;
    ends_at: number;
    totp_next: Generated<number | null>;
    totp_next_until: Generated<number>;
  };
  catalogue: { n: number; seq: number; newest: number };
  /** A table of FTS5; `pause_words` and `rank` are what it takes commands by. */
  pause_words: { rowid: number; words: string; pause_words: string; rank: Generated<number | null> };
  daily_counts: { day: number; world_n: number; measure: DailyMeasure; bucket: number; count: number };
  audit_entries: {
    seq: number;
    world_n: number | null;
    pause_n: number | null;
    entry: string;
    leaf: Uint8Array;
    disclosed: string | null;
    erased_seq: Generated<number | null>;
  };
  merkle_nodes: { level: number; position: number; hash: Uint8Array };
  log_start: { n: number; first_seq: number; prev_hash: string; at: number; root: Uint8Array };
  kept_entries: {
    seq: number;
    world_n: number | null;
    entry: string;
    disclosed: string | null;
    erased_seq: number | null;
    path: Uint8Array;
  };
  signing_keys: {
    n: Generated<number>;
    id: string;
    purpose: KeyPurpose;
    name: string | null;
    public_key: Uint8Array;
    sealed: Uint8Array;
    created_at: number;
    retired_at: number | null;
    handover: Uint8Array | null;
    seq: number;
  };
  checkpoints: { size: number; root: Uint8Array; key_n: number; signature: Uint8Array; signed_at: number };
  cosignatures: { size: number; witness: string; line: string; at: number };
}

/** What a signing key signs. Test receipts have a key of their own, so that none can pass for a live one. */
export type KeyPurpose = "log" | "receipt-live" | "receipt-test";
/** What is counted by day: questions, answers of people and of the clock, other ends, and messages that did not arrive. */
export type DailyMeasure = "asked" | "human" | "default" | "timed_out" | "cancelled" | "undelivered";
/** Who may do what in the console: look, act, or also decide who may. */
export type OperatorRole = "viewer" | "operator" | "admin";
export type Mode = "live" | "test";
export type PauseStatus = "pending" | "responded" | "timed_out" | "cancelled";
export type ResponseSource = "human" | "timeout_default";
export type DeliveryStatus = "queued" | "sending" | "sent" | "delivered" | "failed" | "cancelled";
export type DeliveryKind = "ask" | "notice" | "webhook";
/** What an event stream tells; a webhook is told the last three. */
export type EventType = "pause.created" | "pause.responded" | "pause.timed_out" | "pause.cancelled";
