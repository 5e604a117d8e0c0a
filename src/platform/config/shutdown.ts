import { section, wholeNumber } from "./leaves.ts";

/** `shutdown: { … }`: how the server stops. */
export const shutdownSchema = section({
  /** The longest that a stop takes, 1 to 3600 s. Default 8: Docker kills after ten. */
  graceSeconds: wholeNumber(1, 3_600).default(8),
  /** How long `/readyz` says 503 before the door is closed, 0 to 600 s, so that a balancer sees it. Default 0. */
  announceSeconds: wholeNumber(0, 600).default(0),
});
