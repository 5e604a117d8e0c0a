/** What the tests of the mail channel share: a question, settings, certificates, a clock that is turned by hand. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OutgoingMessage, Question } from "../../src/channels/channel.ts";
import { type Clock, LONGEST_TIMER } from "../../src/platform/clock.ts";
import { type SmtpConfig, smtpSchema } from "../../src/platform/config/smtp.ts";

export const PERSON = "cfo@example.net";
export const TOKEN = "AUx1dG9rZW5fdGhhdF9kZWNpZGVzX2FuZF9tdXN0X25vdF9sZWFr";
export const LINK = `https://approve.example.com/r/${TOKEN}`;

export const question: Question = {
  project: "Meridian Operations",
  message: "Refund 1,200 € to Meridian & Söhne for order 4711?\nThe goods came back. 🎉",
  options: ["Approve", "Reject"],
  details: [
    ["Amount", "1,200.00 €"],
    ["Reason", "Two came back.\nOne is lost."],
  ],
  expiresAt: Date.UTC(2026, 10, 24, 17, 7),
  timeoutDefault: "Reject",
  timeZone: "Europe/Berlin",
  isTest: false,
};

export const asking: OutgoingMessage = {
  deliveryId: "dlv_01kb1",
  to: PERSON,
  text: `PausePoint: ${question.message}\n\nAnswer: ${LINK}`,
  link: LINK,
  question,
  validForSeconds: 900,
};

/** The settings as the operator would write them; a change to undefined leaves one out. */
export function settings(url: string, changes: Record<string, unknown> = {}): SmtpConfig {
  const written = { kind: "smtp", url, from: "PausePoint <approve@example.com>", ...changes };
  return smtpSchema.parse(Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined)));
}

export interface Certificates {
  /** The authority's certificate, in PEM. */
  readonly ca: string;
  /** Paths of the relay's certificate (for localhost, 127.0.0.1 and relay.example.com) and key. */
  readonly cert: string;
  readonly key: string;
  /** An RSA key of 2,048 bits, in PEM. */
  readonly rsaKey: string;
  remove(): void;
}

/** A certificate authority and a certificate of its, made by OpenSSL. */
export async function makeCertificates(): Promise<Certificates> {
  const folder = mkdtempSync(join(tmpdir(), "pausepoint-smtp-"));
  const path = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => {
    const { exitCode, stderr } = Bun.spawnSync(["openssl", ...args], { cwd: folder, stderr: "pipe" });
    if (exitCode !== 0) throw new Error(`openssl ${args[0]} failed: ${stderr}`);
  };
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  await Bun.write(path("names"), "subjectAltName=DNS:localhost,DNS:relay.example.com,IP:127.0.0.1\n");
  openssl("req", "-x509", ...newKey, "-subj", "/CN=Test authority", "-keyout", "ca.key", "-out", "ca.pem");
  openssl("req", ...newKey, "-subj", "/CN=relay.example.com", "-keyout", "relay.key", "-out", "relay.csr");
  openssl(
    ..."x509 -req -in relay.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile names -out relay.pem".split(" "),
  );
  openssl("genrsa", "-out", "rsa.key", "2048");
  return {
    ca: await Bun.file(path("ca.pem")).text(),
    cert: path("relay.pem"),
    key: path("relay.key"),
    rsaKey: await Bun.file(path("rsa.key")).text(),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A clock that stands still until it is turned. */
export function handClock(start = Date.UTC(2026, 10, 24, 14, 0)) {
  let now = start;
  let timers: { due: number; callback: () => void }[] = [];
  const clock: Clock = {
    now: () => now,
    after(milliseconds, callback) {
      const timer = { due: now + Math.min(milliseconds, LONGEST_TIMER), callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
  };
  const turn = (milliseconds: number) => {
    now += milliseconds;
    for (const timer of timers.filter(({ due }) => due <= now)) {
      timers = timers.filter((other) => other !== timer);
      timer.callback();
    }
  };
  return { clock, turn, armed: () => timers.length };
}
