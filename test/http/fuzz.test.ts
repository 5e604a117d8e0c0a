import { afterAll, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { scopes } from "../../src/access/index.ts";
import { openApiDocument } from "../../src/http/openapi/document.ts";
import { type Appliance, startAppliance, unhurried } from "../support/appliance.ts";

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
/** Take what can't be made up: a receipt that was signed, a delivery that has failed, a form. */
const REFUSED = new Set(["consumeReceipt", "redeliver", "answerQuestion"]);

let appliance: Appliance;
let keys: readonly string[];
/** Ids that are there, so that what is tried gets past the 404. */
let ids: Record<string, string>;
beforeAll(async () => {
  appliance = await startAppliance(unhurried);
  keys = [
    await appliance.newKey({ mode: "test", scopes }),
    await appliance.newKey({ mode: "live", scopes }),
    appliance.keys.test,
  ];
});
beforeEach(async () => {
  const { test: key } = appliance.keys;
  const pause = await appliance.ask(key);
  const [message] = await appliance.messages(pause);
  const deliveries = await appliance.get(`/v1/pause/${pause.pause_id}/deliveries`, key);
  const { body: webhook } = await appliance.post("/v1/webhooks", key, { url: "http://127.0.0.1:9/hooks" });
  const { body: list } = await appliance.get("/v1/webhooks", key);
  ids = {
    pause_id: pause.pause_id,
    id: webhook.id ?? list.data[0].id,
    delivery: deliveries.body.data[0].id,
    token: message?.link.split("/").at(-1) ?? "",
    slug: "no-key",
    agent: "claude-code",
  };
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
    const isDelivery = path.startsWith("/v1/deliveries");
    const inQuery = parameters.filter((one) => one.in === "query" && one.name !== "wait");
    const request = fc.record({
      key: fc.nat(2),
      params: fc.record(Object.fromEntries(inPath.map(({ name }) => [name, segment(isDelivery ? "delivery" : name)]))),
      query: fc.oneof(queryOf(inQuery, valid), queryOf(inQuery, nearly)),
      stray: fc.oneof(
        { arbitrary: fc.constant(null), weight: 7 },
        { arbitrary: fc.stringMatching(/^[a-z_]{1,12}$/), weight: 1 },
      ),
      body: body === undefined ? fc.constant(undefined) : fc.oneof(allowed(body, valid), nearly(body), fc.jsonValue()),
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
    if (!REFUSED.has(operationId)) expect([...seen].filter((status) => status < 400)).not.toEqual([]);
    if (body !== undefined || inQuery.length > 0) expect([...seen]).toContain(422);
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

type Make = (schema: Schema, name?: string) => fc.Arbitrary<unknown>;

function queryOf(parameters: readonly { name: string; schema: Schema }[], make: Make) {
  // A cursor and another world's pause can't be made up.
  const mayBe =
    make === nearly ? parameters : parameters.filter(({ name }) => name !== "cursor" && name !== "pause_id");
  const members = mayBe.map(({ name, schema }) => [name, make(schema, name)] as const);
  return fc.record(Object.fromEntries(members), { requiredKeys: [] });
}

/** Values for fields whose schema can't say what is real. */
const real: Readonly<Record<string, readonly unknown[]>> = {
  recipient: ["+13128471928", ["ann@example.com", "bob@example.com"]],
  channel: ["sms", "email"],
  timeout_default: [null],
  webhook_url: [null, "http://127.0.0.1:9/hooks"],
  url: ["http://127.0.0.1:9/hooks"],
  choice: ["Approve", "Reject"],
  ...Object.fromEntries(
    ["created_after", "created_before", "from", "to"].map((name) => [name, ["2026-11-24T09:30:00Z"]]),
  ),
  project: ["default"],
};

const valid: Make = (schema, name = "") => {
  const values = real[name];
  return values === undefined ? allowed(schema, valid) : fc.constantFrom(...values);
};

/** A value that the schema allows, or one that it may just not. */
const nearly: Make = (schema) =>
  fc.oneof({ arbitrary: allowed(schema, nearly), weight: 6 }, { arbitrary: fc.jsonValue({ maxDepth: 2 }), weight: 1 });

/** A value of the schema, its parts made by `make`; what is `nearly` valid steps over a limit by one, now and then. */
function allowed(schema: Schema, make: Make): fc.Arbitrary<unknown> {
  const over = make === nearly ? 1 : 0;
  if (typeof schema.$ref === "string")
    return allowed(components.schemas[schema.$ref.split("/").at(-1) ?? ""] ?? {}, make);
  if (Array.isArray(schema.anyOf)) return fc.oneof(...schema.anyOf.map((one) => make(one as Schema)));
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (Array.isArray(schema.enum)) return fc.constantFrom(...(schema.enum as unknown[]));
  if (typeof schema.pattern === "string") {
    const matching = fc.stringMatching(new RegExp(schema.pattern));
    return over === 1 ? fc.oneof(matching, fc.string()) : matching;
  }
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case "string": {
      const { minLength = 0, maxLength = 100 } = schema as { minLength?: number; maxLength?: number };
      return fc.string({
        minLength: Math.max(0, minLength - over),
        maxLength: Math.min(maxLength + over, 400),
        unit: over === 1 ? "grapheme" : fc.constantFrom(..."abcäß部"),
      });
    }
    case "number":
    case "integer": {
      const { minimum = 1, maximum = 1_000 } = schema as { minimum?: number; maximum?: number };
      const whole = fc.integer({ min: Math.ceil(minimum) - over, max: Math.floor(maximum) + over });
      return over === 1 ? fc.oneof(whole, fc.double({ noNaN: true })) : whole;
    }
    case "boolean":
      return fc.boolean();
    case "array": {
      const {
        minItems = 0,
        maxItems = 5,
        items = {},
      } = schema as { minItems?: number; maxItems?: number; items?: Schema };
      const lengths = { minLength: Math.max(0, minItems - over), maxLength: maxItems + over };
      // Three event types are all there are, so a distinct array has to be allowed to be short.
      return over === 1 ? fc.array(make(items), lengths) : fc.uniqueArray(make(items), { ...lengths, maxLength: 3 });
    }
    case "object": {
      const { properties = {}, required = [] } = schema as { properties?: Record<string, Schema>; required?: string[] };
      if (schema.additionalProperties !== false && Object.keys(properties).length === 0) {
        const label = fc.stringMatching(over === 1 ? /^.{0,61}$/ : /^[a-z]{1,60}$/);
        const value = over === 1 ? fc.jsonValue({ maxDepth: 2 }) : fc.constant("a text");
        return fc.dictionary(label, value, { maxKeys: 5 });
      }
      const members = Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, make(one, name)]));
      return fc.record(members, { requiredKeys: required });
    }
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
