import { existsSync } from "node:fs";
import { join } from "node:path";
import { type AccessContext, KeyRing } from "../access/index.ts";
import { Attestor } from "../audit/index.ts";
import { backupBeforeMigration } from "../backup/index.ts";
import { compareWithPublished, PublishedHead } from "../evidence/index.ts";
import type { PauseContext } from "../pauses/index.ts";
import { AddressDigests } from "../platform/address-digests.ts";
import { systemClock } from "../platform/clock.ts";
import type { LoadedConfig } from "../platform/config/load.ts";
import { IdSource } from "../platform/ids.ts";
import { Metrics } from "../platform/metrics/index.ts";
import { systemRandom } from "../platform/random.ts";
import { version } from "../platform/version.ts";
import { Stamps } from "../respond/index.ts";
import { ensureInstallation, folderSecret, newestSchema, openDatabase, Writer } from "../storage/index.ts";
import { UsageError } from "./output.ts";
import { logOf } from "./settings.ts";

/** What this program is, and the schema that it knows. */
export const own = { version: version.number, schema: newestSchema };

/** The data folder as a command uses it, also beside a running server. */
export interface Folder {
  readonly writer: Writer;
  readonly context: AccessContext & { readonly digests: AddressDigests };
  readonly keys: KeyRing;
  readonly attestor: Attestor;
  readonly stamps: Stamps;
  /** To be told before a checkpoint is given away. */
  readonly published: PublishedHead;
}

/** What the units of work around pauses are made with in a command: the server beside it learns of what was written by itself. */
export function quietly({ context, attestor }: Pick<Folder, "context" | "attestor">): PauseContext {
  const hints = { due() {}, ended() {}, told() {} };
  return {
    ...context,
    attestor,
    metrics: new Metrics(),
    concluding: new Map(),
    scanned: new Set(),
    wake() {},
    script() {},
    hints,
  };
}

/** Only the server makes a database: a command that made one would write where no server looks. @throws UsageError */
export function requireDatabase({ dataDir }: LoadedConfig): void {
  if (existsSync(join(dataDir, "pausepoint.db"))) return;
  throw new UsageError(
    `There is no PausePoint database in ${dataDir}; name its folder with --data, or make one by starting the server there: pausepoint serve.`,
  );
}

/** Opens the data folder for one command, and closes it behind it. @throws UsageError where there is none, StorageError */
export async function withFolder<R>(config: LoadedConfig, work: (folder: Folder) => Promise<R>): Promise<R> {
  requireDatabase(config);
  const random = systemRandom();
  const clock = systemClock;
  const secret = folderSecret(config.dataDir, random, config.secret);
  const context = { clock, random, ids: new IdSource(clock, random), digests: new AddressDigests(secret) };
  await backupBeforeMigration({ ...config, config: config.source }, own, clock);
  const database = openDatabase(config.dataDir);
  try {
    let failure: Error | null = null;
    const writer = new Writer(database, (error) => {
      failure = error;
    });
    await writer.write((tx) => ensureInstallation(tx, secret, context));
    let hasSigned = false;
    const onSigned = () => {
      hasSigned = true;
    };
    const attestor = new Attestor({ folderSecret: secret, clock, random, onSigned });
    const drop = config.audit.drop;
    const published = new PublishedHead({ folder: config.dataDir, writer, clock, log: logOf(config), drop });
    await compareWithPublished(writer, { attestor, clock, random }, config.dataDir);
    const result = await work({
      writer,
      context,
      keys: new KeyRing(writer),
      attestor,
      published,
      stamps: new Stamps(secret),
    });
    if (hasSigned) await published.flush();
    if (failure !== null) throw failure;
    return result;
  } finally {
    database.close();
  }
}
