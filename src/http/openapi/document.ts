/**
 * The OpenAPI 3.1 document: made of the tables beside the features' routes and of the very schemas that check requests.
 * Nothing here is loaded before somebody asks for it.
 */
import type { AnswerDescription, JsonSchema, Operation } from "../../access/operation.ts";
import { exampleAnswered, pauseSchema } from "../../pauses/api.ts";
import { version } from "../../platform/version.ts";
import { webhookEvents } from "../../webhooks/events.ts";
import { operations } from "./operations.ts";
import { ProblemAnswers, problemSchema } from "./problems.ts";
import { Schemas } from "./schemas.ts";

/** An OpenAPI 3.1 document. */
export interface OpenApiDocument {
  readonly openapi: "3.1.1";
  readonly paths: Readonly<Record<string, Readonly<Record<string, JsonSchema>>>>;
  readonly webhooks: Readonly<Record<string, { readonly post?: JsonSchema }>>;
  readonly components: Readonly<
    Record<"schemas" | "responses" | "securitySchemes", Readonly<Record<string, JsonSchema>>>
  >;
  readonly [member: string]: unknown;
}

const TAGS: Readonly<Record<Operation["tag"], string>> = {
  Pauses: "Ask a person, wait for the answer, withdraw the question.",
  "Test world": "What stands in for people and carriers, for keys of the test world alone.",
  Events: "What happens, as it happens.",
  Webhooks: "Who is told of a pause that has ended.",
  Deliveries: "What became of everything that leaves.",
  Audit: "The log, its checkpoints, exports and proofs.",
  Receipts: "What an executor checks before it acts.",
  Privacy: "What is stored about a person, and taking it away.",
  Page: "What the person sees.",
  Server: "The server itself.",
};

/** The document of a server whose links start with `serverUrl`. */
export function openApiDocument(serverUrl: string): OpenApiDocument {
  const schemas = new Schemas();
  const problems = new ProblemAnswers(schemas.add("Problem", problemSchema));
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const operation of operations) {
    const path = templateOf(operation.path);
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describe(operation, schemas, problems) };
  }
  const webhooks = Object.fromEntries(webhookEvents.map((type) => [type, webhook(type, schemas)]));
  return {
    openapi: "3.1.1",
    info: {
      title: "PausePoint",
      version: version.number,
      summary: "Asks a person before a program goes on.",
      description:
        "A program asks with `POST /v1/pause`, a person gets a message and taps one option, the program goes on with the answer. `/v1` only grows: let pass what you do not know.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: serverUrl, description: "This server." }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    webhooks,
    components: {
      schemas: schemas.components,
      responses: Object.fromEntries([...problems.responses].sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: {
        key: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "pp_live_… or pp_test_…",
          description: "A key that `pausepoint keys create` printed. What it may do are its scopes.",
        },
      },
    },
  };
}

/** `/v1/pause/{pause_id}` for `/v1/pause/:pause_id`. */
export function templateOf(path: string): string {
  return path.replaceAll(/:([a-z_]+)/g, "{$1}");
}

function describe(operation: Operation, schemas: Schemas, problems: ProblemAnswers): JsonSchema {
  const { access, body } = operation;
  const parameters = parametersOf(operation, schemas);
  return {
    operationId: operation.id,
    tags: [operation.tag],
    summary: operation.summary,
    description: `${operation.description}${accessInWords(access)}`,
    // OpenAPI 3.1: for a scheme that is not OAuth, the list holds the roles that are needed.
    security: access === "public" ? [] : [{ key: access === "test" ? [] : [access] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: body.optional !== true,
            content: {
              [body.type ?? "application/json"]: { schema: schemas.of(body.schema, "input"), example: body.example },
            },
          },
        }),
    responses: responsesOf(operation, schemas, problems),
  };
}

function accessInWords(access: Operation["access"]): string {
  if (access === "public") return "";
  return access === "test" ? " For any key of the test world." : ` Takes the scope \`${access}\`.`;
}

function parametersOf({ params = {}, query, headers = {} }: Operation, schemas: Schemas): object[] {
  const read =
    query === undefined
      ? {}
      : (schemas.of(query, "input") as { properties?: Record<string, JsonSchema>; required?: string[] });
  return [
    ...Object.entries(params).map(([name, { description, example }]) => ({
      name,
      in: "path",
      required: true,
      description,
      schema: { type: "string" },
      example,
    })),
    ...Object.entries(read.properties ?? {}).map(([name, schema]) => ({
      name,
      in: "query",
      required: read.required?.includes(name) ?? false,
      ...(typeof schema.description === "string" ? { description: schema.description } : {}),
      schema,
    })),
    ...Object.entries(headers).map(([name, header]) => ({ name, in: "header", required: false, ...header })),
  ];
}

/** Where a page and a problem share a status, the answer is one of two media types. */
function responsesOf(operation: Operation, schemas: Schemas, problems: ProblemAnswers): JsonSchema {
  const responses = new Map<number, JsonSchema>(problems.of(operation));
  for (const [status, answer] of Object.entries(operation.answers)) {
    const own = responseOf(answer, schemas);
    const other = problems.whole(operation, Number(status));
    responses.set(Number(status), other === null ? own : merged(own, other));
  }
  return Object.fromEntries([...responses].sort(([a], [b]) => a - b).map(([status, answer]) => [status, answer]));
}

function responseOf({ description, content, headers }: AnswerDescription, schemas: Schemas): JsonSchema {
  return {
    description,
    headers: {
      "X-Request-Id": { description: "By which the server's log tells more.", schema: { type: "string" } },
      ...headers,
    },
    ...(content === undefined
      ? {}
      : {
          content: Object.fromEntries(
            Object.entries(content).map(([type, { schema, example }]) => [
              type,
              { schema: schemas.of(schema, "output"), ...(example === undefined ? {} : { example }) },
            ]),
          ),
        }),
  };
}

function merged(own: JsonSchema, problem: JsonSchema): JsonSchema {
  return {
    ...own,
    description: `${String(own.description)} ${String(problem.description)}`,
    headers: { ...(problem.headers as object | undefined), ...(own.headers as object | undefined) },
    content: { ...(own.content as object | undefined), ...(problem.content as object | undefined) },
  };
}

/** What a receiver gets (Standard Webhooks). */
function webhook(type: (typeof webhookEvents)[number], schemas: Schemas): JsonSchema {
  const header = (name: string, description: string) => ({
    name,
    in: "header",
    required: true,
    description,
    schema: { type: "string" },
  });
  return {
    post: {
      operationId: `on_${type.replace(".", "_")}`,
      tags: ["Webhooks"],
      summary: `A pause has ended: ${type.slice("pause.".length).replace("_", " ")}`,
      description:
        "Sent at least once, in no promised order, until a 2xx comes. Verify the signature before anything else.",
      security: [],
      parameters: [
        header("webhook-id", "The same over all attempts: count it once."),
        header("webhook-timestamp", "Seconds since 1970. Refuse what is older than five minutes."),
        header(
          "webhook-signature",
          "`v1,` and a base64 HMAC-SHA256; two with a space between while a secret is rotated.",
        ),
      ],
      requestBody: {
        required: true,
        content: {
          "application/json": {
            schema: eventSchema(type, schemas.of(pauseSchema, "output")),
            ...(type === "pause.responded"
              ? { example: { type, timestamp: "2026-11-24T09:41:12.408Z", data: exampleAnswered } }
              : {}),
          },
        },
      },
      responses: {
        "2XX": { description: "Taken." },
        "410": { description: "Not wanted any more: the webhook is disabled." },
        "4XX": { description: "Tried again later." },
        "5XX": { description: "Tried again later." },
      },
    },
  };
}

function eventSchema(type: string, pause: JsonSchema): JsonSchema {
  return {
    type: "object",
    required: ["type", "timestamp", "data"],
    properties: { type: { const: type }, timestamp: { type: "string", format: "date-time" }, data: pause },
  };
}
