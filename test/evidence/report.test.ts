import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../src/cli/program.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { DAY, HOUR, START } from "../support/database.ts";

let appliance: Appliance;
const folder = mkdtempSync(join(tmpdir(), "pausepoint-report-"));

/** Asks, lets the person look and answer after so many milliseconds. */
async function answered(choice: string, looksAfter: number, tapsAfter: number): Promise<void> {
  const pause = await appliance.ask(appliance.keys.test, { options: ["Approve", "Reject"], timeout_hours: 48 });
  const [message] = await appliance.messages(pause);
  appliance.clock.turn(looksAfter);
  await appliance.call(message!.link);
  appliance.clock.turn(tapsAfter);
  await appliance.choose(message!.link, choice);
  await appliance.choose(message!.link, choice);
}

beforeAll(async () => {
  appliance = await startAppliance();
  await answered("Approve", 60_000, 1_500);
  await answered("Approve", 30_000, 20_000);
  await answered("Reject", 120_000, 60_000);
  const { test: key, otherLive } = appliance.keys;
  await appliance.ask(key, { timeout_hours: 1, timeout_default: "Reject" });
  await appliance.ask(key, { timeout_hours: 1 });
  const withdrawn = await appliance.ask(key);
  await appliance.post(`/v1/pause/${withdrawn.pause_id}/cancel`, key);
  appliance.clock.turn(2 * HOUR);
  await appliance.get("/v1/pause", key);
  await appliance.ask(otherLive, { message: "Sign <b>now</b>?" });
});
afterAll(() => appliance.stop());

const iso = (time: number) => new Date(time).toISOString();

async function report(...options: string[]) {
  const out = join(folder, `report-${Bun.hash(options.join())}.html`);
  const status = await run(["report", "--data", appliance.config.dataDir, "--out", out, ...options]);
  return { status, text: existsSync(out) ? readFileSync(out, "utf8") : "" };
}

const WHOLE = ["--from", iso(START - DAY), "--to", iso(START + DAY)];

describe("the oversight report", () => {
  test("counts who decided: people, by option and by time, and the clock apart from them", async () => {
    const { status, text } = await report(...WHOLE, "--json");
    expect(status).toBe(0);
    const { groups, log, eu_ai_act } = JSON.parse(text);
    const own = groups.find(
      ({ project, mode }: { project: string; mode: string }) => `${project} ${mode}` === "default test",
    );
    expect(own).toEqual({
      project: "default",
      mode: "test",
      asked: 6,
      decided_by_a_person: 3,
      decided_by_the_clock: 1,
      ran_out: 1,
      withdrawn: 1,
      still_waiting: 0,
      options: { Approve: 2, Reject: 1 },
      seconds_to_decide: { median: 61.5, p90: 180 },
      seconds_from_first_look: { median: 20, p90: 60 },
      within_two_seconds: 1,
      looks_known: 3,
      late_or_second_answers: 3,
      undelivered: 0,
      bound_to_an_action: 0,
      receipts_consumed: 0,
    });
    expect(groups.find(({ mode }: { mode: string }) => mode === "live")).toMatchObject({ asked: 1, still_waiting: 1 });
    expect(log).toMatchObject({
      verified: { valid: true, fault: null },
      checkpoint: expect.stringContaining("pausepoint/ins_"),
    });
    expect(eu_ai_act.articles.map(({ article }: { article: string }) => article.slice(0, 10))).toEqual([
      "Article 12",
      "Article 14",
      "Article 19",
      "Article 26",
    ]);
    expect(text).not.toContain("8471928");
  });

  test("counts what happened within its time alone, and one project where it is told so", async () => {
    const { text } = await report("--from", iso(START + 90_000), "--to", iso(START + DAY), "--json", "--no-verify");
    const [own] = JSON.parse(text).groups;
    expect(own).toMatchObject({ decided_by_a_person: 2, options: { Approve: 1, Reject: 1 } });
    expect(JSON.parse(text).log.verified).toBeNull();
    const other = JSON.parse((await report(...WHOLE, "--project", "other", "--json")).text);
    expect(other.groups.map(({ project }: { project: string }) => project)).toEqual(["other"]);
    const later = JSON.parse(
      (await report("--from", iso(START + 2 * DAY), "--to", iso(START + 3 * DAY), "--json")).text,
    );
    expect(later.groups).toEqual([expect.objectContaining({ project: "other", asked: 0, still_waiting: 1 })]);
  });

  test("tells of single people only when somebody asks for that", async () => {
    const { text } = await report(...WHOLE, "--json", "--by-person");
    expect(JSON.parse(text).groups[0].people).toMatchObject({ "+13128471928": { decided_by_a_person: 3 } });
  });

  test("is a page without script and without anything from elsewhere, which says what software can't show", async () => {
    const { text } = await report(...WHOLE);
    expect(text).toContain("default-src 'none'");
    expect(text).not.toMatch(/<script|https?:\/\/(?!www\.w3)/);
    expect(text).toContain("claims no conformity");
    expect(text).toContain("Not shown by software");
    expect(text).toContain("1 of 3 (33 %)");
  });

  test("refuses a time that is none, and one that ends before it begins", async () => {
    expect((await report("--from", "yesterday")).status).toBe(2);
    expect((await report("--from", iso(START), "--to", iso(START - 1))).status).toBe(2);
  });
});
