/**
 * A real appliance in this process, on a real socket, over a folder of its own, with a clock that only the test turns:
 *
 *     const appliance = await startAppliance();
 *     const { body } = await appliance.post("/v1/pause", appliance.keys.test, question());
 *     appliance.clock.turn(HOUR);
 *     await appliance.stop();
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { createKey, defaultScopes, type KeyLimits, noLimits, type Scope } from "../../src/access/index.ts";
import { type App, startApp } from "../../src/app.ts";
import { openDisclosure } from "../../src/audit/disclosure.ts";
import { verifyLive } from "../../src/audit/index.ts";
import { withFolder } from "../../src/cli/folder.ts";
import type { Pause } from "../../src/pauses/index.ts";
import { type LoadedConfig, loadConfig } from "../../src/platform/config/load.ts";
import { IdSource } from "../../src/platform/ids.ts";
import { createLog } from "../../src/platform/log.ts";
import { openDatabase, openForReading } from "../../src/storage/index.ts";
import { TurnedClock, temporaryFolder } from "./database.ts";
import { contradiction } from "./described.ts";
import { eventually } from "./eventually.ts";

/** What came back. `body` is what the JSON says, or the text of anything else. */
// biome-ignore lint/suspicious/noExplicitAny: a test says by its expectations what it takes the answer to be
export interface Answer<Body = any> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Body;
}

export interface CallOptions {
  readonly key?: string;
  readonly method?: string;
  /** Sent as JSON, unless it is text or bytes. */
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export interface OutboxEntry {
  readonly pause_id: string;
  readonly channel: string;
  readonly to: string;
  readonly text: string;
  readonly link: string;
  readonly at: string;
}

/** The keys that every appliance has: two projects, two modes each. */
export interface Keys {
  readonly test: string;
  readonly live: string;
  readonly otherTest: string;
  readonly otherLive: string;
}

/** The body of a create, its gaps filled. */
export function question(wanted: Record<string, unknown> = {}): Record<string, unknown> {
  return { recipient: "+13128471928", channel: "sms", message: "Pay the invoice?", ...wanted };
}

export class Appliance {
  constructor(
    readonly app: App,
    readonly clock: TurnedClock,
    readonly config: LoadedConfig,
    readonly keys: Keys,
    /** What the log said at `warn` and above. */
    readonly logged: readonly string[],
  ) {}

  get url(): string {
    return this.app.url;
  }

  /** One request, and its whole answer, which must be what the OpenAPI document says. Redirects are not followed. */
  async call(path: string, { key, method, body, headers = {} }: CallOptions = {}): Promise<Answer> {
    const raw = typeof body === "string" || body instanceof Uint8Array;
    const response = await fetch(path.startsWith("http") ? path : `${this.url}${path}`, {
      method: method ?? (body === undefined ? "GET" : "POST"),
      redirect: "manual",
      headers: {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = /^application\/(problem\+)?json$/.test(response.headers.get("content-type") ?? "") && text !== "";
    const mediaType = response.headers.get("content-type")?.split(";")[0] ?? null;
    const sent = raw || body === undefined ? {} : { sent: JSON.parse(JSON.stringify(body)) };
    const wrong = contradiction({
      method: method ?? (body === undefined ? "GET" : "POST"),
      path,
      ...sent,
      status: response.status,
      mediaType,
      text,
    });
    if (wrong !== null) throw new Error(`the OpenAPI document says otherwise: ${wrong}`);
    return { status: response.status, headers: response.headers, text, body: json ? JSON.parse(text) : text };
  }

  get(path: string, key: string): Promise<Answer> {
    return this.call(path, { key });
  }

  post(path: string, key: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return this.call(path, { key, method: "POST", body, headers });
  }

  /** Creates a pause, which must succeed. */
  async ask(key: string, wanted: Record<string, unknown> = {}): Promise<Pause> {
    const { status, body } = await this.post("/v1/pause", key, question(wanted));
    if (status !== 201) throw new Error(`the pause was refused: ${JSON.stringify(body)}`);
    return body as Pause;
  }

  async pause(key: string, id: string): Promise<Pause> {
    return (await this.get(`/v1/pause/${id}`, key)).body as Pause;
  }

  /** What the form of the page sends. */
  choose(link: string, choice: string, more: Record<string, string> = {}): Promise<Answer> {
    return this.call(link, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ choice, ...more }).toString(),
    });
  }

  /** The messages of a test pause of the first project, once the outbox has taken one for each of its recipients. */
  async messages(pause: Pick<Pause, "pause_id" | "recipient">): Promise<OutboxEntry[]> {
    const expected = typeof pause.recipient === "string" ? 1 : pause.recipient.length;
    return await eventually(
      async () => (await this.get(`/v1/test/messages?pause_id=${pause.pause_id}`, this.keys.test)).body.data,
      (taken: OutboxEntry[]) => taken.length === expected,
    );
  }

  /** The pause's entries in the log. */
  // biome-ignore lint/suspicious/noExplicitAny: as in Answer
  async log(key: string, pauseId: string): Promise<any[]> {
    return (await this.get(`/v1/pause/${pauseId}/audit?limit=100`, key)).body.data;
  }

  /** The same, with what they commit to in the open. */
  // biome-ignore lint/suspicious/noExplicitAny: as in Answer
  async told(key: string, pauseId: string): Promise<any[]> {
    const { body } = await this.get(`/v1/pause/${pauseId}/audit?disclose=true&limit=100`, key);
    return body.data.map((entry: { seq: number; data: object }) => {
      const disclosed = Object.entries<string>(body.disclosed[entry.seq] ?? {}).map(([pointer, disclosure]) => [
        pointer.slice(1),
        openDisclosure(disclosure).value,
      ]);
      return { ...entry, data: { ...entry.data, ...Object.fromEntries(disclosed) } };
    });
  }

  /** Resolves when so many requests are held. */
  async held(count: number): Promise<void> {
    await eventually(
      () => this.app.waiting,
      (waiting) => waiting === count,
    );
  }

  /** Another key, made beside the running server as the command line makes it. */
  newKey(wanted: {
    mode: "live" | "test";
    project?: string;
    scopes?: readonly Scope[];
    limits?: KeyLimits;
    plan?: string;
  }): Promise<string> {
    return makeKey(this.config, this.clock, wanted);
  }

  /** What an operator's check of the log against the tables finds wrong: nothing, or the first fault in words. */
  faultInLog(): string | null {
    const database = openForReading(this.config.dataDir);
    try {
      return verifyLive(database).fault?.what ?? null;
    } finally {
      database.close();
    }
  }

  /** The first column of the first row that `sql` finds, through a connection of its own. */
  count(sql: string): number {
    const database = openDatabase(this.config.dataDir);
    try {
      return database.prepare<[], number>(sql).pluck().get() as number;
    } finally {
      database.close();
    }
  }

  /** All the bytes of the one column that `sql` finds. */
  bytesOf(sql: string): Buffer {
    const database = openDatabase(this.config.dataDir);
    try {
      return Buffer.concat(database.prepare<[], Buffer>(sql).pluck().all());
    } finally {
      database.close();
    }
  }

  async stop(): Promise<void> {
    await this.app.stop();
    rmSync(join(this.config.dataDir, ".."), { recursive: true, force: true });
  }
}

/** The clock of a test stands still: without this a live key would be done after a hundred requests, a number after 20 texts. */
export function unhurried(config: LoadedConfig): LoadedConfig {
  const { timeZone } = config.limits;
  return {
    ...config,
    limits: { timeZone, requestsPerSecond: null, messagesPerHour: null, unknownKeysPerMinute: null },
  };
}

/** Starts one. `change` alters the configuration, which is otherwise that of a folder with no file. */
export async function startAppliance(
  change: (config: LoadedConfig) => LoadedConfig = (c) => c,
  clock = new TurnedClock(),
): Promise<Appliance> {
  const folder = temporaryFolder();
  const flags = { data: join(folder, "data"), host: "127.0.0.1", port: "0" };
  const config = change(await loadConfig({ flags, env: {}, cwd: folder }));
  const logged: string[] = [];
  const log = createLog("warn", "text", clock.now.bind(clock), (line) => logged.push(line));
  const app = await startApp({ config, log, clock });
  const keys: Keys = {
    test: await makeKey(config, clock, { mode: "test" }),
    live: await makeKey(config, clock, { mode: "live" }),
    otherTest: await makeKey(config, clock, { mode: "test", project: "other" }),
    otherLive: await makeKey(config, clock, { mode: "live", project: "other" }),
  };
  return new Appliance(app, clock, config, keys, logged);
}

/** The same folder, keys and clock in a new process's stead; the old one's `app` must have been stopped. */
export async function restarted({ config, clock, keys }: Appliance): Promise<Appliance> {
  const logged: string[] = [];
  const log = createLog("warn", "text", clock.now.bind(clock), (line) => logged.push(line));
  return new Appliance(await startApp({ config, log, clock }), clock, config, keys, logged);
}

function makeKey(
  config: LoadedConfig,
  clock: TurnedClock,
  wanted: { mode: "live" | "test"; project?: string; scopes?: readonly Scope[]; limits?: KeyLimits; plan?: string },
): Promise<string> {
  const { mode, project = "default", scopes = defaultScopes, limits = noLimits, plan = null } = wanted;
  return withFolder(config, async ({ writer, context: { random } }) => {
    const context = { clock, random, ids: new IdSource(clock, random) };
    const operator = { type: "operator", id: null } as const;
    const { key } = await writer.write((tx) =>
      createKey(tx, context, { name: `${project} ${mode}`, mode, project, scopes, limits, plan }, operator),
    );
    return key;
  });
}
