/** What a figure must reach. */
export type Target = { readonly most: number } | { readonly least: number };

/** One measured number. A ratio has no unit. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: "" | "ms" | "MB" | "kB" | "per second" | "pauses";
  readonly target: Target | null;
  /** Whether the target is reached; null without one. */
  readonly pass: boolean | null;
  /** What the number was made from. */
  readonly from: Readonly<Record<string, number | readonly number[]>>;
}

/** A figure, judged by its target. */
export function figure(
  name: string,
  value: number,
  unit: Figure["unit"] = "",
  target: Target | null = null,
  from: Figure["from"] = {},
): Figure {
  const pass = target === null ? null : "most" in target ? value <= target.most : value >= target.least;
  return { name, value: rounded(value), unit, target, pass, from };
}

/** One line for the terminal. */
export function lineOf({ name, value, unit, target, pass }: Figure): string {
  const shown = `${value}${unit === "" ? "" : ` ${unit}`}`;
  const wanted = target === null ? "" : "most" in target ? `at most ${target.most}` : `at least ${target.least}`;
  return `${name.padEnd(52)} ${shown.padStart(18)}   ${wanted.padEnd(14)} ${pass === null ? "" : pass ? "pass" : "MISS"}`.trimEnd();
}

/** The value that `share` of the others do not exceed; 0.5 is the median. Throws when there is none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  if (value === undefined) throw new Error("nothing was measured");
  return value;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Three significant digits: more would pretend. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
