/**
 * Sends a webhook: resolves the receiver's name, lets the guard look at every address, connects to none but those, and
 * says in plain words what came of it. What counts as success, and when to try again, is for others to say.
 */
import { lookup } from "node:dns/promises";
import { afterLong, type Clock, systemClock } from "../../platform/clock.ts";
import { readRetryAfter } from "../../platform/retry-after.ts";
import { type AnswerStart, exchange } from "./exchange.ts";
import { ExchangeFailure, failureWords } from "./failure.ts";
import { type AddressGuard, hostAddress } from "./guard.ts";

/** All IP addresses of a name, at least one; rejects as node:dns does. */
export type Resolve = (name: string) => Promise<readonly string[]>;

export interface WebhookClientOptions {
  readonly guard: AddressGuard;
  readonly clock?: Clock;
  /** Default: the system's own (getaddrinfo), so that /etc/hosts counts. */
  readonly resolve?: Resolve;
  /** `ca`: certificate authorities in PEM, in place of the built-in ones. */
  readonly tls?: { readonly ca: string };
}

export interface WebhookRequest {
  readonly url: string;
  /** Without Host and Content-Length, which are set here. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** For all of it, from the name to the last byte of the answer that is read. Default {@link DEFAULT_TIMEOUT}. */
  readonly timeoutMs?: number;
  /** Stops the attempt, for an appliance that stops. */
  readonly signal?: AbortSignal;
}

/** What came of one attempt. Each `error` is in plain words, without an address. */
export type PostResult =
  /** The receiver gave a whole answer, whatever it says; a redirect is such an answer, and is not followed. */
  | {
      readonly kind: "answered";
      readonly status: number;
      /** What the receiver asked for, not limited; null when it asked for nothing. */
      readonly retryAfterMs: number | null;
      /** The first kilobyte of the body, as text. */
      readonly excerpt: string;
      readonly latencyMs: number;
    }
  /** The guard did not let it go; nothing was connected to. */
  | { readonly kind: "refused"; readonly error: string }
  /** No whole answer; the receiver may have taken the webhook all the same. */
  | { readonly kind: "failed"; readonly error: string; readonly latencyMs: number };

export interface WebhookClient {
  /** One attempt. Never rejects. */
  post(request: WebhookRequest): Promise<PostResult>;
}

/** Milliseconds that one attempt may take. */
export const DEFAULT_TIMEOUT = 15_000;

export function webhookClient(options: WebhookClientOptions): WebhookClient {
  const { guard, clock = systemClock, resolve = resolveBySystem, tls } = options;
  return {
    async post({ url: text, headers, body, timeoutMs = DEFAULT_TIMEOUT, signal }) {
      // Again, since it was stored: the configuration may have become stricter.
      const verdict = guard.checkUrl(text);
      if (verdict.kind === "refused") return { kind: "refused", error: `the URL ${verdict.reason}` };
      const url = new URL(verdict.url);

      const startedAt = clock.now();
      const latencyMs = () => Math.max(0, clock.now() - startedAt);
      const deadline = new AbortController();
      const cancelDeadline = afterLong(clock, timeoutMs, () =>
        deadline.abort(new ExchangeFailure(`no whole answer within ${timeoutMs / 1000} s`)),
      );
      const stopped = signal === undefined ? deadline.signal : AbortSignal.any([deadline.signal, signal]);
      try {
        const { allowed, refused } = sort(await unlessStopped(addressesOf(url.hostname, resolve), stopped), guard);
        if (allowed.length === 0) return { kind: "refused", error: `the name leads to ${refused}` };
        const pinned = { url, addresses: allowed, headers, body, ca: tls?.ca, signal: stopped };
        // The exchange ends by the signal too; this holds whatever its socket makes of it.
        const answer = await unlessStopped(exchange(pinned), stopped);
        return { kind: "answered", ...readable(answer, clock), latencyMs: latencyMs() };
      } catch (error) {
        return {
          kind: "failed",
          error: failureWords(whyStopped(deadline.signal, signal) ?? error),
          latencyMs: latencyMs(),
        };
      } finally {
        cancelDeadline();
      }
    },
  };
}

async function resolveBySystem(name: string): Promise<readonly string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address);
}

async function addressesOf(hostname: string, resolve: Resolve): Promise<readonly string[]> {
  const literal = hostAddress(hostname);
  const addresses = literal === null ? await resolve(hostname) : [literal];
  if (addresses.length === 0) throw new ExchangeFailure("the name does not resolve");
  return addresses;
}

/**
 * Keeps the addresses that are allowed, and drops the others rather than refuse the name for one of them: a name may
 * well have a private address beside its public one, for those inside, and a dropped address is never connected to.
 * `refused` says what is wrong with the last one that was dropped.
 */
function sort(addresses: readonly string[], guard: AddressGuard) {
  const allowed: string[] = [];
  let refused = "no address";
  for (const address of addresses) {
    const refusal = guard.refusal(address);
    if (refusal === null) allowed.push(address);
    else refused = refusal;
  }
  return { allowed, refused };
}

/** The promise, or a rejection as soon as the signal aborts: the system's resolver cannot be stopped, only left. */
function unlessStopped<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

function whyStopped(deadline: AbortSignal, signal: AbortSignal | undefined): ExchangeFailure | null {
  if (deadline.aborted) return deadline.reason;
  return signal?.aborted ? new ExchangeFailure("the attempt was stopped before the receiver answered") : null;
}

function readable({ status, retryAfter, body }: AnswerStart, clock: Clock) {
  // A character that the cut goes through is left out, and what would garble a terminal or a table is replaced.
  const text = new TextDecoder().decode(body, { stream: true }).replace(/[^\P{Cc}\t\n\r]/gu, "\ufffd");
  return { status, retryAfterMs: readRetryAfter(retryAfter, clock), excerpt: text };
}
