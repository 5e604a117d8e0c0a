/** Signing in and out, the first administrator, and setting up the authenticator. */
import { renderSVG } from "uqr";
import type { Reply } from "../access/index.ts";
import type { Work } from "../storage/index.ts";
import { setCookie } from "./cookie.ts";
import { bare, field, form, Html, html, words } from "./html.ts";
import {
  createOperator,
  enrol,
  hashPassword,
  isPassword,
  knownAs,
  revokeSession,
  signIn,
  type Whence,
} from "./operators.ts";
import { operatorKnownAs } from "./queries.ts";
import { awaitsSetup, isSetupToken, takeSetupToken } from "./setup-token.ts";
import { base32, totpSecret, totpUri } from "./totp.ts";
import { type Entry, page, redirect, type SignedIn, type Visit } from "./visit.ts";

const PASSWORD_LEAST = 12;
export const LONGEST_FIELD = 200;
/** One text for all of it: whoever tries learns neither which was wrong nor that the password was right. */
const WRONG =
  "The name, the password or the code is wrong. After ten wrong codes, one more is looked at each six hours; a recovery code always is.";
const LONGEST_USER_AGENT = 300;
const NAME_ATTRIBUTES = html`required maxlength="60" autocomplete="username" autocapitalize="none"`;

export const accountEntries: { readonly pages: readonly Entry[]; readonly forms: readonly Entry[] } = {
  pages: [
    { path: "/console", leave: "viewer", handle: () => redirect("/console/waiting") },
    { path: "/console/sign-in", leave: "anyone", handle: (visit) => signInPage(visit, null) },
    { path: "/console/setup", leave: "anyone", handle: (visit) => setupPage(visit, null) },
    { path: "/console/enrol", leave: "enrolling", handle: (visit) => enrolPage(visit, null) },
  ],
  forms: [
    { path: "/console/sign-in", leave: "anyone", handle: submitSignIn },
    { path: "/console/setup", leave: "anyone", handle: submitSetup },
    { path: "/console/enrol", leave: "enrolling", handle: submitEnrol },
    { path: "/console/sign-out", leave: "enrolling", handle: submitSignOut },
  ],
};

export function notice(text: string | null): Html {
  return text === null ? html`` : html`<p class="notice" role="alert">${text}</p>`;
}

function signInPage({ parts }: Visit, wrong: string | null, status = 200): Reply {
  const setup = awaitsSetup(parts.config.dataDir)
    ? html`<p class="notice">The first administrator can be made: open the link that <code>pausepoint setup-link</code> prints on the server. <a href="/console/setup">I have the token</a></p>`
    : null;
  return page(
    bare(
      "Sign in",
      html`${setup}${notice(wrong)}<form method="post" action="/console/sign-in" class="stacked">${field("Name", "name", NAME_ATTRIBUTES)}${passwordOfNow("Password", "password")}${field("Code", "code", html`maxlength="40" autocomplete="one-time-code" spellcheck="false"`, "Six digits from your authenticator, or a recovery code. Leave it empty at your first sign-in.")}<button>Sign in</button></form>`,
    ),
    status,
    status === 429 ? { "retry-after": "60" } : {},
  );
}

async function submitSignIn(visit: Visit): Promise<Reply> {
  const { parts, operators, fields, call } = visit;
  const name = knownAs(fields.get("name") ?? "").slice(0, LONGEST_FIELD);
  // Counted whoever it is, so that a name that nobody has behaves as one that somebody has.
  if (!visit.mayTry(call.address, name))
    return signInPage(visit, "Too many tries. Wait a minute, then try again.", 429);
  const operator = parts.writer.one(operatorKnownAs, { known_as: name });
  const password = (fields.get("password") ?? "").slice(0, LONGEST_FIELD);
  const isRight = await isPassword(operator, password);
  const token =
    operator === undefined || !isRight
      ? null
      : await parts.writer.write((tx) => signIn(tx, operators, operator, fields.get("code") ?? "", whence(visit)));
  if (token === null) {
    // With the operator's id where the password was right: somebody else may have it.
    const known = isRight && operator !== undefined ? { operator_id: operator.id } : {};
    parts.log.warn("console: a sign-in was refused", { address: call.address, ...known });
    return signInPage(visit, WRONG, 401);
  }
  return redirect("/console", setCookie(parts.baseUrl(), token));
}

async function submitSignOut({ parts, operators, session, actor }: SignedIn): Promise<Reply> {
  await parts.writer.write((tx) => revokeSession(tx, operators, session.id, actor));
  return redirect("/console/sign-in", setCookie(parts.baseUrl(), null));
}

function setupPage({ parts }: Visit, wrong: string | null, status = 200): Reply {
  if (!awaitsSetup(parts.config.dataDir))
    return page(
      bare(
        "Set up",
        html`<p>There is nothing to set up. <a href="/console/sign-in">Sign in</a>, or run <code>pausepoint setup-link --another</code> on the server where no administrator can sign in any more.</p>`,
      ),
      status,
    );
  return page(
    bare(
      "Make the first administrator",
      html`${notice(wrong)}<form method="post" action="/console/setup" class="stacked">${field("Setup token", "setup", html`required maxlength="100" autocomplete="off" spellcheck="false"`, "What stands behind the # in the link that pausepoint setup-link prints.")}${field("Your name", "name", NAME_ATTRIBUTES)}${newPassword()}<button>Go on</button></form>`,
    ),
    status,
  );
}

async function submitSetup(visit: Visit): Promise<Reply> {
  const { parts, operators, fields, call } = visit;
  const folder = parts.config.dataDir;
  if (!visit.mayTry(call.address, "\0setup")) return setupPage(visit, "Too many tries. Wait a minute.", 429);
  if (!isSetupToken(folder, fields.get("setup")?.trim() ?? ""))
    return setupPage(visit, "That is not the setup token. Run pausepoint setup-link on the server.", 403);
  const name = readName(fields);
  const password = fields.get("password") ?? "";
  const wrong = name === null ? "A name has 1 to 60 characters." : faultIn(password);
  if (wrong !== null || name === null) return setupPage(visit, wrong, 422);
  if (parts.writer.one(operatorKnownAs, { known_as: knownAs(name) }) !== undefined)
    return setupPage(visit, "Somebody has that name already.", 422);
  const hash = await hashPassword(password);
  if (!takeSetupToken(folder)) return setupPage(visit, null, 409);
  const token = await parts.writer.write(function* (tx): Work<string | null> {
    const actor = { type: "operator", id: null } as const;
    const made = yield* createOperator(tx, operators, { name, role: "admin", password: hash, given: false }, actor);
    return made === null ? null : yield* signIn(tx, operators, made, "", whence(visit));
  });
  return token === null ? setupPage(visit, null, 409) : redirect("/console/enrol", setCookie(parts.baseUrl(), token));
}

function enrolPage({ parts, operators, session, viewer }: SignedIn, wrong: string | null, status = 200): Reply {
  if (session.is_full === 1) return redirect("/console");
  const secret = totpSecret(operators.folderSecret, session.operator_id, session.totp_version);
  return page(
    bare(
      "Set up your authenticator",
      html`${notice(wrong)}<p>${words(session.name)}, scan this with an authenticator app, then enter the code that it shows.</p>${secretToScan(parts.baseUrl(), session.name, secret)}<form method="post" action="/console/enrol" class="stacked"><input type="hidden" name="token" value="${viewer.token}">${session.password_given === 1 ? newPassword() : null}${FIRST_CODE}<button>Finish</button></form>${form("/console/sign-out", viewer.token, "Sign out")}`,
    ),
    status,
  );
}

/** A secret for an authenticator app: as a QR code, and as text. */
export function secretToScan(baseUrl: string, operator: string, secret: Uint8Array): Html {
  const svg = new Html(renderSVG(totpUri(secret, operator, new URL(baseUrl).host), { border: 2 }));
  const text = base32(secret).match(/.{4}/g)?.join(" ") ?? "";
  return html`<div class="qr" role="img" aria-label="QR code of the secret below">${svg}</div><p>Or enter the secret by hand: <code>${text}</code></p>`;
}

export const FIRST_CODE = field(
  "Code",
  "code",
  html`required maxlength="10" inputmode="numeric" autocomplete="one-time-code"`,
);

async function submitEnrol(visit: SignedIn): Promise<Reply> {
  const { parts, operators, session, fields, call } = visit;
  if (session.is_full === 1) return redirect("/console");
  if (!visit.mayTry(call.address, `\0enrol ${session.id}`))
    return enrolPage(visit, "Too many tries. Wait a minute.", 429);
  const password = session.password_given === 1 ? (fields.get("password") ?? "") : null;
  const wrong = password === null ? null : faultIn(password);
  if (wrong !== null) return enrolPage(visit, wrong, 422);
  const passwordHash = password === null ? null : await hashPassword(password);
  const code = fields.get("code") ?? "";
  const done = await parts.writer.write((tx) => enrol(tx, operators, session, { code, passwordHash }, whence(visit)));
  if (done === null) return enrolPage(visit, WRONG_FIRST_CODE, 422);
  return codesPage(done.recoveryCodes, setCookie(parts.baseUrl(), done.token));
}

export const WRONG_FIRST_CODE = "That code is wrong. Is the clock of the phone right?";

/** The codes for the day on which the phone is lost. */
export function codesPage(recoveryCodes: readonly string[], headers: Readonly<Record<string, string>>): Reply {
  return page(
    bare(
      "Keep your recovery codes",
      html`<p>Each signs you in once in place of a code, should the phone be lost. They are shown this once.</p><ul class="codes">${recoveryCodes.map((text) => html`<li><code>${text}</code></li>`)}</ul><p><a class="button" href="/console">To the console</a></p>`,
    ),
    200,
    headers,
  );
}

export function passwordOfNow(label: string, name: string): Html {
  return field(label, name, html`type="password" required maxlength="200" autocomplete="current-password"`);
}

export function newPassword(): Html {
  return field(
    "New password",
    "password",
    html`type="password" required minlength="${PASSWORD_LEAST}" maxlength="200" autocomplete="new-password"`,
    "At least 12 characters. A few words that belong to nothing are good.",
  );
}

/** What a new password lacks, or null. */
export function faultIn(password: string): string | null {
  if (password.length < PASSWORD_LEAST || password.length > LONGEST_FIELD)
    return "A password has 12 to 200 characters.";
  return null;
}

/** A name of 1 to 60 characters without controls, or null. */
export function readName(fields: URLSearchParams): string | null {
  const name = (fields.get("name") ?? "").trim();
  return name.length >= 1 && name.length <= 60 && name.isWellFormed() && !/\p{C}/u.test(name) ? name : null;
}

export function whence({ call }: Visit): Whence {
  const userAgent = call.request.headers.get("user-agent")?.slice(0, LONGEST_USER_AGENT).toWellFormed() ?? null;
  return { ip: call.address, userAgent };
}
