import { type Answer, html, refusal, STATUS_ERRORS } from "./answer.ts";
import { twilioError } from "./errors.ts";

/** What the peer does with a create request instead of, or besides, answering it as the account would. */
export type TwilioBehaviour =
  /** Answers a Twilio error of its dictionary, for example 21610, 20429 or 30001. */
  | { readonly kind: "refuse"; readonly code: number; readonly retryAfterSeconds?: number }
  /** Answers an HTTP status with Twilio's JSON for it (429, 500 or 503). */
  | { readonly kind: "status"; readonly status: 429 | 500 | 503; readonly retryAfterSeconds?: number }
  /** Answers HTML, as a load balancer in front of the API does; the message is not taken. */
  | { readonly kind: "html"; readonly status: number }
  /** Answers 201 and a body that is not JSON; the message is taken. */
  | { readonly kind: "garbage" }
  /** Never answers. With `accepted`, the message is taken all the same. */
  | { readonly kind: "hang"; readonly accepted: boolean }
  /** Cuts the connection before the message is taken, after it, or after it and half an answer. */
  | { readonly kind: "drop"; readonly when: "before" | "after" | "midway" }
  /** Answers as ever, but this many milliseconds later (at most 60,000). The message is taken at once. */
  | { readonly kind: "slow"; readonly milliseconds: number };

/** The scripted behaviours that are still to come, by recipient. */
export class Script {
  readonly #steps: { readonly to: string; readonly behaviour: TwilioBehaviour; left: number }[] = [];

  add(to: string, behaviour: TwilioBehaviour, times: number): void {
    this.#steps.push({ to, behaviour, left: times });
  }

  clear(): void {
    this.#steps.length = 0;
  }

  /** For the next request to that recipient: its own behaviours first, then everyone's, in the order added. */
  take(to: string): TwilioBehaviour | undefined {
    const step = this.#find(to) ?? this.#find("*");
    if (step === undefined) return undefined;
    step.left -= 1;
    return step.behaviour;
  }

  #find(to: string) {
    return this.#steps.find((step) => step.to === to && step.left > 0);
  }
}

/** An answer and what becomes of it on its way. */
export interface Plan {
  readonly answer: Answer;
  /** Sent; sent in half and then cut; the connection cut instead; or nothing ever sent. */
  readonly delivery: "whole" | "half" | "cut" | "never";
  /** Milliseconds before a whole answer is sent. */
  readonly delay: number;
}

/** What to answer under a behaviour. `admit` answers as the account would, and takes the message if it may be sent. */
export function plan(behaviour: TwilioBehaviour | undefined, to: string, admit: () => Answer): Plan {
  switch (behaviour?.kind) {
    case undefined:
      return deliver(admit());
    case "refuse":
      return deliver(refusal(twilioError(behaviour.code, to), behaviour.retryAfterSeconds));
    case "status":
      return deliver(refusal(STATUS_ERRORS[behaviour.status], behaviour.retryAfterSeconds));
    case "html":
      return deliver(html(behaviour.status));
    case "garbage":
      return spoil(deliver(admit()));
    case "slow":
      return { ...deliver(admit()), delay: behaviour.milliseconds };
    case "hang":
      return behaviour.accepted ? withhold(admit(), "never") : { ...deliver(NOTHING), delivery: "never" };
    case "drop":
      if (behaviour.when === "before") return { ...deliver(NOTHING), delivery: "cut" };
      return withhold(admit(), behaviour.when === "after" ? "cut" : "half");
  }
}

const NOTHING: Answer = { status: 0, body: "", headers: {} };

function deliver(answer: Answer): Plan {
  return { answer, delivery: "whole", delay: 0 };
}

/** Only a success is kept back: a message that the account refuses was not taken, so its refusal is sent. */
function withhold(answer: Answer, delivery: Plan["delivery"]): Plan {
  return { ...deliver(answer), delivery: answer.status === 201 ? delivery : "whole" };
}

/** Only a success is made unreadable. */
function spoil(planned: Plan): Plan {
  return planned.answer.status === 201 ? deliver({ ...planned.answer, body: "}{ not JSON" }) : planned;
}
