/**
 * One mail on one connection (RFC 5321). No pool: approvals are few and urgent, a connection kept open is most often
 * found closed by the relay in the moment that it is needed, and one that belongs to a single attempt can be cut when
 * that attempt's time is over without touching another mail. The price is a TLS handshake for each.
 */
import { connect, type Socket } from "node:net";
import { Readable } from "node:stream";
import { encryptionOf, parseRelay, type SmtpConfig } from "../../platform/config/smtp.ts";
import type { Mail } from "./mail.ts";

/** How far the conversation had come: from `message` on, the mail itself was under way. */
export type Stage = "connect" | "greeting" | "login" | "sender" | "recipient" | "message";

/** What came of it. */
export type Exchange =
  /** `reply` is the relay's last word, as `250 2.0.0 Ok: queued as 4F1A2B`. */
  | { readonly isTaken: true; readonly reply: string }
  | {
      readonly isTaken: false;
      readonly stage: Stage;
      /** The relay's answer, when it was one that ended this. */
      readonly reply: string | null;
      /** What went wrong where no reply did. */
      readonly trouble: Trouble | null;
    };

export type Trouble =
  | { readonly kind: "interrupted" | "no-starttls" | "no-login-offered" | "login-not-encrypted" }
  /** `code` is the system's or OpenSSL's word for it: `ECONNREFUSED`, `DEPTH_ZERO_SELF_SIGNED_CERT`. */
  | { readonly kind: "tls" | "network" | "protocol"; readonly code: string }
  /** The relay's limit of size, told at EHLO, is too low (RFC 1870). */
  | { readonly kind: "too-large" };

/**
 * Hands the mail over, or with null only logs in and says goodbye: then `isTaken` tells that the relay let us in. `signal`
 * cuts the connection, at whatever stage. Rejects only for what neither the relay nor the network can have done.
 */
export async function handOver(config: SmtpConfig, mail: Mail | null, signal: AbortSignal): Promise<Exchange> {
  const { default: SmtpConnection } = await import("nodemailer/lib/smtp-connection");
  const relay = parseRelay(config.url);
  if (relay === null) throw new Error("the address of the relay was not checked");
  const encryption = encryptionOf(config);
  let stage: Stage = "connect";
  let socket: Socket | null = null;
  let connection: InstanceType<typeof SmtpConnection> | null = null;
  let interrupt = () => {};
  const interrupted = new Promise<never>((_, reject) => {
    interrupt = () => reject(new Refused({ kind: "interrupted" }));
  });
  interrupted.catch(() => {});
  signal.addEventListener("abort", interrupt);

  try {
    if (signal.aborted) throw new Refused({ kind: "interrupted" });
    // Opened here, since the package asks DNS alone, and a relay may stand in /etc/hosts.
    socket = connect({ host: relay.host, port: relay.port, autoSelectFamily: true });
    await Promise.race([interrupted, opened(socket)]);
    connection = new SmtpConnection({
      connection: socket,
      host: relay.host,
      port: relay.port,
      secure: relay.isImplicitTls,
      requireTLS: encryption === "required",
      ignoreTLS: encryption === "off",
      tls: {
        minVersion: "TLSv1.2",
        ...(config.tls.ca === undefined ? {} : { ca: config.tls.ca }),
        ...(config.tls.serverName === undefined ? {} : { servername: config.tls.serverName }),
      },
      maxResponseSize: 64 * 1024,
      // Its own limits are only a net under `signal`.
      ...limits(config.timeoutSeconds * 1000 + 60_000),
    });
    const smtp = connection;
    const broken = new Promise<never>((_, reject) => smtp.on("error", reject));
    broken.catch(() => {});
    const step = <Result>(start: (done: (error: Error | null | undefined, result?: Result) => void) => void) =>
      Promise.race([
        interrupted,
        broken,
        new Promise<Result | undefined>((resolve, reject) =>
          start((error, result) => (error ? reject(error) : resolve(result))),
        ),
      ]);

    stage = "greeting";
    await step((done) => smtp.connect(done));
    if (relay.login !== null) {
      stage = "login";
      if (!smtp.secure && !config.tls.allowUnencryptedLogin) throw new Refused({ kind: "login-not-encrypted" });
      if (!smtp.allowsAuth) throw new Refused({ kind: "no-login-offered" });
      const { user, password: pass } = relay.login;
      await step((done) => smtp.login({ credentials: { user, pass } }, done));
    }
    if (mail === null) {
      smtp.quit();
      return { isTaken: true, reply: "" };
    }
    stage = "sender";
    // Read for the first time once the relay has said that it will take the mail.
    const content = new Readable({
      read() {
        stage = "message";
        this.push(mail.bytes);
        this.push(null);
      },
    });
    const envelope = { ...mail.envelope, size: mail.bytes.length };
    const sent = await step<{ response?: string | undefined }>((done) => smtp.send(envelope, content, done));
    // Said without waiting for the answer: the mail is taken, and nothing that follows could change that.
    smtp.quit();
    return { isTaken: true, reply: sent?.response ?? "" };
  } catch (error) {
    socket?.destroy();
    return { isTaken: false, ...explain(error, stage) };
  } finally {
    signal.removeEventListener("abort", interrupt);
    connection?.close();
  }
}

/** Something that this side will not go on with. */
class Refused extends Error {
  constructor(readonly trouble: Trouble) {
    super(trouble.kind);
  }
}

function opened(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    // Stays, so that an error after the connection was given up reaches nobody else.
    socket.on("error", reject);
    socket.once("connect", () => resolve());
  });
}

function limits(milliseconds: number) {
  return {
    connectionTimeout: milliseconds,
    greetingTimeout: milliseconds,
    socketTimeout: milliseconds,
    socketCloseTimeout: 1_000,
  };
}

/** What the package's errors carry (its `errors.ts`). */
interface SmtpError {
  readonly code?: unknown;
  readonly originalCode?: unknown;
  readonly response?: unknown;
  readonly command?: unknown;
}

function explain(error: unknown, reached: Stage): { stage: Stage; reply: string | null; trouble: Trouble | null } {
  if (error instanceof Refused) return { stage: reached, reply: null, trouble: error.trouble };
  const { code, originalCode, response, command }: SmtpError = typeof error === "object" && error !== null ? error : {};
  const stage = reached === "sender" && (command === "RCPT TO" || command === "DATA") ? "recipient" : reached;
  if (command === "STARTTLS" && code === "ETLS" && typeof response === "string") {
    return { stage, reply: response, trouble: { kind: "no-starttls" } };
  }
  if (typeof response === "string" && /^\d{3}/.test(response)) return { stage, reply: response, trouble: null };
  if (typeof code !== "string") throw error;
  const said = String(originalCode ?? code);
  if (code === "EMESSAGE") return { stage, reply: null, trouble: { kind: "too-large" } };
  if (code === "EPROTOCOL") return { stage, reply: null, trouble: { kind: "protocol", code: said } };
  if (code === "ETLS" || /CERT|SSL|TLS|VERIFY|ISSUER|CRL|EPROTO/.test(said)) {
    return { stage, reply: null, trouble: { kind: "tls", code: said } };
  }
  return { stage, reply: null, trouble: { kind: "network", code: said } };
}
