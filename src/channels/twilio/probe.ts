import { afterLong, type Clock } from "../../platform/clock.ts";
import type { TwilioAccount } from "../../platform/config/twilio.ts";
import { parseObject } from "../../platform/json.ts";
import type { Probed } from "../channel.ts";
import { notFromTwilio, twilioRefusal } from "./errors.ts";

/**
 * Reads the account, or with an API key, which may not do that, one line of its messages. The answer holds personal data
 * then; nothing of it is shown or kept.
 */
export async function probeAccount(account: TwilioAccount, clock: Clock, stop: AbortSignal): Promise<Probed> {
  const { accountSid, authToken, apiKey, apiSecret, apiBase, timeoutSeconds } = account;
  const what = apiKey === undefined ? ".json" : "/Messages.json?PageSize=1";
  const login = Buffer.from(`${apiKey ?? accountSid}:${apiSecret ?? authToken ?? ""}`).toString("base64");
  const deadline = new AbortController();
  const cancel = afterLong(clock, timeoutSeconds * 1000, () => deadline.abort());
  try {
    const response = await fetch(`${apiBase}/2010-04-01/Accounts/${accountSid}${what}`, {
      headers: { accept: "application/json", authorization: `Basic ${login}` },
      redirect: "manual",
      signal: AbortSignal.any([stop, deadline.signal]),
    });
    return judge(response.status, parseObject(await response.text()), Date.parse(response.headers.get("date") ?? ""));
  } catch (error) {
    if (stop.aborted || deadline.signal.aborted) return refused("Twilio did not answer in time");
    const code = error instanceof Error && "code" in error ? String(error.code) : "no code";
    return refused(`the server in \`apiBase\` cannot be reached (${code})`);
  } finally {
    cancel();
  }
}

function judge(status: number, fields: ReturnType<typeof parseObject>, date: number): Probed {
  const at = { date: Number.isNaN(date) ? null : date };
  if (status === 200 && Array.isArray(fields?.messages))
    return { outcome: "accepted", found: "Twilio takes the API key", ...at };
  if (status === 200 && typeof fields?.status === "string") {
    const state = /^[a-z]{1,20}$/.test(fields.status) ? fields.status : "not known";
    if (state !== "active") return refused(`Twilio takes the credentials, and the account is ${state}`);
    const type = fields.type === "Trial" ? "; it is a trial account, which texts only numbers that were verified" : "";
    return { outcome: "accepted", found: `Twilio takes the credentials${type}`, ...at };
  }
  const code = typeof fields?.code === "number" ? fields.code : null;
  if (code === null) return refused(notFromTwilio(status));
  // A key that may do little, perhaps send: only a message can tell.
  if (status === 403)
    return { outcome: "reached", found: "Twilio knows the API key, which may not read messages", ...at };
  return refused(`${twilioRefusal(code)?.words ?? "Twilio refuses the account"} (Twilio ${code})`);
}

function refused(found: string): Probed {
  return { outcome: "refused", found };
}
