import type { Key } from "../../src/access/index.ts";
import { answerPause } from "../../src/pauses/answer.ts";
import { expireDue } from "../../src/pauses/expire.ts";
import { type Figure, figure, median, rounded } from "./figures.ts";
import { OpenFolder } from "./seed.ts";

const TARGET = { most: 1.3 };
const HOUR = 3_600_000;
const KINDS = ["create", "answer", "answer to any, one by one", "answer to any, many at once", "due timeout"] as const;
/** Where many answers to pauses far apart share a commit, no two share a page, and with few stored all do. */
const WITHOUT_TARGET: ReadonlySet<string> = new Set(["answer to any, many at once"]);
/** The share of those answers that comes one by one, each with a commit of its own. */
const ONE_BY_ONE = 0.4;

/** A seeded folder and how many pauses it was made with. */
export interface Seeded {
  readonly folder: string;
  readonly pauses: number;
}

/**
 * What a unit of work costs with many pauses stored against few: the product's own units through its writer, durable,
 * in batches, in interleaved rounds; no HTTP. Answers are taken for the pauses made last, as people mostly answer, and
 * spread over all that is stored, one by one and many at once; each pause is answered once, since a second answer costs less.
 * Leaves the folders changed.
 */
export async function growth(few: Seeded, many: Seeded, rounds: number, units: number): Promise<Figure[]> {
  const spread = Math.min(units, Math.floor(few.pauses / rounds));
  const [small, large] = [await measured(few, spread), await measured(many, spread)];
  try {
    for (let round = 0; round < rounds; round++) {
      await small.round(round, units);
      await large.round(round, units);
    }
    return KINDS.map((kind) => {
      const ratio = median(large.micros[kind]) / median(small.micros[kind]);
      return figure(
        `${kind}: cost with ${many.pauses} stored ÷ ${few.pauses}`,
        ratio,
        "",
        WITHOUT_TARGET.has(kind) ? null : TARGET,
        {
          few_us: small.micros[kind].map(rounded),
          many_us: large.micros[kind].map(rounded),
        },
      );
    });
  } finally {
    await Promise.all([small.open.close(), large.open.close()]);
  }
}

async function measured({ folder, pauses }: Seeded, spread: number) {
  const open = new OpenFolder(folder);
  const { key } = await open.newKey();
  const micros: Record<(typeof KINDS)[number], number[]> = {
    create: [],
    answer: [],
    "answer to any, one by one": [],
    "answer to any, many at once": [],
    "due timeout": [],
  };
  // A stride that shares no factor with the count meets none twice.
  const stride = 7_919;
  const old = (round: number) => (index: number) => (((round * spread + index) * stride) % pauses) + 1;
  return {
    open,
    micros,
    round: (round: number, units: number) => oneRound(open, key, { spread, numberOf: old(round) }, micros, units),
  };
}

async function oneRound(
  open: OpenFolder,
  key: Key,
  { spread, numberOf }: { readonly spread: number; numberOf(index: number): number },
  micros: Record<(typeof KINDS)[number], number[]>,
  units: number,
): Promise<void> {
  micros.create.push(await timed(units, () => open.create(key, units, 8_760)));

  const newest = Number(open.connection.prepare("SELECT max(n) FROM pauses").pluck().get());
  micros.answer.push(await timed(units, () => answer(open, units, (index) => newest - index)));

  const few = Math.ceil(spread * ONE_BY_ONE);
  micros["answer to any, one by one"].push(
    await timed(few, async () => {
      for (let index = 0; index < few; index++) await answer(open, 1, () => numberOf(index));
    }),
  );
  micros["answer to any, many at once"].push(
    await timed(spread - few, () => answer(open, spread - few, (index) => numberOf(few + index))),
  );

  await open.create(key, units, 1);
  open.now += 2 * HOUR;
  micros["due timeout"].push(
    await timed(units, async () => {
      while ((await open.writer.write((tx) => expireDue(tx, open.context))).more);
    }),
  );
}

function answer(open: OpenFolder, count: number, numberOf: (index: number) => number): Promise<void> {
  const what = { position: 0, choice: "Approve", comment: null, via: "page" as const };
  const origin = { ip: "127.0.0.1", userAgent: "bench" };
  return open.inBatches(count, (index) =>
    open.writer.write((tx) => answerPause(tx, open.context, { ...what, pauseN: numberOf(index), origin })),
  );
}

/** Microseconds a unit. */
async function timed(units: number, work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return ((performance.now() - start) * 1000) / units;
}
