import type { Command } from "commander";
import {
  deliveryById,
  failedOfEndpoint,
  redeliver as redeliverOne,
  type WebhookFilter,
  webhooksByUrgency,
} from "../delivery/index.ts";
import { isoTime } from "../platform/clock.ts";
import type { LoadedConfig } from "../platform/config/load.ts";
import { systemRandom } from "../platform/random.ts";
import { folderSecret } from "../storage/index.ts";
import {
  allEndpoints,
  endpointById,
  rotateDefaultSecret,
  rotateEndpoint,
  shapeEndpoint,
  WebhookSecrets,
  worldByName,
} from "../webhooks/index.ts";
import { type Folder, quietly, requireDatabase, withFolder } from "./folder.ts";
import { CommandFailed, print, printError, printJson, printTable, UsageError } from "./output.ts";
import { type CommonOptions, settingsOf, withCommonOptions } from "./settings.ts";

const OPERATOR = { type: "operator", id: null } as const;
const MOST_SHOWN = 1_000;
const AT_ONCE = 100;

/** `pausepoint webhooks list|deliveries|redeliver|rotate-secret`, also beside a running server. */
export function addWebhooks(program: Command): void {
  const webhooks = program.command("webhooks").description("see what programs are told, send it again, rotate secrets");
  withWorld(withCommonOptions(webhooks.command("list").description("list the endpoints"))).action(list);
  withWorld(
    withCommonOptions(
      webhooks
        .command("deliveries")
        .description("list what was sent: what failed first, then what waits, then the rest"),
    ),
  )
    .option("--webhook <id>", "only those to this endpoint, whk_…")
    .option("--limit <n>", `how many, at most ${MOST_SHOWN}`, "50")
    .action(deliveries);
  withCommonOptions(
    webhooks
      .command("redeliver")
      .description("send a delivery again, or all that have failed at an endpoint")
      .argument("[id]", "the delivery's id, dlv_…"),
  )
    .option("--failed", "all that have failed for good; needs --webhook")
    .option("--webhook <id>", "the endpoint, whk_…")
    .action(redeliver);
  withCommonOptions(
    webhooks
      .command("rotate-secret")
      .description("make a new secret, shown once; the one before signs beside it for a day")
      .argument("[id]", "the endpoint's id, whk_…"),
  )
    .option("--default", "in place of an endpoint's: what signs the webhook_url of pauses; needs --mode")
    .option("--project <project>", "whose default secret", "default")
    .option("--mode <mode>", "live or test: which default secret")
    .action(rotateSecret);
}

interface WorldOptions extends CommonOptions {
  readonly project?: string;
  readonly mode?: string;
}

function withWorld(command: Command): Command {
  return command.option("--project <project>", "only this project").option("--mode <mode>", "only live or only test");
}

async function list(options: WorldOptions): Promise<void> {
  const { project, mode } = filterOf(options);
  const rows = await inFolder(options, async ({ writer }) =>
    writer
      .all(allEndpoints, {})
      .filter((row) => (project === null || row.project === project) && (mode === null || row.mode === mode)),
  );
  if (options.json) {
    printJson({ data: rows.map((row) => ({ ...shapeEndpoint(row), project: row.project, mode: row.mode })) });
    return;
  }
  printTable(
    ["ID", "URL", "EVENTS", "PROJECT", "MODE", "CREATED", "STATE"],
    rows.map((row) => {
      const { id, url, events, status, disabled_reason, created_at } = shapeEndpoint(row);
      const state = disabled_reason === null ? status : `${status}: ${disabled_reason}`;
      return [id, url, events?.join(",") ?? "all", row.project, row.mode, created_at, state];
    }),
  );
}

async function deliveries(options: WorldOptions & { readonly webhook?: string; readonly limit: string }) {
  const filter = { ...filterOf(options), webhook: options.webhook ?? null };
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_SHOWN)
    throw new UsageError(`--limit must be a whole number from 1 to ${MOST_SHOWN}`);
  const rows = await inFolder(options, async (folder) => {
    if (filter.webhook !== null) endpointIn(folder.writer, filter.webhook);
    return webhooksByUrgency(folder.writer, filter, limit);
  });
  if (options.json) {
    printJson({ data: rows.map(shownDelivery) });
    return;
  }
  printTable(
    ["ID", "STATUS", "EVENT", "WEBHOOK", "PAUSE", "ATTEMPTS", "NEXT", "LAST ERROR"],
    rows
      .map(shownDelivery)
      .map((row) => [
        row.id,
        row.status,
        row.type ?? "",
        row.webhook_id ?? "webhook_url",
        row.pause_id ?? "",
        String(row.attempts.length),
        row.next_attempt_at ?? "",
        row.last_error ?? "",
      ]),
  );
}

/** As the API shows a delivery, with its world and why it is not delivered yet. */
function shownDelivery(row: ReturnType<typeof webhooksByUrgency>[number]) {
  const { id, webhook_id, pause_id, project, mode, status } = row;
  return {
    id,
    webhook_id,
    pause_id,
    project,
    mode,
    type: row.event_type,
    status: status === "queued" || status === "sending" ? "pending" : status,
    last_error: row.error,
    attempts: row.attempts.map((attempt) => ({
      at: isoTime(attempt.at),
      status: attempt.status,
      latency_ms: attempt.took_ms,
      error: attempt.error,
      body: attempt.excerpt,
    })),
    next_attempt_at: status === "queued" ? isoTime(row.due_at) : null,
  };
}

interface RedeliverOptions extends CommonOptions {
  readonly failed?: boolean;
  readonly webhook?: string;
}

async function redeliver(id: string | undefined, options: RedeliverOptions): Promise<void> {
  const { webhook, failed = false, json } = options;
  if (id !== undefined ? failed || webhook !== undefined : !failed || webhook === undefined)
    throw new UsageError("Give either the id of one delivery, or --failed and --webhook with the id of an endpoint.");
  const queued = await inFolder(options, async (folder) => {
    if (id !== undefined) return (await again(folder, id)) ? [id] : [];
    const endpoint = endpointIn(folder.writer, webhook ?? "");
    if (endpoint.status === "disabled")
      throw new CommandFailed(`${endpoint.id} is disabled (${endpoint.disabled_reason}); enable it first.`);
    return await allFailed(folder, endpoint.id);
  });
  if (json) printJson({ redelivered: queued });
  else if (id !== undefined) print(`${id} is queued again.`);
  else print(`${queued.length} ${queued.length === 1 ? "delivery is" : "deliveries are"} queued again.`);
}

/** Queues one delivery again. @throws CommandFailed with the reason when that can't be. */
async function again({ writer, context, attestor }: Folder, id: string): Promise<boolean> {
  const row = writer.one(deliveryById, { id });
  if (row === undefined || row.kind !== "webhook")
    throw new CommandFailed(`There is no delivery ${id} of a webhook; pausepoint webhooks deliveries shows them.`);
  const why = await writer.write((tx) => redeliverOne(tx, quietly({ context, attestor }), row));
  if (why !== null) throw new CommandFailed(`${id} was not queued again. ${why}`);
  return true;
}

/** Queues all that has failed at an endpoint again, a chunk at a time; what fails anew meanwhile is not taken twice. */
async function allFailed(folder: Folder, webhook: string): Promise<string[]> {
  const queued: string[] = [];
  for (let after = ""; ; ) {
    const chunk = folder.writer.all(failedOfEndpoint, { webhook, after, limit: AT_ONCE }).map(({ id }) => id);
    await Promise.all(chunk.map((id) => again(folder, id)));
    queued.push(...chunk);
    const last = chunk.at(-1);
    if (last === undefined) return queued;
    after = last;
  }
}

interface RotateOptions extends WorldOptions {
  readonly default?: boolean;
}

async function rotateSecret(id: string | undefined, options: RotateOptions): Promise<void> {
  const { project, mode } = filterOf(options);
  if ((id === undefined) !== (options.default === true))
    throw new UsageError("Give the id of an endpoint, or --default with --mode.");
  if (id === undefined && mode === null) throw new UsageError("--default needs --mode live or --mode test.");
  const config = await settingsOf(options);
  requireDatabase(config);
  const secrets = new WebhookSecrets(folderSecret(config.dataDir, systemRandom(), config.secret));
  const secret = await withFolder(config, (folder) =>
    id === undefined ? rotateDefault(folder, secrets, { project, mode }) : rotateOf(folder, secrets, id),
  );
  if (options.json) {
    printJson(id === undefined ? { project, mode, secret } : { id, secret });
    return;
  }
  print(secret);
  printError("It is shown this once. For 24 hours the one before signs beside it; give the receiver this one by then.");
}

async function rotateOf({ writer, context }: Folder, secrets: WebhookSecrets, id: string): Promise<string> {
  const { world_n: n, mode, project } = endpointIn(writer, id);
  const row = await writer.write((tx) =>
    rotateEndpoint(tx, context, { world: { n, mode, project }, actor: OPERATOR }, id),
  );
  if (row === undefined) throw new CommandFailed(unknownEndpoint(id));
  return secrets.ofEndpoint(row, context.clock.now())[0] ?? "";
}

async function rotateDefault(
  { writer, context }: Folder,
  secrets: WebhookSecrets,
  { project, mode }: Omit<WebhookFilter, "webhook">,
): Promise<string> {
  const world = project === null || mode === null ? undefined : writer.one(worldByName, { project, mode });
  if (world === undefined)
    throw new CommandFailed(`The project ${project} has no ${mode} keys, so nothing signs for it yet.`);
  const row = await writer.write((tx) => rotateDefaultSecret(tx, context, { world, actor: OPERATOR }));
  return secrets.ofWorld(row, context.clock.now())[0] ?? "";
}

/** @throws UsageError for what is no mode. */
function filterOf({ project, mode }: WorldOptions): Omit<WebhookFilter, "webhook"> {
  if (mode !== undefined && mode !== "live" && mode !== "test")
    throw new UsageError(`--mode must be live or test, not ${mode}`);
  return { project: project ?? null, mode: mode ?? null };
}

/** @throws CommandFailed when there is none. */
function endpointIn(writer: Folder["writer"], id: string) {
  const found = writer.one(endpointById, { id });
  if (found === undefined) throw new CommandFailed(unknownEndpoint(id));
  return found;
}

function unknownEndpoint(id: string): string {
  return `There is no webhook ${id}; pausepoint webhooks list shows them.`;
}

async function inFolder<R>(options: CommonOptions, work: (folder: Folder) => Promise<R>): Promise<R> {
  const config: LoadedConfig = await settingsOf(options);
  return await withFolder(config, work);
}
