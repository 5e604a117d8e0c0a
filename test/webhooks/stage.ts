/**
 * The routes of webhooks on a real socket over a real database, with nothing around them:
 *
 *     await using stage = await startStage();
 *     const { body } = await stage.create({ url: "https://example.com/hooks" });
 *     stage.db.clock.turn(DAY);
 */
import { startServer } from "../../src/http/server.ts";
import { createLog } from "../../src/platform/log.ts";
import {
  addressGuard,
  type Endpoint,
  type EndpointRow,
  endpointsOfWorld,
  WebhookSecrets,
  Webhooks,
  webhookRoutes,
} from "../../src/webhooks/index.ts";
import type { Answer } from "../support/appliance.ts";
import { openTestDatabase, seededRandom, type TestDatabase, type TestKey } from "../support/database.ts";

export const URL_OF_RECEIVER = "https://hooks.example.com/pausepoint";

/** One key for each of the four worlds. */
export type Worlds = Readonly<Record<"test" | "live" | "otherTest" | "otherLive", TestKey>>;

export interface SentTest {
  readonly project: string;
  readonly mode: string;
  readonly endpoint: EndpointRow;
}

export interface Stage extends AsyncDisposable {
  readonly db: TestDatabase;
  readonly keys: Worlds;
  readonly secrets: WebhookSecrets;
  /** What was asked to be tested. */
  readonly sentTests: readonly SentTest[];
  /** All that the log said. */
  readonly logged: readonly string[];
  call(method: string, path: string, body?: unknown, key?: TestKey): Promise<Answer>;
  /** A create that must succeed. */
  create(body?: Record<string, unknown>, key?: TestKey): Promise<Endpoint & { secret: string }>;
  /** The rows of a world, newest first. */
  stored(key?: TestKey): EndpointRow[];
}

export async function startStage(): Promise<Stage> {
  const db = await openTestDatabase();
  const keys: Worlds = {
    test: db.test,
    live: db.live,
    otherTest: await db.newKey("test", { project: "other" }),
    otherLive: await db.newKey("live", { project: "other" }),
  };
  const secrets = new WebhookSecrets(seededRandom("folder").bytes(32));
  const sentTests: SentTest[] = [];
  const logged: string[] = [];
  const log = createLog(
    "debug",
    "json",
    () => db.clock.now(),
    (line) => logged.push(line),
  );
  const webhooks = new Webhooks({
    writer: db.writer,
    context: db.context,
    secrets,
    guard: addressGuard({ allowNetworks: [], allowLoopback: true }),
  });
  const server = startServer({
    routes: webhookRoutes(webhooks, {}, async ({ project, mode }, endpoint) => {
      sentTests.push({ project, mode, endpoint });
      return { delivery_id: `dlv_${sentTests.length}` };
    }),
    keys: db.ring,
    clock: db.clock,
    ids: db.context.ids,
    log,
    listen: { host: "127.0.0.1", port: 0, trustProxy: [] },
  });

  const call: Stage["call"] = async (method, path, body, key = keys.test) => {
    const raw = typeof body === "string";
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
      method,
      headers: { authorization: `Bearer ${key.text}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = (response.headers.get("content-type") ?? "").includes("json");
    return { status: response.status, headers: response.headers, text, body: json ? JSON.parse(text) : text };
  };
  return {
    db,
    keys,
    secrets,
    sentTests,
    logged,
    call,
    async create(body = {}, key = keys.test) {
      const answer = await call("POST", "/v1/webhooks", { url: URL_OF_RECEIVER, ...body }, key);
      if (answer.status !== 201) throw new Error(`the webhook was refused: ${answer.text}`);
      return answer.body;
    },
    stored: (key = keys.test) =>
      db.writer.all(endpointsOfWorld, { world_n: key.key.world.n, before: Number.MAX_SAFE_INTEGER, limit: 1_000 }),
    async [Symbol.asyncDispose]() {
      await server.stop(0);
      await db[Symbol.asyncDispose]();
    },
  };
}
