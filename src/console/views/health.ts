/** Whether all is well, and what to do where it is not: what `pausepoint doctor` says of this server. */
import type { Reply } from "../../access/index.ts";
import type { HealthFinding, Look } from "../health.ts";
import { form, framed, type Html, html, moment, state, table, words } from "../html.ts";
import { type Entry, mayAct, page, redirect, type SignedIn } from "../visit.ts";

const PATH = "/console/health";

export const healthEntries: { readonly pages: readonly Entry[]; readonly forms: readonly Entry[] } = {
  pages: [{ path: PATH, leave: "viewer", handle: shown }],
  forms: [{ path: "/console/health/look", leave: "operator", handle: again }],
};

async function shown({ health, viewer, now }: SignedIn): Promise<Reply> {
  const look = health.last ?? (await health.look());
  // The rail of this very page counts what was just found.
  const upToDate = { ...viewer, failures: health.failures };
  const button = mayAct(viewer.role, "operator") ? form("/console/health/look", viewer.token, "Look again") : null;
  const content = html`<p><span role="status">${summary(look)}</span> <span class="quiet">Looked at ${moment(look.at, now)}.</span></p>${button}${table(
    "What was looked at",
    ["What", "State", "Found"],
    inOrder(look.findings).map(rowOf),
    "Nothing was looked at.",
  )}`;
  return page(framed("Health", upToDate, content));
}

async function again({ health }: SignedIn): Promise<Reply> {
  await health.look();
  return redirect(PATH);
}

function summary({ findings }: Look): Html {
  const count = (wanted: HealthFinding["status"]) => findings.filter(({ status }) => status === wanted).length;
  const [failed, warned] = [count("fail"), count("warn")];
  if (failed + warned === 0) return html`<b>All is well.</b>`;
  const parts = [
    failed === 0 ? null : `${failed} failed`,
    warned === 0 ? null : `${warned} ${warned === 1 ? "warning" : "warnings"}`,
  ];
  return html`<b>${parts.filter((part) => part !== null).join(", ")}.</b>`;
}

/** What needs somebody stands first. */
function inOrder(findings: readonly HealthFinding[]): HealthFinding[] {
  return (["fail", "warn", "ok"] as const).flatMap((wanted) => findings.filter(({ status }) => status === wanted));
}

const STATES = { ok: "ok", warn: "warning", fail: "failed" } as const;

function rowOf({ check, status, found, todo }: HealthFinding): Html {
  const what = todo === null ? null : html`<br><span class="quiet">${words(todo)}</span>`;
  return html`<tr data-row><th scope="row" class="what">${check}</th><td>${state(STATES[status])}</td><td class="found">${words(found)}${what}</td></tr>`;
}
