/** API keys: those there are, a new one, and revoking one. */
import type { Reply } from "../../access/index.ts";
import {
  createKey,
  defaultScopes,
  isScope,
  type KeyLimits,
  limitsInWords,
  listKeys,
  MOST_MINUTES,
  readMinutes,
  revokeKey,
  scopes,
  type Usage,
  usageOf,
} from "../../access/index.ts";
import { readAskables } from "../../pauses/index.ts";
import type { Plan } from "../../platform/config/plans.ts";
import { monthsIn } from "../../platform/months.ts";
import { Problem } from "../../platform/problem.ts";
import { readName } from "../account.ts";
import { field, form, framed, Html, html, moment, select, state, table, words } from "../html.ts";
import { type Entry, mayAct, page, redirect, type SignedIn } from "../visit.ts";

const PROJECT = /^[a-z0-9][a-z0-9_.-]{0,62}$/i;

export const keyEntries: { readonly pages: readonly Entry[]; readonly forms: readonly Entry[] } = {
  pages: [{ path: "/console/keys", leave: "viewer", handle: keys }],
  forms: [
    { path: "/console/keys", leave: "admin", handle: create },
    { path: "/console/keys/:id/revoke", leave: "admin", handle: revoke },
  ],
};

function keys({ parts, viewer, now }: SignedIn): Reply {
  const isAdmin = mayAct(viewer.role, "admin");
  const rows = parts.writer.all(listKeys, {}).toReversed();
  const usage = usageOf(parts.writer, parts.config.plans, monthsIn(parts.config.limits.timeZone)(now));
  const list = table(
    "API keys",
    ["Name", "Key", "Project", "May", "This month", "Made", "State", ""],
    rows.map(
      (row) =>
        html`<tr data-row><td>${words(row.name)}</td><td><code>${row.hint}</code></td><td>${row.project} ${row.mode}</td><td>${row.scopes.replaceAll(" ", ", ")}${limitsOf(JSON.parse(row.limits) as KeyLimits)}</td><td>${usedOf(row.plan, usage(row))}</td><td class="when">${moment(row.created_at, now)}</td><td>${state(row.revoked_at === null ? "active" : "revoked")}</td><td>${isAdmin && row.revoked_at === null ? form(`/console/keys/${row.id}/revoke`, viewer.token, "Revoke", null, `Revoke ${row.name}`) : null}</td></tr>`,
    ),
    "There is no key yet.",
  );
  const { plans, limits } = parts.config;
  const added = isAdmin ? newKey(viewer.token, Object.keys(plans)) : null;
  return page(framed("Keys", viewer, html`${list}${plansTable(plans, limits.timeZone)}${added}`));
}

function plansTable(plans: Readonly<Record<string, Plan>>, timeZone: string): Html {
  const rows = Object.entries(plans).map(
    ([name, { pausesPerMonth, channels, maxTimeoutHours, webhooks }]) =>
      html`<tr data-row><th scope="row">${name}</th><td>${pausesPerMonth ?? "any number"}</td><td>${channels?.join(", ") ?? "every one"}</td><td>${maxTimeoutHours === null ? "any" : `${maxTimeoutHours} hours`}</td><td>${webhooks ? "allowed" : "refused"}</td></tr>`,
  );
  const heads = ["Plan", "Pauses a month", "Channels", "Longest wait", "Webhooks"];
  return html`<section aria-labelledby="plans"><h2 id="plans">Plans</h2>${table("Plans", heads, rows, "There is none.")}<p class="quiet">Set in the configuration. A month begins by the time zone ${timeZone}.</p></section>`;
}

function newKey(token: string, plans: readonly string[]): Html {
  const boxes = scopes.map(
    (scope) =>
      html`<label><input type="checkbox" name="scope" value="${scope}"${defaultScopes.includes(scope) ? new Html(" checked") : null}> ${scope}</label>`,
  );
  return html`<section aria-labelledby="new"><h2 id="new">New key</h2><form method="post" action="/console/keys" class="stacked"><input type="hidden" name="token" value="${token}">${field("What it is for", "name", html`required maxlength="60"`)}${field("Project", "project", html`required maxlength="63" value="default"`)}${select(
    "Mode",
    "mode",
    [
      ["test", "test"],
      ["live", "live"],
    ],
    "test",
  )}${select("Plan", "plan", [["", "none: no limit"], ...plans.map((name) => [name, name] as const)], "")}<fieldset><legend>It may</legend>${boxes}</fieldset>${field("Whom it may ask", "recipients", html`maxlength="2000" autocomplete="off" spellcheck="false"`, "@name, +1312…, *@example.com, with commas between; left empty, anyone. So that an agent can't name a mailbox of its own.")}${field("The least time it gives, in minutes", "min_timeout", html`inputmode="decimal" maxlength="9"`, "Left empty, any.")}<label><input type="checkbox" name="no_default" value="1"> Silence may not decide: refuse timeout_default</label><button>Make the key</button></form></section>`;
}

function usedOf(plan: string | null, { used, limit }: Usage): Html {
  const pauses = `${used.toLocaleString("en")}${limit === null ? "" : ` of ${limit.toLocaleString("en")}`}`;
  return plan === null ? html`${pauses}` : html`${pauses}<br><span class="quiet">plan ${plan}</span>`;
}

function limitsOf(limits: KeyLimits): Html {
  const said = limitsInWords(limits);
  return said.length === 0 ? html`` : html`<br><span class="quiet">${said.join("; ")}</span>`;
}

async function create({ parts, fields, viewer, actor }: SignedIn): Promise<Reply> {
  const name = readName(fields);
  const project = fields.get("project") ?? "";
  const mode = fields.get("mode");
  const plan = fields.get("plan") || null;
  const chosen = fields.getAll("scope").filter(isScope);
  if (name === null) throw new Problem("invalid", "A key needs a name of 1 to 60 characters.");
  if (!PROJECT.test(project)) throw new Problem("invalid", "A project has 1 to 63 of letters, digits, _, . and -.");
  if (mode !== "test" && mode !== "live") throw new Problem("invalid", "The mode is test or live.");
  if (plan !== null && !Object.hasOwn(parts.config.plans, plan))
    throw new Problem("invalid", "There is no such plan; the configuration may have changed meanwhile.");
  if (chosen.length === 0) throw new Problem("invalid", "Choose at least one thing that the key may do.");
  const limits = readLimits(fields, parts.config);
  const made = await parts.writer.write((tx) =>
    createKey(tx, parts.context, { name, project, mode, scopes: chosen, limits, plan }, actor),
  );
  const content = html`<p>It is shown this once; keep it where only the agent can read it.</p><p class="secret"><code>${made.key}</code></p><p><a href="/console/keys">To the keys</a></p>`;
  return page(framed("The new key", viewer, content));
}

function readLimits(fields: URLSearchParams, config: SignedIn["parts"]["config"]): KeyLimits {
  const read = readAskables(fields.get("recipients") ?? "", config);
  if ("reason" in read) throw new Problem("invalid", `"Whom it may ask" ${read.reason}.`);
  const least = (fields.get("min_timeout") ?? "").trim();
  const minutes = least === "" ? null : readMinutes(least);
  if (minutes === undefined)
    throw new Problem("invalid", `The least time is a number of minutes above 0 and at most ${MOST_MINUTES}.`);
  return {
    recipients: read.recipients.length === 0 ? null : read.recipients,
    minTimeoutMinutes: minutes,
    noDefaultOnTimeout: fields.get("no_default") === "1",
  };
}

async function revoke({ parts, id, actor }: SignedIn): Promise<Reply> {
  const done = await parts.writer.write((tx) => revokeKey(tx, parts.context, id, actor));
  if (done === "unknown") throw new Problem("not-found", "There is no such key.");
  return redirect("/console/keys");
}
