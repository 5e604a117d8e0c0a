/** What makes a held approval count once: its receipt, which the server hands out a single time, and only to a key that may. */

import {
  ConflictError,
  ForbiddenError,
  type Pause,
  type PausePoint,
  PausePointError,
  ProblemError,
} from "../../clients/typescript/src/index.ts";
import { ALLOW, type Question } from "./question.ts";

/** What to do about a key that may not consume receipts. */
export const NO_SCOPE =
  "a held command needs a key with the scope receipts:consume, or its approval can't be used: make one by `pausepoint keys create --scopes pauses:write,pauses:read,receipts:consume`";

const NO_RECEIPT = { receipt: "none", action_digest: `sha256:${"0".repeat(64)}` };

/**
 * Whether the key may consume receipts, found out without one: what is no receipt is refused for that (422), or the key for
 * its scope (403). @throws what kept it from being found out
 */
export async function mayConsume(api: PausePoint, signal?: AbortSignal): Promise<boolean> {
  try {
    await api.consumeReceipt(NO_RECEIPT, signal === undefined ? {} : { signal });
  } catch (error) {
    if (error instanceof ForbiddenError) return false;
    if (error instanceof ProblemError && error.status === 422) return true;
    throw error;
  }
  throw new PausePointError("what answered is not PausePoint: it took a receipt that is none");
}

/** Whether this very hook is the one that takes the approval: the server gives it once. @throws PausePointError */
export async function consumed(
  api: PausePoint,
  pause: Pause,
  { body }: Question,
  signal: AbortSignal,
): Promise<boolean> {
  if (pause.receipt === null) throw new PausePointError("the server gave no receipt for the approval");
  try {
    const taken = await api.consumeReceipt({ receipt: pause.receipt, action_digest: body.action_digest }, { signal });
    if (taken.pause_id !== pause.pause_id || taken.choice !== ALLOW || taken.source !== "human")
      throw new PausePointError("what the server has consumed is not this approval");
    return true;
  } catch (error) {
    if (error instanceof ConflictError) return false;
    if (error instanceof ForbiddenError) throw new PausePointError(NO_SCOPE);
    throw error;
  }
}
