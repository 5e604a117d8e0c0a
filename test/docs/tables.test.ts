import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { scopes } from "../../src/access/scopes.ts";
import { entryTypes } from "../../src/audit/entry.ts";
import { createBody } from "../../src/pauses/request.ts";
import { httpGatewaySchema } from "../../src/platform/config/http-gateway.ts";
import { builtInPlans } from "../../src/platform/config/plans.ts";
import { smppSchema } from "../../src/platform/config/smpp.ts";
import { problems } from "../../src/platform/problem.ts";
import { startAppliance } from "../support/appliance.ts";
import { documentAt, project, tableOf } from "./documents.ts";

const api = documentAt("docs/api.md");
const names = (list: readonly string[]) => (list.length > 0 ? list.map((name) => `\`${name}\``).join(", ") : "none");

test("docs/api.md lists every error with its status, title and help, and no other", () => {
  const rows = Object.entries(problems).map(([slug, { status, title, help }]) => [
    `\`/problems/${slug}\``,
    String(status),
    title,
    help,
  ]);
  expect(tableOf(api, "`type`")).toEqual(rows);
});

test("docs/audit-format.md lists what stands in data for each type of entry, in the clear and committed", () => {
  const rows = Object.entries(entryTypes).map(([type, { plain, committed }]) => [
    `\`${type}\``,
    names(plain),
    names(committed),
  ]);
  expect(tableOf(documentAt("docs/audit-format.md"), "type")).toEqual(rows);
});

test("docs/api.md lists every route with what it needs, and no other", async () => {
  const appliance = await startAppliance();
  await appliance.stop();
  const served = appliance.app.routes.map(({ method, path, access }) => [
    `\`${method}\``,
    `\`${path}\``,
    `\`${access}\``,
  ]);
  const listed = tableOf(api, "method").map((row) => row.slice(0, 3));
  expect(listed.map(String).sort()).toEqual(served.map(String).sort());
});

test("docs/api.md lists every field of a create, and no other", () => {
  const fields = Object.keys(createBody.shape);
  expect(
    tableOf(api, "field")
      .map(([name]) => name)
      .sort(),
  ).toEqual(fields.map((name) => `\`${name}\``).sort());
});

test("docs/limits.md lists the plans that are built in as they are", () => {
  const rows = Object.entries(builtInPlans).map(([name, { pausesPerMonth, channels, maxTimeoutHours, webhooks }]) => [
    `\`${name}\``,
    pausesPerMonth?.toLocaleString("en-US"),
    names(channels ?? []),
    String(maxTimeoutHours),
    webhooks ? "yes" : "no",
  ]);
  expect(tableOf(documentAt("docs/limits.md"), "plan")).toEqual(rows as string[][]);
});

test("docs/api.md names every scope", () => {
  for (const scope of scopes) expect(api.text).toContain(`\`${scope}\``);
});

test.each(["docs/install.md", "docs/backup.md"])("%s quotes refusals as the program words them", (path) => {
  const sources = [...new Bun.Glob("src/**/*.ts").scanSync(project)].map((path) =>
    readFileSync(join(project, path), "utf8"),
  );
  const quoted = tableOf(documentAt(path), "it says")
    .flatMap(([said = ""]) => [...said.matchAll(/`([^`]+)`/g)].map(([, words = ""]) => words))
    // What the system's own loader says, when the addon can't be unpacked.
    .filter((words) => !/shared object/.test(words));
  expect(quoted.length).toBeGreaterThan(5);
  const withoutMarks = sources.map((source) => source.replaceAll("\\`", "`").replaceAll("`secret`", "secret"));
  expect(quoted.filter((words) => !withoutMarks.some((source) => source.includes(words)))).toEqual([]);
});

test("docs/install.md tells of every check of doctor, and of no other", () => {
  const sources = [...new Bun.Glob("src/cli/doctor/*.ts").scanSync(project)].map((path) =>
    readFileSync(join(project, path), "utf8"),
  );
  const named = /(?:\b(?:const name|NAME|check) = |\b(?:ok|bad)\()["`]([\w' ]+?)(?:["`]| \$\{)/g;
  const made = new Set(sources.flatMap((source) => [...source.matchAll(named)].map(([, name = ""]) => name)));
  const told = tableOf(documentAt("docs/install.md"), "check").flatMap(([checks = ""]) =>
    [...checks.matchAll(/`([^`…]+?)(?: …)?`/g)].map(([, name = ""]) => name),
  );
  // Of channels there are many, and one that says that there is none; people are told with the configuration.
  const merged = new Set(["channels", "people", "certificate's key"]);
  expect([...made].filter((name) => !merged.has(name)).sort()).toEqual([...new Set(told)].sort());
});

test("docs/testing.md names guards where they stand, and tests by titles that they have", () => {
  const wrong = tableOf(documentAt("docs/testing.md"), "guard").flatMap(
    ([guard, place = "", file = "", title = ""]) => {
      const path = (cell: string) => join(project, cell.replaceAll("`", ""));
      if (!existsSync(path(place)) || !existsSync(path(file))) return [guard];
      // A title may hold the name of a case, which the source has as a placeholder before or behind it.
      const source = readFileSync(path(file), "utf8").replaceAll('\\"', '"');
      return source.includes(title) ? [] : [guard];
    },
  );
  expect(wrong).toEqual([]);
});

test.each([
  ["docs/smpp.md", smppSchema],
  ["docs/sms-gateways.md", httpGatewaySchema],
] as const)("%s names only settings that there are where it tells what was decided", (path, schema) => {
  const rows = tableOf(documentAt(path), "what breaks in practice");
  expect(rows.length).toBeGreaterThan(20);
  const named = rows.flatMap(([, , settings = ""]) => settings.split(", ")).filter((setting) => setting !== "none");
  const known = Object.entries(schema.shape).flatMap(([name, setting]) => {
    const inner = "shape" in setting ? setting.shape : shapeWithin(setting);
    return [name, ...Object.keys(inner).map((key) => `${name}.${key}`)];
  });
  expect(named.filter((setting) => !known.includes(setting.replaceAll("`", "")))).toEqual([]);
});

test("docs/smpp.md lists every setting of smpp, and no other", () => {
  const { text } = documentAt("docs/smpp.md");
  const [, tables = ""] = /\n## Settings\n(.*?)\n## /s.exec(text) ?? [];
  const firstCells = [...tables.matchAll(/^\| (`[^|]*`) \|/gm)].map(([, cell = ""]) => cell);
  const listed = new Set(firstCells.flatMap((cell) => cell.split(", ")).map((name) => name.replace(/`|\..*/g, "")));
  expect([...listed].sort()).toEqual(
    Object.keys(smppSchema.shape)
      .filter((name) => name !== "kind")
      .sort(),
  );
});

/** The shape of a section behind a default or an `optional`. */
function shapeWithin(setting: unknown): object {
  const inner = (setting as { readonly def?: { readonly innerType?: unknown } }).def?.innerType;
  if (inner === undefined) return {};
  return (inner as { readonly shape?: object }).shape ?? shapeWithin(inner);
}
