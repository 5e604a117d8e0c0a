/**
 * Metrics as text: Prometheus' format 0.0.4, or OpenMetrics 1.0.0 for who asks for that.
 *
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 * https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
import type { Counter, Distribution, Gauge, Instrument } from "./instruments.ts";

export type Format = "prometheus" | "openmetrics";

/** The media type of each. */
export const mediaTypes: Readonly<Record<Format, string>> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** What an `Accept` header (RFC 9110 §12.5.1) asks for. OpenMetrics only by its own name, since everybody reads the other. */
export function formatFor(accept: string | null): Format {
  const open = qualityOf(accept ?? "", "application/openmetrics-text");
  return open > 0 && open >= qualityOf(accept ?? "", "text/plain") ? "openmetrics" : "prometheus";
}

/** The text. A metric without any series is left out. */
export function expose(instruments: readonly Instrument[], format: Format): string {
  const lines: string[] = [];
  for (const instrument of instruments) {
    const samples = samplesOf(instrument, format);
    if (samples.length === 0) continue;
    // OpenMetrics names the family, Prometheus the sample.
    const family = format === "openmetrics" ? instrument.name.replace(/_total$/, "") : instrument.name;
    lines.push(`# HELP ${family} ${escapeHelp(instrument.help, format)}.`, `# TYPE ${family} ${instrument.type}`);
    for (const sample of samples) lines.push(sample);
  }
  if (format === "openmetrics") lines.push("# EOF");
  return `${lines.join("\n")}\n`;
}

function samplesOf(instrument: Instrument, format: Format): string[] {
  return instrument.type === "histogram"
    ? [...instrument.series()].flatMap(({ values, value }) => bucketsOf(instrument, values, value, format))
    : simpleSamples(instrument);
}

function simpleSamples(instrument: Counter | Gauge): string[] {
  const { name, labels } = instrument;
  return [...instrument.series()].map(({ values, value }) => `${name}${braces(pairsOf(labels, values))} ${value}`);
}

function bucketsOf(
  {
    name,
    labels,
    bounds,
  }: { readonly name: string; readonly labels: readonly string[]; readonly bounds: readonly number[] },
  values: readonly string[],
  { counts, sum }: Distribution,
  format: Format,
): string[] {
  const pairs = pairsOf(labels, values);
  let count = 0;
  const buckets = [...bounds, Number.POSITIVE_INFINITY].map((bound, bucket) => {
    count += counts[bucket] ?? 0;
    return `${name}_bucket${braces([...pairs, `le="${boundText(bound, format)}"`])} ${count}`;
  });
  return [...buckets, `${name}_sum${braces(pairs)} ${sum}`, `${name}_count${braces(pairs)} ${count}`];
}

function pairsOf(labels: readonly string[], values: readonly string[]): string[] {
  return labels.map((label, index) => `${label}="${escapeValue(values[index] ?? "")}"`);
}

function braces(pairs: readonly string[]): string {
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** OpenMetrics wants a bound to look like a float. */
function boundText(bound: number, format: Format): string {
  if (bound === Number.POSITIVE_INFINITY) return "+Inf";
  return format === "openmetrics" && Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

function escapeValue(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

function escapeHelp(text: string, format: Format): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return format === "openmetrics" ? escaped.replaceAll('"', '\\"') : escaped;
}

/** The highest quality of a type where it is named itself, else 0. */
function qualityOf(accept: string, type: string): number {
  let best = 0;
  for (const range of accept.toLowerCase().split(",")) {
    const [name = "", ...parameters] = range.split(";").map((part) => part.trim());
    if (name !== type) continue;
    const quality = parameters.find((parameter) => parameter.startsWith("q="));
    best = Math.max(best, quality === undefined ? 1 : Number(quality.slice(2)) || 0);
  }
  return best;
}
