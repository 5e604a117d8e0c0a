import { expect, test } from "bun:test";
import { readdirSync, rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { stateIn } from "../../src/hook/state.ts";
import { temporaryFolder } from "../support/database.ts";

const DAY = 86_400;

test("an approval that was used stays used, and its mark goes once the server has long forgotten the question", () => {
  const folder = temporaryFolder();
  const state = stateIn(folder);
  const used = join(folder, "used");
  const age = (days: number) => {
    for (const name of readdirSync(used))
      utimesSync(join(used, name), Date.now() / 1000, Date.now() / 1000 - days * DAY);
  };
  expect([state.use("pause_old"), state.use("pause_old")]).toEqual([true, false]);
  age(6);
  expect(state.use("pause_newer")).toBe(true);
  // Well within the time in which the same call comes to the same question.
  expect(state.use("pause_old")).toBe(false);
  age(8);
  expect(state.use("pause_newest")).toBe(true);
  expect(readdirSync(used)).toHaveLength(1);
  expect(state.use("pause_newest")).toBe(false);
  rmSync(folder, { recursive: true });
});
