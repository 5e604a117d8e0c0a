import type { Fragment, Html } from "../html.ts";
import { html, moment, words } from "../html.ts";

interface ShownEntry {
  readonly seq: number;
  readonly type: string;
  readonly at: string;
  readonly [member: string]: unknown;
}

/** An entry of the log in a list: when, what with its plain members, who, and where it stands; `linked`: with its pause. */
export function entryRow(entry: ShownEntry, now: number, linked: boolean): Html {
  const actor = entry.actor as { readonly type: string; readonly id: string | null };
  const pauseId = typeof entry.pause_id === "string" ? entry.pause_id : null;
  const about =
    pauseId === null || !linked
      ? null
      : html`<br><a href="/console/pauses/${pauseId}" aria-label="its pause, of entry ${entry.seq}">its pause</a>`;
  return html`<tr data-row><td class="when">${moment(Date.parse(entry.at), now)}</td><td><b>${entry.type}</b>${membersOf(entry.data)}</td><td>${actor.type}${actor.id === null ? null : html`<br><code>${actor.id}</code>`}</td><td class="number">${entry.seq}${about}</td></tr>`;
}

/** What stands in the clear. What is committed to is shown where it is kept, in the pause itself. */
function membersOf(data: unknown): Fragment {
  const members = Object.entries((data ?? {}) as Record<string, unknown>).filter(
    ([, value]) => value === null || typeof value !== "object" || Array.isArray(value),
  );
  // A digest says nothing to a reader; the export holds them all.
  const shown = members.filter(([name, value]) => name !== "recipients" && !/^(hmac-)?sha256:/.test(String(value)));
  if (shown.length === 0) return null;
  return html`<br><span class="quiet">${shown.map(([name, value], index) => html`${index > 0 ? ", " : null}${name}: ${words(textOf(value))}`)}</span>`;
}

function textOf(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length <= 100 ? text : `${text.slice(0, 99)}…`;
}
