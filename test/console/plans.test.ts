import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import {
  deliveriesAbout,
  deliveriesTo,
  endedOf,
  entriesBefore,
  entriesOfPauseLike,
  failedBefore,
  newestTo,
  pausesBehind,
  waitingFor,
  waitingOf,
} from "../../src/console/views/queries.ts";
import { openDatabase, type Query } from "../../src/storage/index.ts";
import { temporaryFolder } from "../support/database.ts";

/** What a list reads is walked along an index: no table as a whole, and nothing sorted. */
test.each([
  ["waitingOf", waitingOf, "pauses_due"],
  ["endedOf", endedOf, "pauses_ended"],
  ["pausesBehind", pausesBehind, "PRIMARY KEY"],
  ["failedBefore", failedBefore, "deliveries_failed"],
  ["deliveriesTo", deliveriesTo, "deliveries_of_endpoint"],
  ["newestTo", newestTo, "deliveries_of_endpoint"],
  ["waitingFor", waitingFor, "deliveries_waiting_for"],
  ["deliveriesAbout", deliveriesAbout, "PRIMARY KEY"],
  ["entriesBefore", entriesBefore, "PRIMARY KEY"],
  ["entriesOfPauseLike", entriesOfPauseLike, "audit_entries_of_pause"],
] as const)("%s goes along an index", (_, query, index) => {
  const folder = temporaryFolder();
  const database = openDatabase(join(folder, "data"));
  const { sql, params } = (query as Query<object, unknown>).build();
  const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...params.map(() => 1)) as { detail: string }[];
  // The rows that a limit has left over are counted one by one.
  const said = plan.map(({ detail }) => detail).filter((detail) => !/^(CO-ROUTINE|SCAN) waiting$/.test(detail));
  expect(said[0]).toMatch(new RegExp(`^SEARCH \\w+ USING .*${index}`));
  expect(said.filter((detail) => /^SCAN|TEMP B-TREE/.test(detail))).toEqual([]);
  database.close();
  rmSync(folder, { recursive: true });
});
