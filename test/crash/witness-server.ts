/**
 * A witness that dies by SIGKILL at the worst moment: once it has written down what it cosigns, before it answers.
 *
 *     bun test/crash/witness-server.ts FOLDER VKEY WRITES
 *
 * prints its port, and dies in the write of that number (0: never).
 */
import { parseVerifierKey } from "../../src/audit/note.ts";
import { startServer } from "../../src/http/server.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { IdSource } from "../../src/platform/ids.ts";
import { silentLog } from "../../src/platform/log.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { makeCosigner, openLedger, Witness, witnessRoutes } from "../../src/witness/index.ts";

const [folder = "", vkey = "", writes = "0"] = process.argv.slice(2);
const logs = [parseVerifierKey(vkey)];
const ledger = openLedger(folder, logs);
let left = Number(writes);
const witness = new Witness({
  cosigner: makeCosigner(folder, "witness.example/w1", systemRandom()),
  ledger: {
    ...ledger,
    remember(checkpoint, note) {
      ledger.remember(checkpoint, note);
      if (--left === 0) process.kill(process.pid, "SIGKILL");
    },
  },
  logs,
  clock: systemClock,
  log: silentLog,
});
const server = startServer({
  keys: { find: () => null },
  clock: systemClock,
  ids: new IdSource(systemClock, systemRandom()),
  log: silentLog,
  listen: { host: "127.0.0.1", port: 0, trustProxy: [] },
  routes: witnessRoutes(witness),
});
process.stdout.write(`${server.port}\n`);
