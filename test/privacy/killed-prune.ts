/**
 * The pruning of a log in a process of its own that is killed at a given point, as a power cut would: after so many
 * commits, or in the middle of a unit of work.
 *
 *     bun killed-prune.ts FOLDER 1|2|inside
 */
import { pruneLog } from "../../src/privacy/index.ts";
import { DAY, START, seededRandom, TestDatabase, TurnedClock } from "../support/database.ts";

const [folder = "", where = ""] = process.argv.slice(2);
const die = () => process.kill(process.pid, "SIGKILL");
const db = new TestDatabase(folder, new TurnedClock(START + 401 * DAY), seededRandom("killed"));
let commits = 0;
const write = db.writer.write.bind(db.writer);
db.writer.write = async (unit) => {
  const result = await write(unit);
  if (String(++commits) === where) die();
  return result;
};
const random = {
  bytes(count: number) {
    if (where === "inside" && commits === 1) die();
    return db.random.bytes(count);
  },
};
await pruneLog(db.writer, { ...db.context, random }, 400);
