import { afterLong, type Clock } from "../../platform/clock.ts";

/** The time for a call is over. */
export class Late extends Error {
  override readonly name = "Late";
}

/**
 * What `call` gives or throws, at once or later; rejects with {@link Late} when the time is over, and with the reason of
 * `stop` when that aborts. The call is told by its signal, and has a moment to answer by itself.
 */
export async function within(
  seconds: number,
  clock: Clock,
  stop: AbortSignal | null,
  call: (signal: AbortSignal) => unknown,
): Promise<unknown> {
  const deadline = new AbortController();
  const cancel = afterLong(clock, seconds * 1000, () => deadline.abort(new Late("the time is over")));
  const signal = stop === null ? deadline.signal : AbortSignal.any([stop, deadline.signal]);
  const { promise: cut, reject } = Promise.withResolvers<never>();
  const onAbort = () => setImmediate(() => reject(signal.reason as Error));
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  // Whichever comes second has nobody waiting for it.
  cut.catch(() => {});
  try {
    const called = (async () => call(signal))();
    called.catch(() => {});
    return await Promise.race([called, cut]);
  } catch (error) {
    // What the call throws because it was told to stop says less than why.
    throw signal.aborted ? signal.reason : error;
  } finally {
    cancel();
    signal.removeEventListener("abort", onAbort);
  }
}
