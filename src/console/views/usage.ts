/** How much is asked, how it ends, and how long people take: counted by day from the log, for as long as it is kept. */
import type { Reply } from "../../access/index.ts";
import { catalogueStand, countsBetween, secondsOf } from "../../pauses/index.ts";
import type { DailyMeasure } from "../../storage/index.ts";
import { type Bar, barChart } from "../chart.ts";
import { framed, type Html, html, select, table } from "../html.ts";
import { type Entry, page, type SignedIn } from "../visit.ts";
import { worldSelect, worldsNamed } from "./finding.ts";
import * as queries from "./queries.ts";

const DAY = 86_400_000;
const SPANS = [7, 30, 90, 365] as const;
/** How an ended question ended, in the order of the bars. */
const ENDS = ["human", "default", "timed_out", "cancelled"] as const;
const MEASURES = ["asked", ...ENDS, "undelivered"] as const;
const NAMES: Readonly<Record<DailyMeasure, string>> = {
  asked: "Asked",
  human: "Answered by a person",
  default: "Decided by the clock",
  timed_out: "Timed out",
  cancelled: "Withdrawn",
  undelivered: "Not delivered",
};
/** Powers of four seconds, so that each edge is one of the catalogue's. */
const RANGES: readonly (readonly [number, string])[] = [
  [4, "4 s"],
  [16, "16 s"],
  [64, "64 s"],
  [256, "4 min"],
  [1_024, "17 min"],
  [4_096, "68 min"],
  [16_384, "4.6 h"],
  [65_536, "18 h"],
  [262_144, "3 days"],
];

export const usageEntries: { readonly pages: readonly Entry[]; readonly forms: readonly Entry[] } = {
  pages: [{ path: "/console/usage", leave: "viewer", handle: usage }],
  forms: [],
};

type Totals = Record<DailyMeasure, number>;

/** What was counted over the days asked for. */
interface Counted {
  readonly total: Totals;
  readonly days: readonly { readonly date: string; readonly counts: Totals }[];
  /** Answers of people, by the catalogue's buckets of seconds. */
  readonly answers: ReadonlyMap<number, number>;
}

function usage(visit: SignedIn): Reply {
  const { parts, query, viewer, now } = visit;
  const worlds = parts.writer.all(queries.allWorlds, {});
  const wanted = query.get("world") ?? "";
  const span = SPANS.find((days) => String(days) === query.get("days")) ?? 30;
  const chosen = new Set(worldsNamed(worlds, wanted).map(({ n }) => n));
  const counted = countedOver(visit, span, Math.floor(now / DAY), chosen);
  const spans = SPANS.map((days) => [String(days), `${days} days`] as const);
  const { behind } = catalogueStand(parts.writer);
  const late = behind === 0 ? null : html`<p class="notice">${behind} entries of the log are still to be counted.</p>`;
  const content = html`<form class="filters" action="/console/usage">${worldSelect(worlds, wanted)}${select("Time", "days", spans, String(span))}<button>Show</button></form>${late}${ends(counted.total)}${byDay(counted, span)}${byTime(counted)}<p class="quiet">Days are in UTC; today is not over yet.</p>`;
  return page(framed("Usage", viewer, content));
}

function countedOver({ parts }: SignedIn, span: number, today: number, chosen: ReadonlySet<number>): Counted {
  const none = (): Totals => ({ asked: 0, human: 0, default: 0, timed_out: 0, cancelled: 0, undelivered: 0 });
  const first = today - span + 1;
  const total = none();
  const days = Array.from({ length: span }, (_, index) => ({ date: dateOf(first + index), counts: none() }));
  const answers = new Map<number, number>();
  for (const { day, world_n: worldN, measure, bucket, count } of parts.writer.all(countsBetween, {
    first,
    last: today,
  })) {
    const counts = days[day - first]?.counts;
    if (counts === undefined || !chosen.has(worldN)) continue;
    counts[measure] += count;
    total[measure] += count;
    // Bucket 0: how long that person took is not known any more.
    if (measure === "human" && bucket > 0) answers.set(bucket, (answers.get(bucket) ?? 0) + count);
  }
  return { total, days, answers };
}

function ends(total: Totals): Html {
  const rows = MEASURES.map((measure) => html`<div><dt>${NAMES[measure]}</dt><dd>${total[measure]}</dd></div>`);
  return html`<dl class="facts">${rows}</dl>`;
}

function byDay({ days }: Counted, span: number): Html {
  const bars = days.map(({ date, counts }): Bar => {
    const said = ENDS.filter((end) => counts[end] > 0).map((end) => `${NAMES[end].toLowerCase()}: ${counts[end]}`);
    return {
      label: date.slice(5),
      title: [date, ...(said.length === 0 ? ["nothing ended"] : said)].join(", "),
      parts: ENDS.map((end) => ({ of: end, value: counts[end] })),
    };
  });
  const legend = ENDS.map((end) => html`<li class="${end}">${NAMES[end]}</li>`);
  const rows = days
    .filter(({ counts }) => Object.values(counts).some((count) => count > 0))
    .reverse()
    .map(
      ({ date, counts }) =>
        html`<tr data-row><th scope="row" class="when">${date}</th>${MEASURES.map((measure) => html`<td class="number">${counts[measure]}</td>`)}</tr>`,
    );
  const heads = ["Day", ...MEASURES.map((measure) => NAMES[measure])];
  const empty = `Nothing was asked in these ${span} days.`;
  return html`<section aria-labelledby="days"><h2 id="days">How questions ended, by day</h2>${barChart(bars)}<ul class="legend" aria-hidden="true">${legend}</ul><details><summary>The same as a table</summary>${table("Questions by day", heads, rows, empty)}</details></section>`;
}

function byTime({ answers }: Counted): Html {
  const all = [...answers].sort(([one], [other]) => one - other);
  const count = all.reduce((sum, [, many]) => sum + many, 0);
  const title = html`<h2 id="times">How long people took</h2>`;
  if (count === 0)
    return html`<section aria-labelledby="times">${title}<p class="empty">Nobody answered.</p></section>`;
  const ranges = [...RANGES, [Number.POSITIVE_INFINITY, "longer"] as const].map(([most, label], index, list) => {
    const least = list[index - 1]?.[0] ?? 0;
    const within = all.filter(([bucket]) => secondsOf(bucket) > least && secondsOf(bucket) <= most);
    return { label, many: within.reduce((sum, [, many]) => sum + many, 0) };
  });
  const words = (label: string) => (label === "longer" ? "Longer" : `Up to ${label}`);
  const bars = ranges.map(
    ({ label, many }): Bar => ({
      label,
      title: `${words(label)}: ${many}`,
      parts: [{ of: "human", value: many }],
    }),
  );
  const rows = ranges.map(
    ({ label, many }) => html`<tr data-row><th scope="row">${words(label)}</th><td class="number">${many}</td></tr>`,
  );
  const half = spoken(quantile(all, count, 0.5));
  const most = spoken(quantile(all, count, 0.9));
  return html`<section aria-labelledby="times">${title}<p>Half of ${count} answers came within ${half}, nine of ten within ${most}.</p>${barChart(bars)}<details><summary>The same as a table</summary>${table("Answers by the time they took", ["Time", "Answers"], rows, "")}</details></section>`;
}

/** The seconds within which that share of the answers came: the edge of a bucket, so at most a fifth too high. */
function quantile(all: readonly (readonly [number, number])[], count: number, share: number): number {
  let seen = 0;
  for (const [bucket, many] of all) {
    seen += many;
    if (seen >= count * share) return secondsOf(bucket);
  }
  return 0;
}

function spoken(seconds: number): string {
  const units = [
    [86_400, "days"],
    [3_600, "hours"],
    [60, "minutes"],
  ] as const;
  for (const [size, name] of units) if (seconds >= 2 * size) return `${(seconds / size).toPrecision(2)} ${name}`;
  return `${Math.ceil(seconds)} ${Math.ceil(seconds) === 1 ? "second" : "seconds"}`;
}

function dateOf(day: number): string {
  return new Date(day * DAY).toISOString().slice(0, 10);
}
