import type { Key } from "../../src/access/index.ts";
import { createKey, defaultScopes, KeyRing, noLimits } from "../../src/access/index.ts";
import { Attestor } from "../../src/audit/index.ts";
import { OUTBOX } from "../../src/channels/directory.ts";
import { deliverToOutbox } from "../../src/delivery/outbox.ts";
import type { PauseContext } from "../../src/pauses/context.ts";
import { createPause } from "../../src/pauses/create.ts";
import { createBody } from "../../src/pauses/request.ts";
import { AddressDigests } from "../../src/platform/address-digests.ts";
import type { Clock } from "../../src/platform/clock.ts";
import { IdSource } from "../../src/platform/ids.ts";
import { Metrics } from "../../src/platform/metrics/index.ts";
import { monthsIn } from "../../src/platform/months.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { check } from "../../src/platform/schema.ts";
import { ensureInstallation, folderSecret, openDatabase, Writer } from "../../src/storage/index.ts";

const AT_ONCE = 256;

/** A data folder opened by its own units of work, with a clock that is set by hand. */
export class OpenFolder {
  readonly connection;
  readonly writer;
  readonly context: PauseContext;
  /** Milliseconds since the Unix epoch; the units' clock stands still at it. */
  now = Date.now();

  constructor(readonly folder: string) {
    const random = systemRandom();
    const clock: Clock = { now: () => this.now, after: () => () => {} };
    this.connection = openDatabase(folder);
    this.writer = new Writer(this.connection, (error) => {
      throw error;
    });
    const hints = { due() {}, ended() {}, told() {} };
    const ids = new IdSource(clock, random);
    const secret = folderSecret(folder, random);
    const attestor = new Attestor({ folderSecret: secret, clock, random });
    const digests = new AddressDigests(secret);
    const quiet = {
      metrics: new Metrics(),
      concluding: new Map(),
      scanned: new Set<string>(),
      wake() {},
      script() {},
      hints,
    };
    this.context = { clock, random, ids, attestor, digests, ...quiet };
  }

  /** A test key of the default project, and its text. */
  async newKey(): Promise<{ key: Key; text: string }> {
    const secret = folderSecret(this.folder, this.context.random);
    await this.writer.write((tx) => ensureInstallation(tx, secret, this.context));
    const wanted = {
      name: "bench",
      mode: "test",
      project: "default",
      scopes: defaultScopes,
      limits: noLimits,
    } as const;
    const made = await this.writer.write((tx) => createKey(tx, this.context, wanted, { type: "operator", id: null }));
    const key = new KeyRing(this.writer).find(made.key);
    if (key === null) throw new Error("a fresh key was not found");
    return { key, text: made.key };
  }

  /** Creates pauses, a commit for each 256. */
  async create(key: Key, count: number, timeoutHours: number, numbered = false): Promise<void> {
    const common = check(
      createBody,
      {
        recipient: "+13128471928",
        channel: "sms",
        message: "Wire $48,200 to Acme Supplies for invoice 20817?",
        timeout_default: "Reject",
      },
      "body",
    );
    const recipients = [{ address: "+13128471928", destinations: ["+13128471928"] as const }];
    const steps = [{ channel: "sms", lane: OUTBOX, addressKind: "phone", afterMs: 0 }] as const;
    const takesReplies = () => false;
    const allowance = { pausesPerMonth: null, monthAt: monthsIn("UTC"), messagesPerHour: null };
    const shared = { key, recipients, steps, takesReplies, timeoutHours, allowance, idempotency: null };
    await this.inBatches(count, (index) => {
      const message = numbered ? `Wire $48,200 to Acme Supplies for invoice ${20_000 + index}?` : common.message;
      const request = { ...common, message };
      return this.writer.write((tx) => createPause(tx, this.context, { ...shared, request }));
    });
  }

  /** Runs `write` for 0 to `count` - 1, as many at once as share a commit. */
  async inBatches(count: number, write: (index: number) => Promise<unknown>): Promise<void> {
    for (let done = 0; done < count; done += AT_ONCE) {
      const size = Math.min(AT_ONCE, count - done);
      await Promise.all(Array.from({ length: size }, (_, index) => write(done + index)));
    }
  }

  async close(): Promise<void> {
    await this.writer.close();
    this.connection.close();
  }
}

/** Makes a data folder with a key and so many pending pauses whose messages the outbox has taken. Answers the key. */
export async function seed(folder: string, pauses: number): Promise<string> {
  const open = new OpenFolder(folder);
  // What is made here may be lost; what is measured may not.
  open.connection.pragma("synchronous = OFF");
  const { key, text } = await open.newKey();
  for (let left = pauses; left > 0; left -= AT_ONCE) {
    open.now = Math.max(open.now, Date.now());
    await open.create(key, Math.min(left, AT_ONCE), 8_760);
    await open.writer.write((tx) => deliverToOutbox(tx, open.context, OUTBOX, AT_ONCE));
  }
  await open.close();
  return text;
}
