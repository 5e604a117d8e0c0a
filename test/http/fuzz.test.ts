import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { scopes } from "../../src/access/index.ts";
import { openApiDocument } from "../../src/http/openapi/document.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";

setDefaultTimeout(120_000);

type Schema = Record<string, unknown>;
interface Described {
  readonly operationId: string;
  readonly parameters?: readonly { name: string; in: string; schema: Schema }[];
  readonly requestBody?: { readonly content: Record<string, { schema: Schema }> };
}

const { paths, components } = openApiDocument("http://127.0.0.1:8787");
const operations = Object.entries(paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({
    path,
    method: method.toUpperCase(),
    ...(operation as unknown as Described),
  })),
);
const SEED = 20_261_124;
/** Answers for as long as somebody listens; test/http/events.test.ts reads it. */
const STREAM = "streamEvents";

let appliance: Appliance;
let keys: readonly string[];
/** Ids that are there, so that what is tried gets past the 404. */
let ids: Record<string, string>;
beforeAll(async () => {
  appliance = await startAppliance();
  keys = [
    await appliance.newKey({ mode: "test", scopes }),
    await appliance.newKey({ mode: "live", scopes }),
    appliance.keys.test,
  ];
  const webhook = await appliance.post("/v1/webhooks", appliance.keys.test, { url: "http://127.0.0.1:9/hooks" });
  ids = { pause_id: (await appliance.ask(appliance.keys.test)).pause_id, id: webhook.body.id };
});
afterAll(() => appliance.stop());

/**
 * Whatever is sent, the answer is one that the document describes (each call of the appliance checks that, the fields of
 * a problem and its type included), no 500, and a 422 names a field.
 */
test.each(operations.filter(({ operationId }) => operationId !== STREAM))(
  "$operationId ($method $path) answers valid, nearly valid and random requests as described",
  async ({ operationId, path, method, parameters = [], requestBody }) => {
    const body = requestBody?.content["application/json"]?.schema;
    const inPath = parameters.filter((one) => one.in === "path");
    const inQuery = parameters.filter((one) => one.in === "query" && one.name !== "wait");
    const request = fc.record({
      key: fc.nat(2),
      params: fc.record(Object.fromEntries(inPath.map(({ name }) => [name, segment(name)]))),
      query: fc.record(Object.fromEntries(inQuery.map(({ name, schema }) => [name, nearly(schema)])), {
        requiredKeys: [],
      }),
      stray: fc.option(fc.stringMatching(/^[a-z_]{1,12}$/), { freq: 8 }),
      body: body === undefined ? fc.constant(undefined) : fc.oneof(nearly(body), nearly(body), fc.jsonValue()),
    });
    const seen = new Set<number>();
    await fc.assert(
      fc.asyncProperty(request, async ({ key, params, query, stray, body: sent }) => {
        const at = path.replaceAll(/\{([a-z_]+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ""));
        const asked = new URLSearchParams(
          Object.entries(query).map(([name, value]): [string, string] => [name, asText(value)]),
        );
        if (stray !== null) asked.set(stray, "x");
        const { status, body: problem } = await appliance.call(asked.size === 0 ? at : `${at}?${asked}`, {
          method,
          key: keys[key] ?? "",
          ...(sent === undefined ? {} : { body: JSON.stringify(sent) }),
        });
        seen.add(status);
        expect(status).toBeLessThan(500);
        if (status === 422 && problem.errors !== undefined) {
          for (const error of problem.errors) expect(error).toHaveProperty("detail");
        } else if (status === 422 && typeof problem === "object") {
          expect(problem.type).toBe("/problems/idempotency-mismatch");
        }
      }),
      { seed: SEED, numRuns: 100 },
    );
    // Else nothing but refusals would have been looked at, or nothing but what is fine.
    if (operationId === "createPause") expect([...seen]).toContain(201);
    if (body !== undefined || inQuery.length > 0) expect([...seen]).toContain(422);
    console.log(operationId, [...seen].join());
  },
);

/** A variable part of a path: one that is there, or any text but dots, which a client takes for folders. */
function segment(name: string): fc.Arbitrary<string> {
  const any = fc.string({ minLength: 1, maxLength: 30, unit: "grapheme" }).filter((text) => !/^\.+$/.test(text));
  return fc.oneof(
    { arbitrary: fc.constant(name).map((one) => ids[one] ?? "x"), weight: 3 },
    { arbitrary: any, weight: 1 },
  );
}

/** A value that the schema allows, or one that it may just not. */
function nearly(schema: Schema): fc.Arbitrary<unknown> {
  return fc.oneof({ arbitrary: allowed(schema), weight: 6 }, { arbitrary: fc.jsonValue({ maxDepth: 2 }), weight: 1 });
}

function allowed(schema: Schema): fc.Arbitrary<unknown> {
  if (typeof schema.$ref === "string") return allowed(components.schemas[schema.$ref.split("/").at(-1) ?? ""] ?? {});
  if (Array.isArray(schema.anyOf)) return fc.oneof(...schema.anyOf.map((one) => nearly(one as Schema)));
  if (Array.isArray(schema.enum)) return fc.constantFrom(...(schema.enum as unknown[]));
  if (typeof schema.pattern === "string") return fc.oneof(fc.stringMatching(new RegExp(schema.pattern)), fc.string());
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case "string": {
      const { minLength = 0, maxLength = 100 } = schema as { minLength?: number; maxLength?: number };
      // One below and one above, too.
      const lengths = { minLength: Math.max(0, minLength - 1), maxLength: Math.min(maxLength + 1, 400) };
      return fc.oneof(fc.string({ ...lengths, unit: "grapheme" }), fc.constantFrom("+13128471928", "sms", "Approve"));
    }
    case "number":
    case "integer": {
      const { minimum = 0, maximum = 1_000 } = schema as { minimum?: number; maximum?: number };
      return fc.oneof(fc.integer({ min: minimum - 1, max: maximum + 1 }), fc.double({ noNaN: true }));
    }
    case "boolean":
      return fc.boolean();
    case "array":
      return fc.array(nearly((schema.items ?? {}) as Schema), { maxLength: ((schema.maxItems as number) ?? 5) + 1 });
    case "object": {
      const { properties = {}, required = [] } = schema as { properties?: Record<string, Schema>; required?: string[] };
      const members = Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, nearly(one)]));
      if (schema.additionalProperties !== false) return fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }));
      return fc.record(members, { requiredKeys: required });
    }
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
