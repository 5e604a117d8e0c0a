/**
 * The log for people: CSV (RFC 4180) that a spreadsheet opens. What an entry commits to stands opened in its place where
 * its disclosure is still kept; nothing here proves anything, for that is the other format.
 */
import { disclosedValue, selectEntries } from "../audit/index.ts";
import { sha256Hex } from "../platform/hash.ts";
import type { ExportSource, PreparedExport } from "./export.ts";

const COLUMNS = ["seq", "at", "type", "actor", "actor_id", "project", "mode", "pause_id", "data", "hash"] as const;

interface Entry {
  readonly seq: number;
  readonly at: string;
  readonly type: string;
  readonly actor: { readonly type: string; readonly id: string | null };
  readonly project: string | null;
  readonly mode: string | null;
  readonly pause_id: string | null;
  readonly data: Record<string, unknown>;
}

/** The rows, each with its line end; a page of entries at a time. */
export function* exportCsv(
  { reader }: Pick<ExportSource, "reader">,
  prepared: PreparedExport,
): Generator<string, void> {
  yield `${COLUMNS.join(",")}\r\n`;
  for (const page of selectEntries(reader, prepared.selection)) {
    yield page.map(({ entry, disclosed }) => row(entry, prepared.request.disclose ? disclosed : null)).join("");
  }
}

function row(text: string, disclosed: string | null): string {
  const { seq, at, type, actor, project, mode, pause_id, data } = JSON.parse(text) as Entry;
  const opened = disclosed === null ? data : open(data, JSON.parse(disclosed) as Record<string, string>);
  const cells = [seq, at, type, actor.type, actor.id, project, mode, pause_id, JSON.stringify(opened), sha256Hex(text)];
  return `${cells.map(cell).join(",")}\r\n`;
}

/** The data with each commitment that can be opened in place of which its value stands. */
function open(data: Record<string, unknown>, disclosed: Readonly<Record<string, string>>): Record<string, unknown> {
  for (const [pointer, disclosure] of Object.entries(disclosed)) {
    const steps = pointer.slice(1).split("/");
    const name = steps.pop() ?? "";
    let parent: unknown = data;
    for (const step of steps) parent = (parent as Record<string, unknown> | undefined)?.[step];
    const value = disclosedValue(disclosure);
    if (typeof parent === "object" && parent !== null && value !== undefined)
      (parent as Record<string, unknown>)[name] = value;
  }
  return data;
}

/** Quoted where it must be. What a spreadsheet would take for a formula begins with an apostrophe. */
function cell(value: string | number | null): string {
  if (value === null) return "";
  const text = String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
