/** A finance agent: the bank at $BANK_URL gets the transfer after the CFO's approval. */
import { guarded } from "./guard.ts";

const transfer = { to: "Meridian Supplies", amount: "8400.00", currency: "USD" };
const done = await guarded(
  {
    recipient: "+1 (312) 847-1928",
    channel: "sms",
    message: "Wire $8,400 to Meridian Supplies?",
    options: ["Approve", "Reject"],
    timeout_hours: 4,
    timeout_default: "Reject",
  },
  { wire: transfer },
  async () => {
    const { ok, status } = await fetch(process.env.BANK_URL ?? "", { method: "POST", body: JSON.stringify(transfer) });
    if (!ok) throw new Error(`the bank answered ${status}`);
  },
);
console.log(done ? "done" : "not done");
