import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import type { Route } from "../../src/access/index.ts";
import { openApiDocument } from "../../src/http/openapi/document.ts";
import { operations } from "../../src/http/openapi/operations.ts";
import { type Appliance, question, startAppliance } from "../support/appliance.ts";
import { contradiction } from "../support/described.ts";

let appliance: Appliance;
beforeAll(async () => {
  appliance = await startAppliance();
});
afterAll(() => appliance.stop());

/** Routes that are nobody's API: pages to read, MCP, and where carriers call with formats of their own. */
// Nor is the console, which is pages for people.
const notDescribed = [
  "POST /mcp",
  "GET /docs",
  "GET /docs/",
  "GET /docs/:page",
  "GET /docs/files/:file",
  "GET /llms.txt",
  "GET /.well-known/pausepoint-self",
  "GET /",
  "GET /hooks/:channel/:rest",
  "POST /hooks/:channel/:rest",
];

describe("the OpenAPI document", () => {
  test("has every route that is served, with the scope that it takes, and no other", () => {
    const said = ({ method, path, access }: Pick<Route, "method" | "path" | "access">) => `${method} ${path} ${access}`;
    const served = appliance.app.routes.filter(
      ({ method, path }) => !path.startsWith("/console") && !notDescribed.includes(`${method} ${path}`),
    );
    expect(operations.map(said).sort()).toEqual(served.map(said).sort());
  });

  test("is served as it is printed without a server, but for the address", async () => {
    const { status, body, headers } = await appliance.call("/openapi.json");
    expect(status).toBe(200);
    expect(headers.get("content-type")).toBe("application/json");
    expect(body).toEqual(JSON.parse(JSON.stringify(openApiDocument(appliance.url))));
  });

  test("passes the linter's strictest rules, its examples included", async () => {
    const config = await createConfig({ extends: ["recommended-strict"] });
    const source = JSON.stringify(openApiDocument("http://127.0.0.1:8787"));
    const found = await lintFromString({ source, absoluteRef: "/openapi.json", config });
    const told = found.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`);
    // A form's answer is a redirection; the rule knows no form.
    expect(told).toEqual([
      "operation-2xx-response: Operation must have at least one `2XX` response. #/paths/~1r~1{token}/post/responses",
    ]);
  });

  test("says of a pause to be created every limit that its check has", () => {
    const { CreatePause } = openApiDocument("http://127.0.0.1:8787").components.schemas;
    expect(CreatePause).toMatchObject({
      required: ["recipient", "channel", "message"],
      additionalProperties: false,
      properties: {
        message: { minLength: 1, maxLength: 1_600 },
        options: { minItems: 1, maxItems: 10, items: { minLength: 1, maxLength: 60 }, default: ["Approve", "Reject"] },
        timeout_hours: { exclusiveMinimum: 0, maximum: 8_760 },
        details: { maxProperties: 20, propertyNames: { maxLength: 60 }, additionalProperties: { maxLength: 500 } },
      },
    });
  });

  test("has an example of a create that the server takes, and answers as the other example says", async () => {
    const operation = operations.find(({ id }) => id === "createPause");
    const { status, body } = await appliance.post("/v1/pause", appliance.keys.live, operation?.body?.example);
    expect(status).toBe(201);
    const shown = operation?.answers[201]?.content?.["application/json"]?.example as Record<string, unknown>;
    const { pause_id, created_at, expires_at } = body;
    expect(body).toMatchObject({ ...shown, pause_id, created_at, expires_at, delivery: body.delivery });
  });
});

describe("an answer that the document does not describe is found by every test that asks for it", () => {
  const created = async () => {
    const { text } = await appliance.post("/v1/pause", appliance.keys.test, question());
    return JSON.parse(text) as Record<string, unknown>;
  };
  const of = (status: number, mediaType: string, body: unknown, sent?: unknown) =>
    contradiction({ method: "POST", path: "/v1/pause", status, mediaType, text: JSON.stringify(body), sent });

  test("by its status", async () => {
    expect(of(202, "application/json", await created())).toContain("the status is not described");
  });

  test("by its media type", async () => {
    expect(of(201, "text/plain", await created())).toContain("is none of application/json");
  });

  test("by a field that is missing, of another type, or not described", async () => {
    const pause = await created();
    const { receipt: _, ...without } = pause;
    expect(of(201, "application/json", pause)).toBeNull();
    expect(of(201, "application/json", without)).toContain("receipt");
    expect(of(201, "application/json", { ...pause, reached: "yes" })).toContain("reached");
    expect(of(201, "application/json", { ...pause, more: 1 })).toContain("additional properties");
  });

  test("by a problem that the operation is not said to have", async () => {
    const { body } = await appliance.post("/v1/pause", appliance.keys.test, {});
    expect(of(422, "application/problem+json", body)).toBeNull();
    expect(of(422, "application/problem+json", { ...body, type: "/problems/legal-hold" })).toContain("/type");
  });

  test("by a request that was accepted and should not have been", async () => {
    expect(of(201, "application/json", await created(), question({ message: "" }))).toContain("it was accepted");
  });
});
