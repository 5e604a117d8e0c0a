/** Who may use the console, and who is signed in. Everything here is told to the log in the same commit. */
import { type Actor, appendEntry, newEntry } from "../audit/index.ts";
import type { Clock } from "../platform/clock.ts";
import { base64url, sha256, sha256Hex } from "../platform/hash.ts";
import type { IdSource } from "../platform/ids.ts";
import type { Random } from "../platform/random.ts";
import type { OperatorRole, RowOf, Tx, Work, Writer } from "../storage/index.ts";
import * as queries from "./queries.ts";
import { acceptedStep, mayTryCode, totpSecret, triedUntil } from "./totp.ts";

/** A session ends so long after its sign-in, and after so long without a request. */
const SESSION_MS = 12 * 3_600_000;
export const IDLE_MS = 2 * 3_600_000;
/** How often a session's last use is written. */
const TOUCH_MS = 5 * 60_000;
const RECOVERY_CODES = 10;

export interface OperatorContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: IdSource;
  readonly folderSecret: Uint8Array;
}

export type Operator = NonNullable<RowOf<typeof queries.operatorKnownAs>>;
export type Session = NonNullable<RowOf<typeof queries.sessionByHash>>;

/**
 * argon2id with 19 MiB, two passes and one lane, the least that OWASP's password storage cheat sheet names: a second
 * factor stands beside it, and the machine may be small.
 */
export function hashPassword(password: string): Promise<string> {
  return Bun.password.hash(password.normalize("NFKC"), { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 });
}

let nobodysHash: Promise<string> | null = null;

/** Whether it is the operator's password. For nobody it takes as long, and is false. */
export async function isPassword(operator: Operator | undefined, password: string): Promise<boolean> {
  nobodysHash ??= hashPassword("nobody signs in with this");
  const isRight = await Bun.password.verify(password.normalize("NFKC"), operator?.password ?? (await nobodysHash));
  return isRight && operator !== undefined;
}

/** The form of a name under which somebody signs in. */
export function knownAs(name: string): string {
  return name.normalize("NFKC").trim().toLowerCase();
}

/** Makes an operator; null when the name is taken. `given`: somebody else chose the password. */
export function* createOperator(
  tx: Tx,
  context: OperatorContext,
  wanted: { name: string; role: OperatorRole; password: string; given: boolean },
  actor: Actor,
): Work<{ n: number; id: string } | null> {
  const known_as = knownAs(wanted.name);
  if ((yield* tx.one(queries.operatorKnownAs, { known_as })) !== undefined) return null;
  const { id } = context.ids.next("op");
  const at = context.clock.now();
  const { name, role, password } = wanted;
  const { inserted } = yield* tx.run(queries.insertOperator, {
    id,
    name,
    known_as,
    role,
    password,
    password_given: wanted.given ? 1 : 0,
    created_at: at,
  });
  yield* tell(tx, context, "operator.created", actor, { operator_id: id, role }, { name });
  return { n: inserted, id };
}

/** Gives an operator another role, from their next request on. Answers why not, or null. */
export function* changeRole(
  tx: Tx,
  context: OperatorContext,
  { id, role }: { readonly id: string; readonly role: OperatorRole },
  actor: Actor,
): Work<string | null> {
  const operator = yield* changeable(tx, id, role);
  if (typeof operator === "string") return operator;
  if (operator.role === role) return null;
  yield* tx.run(queries.setRole, { n: operator.n, role });
  yield* tell(tx, context, "operator.changed", actor, { operator_id: id, role }, {});
  return null;
}

/**
 * Gives an operator who has lost password or phone a password by somebody else, and ends their sessions: they choose
 * another and set up another authenticator at the next sign-in. Answers why not, or null.
 */
export function* resetOperator(
  tx: Tx,
  context: OperatorContext,
  { id, password }: { readonly id: string; readonly password: string },
  actor: Actor,
): Work<string | null> {
  const operator = yield* changeable(tx, id, null);
  if (typeof operator === "string") return operator;
  yield* tx.run(queries.resetOperator, { n: operator.n, password });
  yield* tx.run(queries.deleteSessionsOf, { operator_n: operator.n });
  yield* tell(tx, context, "operator.reset", actor, { operator_id: id }, {});
  return null;
}

/** Removes an operator and ends their sessions. Answers why not, or null. */
export function* removeOperator(tx: Tx, context: OperatorContext, id: string, actor: Actor): Work<string | null> {
  const operator = yield* changeable(tx, id, null);
  if (typeof operator === "string") return operator;
  yield* tx.run(queries.removeOperator, { n: operator.n, removed_at: context.clock.now() });
  yield* tx.run(queries.deleteSessionsOf, { operator_n: operator.n });
  yield* tell(tx, context, "operator.removed", actor, { operator_id: id }, {});
  return null;
}

/** The operator to whom something is done, or why it is not: the last administrator stays one. `role`: what they are then. */
function* changeable(tx: Tx, id: string, role: OperatorRole | null): Work<Operator | string> {
  const operator = yield* tx.one(queries.operatorById, { id });
  if (operator === undefined) return "There is no such operator.";
  if (operator.role !== "admin" || role === "admin") return operator;
  const others = yield* tx.one(queries.otherAdmins, { n: operator.n });
  return others === undefined ? "This is the last administrator: make another one first." : operator;
}

/** Where a sign-in came from. */
export interface Whence {
  readonly ip: string | null;
  readonly userAgent: string | null;
}

/**
 * Signs in somebody whose password was right. The code is the second factor, from the app or one of the recovery codes,
 * each good once; after too many wrong ones none from the app is taken for a while, and recovery codes, which nobody
 * guesses, still are; who has set up no app yet gets a session in which nothing but that can be done.
 *
 * @returns the cookie's text, or null when the code is not good.
 */
export function* signIn(
  tx: Tx,
  context: OperatorContext,
  operator: { readonly id: string },
  code: string,
  whence: Whence,
): Work<string | null> {
  const row = yield* tx.one(queries.operatorById, { id: operator.id });
  if (row === undefined) return null;
  const used = row.totp_since === null ? "password" : yield* takeCode(tx, context, row, code);
  if (used === null) return null;
  const session = yield* openSession(tx, context, row.n, used !== "password", whence);
  yield* tell(
    tx,
    context,
    "operator.signed_in",
    { type: "operator", id: row.id },
    { operator_id: row.id, session_id: session.id, with: used },
    { ip: whence.ip, user_agent: whence.userAgent },
  );
  return session.token;
}

/** Takes a code of the app or a recovery code, and says which it was; null when it is not good. */
export function* takeCode(
  tx: Tx,
  context: OperatorContext,
  row: Operator,
  code: string,
): Work<"totp" | "recovery_code" | null> {
  const now = context.clock.now();
  const digits = digitsOf(code);
  const looksRight = /^\d{6}$/.test(digits);
  if (looksRight && !mayTryCode(row.totp_tried_until, now)) return null;
  const secret = totpSecret(context.folderSecret, row.id, row.totp_version);
  const step = acceptedStep(secret, digits, now, row.totp_last_step);
  if (step !== null) {
    const { changes } = yield* tx.run(queries.takeStep, { n: row.n, step });
    return changes === 1 ? "totp" : null;
  }
  const left = JSON.parse(row.recovery) as string[];
  const hash = recoveryHash(code);
  if (!left.includes(hash)) {
    if (looksRight) yield* tx.run(queries.setTriedUntil, { n: row.n, until: triedUntil(row.totp_tried_until, now) });
    return null;
  }
  const recovery = JSON.stringify(left.filter((other) => other !== hash));
  yield* tx.run(queries.setRecovery, { n: row.n, recovery });
  return "recovery_code";
}

function* openSession(
  tx: Tx,
  context: OperatorContext,
  operatorN: number,
  isFull: boolean,
  whence: Whence,
): Work<{ id: string; token: string }> {
  const now = context.clock.now();
  const token = base64url(context.random.bytes(32));
  const { id } = context.ids.next("ses");
  yield* tx.run(queries.deleteStaleSessions, { now });
  yield* tx.run(queries.insertSession, {
    id,
    operator_n: operatorN,
    hash: sha256(token),
    is_full: isFull ? 1 : 0,
    address: whence.ip,
    user_agent: whence.userAgent,
    created_at: now,
    seen_at: now,
    ends_at: now + SESSION_MS,
  });
  return { id, token };
}

/**
 * Sets up the authenticator with a first code from it, and a password of one's own. Every session of before ends, and
 * one begins that may do everything. Null when the code is not good.
 */
export function* enrol(
  tx: Tx,
  context: OperatorContext,
  session: Session,
  given: { readonly code: string; readonly passwordHash: string | null },
  whence: Whence,
): Work<{ token: string; recoveryCodes: string[] } | null> {
  const row = yield* tx.one(queries.operatorById, { id: session.operator_id });
  if (row === undefined || row.totp_since !== null) return null;
  const secret = totpSecret(context.folderSecret, row.id, row.totp_version);
  const step = acceptedStep(secret, digitsOf(given.code), context.clock.now(), row.totp_last_step);
  if (step === null) return null;
  const { recoveryCodes, recovery } = newRecoveryCodes(context.random);
  yield* tx.run(queries.takeStep, { n: row.n, step });
  yield* tx.run(queries.enrol, {
    n: row.n,
    at: context.clock.now(),
    recovery,
    password: given.passwordHash ?? row.password,
  });
  yield* tx.run(queries.deleteSessionsOf, { operator_n: row.n });
  const actor = { type: "operator", id: row.id } as const;
  yield* tell(tx, context, "operator.enrolled", actor, { operator_id: row.id }, {});
  const { token } = yield* openSession(tx, context, row.n, true, whence);
  return { token, recoveryCodes };
}

/**
 * The session of a cookie, or null: forged, ended, idle for too long, or its operator was removed. What a page does by
 * itself is no use of it.
 */
export function findSession(
  writer: Writer,
  context: OperatorContext,
  token: string | null,
  how: "by hand" | "by itself" = "by hand",
): Session | null {
  if (token === null) return null;
  const session = writer.one(queries.sessionByHash, { hash: sha256(token) });
  const now = context.clock.now();
  if (session === undefined || session.ends_at <= now || session.seen_at + IDLE_MS <= now) return null;
  if (how === "by hand" && now - session.seen_at > TOUCH_MS)
    // A hint alone: where it can't be written, the session ends the earlier.
    void writer
      .write(function* (tx) {
        yield* tx.run(queries.touchSession, { n: session.n, seen_at: now });
      })
      .catch(() => {});
  return session;
}

/** Ends a session. False when there is none. */
export function* revokeSession(tx: Tx, context: OperatorContext, id: string, actor: Actor): Work<boolean> {
  const session = yield* tx.one(queries.sessionById, { id });
  if (session === undefined) return false;
  yield* tx.run(queries.deleteSession, { n: session.n });
  const facts = { operator_id: session.operator_id, session_id: id };
  yield* tell(tx, context, "session.revoked", actor, facts, {});
  return true;
}

/** Tells the log of it, in the same commit. */
export function* tell<
  T extends
    | "operator.created"
    | "operator.enrolled"
    | "operator.changed"
    | "operator.reset"
    | "operator.removed"
    | "operator.signed_in"
    | "operator.password_changed"
    | "operator.authenticator_renewed"
    | "session.revoked",
>(
  tx: Tx,
  { random, clock }: OperatorContext,
  type: T,
  actor: Actor,
  plain: Record<string, string>,
  committed: Record<string, string | null>,
): Work<void> {
  const entry = { type, at: clock.now(), actor, world: null, pause: null, plain, committed } as const;
  yield* appendEntry(tx, newEntry(random, entry as Parameters<typeof newEntry<T>>[1]));
}

/** A code as it is typed, with spaces where the app shows them. */
export function digitsOf(code: string): string {
  return code.replaceAll(/\s/g, "");
}

/** Ten new recovery codes, and what of them is kept. */
export function newRecoveryCodes(random: Random): { recoveryCodes: string[]; recovery: string } {
  const recoveryCodes = Array.from({ length: RECOVERY_CODES }, () => newRecoveryCode(random));
  return { recoveryCodes, recovery: JSON.stringify(recoveryCodes.map(recoveryHash)) };
}

/** Ten bytes, 80 bits: nothing that is tried out, so a plain digest of it is enough. */
function newRecoveryCode(random: Random): string {
  const hex = Buffer.from(random.bytes(10)).toString("hex");
  return hex.match(/.{5}/g)?.join("-") ?? hex;
}

function recoveryHash(code: string): string {
  return sha256Hex(code.toLowerCase().replaceAll(/[^0-9a-f]/g, ""));
}
