/**
 * What is counted and measured in memory, to be read by Prometheus. An instrument has a fixed set of labels, and their
 * values are what the code or the configuration names: never from a request, so that nobody outside makes series.
 */

/** One value for each label, in the labels' order. */
type Values<Labels extends readonly string[]> = { readonly [Label in keyof Labels]: string };

/** One series: its labels' values, and what stands there now. */
export interface Series<Value> {
  readonly values: readonly string[];
  value: Value;
}

/** A thing that is exposed under a name, with one series for each combination of its labels' values. */
class Family<Labels extends readonly string[], Value> {
  readonly name: string;
  /** One sentence without its full stop. */
  readonly help: string;
  readonly labels: Labels;
  readonly #zero: () => Value;
  readonly #series = new Map<string, Series<Value>>();

  constructor(name: string, help: string, labels: Labels, zero: () => Value) {
    this.name = name;
    this.help = help;
    this.labels = labels;
    this.#zero = zero;
    // Without labels there is one series, and it is there from the start.
    if (labels.length === 0) this.at([]);
  }

  series(): Iterable<Series<Value>> {
    return this.#series.values();
  }

  /** Forgets all series. */
  reset(): void {
    this.#series.clear();
  }

  protected at(values: readonly string[]): Series<Value> {
    const key = values.length === 1 ? (values[0] as string) : values.join("\n");
    const found = this.#series.get(key);
    if (found !== undefined) return found;
    const made = { values, value: this.#zero() };
    this.#series.set(key, made);
    return made;
  }
}

/** A number that only grows while the process lives. */
export class Counter<const Labels extends readonly string[] = readonly string[]> extends Family<Labels, number> {
  readonly type = "counter";

  constructor(name: string, help: string, labels: Labels) {
    super(name, help, labels, () => 0);
  }

  /** Counts `amount` more. 0 makes the series appear, so that the first of its kind is seen as a rise. */
  add(amount: number, ...values: Values<Labels>): void {
    this.at(values).value += amount;
  }

  /** Takes over a count that somebody else keeps. */
  set(value: number, ...values: Values<Labels>): void {
    this.at(values).value = value;
  }
}

/** A number that goes up and down: it is set when somebody asks for it. */
export class Gauge<const Labels extends readonly string[] = readonly string[]> extends Family<Labels, number> {
  readonly type = "gauge";

  constructor(name: string, help: string, labels: Labels) {
    super(name, help, labels, () => 0);
  }

  set(value: number, ...values: Values<Labels>): void {
    this.at(values).value = value;
  }
}

/** What one series of a histogram holds. */
export interface Distribution {
  /** How many fell into each bucket, and last those above all bounds; not cumulated. */
  readonly counts: number[];
  sum: number;
}

/** How values are distributed over buckets with inclusive upper bounds. */
export class Histogram<const Labels extends readonly string[] = readonly string[]> extends Family<
  Labels,
  Distribution
> {
  readonly type = "histogram";
  /** Rising. */
  readonly bounds: readonly number[];

  constructor(name: string, help: string, labels: Labels, bounds: readonly number[]) {
    super(name, help, labels, () => ({ counts: new Array<number>(bounds.length + 1).fill(0), sum: 0 }));
    this.bounds = bounds;
  }

  observe(value: number, ...values: Values<Labels>): void {
    const distribution = this.at(values).value;
    const { bounds } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++;
    distribution.counts[bucket] = (distribution.counts[bucket] as number) + 1;
    distribution.sum += value;
  }

  /** Makes the series appear, empty. */
  expect(...values: Values<Labels>): void {
    this.at(values);
  }
}

export type Instrument = Counter | Gauge | Histogram;
