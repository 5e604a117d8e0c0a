import type { SendResult } from "../../channels/channel.ts";
import type { ConfiguredChannel } from "../../channels/configured.ts";
import type { Segments } from "../../platform/sms/segments.ts";

/** What became of one test message. */
export interface Tested {
  readonly text: string;
  readonly compare: string | null;
  readonly segments: Segments | null;
  /** What keeps the text out of GSM-7, where that costs something. */
  readonly outsideGsm7: readonly string[];
  /** Null for a dry run. */
  readonly sent: { readonly result: SendResult; readonly latencyMs: number } | null;
  /** Null where none was waited for, `none` where none came. */
  readonly receipt: Receipt | "none" | null;
  /** What would be sent, where a channel can show it. */
  readonly request: ReturnType<NonNullable<ConfiguredChannel["preview"]>> | null;
}

export interface Receipt {
  readonly status: "delivered" | "failed";
  readonly error: string | null;
  readonly afterMs: number;
}
