/**
 * What became of a mail, from what the relay said. One rule stands behind it: what is refused before the recipient was
 * named would be refused for every mail, so the channel is down and the operator can mend it; from then on it is
 * about this one mail.
 */
import { encryptionOf, parseRelay, type SmtpConfig } from "../../platform/config/smtp.ts";
import type { SendResult } from "../channel.ts";
import type { Exchange, Stage, Trouble } from "./exchange.ts";
import { codesOf, queueIdIn, type ReplyCodes, spelled, wordsFor } from "./replies.ts";

const MAYBE_TAKEN = "it may have taken the mail, so a retry can bring it twice";

/** `why` tells an attempt that was stopped from one that took too long. */
export function judge(exchange: Exchange, config: SmtpConfig, to: string, why: "stopped" | "late"): SendResult {
  if (exchange.isTaken) {
    const codes = codesOf(exchange.reply);
    return { outcome: "sent", providerId: queueIdIn(exchange.reply), status: codes.code, excerpt: spelled(codes) };
  }
  const { stage, reply, trouble } = exchange;
  if (trouble !== null) return broken(stage, trouble, config, why, reply);
  if (reply === null) throw new Error("an exchange ends with a reply or with trouble");
  return refused(stage, reply, config, to);
}

function refused(stage: Stage, reply: string, config: SmtpConfig, to: string): SendResult {
  const codes = codesOf(reply);
  const { code } = codes;
  const excerpt = excerptOf(stage, reply, codes, config, to);
  const isAboutAll = !ABOUT_THIS_MAIL.has(stage);
  // RFC 5321, 4.2.1: 4yz may pass. 503 tells of the session's order, not of the mail.
  const isLasting = code >= 500 && code !== 503;
  if (isLasting && (!isAboutAll || isTooLarge(codes))) {
    return { outcome: "failed", error: `${wordsFor(codes)} (${spelled(codes)})`, status: code, excerpt };
  }
  const error = `${isAboutAll ? aboutAll(stage, codes) : wordsFor(codes)} (${spelled(codes)})`;
  return { outcome: "retry", error, status: code, excerpt, retryAfterMs: null, ...down(isAboutAll || code === 421) };
}

const ABOUT_THIS_MAIL: ReadonlySet<Stage> = new Set(["recipient", "message"]);

/** The size is told with the sender already (RFC 1870). */
function isTooLarge({ code, enhanced }: ReplyCodes): boolean {
  return code === 552 || enhanced === "5.2.3" || enhanced === "5.3.4";
}

function aboutAll(stage: Stage, codes: ReplyCodes): string {
  const { code } = codes;
  if (code === 421) return "the relay is closing the connection, for it is stopping or has too much to do";
  if (code === 530) return "the relay wants a log-in: put user and password into `url`";
  if (code === 538) return "the relay wants an encrypted connection before the log-in";
  if (stage === "login") {
    if (code < 500) return "the relay cannot check the user name and password at the moment";
    if (code === 504 || code === 534) return "the relay does not take any of the ways to log in that PausePoint knows";
    return "the relay refuses the user name or password in `url`";
  }
  if (stage === "sender") {
    return code < 500
      ? `the relay takes no mail at the moment: ${wordsFor(codes)}`
      : "the relay refuses the sender in `from`";
  }
  return code < 500 ? "the relay takes no connections at the moment" : "the relay refuses to talk to this server";
}

function broken(
  stage: Stage,
  trouble: Trouble,
  config: SmtpConfig,
  why: "stopped" | "late",
  reply: string | null,
): SendResult {
  const codes = reply === null ? null : codesOf(reply);
  const result = { status: codes?.code ?? null, excerpt: codes === null ? null : spelled(codes) };
  if (trouble.kind === "too-large") {
    return { outcome: "failed", error: "the mail is larger than the relay takes", ...result };
  }
  const error = wordsForTrouble(stage, trouble, config, why);
  const isDown = !ABOUT_THIS_MAIL.has(stage) && !(trouble.kind === "interrupted" && why === "stopped");
  return { outcome: "retry", error, ...result, retryAfterMs: null, ...down(isDown) };
}

function wordsForTrouble(
  stage: Stage,
  trouble: Exclude<Trouble, { kind: "too-large" }>,
  config: SmtpConfig,
  why: "stopped" | "late",
): string {
  const maybe = stage === "message" ? `; ${MAYBE_TAKEN}` : "";
  switch (trouble.kind) {
    case "interrupted":
      return why === "stopped"
        ? `the attempt was stopped ${DOING[stage]}${maybe}`
        : `the relay was not done within ${config.timeoutSeconds} s (${DOING[stage]})${maybe}`;
    case "no-starttls":
      // Asked only where it is offered, or asked all the same where it is required.
      if (encryptionOf(config) === "if-offered") return "the relay offers encryption (STARTTLS), but does not start it";
      return 'the relay offers no encryption (STARTTLS); tls.startTls "if-offered" or "off" would go on without';
    case "no-login-offered":
      return "the relay offers no log-in, though `url` has a user and password";
    case "login-not-encrypted":
      return "the relay offers no encryption (STARTTLS), and the password is not sent without it";
    case "tls":
      return `${tlsWords(trouble.code)} (${trouble.code})`;
    case "protocol":
      return `what answers at \`url\` does not speak SMTP (${trouble.code})${maybe}`;
    case "network":
      return stage === "connect"
        ? `the relay in \`url\` cannot be reached (${trouble.code})`
        : `the connection to the relay broke ${DOING[stage]} (${trouble.code})${maybe}`;
  }
}

const DOING: Readonly<Record<Stage, string>> = {
  connect: "while connecting",
  greeting: "during the greeting and the start of encryption",
  login: "during the log-in",
  sender: "while sender and recipient were named",
  recipient: "while the recipient was named",
  message: "after the mail was handed over",
};

/** The names are OpenSSL's and Node's for what failed in checking a certificate. */
function tlsWords(code: string): string {
  if (/ALTNAME_INVALID|HOSTNAME_MISMATCH/.test(code)) {
    return "the relay's certificate is for another name; tls.serverName says which one to expect";
  }
  if (/EXPIRED|NOT_YET_VALID/.test(code)) return "the relay's certificate is not valid today";
  if (/SELF_SIGNED|UNABLE_TO|ISSUER|UNTRUSTED|VERIFY|SIGNATURE/.test(code)) {
    return "the relay's certificate is signed by nobody that is trusted here; tls.ca names your own authority";
  }
  return "the encrypted connection to the relay could not be started";
}

function down(isChannelDown: boolean) {
  return isChannelDown ? { isChannelDown } : {};
}

/**
 * The reply for the operator to look into. After the mail was sent, or the log-in, a reply may repeat any part of them,
 * so only its numbers are kept; before, it can know no more than what is taken out here.
 */
function excerptOf(stage: Stage, reply: string, codes: ReplyCodes, config: SmtpConfig, to: string): string {
  if (stage === "message" || stage === "login") return spelled(codes);
  const { user, password } = parseRelay(config.url)?.login ?? { user: "", password: "" };
  const encoded = [`\0${user}\0${password}`, password, user].map((part) => Buffer.from(part).toString("base64"));
  const hidden = [to, to.slice(0, to.lastIndexOf("@")), ...encoded, password, user].filter((part) => part !== "");
  return hidden
    .reduce((rest, part) => rest.replaceAll(new RegExp(RegExp.escape(part), "giu"), "[hidden]"), reply)
    .replace(/\S+@\S+|\w+:\/\/\S+/g, "[hidden]")
    .replace(/\s+/g, " ")
    .slice(0, 300);
}
