import type { Clock } from "../../platform/clock.ts";

/** How often who waits hears that it goes on, in seconds: below the idle limits of clients. */
export const EVERY_SECONDS = 5;

/** Tells at once, and then every few seconds, how many whole seconds have passed. Answers what ends it. */
export function tellNowAndThen(clock: Clock, tell: (seconds: number) => void): () => void {
  const start = clock.now();
  let stop = () => {};
  const again = () => {
    tell(Math.round((clock.now() - start) / 1000));
    stop = clock.after(EVERY_SECONDS * 1000, again);
  };
  again();
  return () => stop();
}
