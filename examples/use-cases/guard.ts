/** What the four agents share: an action is asked for by its digest, and carried out once, on a receipt for it. */
import { type CreatePause, digestAction, fetchReceiptKeys, PausePoint, verifyReceipt } from "@pausepoint/client";

const pausepoint = new PausePoint();
/** Has a key of its own, with the scope `receipts:consume` alone, which the one that asks lacks. */
const executor = new PausePoint({ apiKey: process.env.PAUSEPOINT_EXECUTOR_KEY ?? "" });
const url = process.env.PAUSEPOINT_URL ?? "http://127.0.0.1:8787";
/** `test` while you try it with a test key. */
const mode = process.env.PAUSEPOINT_MODE === "test" ? "test" : "live";

// #region guard
/** Asks for the action, and carries it out when a person chose the first option. Answers whether it was done. */
export async function guarded(
  question: CreatePause & { readonly options: readonly [yes: string, ...others: string[]] },
  action: Readonly<Record<string, unknown>>,
  carryOut: () => Promise<void> | void,
): Promise<boolean> {
  const { digest } = await digestAction(action);
  const keys = await fetchReceiptKeys(url, mode);
  const decision = await pausepoint.ask({ ...question, action_digest: digest, audience: "agent" });
  const [yes] = question.options;
  if (!decision.isHuman || decision.choice !== yes || decision.receipt === null) return false;
  await verifyReceipt(decision.receipt, { keys, mode, actionDigest: digest, audience: "agent", choices: [yes] });
  await executor.consumeReceipt({ receipt: decision.receipt, action_digest: digest });
  await carryOut();
  return true;
}
// #endregion
