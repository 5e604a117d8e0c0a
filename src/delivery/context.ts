import type { AddressDigests } from "../platform/address-digests.ts";
import type { Clock } from "../platform/clock.ts";
import type { IdSource } from "../platform/ids.ts";
import type { Metrics } from "../platform/metrics/index.ts";
import type { Random } from "../platform/random.ts";

/** What the units of work around deliveries are made with: handed in by the composition root. */
export interface DeliveryContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: IdSource;
  /** What the list of numbers that want no more texts is kept in. */
  readonly digests: AddressDigests;
  /** What is counted after a commit. */
  readonly metrics: Metrics;
  /** Channels that tell those who were asked how it ended, and whether in the very message that asked. */
  readonly concluding: ReadonlyMap<string, "in place" | "by message">;
  /** Lanes whose links machines open before people do: of these, an opened link proves nothing. */
  readonly scanned: ReadonlySet<string>;
  /** A hint, given after the commit: a lane has something to send. */
  readonly wake: (lane: string) => void;
  /** A hint, given after the commit: a scripted approver of the test world has something to do, now or later. */
  readonly script: () => void;
}
