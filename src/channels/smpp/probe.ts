import type { Clock } from "../../platform/clock.ts";
import type { SmppConfig } from "../../platform/config/smpp.ts";
import type { Probed } from "../channel.ts";
import { Line } from "./line.ts";
import { STATUS, wordsFor } from "./status.ts";

/** Binds to send alone, so that nothing that waits for this account is brought here, and unbinds. */
export async function probeCarrier(config: SmppConfig, clock: Clock, stop: AbortSignal): Promise<Probed> {
  const { promise, resolve } = Promise.withResolvers<Probed>();
  const line = new Line(config, clock, "transmitter", {
    onBound: () => resolve({ outcome: "accepted", found: "the carrier takes the log-in" }),
    onMessage: async () => STATUS.systemError,
    onAnswered() {},
    onGone: ({ why, status }) =>
      resolve({
        outcome: "refused",
        found: status === null ? `the carrier cannot be reached: ${why}` : wordsFor(status),
      }),
  });
  const stopped = () => resolve({ outcome: "refused", found: "the carrier did not answer in time" });
  stop.addEventListener("abort", stopped);
  try {
    return await promise;
  } finally {
    stop.removeEventListener("abort", stopped);
    void line.close();
  }
}
