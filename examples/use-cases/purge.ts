/** A cleanup agent: what is stale in staging.db is deleted. Needs Bun, for its SQLite. */
import { Database } from "bun:sqlite";
import { guarded } from "./guard.ts";

const database = new Database("staging.db");
const ids = database
  .query<{ id: number }, []>("SELECT id FROM records WHERE stale = 1")
  .all()
  .map(({ id }) => id);
const done = await guarded(
  {
    recipient: "+1 (312) 847-1928",
    channel: "sms",
    message: `Purge ${ids.length.toLocaleString("en-US")} records from staging?`,
    options: ["Purge", "Keep"],
    timeout_default: "Keep",
  },
  { purge: "staging.db", ids },
  () => {
    const remove = database.query("DELETE FROM records WHERE id = ?");
    database.transaction(() => {
      for (const id of ids) remove.run(id);
    })();
  },
);
console.log(done ? "done" : "not done");
