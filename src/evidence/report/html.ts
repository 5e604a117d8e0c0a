import { escapeHtml, reportStyle } from "../../respond/index.ts";
import type { Report } from "./collect.ts";
import { articles, DATES } from "./map.ts";
import type { Figures, Spread } from "./tally.ts";

/** The report as one page to read and to print: no script, nothing from elsewhere. */
export function reportHtml(report: Report): string {
  const title = `Human oversight, ${day(report.from)} to ${day(report.to)}`;
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${reportStyle.source}">`,
    `<title>${title}</title><style>${reportStyle.text}</style></head><body><main>`,
    `<h1>${title}</h1>`,
    `<p class="quiet">${report.project === null ? "All projects" : `Project ${escapeHtml(report.project)}`}. `,
    `Times are UTC; the end is not included. Made ${escapeHtml(report.made_at)} by PausePoint ${escapeHtml(report.version)}.</p>`,
    ...report.groups.map(groupSection),
    report.groups.length === 0 ? "<p>Nothing was asked in this time.</p>" : "",
    logSection(report),
    mapSection(),
    "</main></body></html>\n",
  ].join("");
}

function groupSection({ project, mode, people, ...figures }: Report["groups"][number]): string {
  const test = mode === "test" ? " (test: decides nothing)" : "";
  return [
    `<section><h2>${escapeHtml(project)}${test}</h2>`,
    table(["Questions and answers", "Number"], rowsOf(figures)),
    optionTable(figures),
    people === undefined ? "" : peopleTable(people),
    "</section>",
  ].join("");
}

function rowsOf(figures: Figures): [string, string][] {
  const decided = figures.decided_by_a_person;
  return [
    ["Questions asked", String(figures.asked)],
    ["Decided by a person", String(decided)],
    ["Decided by the clock, with the default", String(figures.decided_by_the_clock)],
    ["Ran out without an answer", String(figures.ran_out)],
    ["Withdrawn", String(figures.withdrawn)],
    ["Still waiting at the end", String(figures.still_waiting)],
    ["From question to a person's answer: median, 90th percentile", spread(figures.seconds_to_decide)],
    ["From first look to the answer: median, 90th percentile", spread(figures.seconds_from_first_look)],
    [
      "Answered within two seconds of the first look",
      `${figures.within_two_seconds} of ${figures.looks_known}${share(figures.within_two_seconds, figures.looks_known)}`,
    ],
    ["Late or second answers, which did not count", String(figures.late_or_second_answers)],
    ["Questions that could not be delivered to anybody", String(figures.undelivered)],
    ["Answers bound to an action by its digest", String(figures.bound_to_an_action)],
    ["Receipts that an executor has consumed", String(figures.receipts_consumed)],
  ];
}

function optionTable({ options, decided_by_a_person: all }: Figures): string {
  const rows = Object.entries(options).map(([name, count]) => [name, `${count}${share(count, all)}`] as const);
  return rows.length === 0 ? "" : table(["Chosen by people", "Number"], rows);
}

function peopleTable(people: Readonly<Record<string, Figures>>): string {
  const rows = Object.entries(people).map(([address, figures]) => [
    address,
    String(figures.decided_by_a_person),
    spread(figures.seconds_to_decide),
    `${figures.within_two_seconds} of ${figures.looks_known}`,
  ]);
  if (rows.length === 0) return "";
  return (
    table(["Person", "Decided", "Time to decide", "Within two seconds"], rows) +
    '<p class="quiet">Figures of single people are personal data, and may be monitoring of employees: they are here because somebody asked for them.</p>'
  );
}

function logSection({ log, changes }: Report): string {
  const verified =
    log.verified === null
      ? "It was not walked for this report."
      : log.verified.valid
        ? "It was walked for this report: every entry holds, and the tables agree with it."
        : `It was walked for this report, and is NOT valid: ${escapeHtml(log.verified.fault ?? "")}.`;
  const rows = Object.entries(changes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([type, count]) => [type, String(count)] as const);
  return [
    "<section><h2>The log</h2>",
    `<p>${log.entries} entries. ${verified}</p>`,
    log.checkpoint === null ? "<p>Nothing has been signed.</p>" : `<pre>${escapeHtml(log.checkpoint)}</pre>`,
    "<p>Keep this checkpoint where the operator of the server can't reach it: it shows later that nothing before it was changed.</p>",
    rows.length === 0 ? "" : table(["Entries of the installation in this time", "Number"], rows),
    "</section>",
  ].join("");
}

function mapSection(): string {
  const rows = articles.map(({ article, asks, shown, notShown }) => [article, asks, shown, notShown]);
  return [
    "<section><h2>What the EU AI Act asks about oversight</h2>",
    `<p>${escapeHtml(DATES)}</p>`,
    table(["Article", "Asks", "Shown here", "Not shown by software"], rows, false),
    "</section>",
  ].join("");
}

/** A table; cells behind the first are numbers unless said otherwise. */
function table(columns: readonly string[], rows: readonly (readonly string[])[], isNumeric = true): string {
  const kind = (index: number) => (isNumeric && index > 0 ? ' class="number"' : "");
  const head = columns.map((name, index) => `<th scope="col"${kind(index)}>${escapeHtml(name)}</th>`).join("");
  const body = rows.map(
    (row) => `<tr>${row.map((cell, index) => `<td${kind(index)}>${escapeHtml(cell)}</td>`).join("")}</tr>`,
  );
  return `<table><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table>`;
}

function spread(times: Spread | null): string {
  return times === null ? "none" : `${duration(times.median)}, ${duration(times.p90)}`;
}

/** Seconds in the unit that a person would use. */
function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 6) / 10} min`;
  return `${Math.round(seconds / 360) / 10} h`;
}

function share(part: number, whole: number): string {
  return whole === 0 ? "" : ` (${Math.round((part / whole) * 100)} %)`;
}

function day(time: string): string {
  return time.slice(0, 10);
}
