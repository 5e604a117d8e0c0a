/** What `pausepoint ask` says on stderr while it waits, and once it is stopped: what is the case, each thing once. */
import type { AskOptions, Fetch, Pause } from "../../clients/typescript/src/index.ts";
import { unreached } from "../platform/unreached.ts";
import { printError } from "./output.ts";

type Listeners = Required<Pick<AskOptions, "onPending" | "onRetry" | "onStopped">>;

export class AskProgress {
  /** For the client: whether the server may have taken the question is seen here. */
  readonly fetch: Fetch;
  readonly listeners: Listeners;
  #isAsked = false;
  #mayBeAsked = false;
  #isInTrouble = false;
  #isUnreachedTold = false;
  #end: Pause | null = null;

  /** @param asking what is said once the question is asked */
  constructor(asking: string) {
    this.fetch = async (url, init) => {
      const before = this.#mayBeAsked;
      this.#mayBeAsked = true;
      try {
        const response = await fetch(url, init);
        if (response.headers.get("content-type")?.startsWith("application/problem+json")) this.#mayBeAsked = before;
        return response;
      } catch (error) {
        if (hasNeverConnected(error)) this.#mayBeAsked = before;
        throw error;
      }
    };
    this.listeners = {
      onPending: (pause) => {
        if (!this.#isAsked) printError(asking);
        this.#isAsked = true;
        this.#isInTrouble = false;
        this.tellReach(pause);
      },
      onRetry: ({ message }) => {
        if (!this.#isInTrouble) printError(`${message.replace(/\.$/, "")}. ${this.#isAsked ? STILL_OPEN : NOT_ASKED}`);
        this.#isInTrouble = true;
      },
      onStopped: (pause) => {
        this.#end = pause;
      },
    };
  }

  /** Says once that nobody has got the question. */
  tellReach(pause: Pause): void {
    const why = unreached(pause);
    if (why === null || this.#isUnreachedTold) return;
    this.#isUnreachedTold = true;
    printError(`Nobody knows of the question: ${why}.`);
  }

  /** What became of the question of a command that was stopped. */
  tellStop(): void {
    printError(this.#stop());
  }

  #stop(): string {
    if (this.#end?.status === "cancelled") return "The question was withdrawn.";
    if (this.#end !== null) return `The question had ended before: ${this.#end.response_choice ?? this.#end.status}.`;
    if (this.#isAsked)
      return "The question could not be withdrawn, as no server answered: it stays open until its time is over.";
    return this.#mayBeAsked
      ? "The server has not answered: whether the question was asked is not known."
      : "Nobody was asked.";
  }
}

const NOT_ASKED = "Nobody is asked yet; trying again.";
const STILL_OPEN = "The question stays open; trying again.";

/** No byte of the request can have arrived: Bun's and the system's names for it. */
function hasNeverConnected(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return ["ConnectionRefused", "ECONNREFUSED", "FailedToOpenSocket", "ENOTFOUND", "EAI_AGAIN"].includes(String(code));
}
