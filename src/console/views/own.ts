/** One's own account: the password, the authenticator, and the browsers that are signed in. */
import type { Reply } from "../../access/index.ts";
import { Problem } from "../../platform/problem.ts";
import {
  codesPage,
  FIRST_CODE,
  faultIn,
  LONGEST_FIELD,
  newPassword,
  notice,
  passwordOfNow,
  secretToScan,
  WRONG_FIRST_CODE,
  whence,
} from "../account.ts";
import { setCookie } from "../cookie.ts";
import { field, form, framed, type Html, html, moment, table, words } from "../html.ts";
import { hashPassword, IDLE_MS, isPassword } from "../operators.ts";
import { beginRenewal, changePassword, endOwn, finishRenewal, nextSecret } from "../own.ts";
import { operatorById, sessionsOf } from "../queries.ts";
import { type Entry, page, redirect, type SignedIn } from "../visit.ts";

const ACCOUNT = "/console/account";
const AUTHENTICATOR = `${ACCOUNT}/authenticator`;
/** As at the sign-in, one text for both, so that the password can't be tried behind a browser that was left open. */
const WRONG = "The password or the code is wrong. A code is good once: if you signed in with it, wait for the next.";
const TOO_MANY = "Too many tries. Wait a minute, then try again.";

export const ownEntries: { readonly pages: readonly Entry[]; readonly forms: readonly Entry[] } = {
  pages: [
    { path: ACCOUNT, leave: "viewer", handle: (visit) => account(visit, null) },
    { path: AUTHENTICATOR, leave: "viewer", handle: (visit) => authenticator(visit, null) },
  ],
  forms: [
    { path: `${ACCOUNT}/password`, leave: "viewer", handle: submitPassword },
    { path: AUTHENTICATOR, leave: "viewer", handle: submitBegin },
    { path: `${AUTHENTICATOR}/finish`, leave: "viewer", handle: submitFinish },
    { path: "/console/browsers/:id/end", leave: "viewer", handle: end },
  ],
};

function account(visit: SignedIn, wrong: string | null, status = 200): Reply {
  const { parts, session, viewer, now, query } = visit;
  const operator = parts.writer.one(operatorById, { id: session.operator_id });
  const codes = (JSON.parse(operator?.recovery ?? "[]") as string[]).length;
  const done =
    query.get("done") === "password"
      ? html`<p class="notice" role="status">Your password is changed, and every other browser of yours is signed out.</p>`
      : null;
  const content = html`${notice(wrong)}${done}<p>${words(session.name)} <span class="quiet">${session.role}</span></p>
<section aria-labelledby="password-title"><h2 id="password-title">Password</h2><form method="post" action="${ACCOUNT}/password" class="stacked"><input type="hidden" name="token" value="${viewer.token}">${shownFields()}${newPassword()}<button>Change the password</button></form><p class="quiet">Every other browser of yours is signed out then.</p></section>
<section aria-labelledby="authenticator-title"><h2 id="authenticator-title">Authenticator</h2><p>Set up ${moment(operator?.totp_since ?? now, now)}; ${codes} of 10 recovery codes left.</p><p><a href="${AUTHENTICATOR}">Set up another authenticator</a> <span class="quiet">with ten new recovery codes.</span></p></section>${browsers(visit)}`;
  return answered(visit, "Account", content, status);
}

function shownFields(): Html {
  const code = html`required maxlength="40" autocomplete="one-time-code" spellcheck="false"`;
  return html`${passwordOfNow("Current password", "current")}${field("Code", "code", code, "Six digits from your authenticator, or a recovery code.")}`;
}

function browsers({ parts, viewer, session, now }: SignedIn): Html {
  const rows = parts.writer.all(sessionsOf, { operator_n: session.operator_n, now, idle_since: now - IDLE_MS });
  return html`<section aria-labelledby="browsers"><h2 id="browsers">Signed in</h2>${table(
    "Browsers that are signed in",
    ["Browser", "From", "Since", "Last used", ""],
    rows.map((row) => {
      const name = `Sign out the browser of ${new Date(row.created_at).toISOString()}`;
      const isThis = row.id === session.id;
      return html`<tr data-row><td>${words(row.user_agent ?? "")}</td><td>${row.address ?? ""}</td><td class="when">${moment(row.created_at, now)}</td><td class="when">${moment(row.seen_at, now)}</td><td>${isThis ? html`<span class="quiet">this one</span>` : form(`/console/browsers/${row.id}/end`, viewer.token, "Sign out", null, name)}</td></tr>`;
    }),
    "",
  )}</section>`;
}

async function submitPassword(visit: SignedIn): Promise<Reply> {
  const { parts, operators, session, fields } = visit;
  const password = fields.get("password") ?? "";
  const fault = faultIn(password);
  if (fault !== null) return account(visit, fault, 422);
  const shown = await passwordShown(visit);
  if (shown === "too many") return account(visit, TOO_MANY, 429);
  const passwordHash = await hashPassword(password);
  const token =
    shown === null
      ? null
      : await parts.writer.write((tx) =>
          changePassword(tx, operators, session, { ...shown, passwordHash }, whence(visit)),
        );
  if (token === null) return refused(visit, (wrong) => account(visit, wrong, 401));
  return redirect(`${ACCOUNT}?done=password`, setCookie(parts.baseUrl(), token));
}

function authenticator(visit: SignedIn, wrong: string | null, status = 200): Reply {
  const { parts, operators, session, viewer } = visit;
  const secret = nextSecret(operators, session);
  const begin = html`<p>Your present one is good until the new one has shown a first code. Then every other browser of yours is signed out.</p><form method="post" action="${AUTHENTICATOR}" class="stacked"><input type="hidden" name="token" value="${viewer.token}">${shownFields()}<button>Go on</button></form>`;
  const finish = (next: Uint8Array) =>
    html`<p>Scan this with an authenticator app within 15 minutes, then enter the code that it shows.</p>${secretToScan(parts.baseUrl(), session.name, next)}<form method="post" action="${AUTHENTICATOR}/finish" class="stacked"><input type="hidden" name="token" value="${viewer.token}">${FIRST_CODE}<button>Finish</button></form>`;
  const content = html`${notice(wrong)}${secret === null ? begin : finish(secret)}<p><a href="${ACCOUNT}">To your account</a></p>`;
  return answered(visit, "Another authenticator", content, status);
}

async function submitBegin(visit: SignedIn): Promise<Reply> {
  const { parts, operators, session } = visit;
  const shown = await passwordShown(visit);
  if (shown === "too many") return authenticator(visit, TOO_MANY, 429);
  const done = shown !== null && (await parts.writer.write((tx) => beginRenewal(tx, operators, session, shown)));
  return done ? redirect(AUTHENTICATOR) : refused(visit, (wrong) => authenticator(visit, wrong, 401));
}

async function submitFinish(visit: SignedIn): Promise<Reply> {
  const { parts, operators, session, fields, call } = visit;
  if (nextSecret(operators, session) === null)
    return authenticator(visit, "That took longer than 15 minutes. Begin again.", 409);
  if (!visit.mayTry(call.address, `\0enrol ${session.id}`)) return authenticator(visit, TOO_MANY, 429);
  const code = fields.get("code") ?? "";
  const done = await parts.writer.write((tx) => finishRenewal(tx, operators, session, code, whence(visit)));
  if (done === null) return authenticator(visit, WRONG_FIRST_CODE, 422);
  return codesPage(done.recoveryCodes, setCookie(parts.baseUrl(), done.token));
}

async function end({ parts, operators, session, id }: SignedIn): Promise<Reply> {
  const done = await parts.writer.write((tx) => endOwn(tx, operators, session, id));
  if (!done) throw new Problem("not-found", "You have no such browser signed in; it may have ended.");
  return redirect(ACCOUNT);
}

/** The password as it was given, compared: null when it is wrong. It costs what a try at the sign-in costs. */
async function passwordShown({ parts, session, fields, call, mayTry }: SignedIn) {
  if (!mayTry(call.address, `\0account ${session.operator_id}`)) return "too many" as const;
  const operator = parts.writer.one(operatorById, { id: session.operator_id });
  const isRight = await isPassword(operator, (fields.get("current") ?? "").slice(0, LONGEST_FIELD));
  if (!isRight || operator === undefined) return null;
  return { checked: operator.password, code: fields.get("code") ?? "" };
}

function refused({ parts, session, call }: SignedIn, say: (wrong: string) => Reply): Reply {
  const facts = { address: call.address, operator_id: session.operator_id };
  parts.log.warn("console: a change of one's own account was refused", facts);
  return say(WRONG);
}

function answered({ viewer }: SignedIn, title: string, content: Html, status: number): Reply {
  return page(
    framed(title, viewer, content, { under: "Account" }),
    status,
    status === 429 ? { "retry-after": "60" } : {},
  );
}
