/** Mail through a relay (SMTP, RFC 5321): text and HTML, one question and one link to one person. */
import { afterLong, type Clock, systemClock } from "../../platform/clock.ts";
import { parseRelay, type SmtpConfig } from "../../platform/config/smtp.ts";
import type { Channel, Probed, SendResult } from "../channel.ts";
import { handOver } from "./exchange.ts";
import { askingMail, type Mail, overMail } from "./mail.ts";
import { judge } from "./outcome.ts";

/**
 * A channel for email addresses. `send` and `conclude` never reject for what the relay or the network does. A mail that
 * was taken is `sent`: whether it reached the mailbox only a bounce could tell, later and to `from`.
 */
export function createSmtpChannel(config: SmtpConfig, clock: Clock = systemClock): Channel {
  const deliver = async (to: string, write: () => Promise<Mail>, signal: AbortSignal): Promise<SendResult> => {
    if (!ONE_ADDRESS.test(to)) {
      return { outcome: "failed", error: "the address is not written as one address", status: null, excerpt: null };
    }
    const mail = await write();
    const deadline = startDeadline(clock, config.timeoutSeconds * 1000);
    try {
      const exchange = await handOver(config, mail, AbortSignal.any([signal, deadline.signal]));
      return judge(exchange, config, to, signal.aborted ? "stopped" : "late");
    } finally {
      deadline.cancel();
    }
  };
  return {
    addressKind: "email",
    probe: (signal) => logIn(config, clock, signal),
    send: (message, signal) => deliver(message.to, () => askingMail(config, message, clock.now()), signal),
    ...(config.tellWhenOver && {
      conclude: (conclusion, signal) => deliver(conclusion.to, () => overMail(config, conclusion, clock.now()), signal),
    }),
  };
}

/** Connects, encrypts and logs in as for a mail, and sends none. */
async function logIn(config: SmtpConfig, clock: Clock, signal: AbortSignal): Promise<Probed> {
  const deadline = startDeadline(clock, config.timeoutSeconds * 1000);
  try {
    const exchange = await handOver(config, null, AbortSignal.any([signal, deadline.signal]));
    if (!exchange.isTaken) {
      const result = judge(exchange, config, "", "late");
      return { outcome: "refused", found: "error" in result ? result.error : result.outcome };
    }
    return parseRelay(config.url)?.login === null
      ? { outcome: "reached", found: "the relay answers, and no log-in is configured" }
      : { outcome: "accepted", found: "the relay takes the log-in" };
  } finally {
    deadline.cancel();
  }
}

/** Nothing that could end the address in a command or a header, or start another one (RFC 5321, 4.1.2). */
const ONE_ADDRESS = /^[^\s\p{Cc}<>()[\],;:"\\@]+@[^\s\p{Cc}<>(),;"\\@]+$/u;

/** A signal that aborts after that long, unless it is cancelled first. */
function startDeadline(clock: Clock, milliseconds: number) {
  const controller = new AbortController();
  return { signal: controller.signal, cancel: afterLong(clock, milliseconds, () => controller.abort()) };
}
