import { readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { Links } from "../../src/respond/link.ts";
import type { Executables } from "./executables.ts";
import { type Figure, figure, median, quantile, rounded } from "./figures.ts";
import { type Effort, type Loaded, load, perSecond, type Requests } from "./load.ts";
import { type Server, startProcess, startProduct } from "./server.ts";

const CONNECTIONS = [1, 32, 256] as const;
const BODY = JSON.stringify({
  recipient: "+1 (312) 847-1928",
  channel: "sms",
  message: "Wire $48,200 to Acme Supplies for invoice 20817?",
  options: ["Approve", "Reject"],
  timeout_hours: 720,
  timeout_default: "Reject",
});

/**
 * Create, get and answer against the same routes without storage, in interleaved rounds: product, echo, product, …
 * Between rounds the outbox is worked off, so that neither side pays for a round before.
 */
export async function* throughput(programs: Executables, folder: string, effort: Effort): AsyncGenerator<Figure> {
  const data = join(folder, "throughput");
  const product = await startProduct(programs.product, data);
  const echo = await startProcess([programs.echo]);
  try {
    const stored = new StoredPauses(data);
    const bench = { product, echo, stored, folder, effort };
    for (const connections of CONNECTIONS) yield* await createRounds(bench, connections);
    for (const connections of CONNECTIONS) yield await getRounds(bench, connections);
    for (const [index, connections] of CONNECTIONS.entries())
      yield await answerRounds(bench, connections, CONNECTIONS.length - index);
    stored.close();
  } finally {
    await Promise.all([product.stop(), echo.stop()]);
  }
}

interface Bench {
  readonly product: Server;
  readonly echo: Server;
  readonly stored: StoredPauses;
  readonly folder: string;
  readonly effort: Effort;
}

async function createRounds(bench: Bench, connections: number): Promise<Figure[]> {
  const { product, echo, stored, folder, effort } = bench;
  const key = product.greeting.test_key ?? "";
  const requests: Requests = {
    method: "POST",
    paths: ["/v1/pause"],
    once: false,
    contentType: "application/json",
    key,
    body: BODY,
  };
  const bare: Loaded[] = [];
  const backlogs: number[] = [];
  const rounds = await interleaved(effort.rounds, {
    async product() {
      const loaded = await load(product.url, requests, connections, effort, folder);
      backlogs.push(stored.undelivered());
      await stored.allDelivered();
      return loaded;
    },
    echo: () => load(echo.url, requests, connections, effort, folder),
    async after() {
      if (connections !== 256) return;
      bare.push(await load(echo.greeting.bare ?? "", requests, connections, effort, folder));
    },
  });
  const figures = [
    ratioOf("create", connections, rounds, connections === 256 ? { least: 0.4 } : null),
    figure(`outbox backlog after a create round, ${connections} conn.`, median(backlogs), "pauses", null, { backlogs }),
  ];
  if (bare.length > 0) {
    const rate = median(bare.map(perSecond));
    const created = median(rounds.map(({ product }) => perSecond(product)));
    figures.push(
      figure("create ÷ a bare Elysia and zod route, 256 conn.", created / rate, "", null, { bare: rounded(rate) }),
    );
  }
  return figures;
}

async function getRounds(bench: Bench, connections: number): Promise<Figure> {
  const { product, echo, stored, folder, effort } = bench;
  const requests: Requests = {
    method: "GET",
    paths: stored.pending(1_000).map(({ id }) => `/v1/pause/${id}`),
    once: false,
    key: product.greeting.test_key ?? "",
  };
  const rounds = await interleaved(effort.rounds, {
    product: () => load(product.url, requests, connections, effort, folder),
    echo: () => load(echo.url, requests, connections, effort, folder),
  });
  return ratioOf("get", connections, rounds);
}

async function answerRounds(bench: Bench, connections: number, left: number): Promise<Figure> {
  const { product, echo, stored, folder, effort } = bench;
  // What is pending is shared out over all rounds to come; a round ends early when its share is used up.
  const share = Math.floor(stored.pendingCount() / (effort.rounds * left));
  let answers: Requests = { method: "POST", paths: [], once: true };
  const rounds = await interleaved(effort.rounds, {
    product: () => {
      answers = {
        method: "POST",
        paths: stored.pending(share).map((pause) => `/r/${stored.token(pause)}`),
        once: true,
        contentType: "application/x-www-form-urlencoded",
        body: "choice=Approve",
      };
      return load(product.url, answers, connections, effort, folder);
    },
    // The echo is sent the very same links: it keeps nothing, so they are never used up there.
    echo: () => load(echo.url, { ...answers, once: false }, connections, effort, folder),
  });
  return ratioOf("answer", connections, rounds);
}

interface Round {
  readonly product: Loaded;
  readonly echo: Loaded;
}

async function interleaved(
  count: number,
  sides: { product(): Promise<Loaded>; echo(): Promise<Loaded>; after?(): Promise<void> },
): Promise<Round[]> {
  const rounds: Round[] = [];
  while (rounds.length < count) {
    const product = await sides.product();
    rounds.push({ product, echo: await sides.echo() });
    await sides.after?.();
  }
  return rounds;
}

/** The median of the rounds' own ratios: what disturbs the machine for a while disturbs both sides of a round. */
function ratioOf(name: string, connections: number, rounds: readonly Round[], target: Figure["target"] = null): Figure {
  const ratios = rounds.map(({ product, echo }) => perSecond(product) / perSecond(echo));
  return figure(`${name} ÷ echo, ${connections} conn.`, median(ratios), "", target, {
    ratios: ratios.map(rounded),
    product_per_second: rounded(median(rounds.map(({ product }) => perSecond(product)))),
    echo_per_second: rounded(median(rounds.map(({ echo }) => perSecond(echo)))),
    product_p50_ms: rounded(median(rounds.map(({ product }) => product.p50_ms))),
    product_p99_ms: rounded(
      quantile(
        rounds.map(({ product }) => product.p99_ms),
        0.5,
      ),
    ),
  });
}

interface StoredPause {
  readonly id: string;
  readonly expires_at: number;
}

/** The product's tables, read beside it: which pauses wait, and what the outbox has not taken yet. */
class StoredPauses {
  readonly #connection: Database.Database;
  readonly #links: Links;

  constructor(data: string) {
    this.#connection = new Database(join(data, "pausepoint.db"), { readonly: true });
    this.#links = new Links(
      new Uint8Array(Buffer.from(readFileSync(join(data, "secret"), "utf8").trim(), "base64url")),
    );
  }

  pending(most: number): StoredPause[] {
    return this.#connection
      .prepare<[number], StoredPause>("SELECT id, expires_at FROM pauses WHERE status = 'pending' LIMIT ?")
      .all(most);
  }

  pendingCount(): number {
    return this.#count("SELECT count(*) FROM pauses WHERE status = 'pending'");
  }

  undelivered(): number {
    return this.#count("SELECT count(*) FROM deliveries WHERE status IN ('queued', 'sending')");
  }

  async allDelivered(): Promise<void> {
    while (this.undelivered() > 0) await Bun.sleep(20);
  }

  token({ id, expires_at }: StoredPause): string {
    return this.#links.token({ pauseId: id, position: 0, mode: "test" }, expires_at);
  }

  close(): void {
    this.#connection.close();
  }

  #count(sql: string): number {
    return Number(this.#connection.prepare(sql).pluck().get());
  }
}
