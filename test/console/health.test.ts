import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { eventually } from "../support/eventually.ts";
import { administrator, colleague, type Operator } from "../support/operator.ts";

let appliance: Appliance;
let admin: Operator;
let secret: string;
beforeAll(async () => {
  appliance = await startAppliance();
  admin = await administrator(appliance);
  secret = join(appliance.config.dataDir, "secret");
});
afterAll(() => appliance.stop());

const HOUR = 3_600_000;

test("health shows what doctor finds of this very server, what needs somebody first, and what to do", async () => {
  chmodSync(secret, 0o644);
  const { text } = await admin.get("/console/health");
  expect(text).toContain(`whoever reads it can make links to open questions`);
  expect(text).toContain(`chmod 600 ${secret}`);
  expect(text).toMatch(/<b>1 failed[^<]*\.<\/b>/);
  expect(text).toContain("is running on this folder");
  expect(text.indexOf("state failed")).toBeLessThan(text.indexOf("state ok"));
});

test("every page counts in the rail what has failed, until a new look finds it mended", async () => {
  const counted = /Health <b class="count">1<span class="hidden"> failed<\/span><\/b>/;
  expect((await admin.get("/console/waiting")).text).toMatch(counted);
  chmodSync(secret, 0o600);
  expect((await admin.get("/console/health")).text).toMatch(counted);
  expect((await admin.send("/console/health/look")).status).toBe(303);
  const { text } = await admin.get("/console/health");
  expect(text).not.toContain('class="count"');
  expect(text).not.toContain(`chmod 600 ${secret}`);
});

test("an old look is renewed behind a page that somebody opens", async () => {
  chmodSync(secret, 0o644);
  appliance.clock.turn(HOUR / 4);
  expect((await admin.get("/console/waiting")).text).not.toContain('class="count"');
  await eventually(
    async () => (await admin.get("/console/usage")).text,
    (text) => text.includes('class="count"'),
  );
  chmodSync(secret, 0o600);
});

test("a viewer sees it, and has nobody looked at anything", async () => {
  const viewer = await colleague(admin, "Vera", "viewer");
  const { status, text } = await viewer.get("/console/health");
  expect(status).toBe(200);
  expect(text).not.toContain("Look again");
  expect((await viewer.send("/console/health/look")).status).toBe(403);
});
