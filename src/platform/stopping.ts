import { Problem } from "./problem.ts";

/** Whether the appliance is on its way out: what was begun is finished then, and nothing new is begun. */
export class Stopping {
  #begun = false;

  /** From now on. */
  begin(): void {
    this.#begun = true;
  }

  get begun(): boolean {
    return this.#begun;
  }

  /** @throws Problem `unavailable` once it is. */
  refuse(): void {
    if (this.#begun)
      throw new Problem(
        "unavailable",
        "The server is stopping and takes nothing new; nothing of the request was kept.",
        {
          headers: { "retry-after": RETRY_AFTER },
        },
      );
  }
}

/** What a restart takes, in seconds. */
const RETRY_AFTER = "5";
