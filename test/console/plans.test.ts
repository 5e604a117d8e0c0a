import { expect, test } from "bun:test";
import { join } from "node:path";
import * as queries from "../../src/console/views/queries.ts";
import { openDatabase, type Query } from "../../src/storage/index.ts";
import { temporaryFolder } from "../support/database.ts";

/** What a list reads is walked along an index: no table as a whole, and nothing sorted. */
test.each([
  ["waitingOf", "pauses_due"],
  ["pausesBefore", "PRIMARY KEY"],
  ["pausesOfWorldBefore", "pauses_in_world"],
  ["failedBefore", "deliveries_failed"],
  ["deliveriesAbout", "PRIMARY KEY"],
  ["entriesBefore", "PRIMARY KEY"],
  ["entriesOfPauseBefore", "audit_entries_of_pause"],
] as const)("%s goes along %s", (name, index) => {
  const database = openDatabase(join(temporaryFolder(), "data"));
  const { sql, params } = (queries[name] as Query<object, unknown>).build();
  const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...params.map(() => 1)) as { detail: string }[];
  const said = plan.map(({ detail }) => detail);
  expect(said[0]).toMatch(new RegExp(`^SEARCH \\w+ USING .*${index}`));
  expect(said.filter((detail) => /^SCAN|TEMP B-TREE/.test(detail))).toEqual([]);
  database.close();
});
