/** What the peer does with a call instead of, or besides, answering it as the workspace would. */
export type SlackBehaviour =
  /** Answers `ok: false` with this error and HTTP 200, as Slack does; the call changes nothing. */
  | { readonly kind: "refuse"; readonly error: string }
  /** Answers 429 with `ratelimited` and `Retry-After`, in seconds. */
  | { readonly kind: "ratelimited"; readonly retryAfterSeconds: number }
  /** Answers this HTTP status with a page, as a server in front of the API does; the call changes nothing. */
  | { readonly kind: "status"; readonly status: 500 | 502 | 503 }
  /** Answers 200 and a body that is not JSON; the call was carried out. */
  | { readonly kind: "garbage" }
  /** Never answers. With `accepted`, the call was carried out all the same. */
  | { readonly kind: "hang"; readonly accepted: boolean }
  /** Cuts the connection, before the call is carried out or after. */
  | { readonly kind: "drop"; readonly when: "before" | "after" };

/** The scripted behaviours that are still to come, by method. */
export class SlackScript {
  readonly #steps: { readonly method: string; readonly behaviour: SlackBehaviour; left: number }[] = [];

  add(method: string, behaviour: SlackBehaviour, times: number): void {
    this.#steps.push({ method, behaviour, left: times });
  }

  clear(): void {
    this.#steps.length = 0;
  }

  /** For the next call of that method: its own behaviours first, then those for `"*"`, in the order added. */
  take(method: string): SlackBehaviour | undefined {
    const step = this.#find(method) ?? this.#find("*");
    if (step === undefined) return undefined;
    step.left -= 1;
    return step.behaviour;
  }

  #find(method: string) {
    return this.#steps.find((step) => step.method === method && step.left > 0);
  }
}
