/**
 * What operators change about themselves. Each takes the password and a code, so that a browser that was left open, or a
 * cookie that was stolen, is not enough; and each ends every other sign-in and gives this one another cookie.
 */
import type { Actor } from "../audit/index.ts";
import { base64url, sha256 } from "../platform/hash.ts";
import type { Tx, Work } from "../storage/index.ts";
import {
  digitsOf,
  newRecoveryCodes,
  type Operator,
  type OperatorContext,
  revokeSession,
  type Session,
  takeCode,
  tell,
  type Whence,
} from "./operators.ts";
import * as queries from "./queries.ts";
import { acceptedStep, totpSecret } from "./totp.ts";

/** So long somebody may take from the password to the first code of the new authenticator. */
export const RENEWAL_MS = 15 * 60_000;

/** What shows that it is the operator who asks. */
export interface Shown {
  /** The hash that the password was compared with: where it was changed meanwhile, it shows nothing any more. */
  readonly checked: string;
  readonly code: string;
}

/**
 * Gives the operator the password that they have chosen.
 *
 * @returns the new text of this browser's cookie, or null when the code is not good.
 */
export function* changePassword(
  tx: Tx,
  context: OperatorContext,
  session: Session,
  { passwordHash, ...shown }: Shown & { readonly passwordHash: string },
  whence: Whence,
): Work<string | null> {
  const found = yield* shownToBe(tx, context, session, shown);
  if (found === null) return null;
  yield* tx.run(queries.setPassword, { n: found.operator.n, password: passwordHash });
  const facts = { operator_id: session.operator_id, session_id: session.id, with: found.used };
  yield* tell(tx, context, "operator.password_changed", actorOf(session), facts, committed(whence));
  return yield* keepThisOne(tx, context, session);
}

/** Begins to set up another authenticator; the one of now is good until then. False when the code is not good. */
export function* beginRenewal(tx: Tx, context: OperatorContext, session: Session, shown: Shown): Work<boolean> {
  if ((yield* shownToBe(tx, context, session, shown)) === null) return false;
  // By chance, so that what was shown once and not taken is never a secret later on.
  const next = Buffer.from(context.random.bytes(6)).readUIntBE(0, 6);
  yield* tx.run(queries.setNextTotp, { n: session.n, next, until: context.clock.now() + RENEWAL_MS });
  return true;
}

/** The secret of the authenticator that is being set up in this browser, or null when none is. */
export function nextSecret({ folderSecret, clock }: OperatorContext, session: Session): Uint8Array | null {
  if (session.totp_next === null || session.totp_next_until <= clock.now()) return null;
  return totpSecret(folderSecret, session.operator_id, session.totp_next);
}

/** Puts another authenticator in place of the one of now, with a first code from it. Null when the code is not good. */
export function* finishRenewal(
  tx: Tx,
  context: OperatorContext,
  session: Session,
  code: string,
  whence: Whence,
): Work<{ token: string; recoveryCodes: string[] } | null> {
  const secret = nextSecret(context, session);
  const row = yield* tx.one(queries.sessionById, { id: session.id });
  if (secret === null || session.totp_next === null || row?.totp_next !== session.totp_next) return null;
  const at = context.clock.now();
  const step = acceptedStep(secret, digitsOf(code), at, 0);
  if (step === null) return null;
  const { recoveryCodes, recovery } = newRecoveryCodes(context.random);
  yield* tx.run(queries.renewTotp, { n: session.operator_n, version: session.totp_next, step, at, recovery });
  const facts = { operator_id: session.operator_id, session_id: session.id };
  yield* tell(tx, context, "operator.authenticator_renewed", actorOf(session), facts, committed(whence));
  return { token: yield* keepThisOne(tx, context, session), recoveryCodes };
}

/** Ends another sign-in of the same operator. False when they have none of that name. */
export function* endOwn(tx: Tx, context: OperatorContext, session: Session, id: string): Work<boolean> {
  const own = yield* tx.one(queries.sessionById, { id });
  if (own === undefined || own.operator_id !== session.operator_id) return false;
  return yield* revokeSession(tx, context, id, actorOf(session));
}

function* shownToBe(
  tx: Tx,
  context: OperatorContext,
  session: Session,
  { checked, code }: Shown,
): Work<{ operator: Operator; used: "totp" | "recovery_code" } | null> {
  const operator = yield* tx.one(queries.operatorById, { id: session.operator_id });
  if (operator === undefined || operator.password !== checked) return null;
  const used = yield* takeCode(tx, context, operator, code);
  return used === null ? null : { operator, used };
}

/** Whoever has taken the cookie of now has nothing from it any more, and neither has another browser. */
function* keepThisOne(tx: Tx, context: OperatorContext, session: Session): Work<string> {
  for (const { id } of yield* tx.all(queries.otherSessionsOf, { operator_n: session.operator_n, n: session.n }))
    yield* revokeSession(tx, context, id, actorOf(session));
  const token = base64url(context.random.bytes(32));
  yield* tx.run(queries.renewSession, { n: session.n, hash: sha256(token) });
  return token;
}

function actorOf(session: Session): Actor {
  return { type: "operator", id: session.operator_id };
}

function committed({ ip, userAgent }: Whence) {
  return { ip, user_agent: userAgent };
}
