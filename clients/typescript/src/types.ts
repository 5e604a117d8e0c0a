/** What goes over the wire, under the API's own names. */

/** The body of `POST /v1/pause`. */
export interface CreatePause {
  /** `@name` of a person, a phone number, an email address, a Slack id; or 1 to 10 of these. */
  readonly recipient: string | readonly string[];
  /** `sms`, `email`, `slack`, `whatsapp`, or a name from the server's configuration. */
  readonly channel: string;
  /** 1 to 1,600 characters. */
  readonly message: string;
  /** 1 to 10 distinct texts of 1 to 60 characters; `["Approve", "Reject"]` if left out. */
  readonly options?: readonly string[];
  /** Above 0, at most 8,760; fractions allowed. */
  readonly timeout_hours?: number;
  /** One of the options, which the clock then chooses; or null. */
  readonly timeout_default?: string | null;
  readonly webhook_url?: string | null;
  /** Label to text, shown on the page as a table. */
  readonly details?: Readonly<Record<string, string>>;
  readonly allow_comment?: boolean;
  /** At most 16 kB as JSON, returned untouched. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** `sha256:<hex>` of the exact action, carried into the receipt. */
  readonly action_digest?: string | null;
  /** Who may use the receipt. */
  readonly audience?: string | null;
}

/** A pause, as every answer shows it. Times are RFC 3339 in UTC. */
export interface Pause {
  readonly pause_id: string;
  readonly object: "pause";
  readonly mode: "live" | "test";
  readonly status: "pending" | "responded" | "timed_out" | "cancelled";
  readonly channel: string;
  readonly recipient: string | readonly string[];
  readonly message: string;
  readonly options: readonly string[];
  readonly timeout_hours: number;
  readonly timeout_default: string | null;
  readonly created_at: string;
  readonly expires_at: string;
  readonly response_choice: string | null;
  /** `human` for a person, `timeout_default` for the clock. */
  readonly response_source: "human" | "timeout_default" | null;
  readonly response_via: string | null;
  readonly response_comment: string | null;
  readonly responded_at: string | null;
  readonly responded_by: string | null;
  readonly cancelled_at: string | null;
  readonly cancel_reason: string | null;
  /** True once a message has arrived, false once all have failed, else null. */
  readonly reached: boolean | null;
  readonly delivery: readonly Delivery[];
  readonly details: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly action_digest: string | null;
  readonly audience: string | null;
  /** A compact JWS, once it was answered: see `verifyReceipt`. */
  readonly receipt: string | null;
  readonly erased_at: string | null;
}

export interface Delivery {
  readonly channel: string;
  readonly recipient: string;
  readonly status: "queued" | "sent" | "delivered" | "opened" | "failed" | "cancelled";
  readonly error: string | null;
}

export interface ListQuery {
  readonly status?: Pause["status"];
  readonly channel?: string;
  /** Inclusive. */
  readonly created_after?: string;
  /** Exclusive. */
  readonly created_before?: string;
  /** 1 to 100, else 20. */
  readonly limit?: number;
  readonly cursor?: string;
}

export interface AuditQuery {
  readonly type?: string;
  readonly actor?: string;
  readonly pause_id?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit?: number;
  readonly cursor?: string;
  readonly disclose?: boolean;
}

export interface Page<Item> {
  readonly data: readonly Item[];
  /** For the next page with the same filters; null on the last. */
  readonly next_cursor: string | null;
}

export interface AuditEntry {
  readonly v: 1;
  readonly seq: number;
  readonly at: string;
  readonly type: string;
  readonly actor: { readonly type: "developer" | "human" | "system" | "operator"; readonly id: string | null };
  readonly project: string | null;
  readonly mode: "live" | "test" | null;
  readonly pause_id: string | null;
  readonly nonce: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly prev_hash: string;
  readonly hash: string;
}

export interface AuditPage extends Page<AuditEntry> {
  /** With `disclose`: by `seq`, what the entry commits to. */
  readonly disclosed?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface ConsumedReceipt {
  readonly pause_id: string;
  readonly choice: string;
  readonly source: "human" | "timeout_default";
  readonly consumed_at: string;
}

/** Which field of a request is wrong, and why. */
export interface FieldError {
  /** A JSON Pointer (RFC 6901) into the body. */
  readonly pointer?: string;
  /** A parameter of the query. */
  readonly parameter?: string;
  readonly detail: string;
}
