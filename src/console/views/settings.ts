/** What the configuration says, and who may use this console. */
import type { Reply } from "../../access/index.ts";
import { Problem } from "../../platform/problem.ts";
import type { Random } from "../../platform/random.ts";
import { kindOf } from "../../respond/trial/index.ts";
import type { OperatorRole } from "../../storage/index.ts";
import { readName } from "../account.ts";
import {
  type Fragment,
  field,
  form,
  framed,
  type Html,
  html,
  moment,
  optionsOf,
  select,
  table,
  type Viewer,
  words,
} from "../html.ts";
import {
  changeRole,
  createOperator,
  hashPassword,
  IDLE_MS,
  removeOperator,
  resetOperator,
  revokeSession,
} from "../operators.ts";
import { allOperators, allSessions } from "../queries.ts";
import { type Entry, mayAct, page, redirect, type SignedIn } from "../visit.ts";
import * as queries from "./queries.ts";

const ROLES = ["viewer", "operator", "admin"] as const satisfies readonly OperatorRole[];

export const settingsEntries: { readonly pages: readonly Entry[]; readonly forms: readonly Entry[] } = {
  pages: [{ path: "/console/settings", leave: "viewer", handle: settings }],
  forms: [
    { path: "/console/operators", leave: "admin", handle: add },
    { path: "/console/operators/:id/role", leave: "admin", handle: giveRole },
    { path: "/console/operators/:id/reset", leave: "admin", handle: reset },
    { path: "/console/operators/:id/remove", leave: "admin", handle: remove },
    { path: "/console/sessions/:id/revoke", leave: "admin", handle: revoke },
  ],
};

function settings(visit: SignedIn): Reply {
  const isAdmin = mayAct(visit.viewer.role, "admin");
  const content = html`${projects(visit)}${channels(visit)}${isAdmin ? html`${operators(visit)}${sessions(visit)}` : null}`;
  return page(framed("Settings", visit.viewer, content));
}

function projects({ parts }: SignedIn): Html {
  const rows = parts.writer.all(queries.allWorlds, {});
  const names = [...new Set(rows.map(({ project }) => project))];
  return html`<section aria-labelledby="projects"><h2 id="projects">Projects</h2>${table(
    "Projects",
    ["Project", "Modes", "Shown as"],
    names.map(
      (name) =>
        html`<tr data-row><td>${name}</td><td>${rows
          .filter(({ project }) => project === name)
          .map(({ mode }) => mode)
          .join(", ")}</td><td>${words(parts.config.projects[name]?.displayName ?? name)}</td></tr>`,
    ),
    "A project begins with its first key.",
  )}</section>`;
}

function channels({ parts }: SignedIn): Html {
  const rows = Object.entries(parts.config.channels).map(
    ([name]) =>
      html`<tr data-row><td><a href="/console/channels/${name}">${name}</a></td><td>${kindOf(parts.config, name)}</td></tr>`,
  );
  const where = parts.config.source ?? "no file: nothing is configured";
  return html`<section aria-labelledby="channels"><h2 id="channels">Channels</h2>${table("Channels", ["Name", "Through"], rows, "No channel is configured: every message goes to the outbox.")}<p class="quiet">From ${where}.</p></section>`;
}

function operators({ parts, viewer, now }: SignedIn): Html {
  const roles = ROLES.map((role) => [role, role] as const);
  return html`<section aria-labelledby="operators"><h2 id="operators">Operators</h2>${table(
    "Operators",
    ["Name", "Role", "Since", "Authenticator", "", ""],
    parts.writer
      .all(allOperators, {})
      .map(
        (row) =>
          html`<tr data-row><td>${words(row.name)}</td><td><form method="post" action="/console/operators/${row.id}/role" class="row"><input type="hidden" name="token" value="${viewer.token}"><select name="role" aria-label="Role of ${row.name}">${optionsOf(roles, row.role)}</select> <button aria-label="Change the role of ${row.name}">Change</button></form></td><td class="when">${moment(row.created_at, now)}</td><td>${row.totp_since === null ? "not yet" : "set up"}</td><td>${form(`/console/operators/${row.id}/reset`, viewer.token, "Reset", null, `Reset password and authenticator of ${row.name}`)}</td><td>${form(`/console/operators/${row.id}/remove`, viewer.token, "Remove", null, `Remove ${row.name}`)}</td></tr>`,
      ),
    "",
  )}<form method="post" action="/console/operators" class="inline"><input type="hidden" name="token" value="${viewer.token}">${field("Name", "name", html`required maxlength="60" autocomplete="off"`)}${select("Role", "role", roles, "viewer")}<button>Add an operator</button></form></section>`;
}

function sessions({ parts, viewer, now, session }: SignedIn): Html {
  return html`<section aria-labelledby="sessions"><h2 id="sessions">Sessions</h2>${table(
    "Sessions",
    ["Who", "From", "Since", "Last used", ""],
    parts.writer
      .all(allSessions, { now, idle_since: now - IDLE_MS })
      .map(
        (row) =>
          html`<tr data-row><td>${words(row.name)}${row.id === session.id ? html` <span class="quiet">this one</span>` : null}</td><td>${row.address ?? ""}<br><span class="quiet">${words(row.user_agent ?? "")}</span></td><td class="when">${moment(row.created_at, now)}</td><td class="when">${moment(row.seen_at, now)}</td><td>${form(`/console/sessions/${row.id}/revoke`, viewer.token, "End", null, `End the session of ${row.name} of ${new Date(row.created_at).toISOString()}`)}</td></tr>`,
      ),
    "",
  )}</section>`;
}

async function add({ parts, operators: context, fields, viewer, actor }: SignedIn): Promise<Reply> {
  const name = readName(fields);
  const role = ROLES.find((one) => one === fields.get("role"));
  if (name === null) throw new Problem("invalid", "A name has 1 to 60 characters.");
  if (role === undefined) throw new Problem("invalid", "The role is viewer, operator or admin.");
  const password = givenPassword(context.random);
  const wanted = { name, role, password: await hashPassword(password), given: true };
  const made = await parts.writer.write((tx) => createOperator(tx, context, wanted, actor));
  if (made === null) throw new Problem("invalid", "Somebody has that name already.");
  return given("The new operator", viewer, html`${words(name)}`, password);
}

async function giveRole({ parts, operators: context, id, fields, actor }: SignedIn): Promise<Reply> {
  const role = ROLES.find((one) => one === fields.get("role"));
  if (role === undefined) throw new Problem("invalid", "The role is viewer, operator or admin.");
  const refusal = await parts.writer.write((tx) => changeRole(tx, context, { id, role }, actor));
  if (refusal !== null) throw new Problem("invalid", refusal);
  return redirect("/console/settings");
}

async function reset({ parts, operators: context, id, viewer, actor }: SignedIn): Promise<Reply> {
  const password = givenPassword(context.random);
  const wanted = { id, password: await hashPassword(password) };
  const refusal = await parts.writer.write((tx) => resetOperator(tx, context, wanted, actor));
  if (refusal !== null) throw new Problem("invalid", refusal);
  return given("A new beginning", viewer, "The operator", password);
}

/** Shows a password that somebody else is to sign in with, once. */
function given(title: string, viewer: Viewer, who: Fragment, password: string): Reply {
  const content = html`<p>${who} signs in with this password once, then chooses another and sets up an authenticator. It is shown this once.</p><p class="secret"><code>${password}</code></p><p><a href="/console/settings">To the settings</a></p>`;
  return page(framed(title, viewer, content, { under: "Settings" }));
}

function givenPassword(random: Random): string {
  return Buffer.from(random.bytes(10)).toString("hex").match(/.{5}/g)?.join("-") ?? "";
}

async function remove({ parts, operators: context, id, actor }: SignedIn): Promise<Reply> {
  const refusal = await parts.writer.write((tx) => removeOperator(tx, context, id, actor));
  if (refusal !== null) throw new Problem("invalid", refusal);
  return redirect("/console/settings");
}

async function revoke({ parts, operators: context, id, actor }: SignedIn): Promise<Reply> {
  const done = await parts.writer.write((tx) => revokeSession(tx, context, id, actor));
  if (!done) throw new Problem("not-found", "That session has ended.");
  return redirect("/console/settings");
}
