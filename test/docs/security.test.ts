/** SECURITY.md and docs/hardening.md: each test that they name is there, under that title, and each setting too. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { configSchema } from "../../src/platform/config/schema.ts";
import { documentAt, project } from "./documents.ts";

const security = documentAt("SECURITY.md").text;
const threats = security
  .split(/^### /m)
  .slice(1)
  .map((text) => ({ name: text.split("\n")[0] ?? "", text }));

describe("the threat model", () => {
  test("is of everybody who was thought of", () => {
    const wanted = [
      ...["approve itself", "stolen key", "stolen link", "forwarded text", "scanner", "operator", "webhooks"],
      ...["stolen password", "stolen backup", "stolen disk", "reverse proxy", "channel's account", "SIM swap"],
    ];
    for (const words of wanted)
      expect([words, threats.filter(({ name }) => name.includes(words)).length]).toEqual([words, 1]);
  });

  test.each(threats.map(({ name, text }) => [name, text] as const))(
    "%s: says what is left over, and is driven by tests",
    (_, text) => {
      expect(text).toMatch(/^- Against it: \S/m);
      expect(text).toMatch(/^- Left over: \S/m);
      const [, driven = ""] = /^- Driven by:\n((?: {2}- .*\n?)+)/m.exec(text) ?? [];
      const named = driven
        .trimEnd()
        .split("\n")
        .map((line) => /^ {2}- `(test\/[\w./-]+\.test\.ts)`: (.{9,})$/.exec(line));
      expect(named).not.toContain(null);
      for (const [, file = "", title = ""] of named.flatMap((found) => (found === null ? [] : [found]))) {
        expect([file, existsSync(join(project, file))]).toEqual([file, true]);
        expect([file, title, readFileSync(join(project, file), "utf8").includes(title)]).toEqual([file, title, true]);
      }
    },
  );
});

/** The dotted paths of all settings, with `*` for a name that the operator chooses. */
function settingsIn(schema: z.core.JSONSchema._JSONSchema, path: readonly string[] = []): string[] {
  if (typeof schema === "boolean") return [];
  const { properties = {}, additionalProperties, anyOf = [], oneOf = [], items } = schema;
  return [
    ...Object.entries(properties).flatMap(([key, value]) => [
      [...path, key].join("."),
      ...settingsIn(value, [...path, key]),
    ]),
    ...(typeof additionalProperties === "object"
      ? [[...path, "*"].join("."), ...settingsIn(additionalProperties, [...path, "*"])]
      : []),
    ...[...anyOf, ...oneOf].flatMap((option) => settingsIn(option, path)),
    ...(typeof items === "object" && !Array.isArray(items) ? settingsIn(items, path) : []),
  ];
}

test("each setting that the two name is one of the configuration's", () => {
  const known = settingsIn(z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" }));
  const text = security + documentAt("docs/hardening.md").text;
  const dotted = [...text.matchAll(/`([a-z][A-Za-z]+(?:\.(?:[A-Za-z]+|\*))+)`/g)].map(([, name = ""]) => name);
  const files = dotted.filter((name) => !/\.(ts|md|sh|config)$/.test(name));
  expect(files.length).toBeGreaterThan(5);
  const ends = (name: string) => known.some((one) => one === name || one.endsWith(`.${name}`));
  expect(files.filter((name) => !ends(name))).toEqual([]);
  for (const name of ["webhooks", "metrics", "people", "replies"]) {
    expect(text).toContain(name);
    expect([name, ends(name)]).toEqual([name, true]);
  }
});
