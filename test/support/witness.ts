/** A witness of this project on a socket of loopback, over a folder of its own. */
import { rmSync } from "node:fs";
import { parseVerifierKey, type VerifierKey } from "../../src/audit/note.ts";
import { startServer } from "../../src/http/server.ts";
import type { Clock } from "../../src/platform/clock.ts";
import { IdSource } from "../../src/platform/ids.ts";
import { createLog } from "../../src/platform/log.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { makeCosigner, openLedger, Witness, witnessRoutes } from "../../src/witness/index.ts";
import { TurnedClock, temporaryFolder } from "./database.ts";

export interface StartedWitness {
  readonly url: string;
  readonly vkey: string;
  readonly key: VerifierKey;
  readonly folder: string;
  readonly clock: TurnedClock;
  /** What its log said. */
  readonly logged: readonly string[];
  /** Bodies that came in. */
  readonly asked: readonly string[];
  submit(body: string | Uint8Array): Promise<Response>;
  stop(): Promise<void>;
}

/** Starts one that watches the logs of these keys; on a folder and a port that it had before, if they are given. */
export async function startWitness(
  logs: readonly string[],
  again: { readonly folder?: string; readonly port?: number; readonly name?: string } = {},
): Promise<StartedWitness> {
  const { folder = temporaryFolder(), port = 0, name = "witness.example/w1" } = again;
  const keys = logs.map(parseVerifierKey);
  const clock = new TurnedClock();
  const logged: string[] = [];
  const asked: string[] = [];
  const log = createLog(
    "info",
    "text",
    () => clock.now(),
    (line) => logged.push(line),
  );
  const cosigner = makeCosigner(folder, name, systemRandom());
  const witness = new Witness({ cosigner, ledger: openLedger(folder, keys), logs: keys, clock, log });
  const heard = {
    vkey: witness.vkey,
    watched: witness.watched,
    submit(body: string) {
      asked.push(body);
      return witness.submit(body);
    },
  };
  const real: Clock = { now: Date.now, after: () => () => {} };
  const server = startServer({
    keys: { find: () => null },
    clock: real,
    ids: new IdSource(real, systemRandom()),
    log,
    listen: { host: "127.0.0.1", port, trustProxy: [] },
    routes: witnessRoutes(heard),
  });
  const url = `http://127.0.0.1:${server.port}`;
  return {
    url,
    vkey: cosigner.vkey,
    key: cosigner.key,
    folder,
    clock,
    logged,
    asked,
    submit: (body) => fetch(`${url}/add-checkpoint`, { method: "POST", body: body as string }),
    stop: () => server.stop(0),
  };
}

/** Forgets all that it has kept. */
export function removeWitness({ folder }: StartedWitness): void {
  rmSync(folder, { recursive: true, force: true });
}
