import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const project = join(import.meta.dir, "../..");

/** A rule, the file that breaks it, and what stands in that file. */
const violations: [rule: string, file: string, source: string][] = [
  ["features-below-entry-points", "src/pauses/routes.ts", 'import "../http/server.ts";'],
  ["features-below-entry-points", "src/audit/start.ts", 'import type { App } from "../app.ts"; export type A = App;'],
  ["storage-below-features", "src/storage/open.ts", 'import "../audit/entry.ts";'],
  ["platform-is-the-ground", "src/platform/clock.ts", 'import "../storage/tables.ts";'],
  ["feature-order-evidence", "src/evidence/ask.ts", 'import "../witness/witness.ts";'],
  ["feature-order-witness", "src/witness/serve.ts", 'import "../evidence/proof.ts";'],
  ["feature-order-respond", "src/respond/show.ts", 'import "../evidence/proof.ts";'],
  ["feature-order-backup", "src/backup/make.ts", 'import "../respond/token.ts";'],
  ["feature-order-privacy", "src/privacy/erase.ts", 'import "../respond/token.ts";'],
  ["feature-order-pauses", "src/pauses/create.ts", 'import "../respond/token.ts";'],
  [
    "feature-order-delivery",
    "src/delivery/queue.ts",
    'import type { P } from "../pauses/pause.ts"; export type Q = P;',
  ],
  ["feature-order-webhooks", "src/webhooks/sign.ts", 'import "../channels/sms.ts";'],
  ["feature-order-channels", "src/channels/slack.ts", 'import "../webhooks/endpoint.ts";'],
  ["feature-order-access", "src/access/keys.ts", 'import "../pauses/pause.ts";'],
  ["feature-order-audit", "src/audit/chain.ts", 'import "../access/plans.ts";'],
  ["a-room-for-every-file", "src/helpers/text.ts", 'import "../platform/id.ts";'],
  [
    "channels-know-no-storage",
    "src/channels/ntfy.ts",
    'import type { T } from "../storage/tables.ts"; export type U = T;',
  ],
  [
    "database-behind-storage",
    "src/pauses/queries.ts",
    'import type { Kysely } from "kysely"; export type K = Kysely<object>;',
  ],
  ["database-behind-storage", "src/cli/backup.ts", 'import "better-sqlite3";'],
  ["database-behind-storage", "src/cli/restore.ts", 'import { Database } from "bun:sqlite"; new Database();'],
  ["twilio-only-when-used", "src/channels/twilio.ts", 'import twilio from "twilio"; twilio();'],
  ["mcp-only-when-used", "src/cli/mcp.ts", 'import "../mcp/stdio.ts";'],
  ["mcp-only-when-used", "src/http/sse.ts", 'import "@modelcontextprotocol/server";'],
  ["no-circle", "src/audit/left.ts", 'import type { R } from "./right.ts"; export type L = R;'],
  ["product-stands-alone", "src/cli/doctor.ts", 'import "../../test/support/needs.ts";'],
  ["client-stands-alone", "clients/typescript/src/client.ts", 'import "../../../src/platform/id.ts";'],
  ["declared-dependencies-only", "src/cli/check.ts", 'import "fast-check";'],
  ["everything-resolves", "src/cli/lost.ts", 'import "../nowhere.ts";'],
];

/** Files that the violations import, and imports that are as they should be. */
const allowed: Record<string, string> = {
  "src/app.ts": 'import "./http/server.ts"; export type App = string;',
  "src/http/server.ts": 'import "../pauses/pause.ts"; import "elysia";',
  "src/audit/entry.ts": 'import type { T } from "../storage/tables.ts"; export type E = T;',
  "src/mcp/stdio.ts": 'import "@modelcontextprotocol/server";',
  "src/audit/right.ts": 'import type { L } from "./left.ts"; export type R = L | string;',
  "src/storage/tables.ts":
    'import { Kysely } from "kysely"; import "../platform/id.ts"; export type T = Kysely<object>;',
  "src/evidence/proof.ts": 'import "../respond/token.ts"; import "../audit/entry.ts";',
  "src/witness/witness.ts": 'import "../audit/entry.ts";',
  "src/respond/token.ts": 'import "../pauses/pause.ts"; import "../audit/entry.ts";',
  "src/pauses/pause.ts": 'import "../delivery/guard.ts"; import "node:path"; export type P = string;',
  "src/delivery/guard.ts": 'import "../webhooks/endpoint.ts"; import "../channels/sms.ts"; import "ipaddr.js";',
  "src/webhooks/endpoint.ts": 'import "../access/plans.ts"; import { z } from "zod"; z.string();',
  "src/channels/sms.ts":
    'import type T from "twilio"; export const sms = async (): Promise<typeof T> => (await import("twilio")).default;',
  "src/access/plans.ts":
    'import "../audit/entry.ts"; import { defineConfig } from "pausepoint/config"; defineConfig();',
  "src/platform/id.ts": 'import { randomUUIDv7 } from "bun"; randomUUIDv7();',
  "src/platform/config/index.ts": "export function defineConfig() {}",
  "test/support/needs.ts": "export {};",
};

let tree: string;
let found: { rule: string; file: string }[];
let ruleNames: string[];

interface Cruise {
  summary: {
    violations: { rule: { name: string }; from: string }[];
    ruleSetUsed: { forbidden: { name: string }[] };
  };
}

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), "pausepoint-rules-"));
  for (const file of [".dependency-cruiser.cjs", "tsconfig.json", "package.json"]) {
    copyFileSync(join(project, file), join(tree, file));
  }
  symlinkSync(join(project, "node_modules"), join(tree, "node_modules"));
  const files = { ...allowed, ...Object.fromEntries(violations.map(([, file, source]) => [file, source])) };
  for (const [file, source] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    writeFileSync(join(tree, file), source);
  }
  const cruiser = join(project, "node_modules/.bin/depcruise");
  const { stdout } = Bun.spawnSync(
    [process.execPath, "--bun", cruiser, "src", "clients/typescript/src", "--output-type", "json"],
    { cwd: tree },
  );
  const { summary } = JSON.parse(stdout.toString()) as Cruise;
  found = summary.violations.map(({ rule, from }) => ({ rule: rule.name, file: from }));
  ruleNames = summary.ruleSetUsed.forbidden.map(({ name }) => name);
});

afterAll(() => rmSync(tree, { recursive: true, force: true }));

describe("the import rules", () => {
  test.each(violations)("%s stops %s", (rule, file) => {
    expect(found).toContainEqual({ rule, file });
  });

  test.each(Object.keys(allowed))("let %s pass", (file) => {
    expect(found.filter((violation) => violation.file === file)).toEqual([]);
  });

  test("are each shown to stop something", () => {
    const shown = new Set(violations.map(([rule]) => rule));
    expect(ruleNames.filter((name) => !shown.has(name))).toEqual([]);
    expect(ruleNames.length).toBeGreaterThan(0);
  });
});
