import type { JsonSchema } from "../../access/operation.ts";
import { escapeHtml } from "../../respond/page/escape.ts";
import type { OpenApiDocument } from "../openapi/document.ts";
import { layout } from "./render.ts";

/** The reference: every operation of the OpenAPI document, to be read without script. */
export function renderReference(document: OpenApiDocument): string {
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const sections = (document.tags as { name: string; description: string }[]).map(({ name, description }) => {
    const own = operations.filter(({ operation }) => (operation.tags as string[]).includes(name));
    return `<h2>${name}</h2><p>${words(description)}</p>${own.map(({ path, method, operation }) => operationHtml(`${method} ${path}`, operation)).join("")}`;
  });
  const sent = Object.entries(document.webhooks).map(([type, { post = {} }]) => operationHtml(type, post));
  const { description } = document.info as { description: string };
  const schemas = Object.entries(document.components.schemas).map(
    ([name, schema]) => `<h3 id="schema-${name}">${name}</h3>${schemaHtml(schema)}`,
  );
  return layout(
    "Reference",
    `<h1>The API</h1><p>${words(description)}</p><p>The same for machines: <a href="/openapi.json">openapi.json</a>, <a href="/llms.txt">llms.txt</a>.</p>${sections.join("")}<h2 id="webhooks">What is sent to you</h2><p>${words(SENT)}</p>${sent.join("")}<h2>Shapes</h2>${schemas.join("")}`,
  );
}

const SENT = "A POST to a pause's `webhook_url`, and to each endpoint that listens for its type.";

/** `name`: method and path, or the type of what is sent. */
function operationHtml(name: string, operation: JsonSchema): string {
  const {
    operationId,
    summary,
    description,
    parameters = [],
    requestBody,
    responses,
  } = operation as {
    operationId: string;
    summary: string;
    description: string;
    parameters?: { name: string; in: string; required: boolean; description?: string; schema: JsonSchema }[];
    requestBody?: { content: Record<string, { schema: JsonSchema; example: unknown }> };
    responses: Record<string, JsonSchema>;
  };
  const rows = parameters.map((one) => [
    `<code>${escapeHtml(one.name)}</code>`,
    one.in,
    typeHtml(one.schema),
    words(one.description ?? ""),
  ]);
  const bodies = Object.entries(requestBody?.content ?? {}).map(
    ([type, { schema, example }]) => `<p>Body: ${type}, ${typeHtml(schema)}</p>${exampleHtml(example)}`,
  );
  return (
    `<h3 id="${operationId}">${escapeHtml(summary)}</h3><p><code>${escapeHtml(name)}</code></p><p>${words(description)}</p>` +
    (rows.length === 0 ? "" : table(["parameter", "in", "type", "what it is"], rows)) +
    bodies.join("") +
    table(
      ["status", "answer"],
      Object.entries(responses).map(([status, answer]) => [status, answerHtml(answer)]),
    ) +
    Object.entries(responses).map(answerExamples).join("")
  );
}

/** Folded: most answers are a pause, and a page of them would hide the rest. */
function answerExamples([status, { content = {} }]: [string, JsonSchema]): string {
  return Object.values(content as Record<string, { example?: unknown }>)
    .flatMap(({ example }) => (example === undefined ? [] : [exampleHtml(example)]))
    .map((example) => `<details><summary>An answer with ${status}</summary>${example}</details>`)
    .join("");
}

function answerHtml(answer: JsonSchema): string {
  if (typeof answer.$ref === "string") {
    const slugs = answer.$ref.split("/").at(-1)?.split("_") ?? [];
    return slugs
      .map((name) => name.replaceAll(/(?!^)[A-Z]/g, "-$&").toLowerCase())
      .map((slug) => `<a href="/problems/${slug}">${slug}</a>`)
      .join(", ");
  }
  const { description, content = {} } = answer as {
    description: string;
    content?: Record<string, { schema: JsonSchema }>;
  };
  const types = Object.entries(content).map(([type, { schema }]) => `${type} ${schema.$ref ? typeHtml(schema) : ""}`);
  return `${words(description)} <span class="soft">${types.join(", ")}</span>`;
}

/** A schema's members as a table; what has none, as a type. */
function schemaHtml(schema: JsonSchema): string {
  const {
    properties,
    required = [],
    description,
  } = schema as {
    properties?: Record<string, JsonSchema>;
    required?: string[];
    description?: string;
  };
  const lead = description === undefined ? "" : `<p>${words(description)}</p>`;
  if (properties === undefined) return `${lead}<p>${typeHtml(schema)}</p>`;
  const rows = Object.entries(properties).map(([name, member]) => [
    `<code>${escapeHtml(name)}</code>${required.includes(name) ? "" : ' <span class="soft">optional</span>'}`,
    typeHtml(member),
    words(String(member.description ?? "")),
  ]);
  return lead + table(["field", "type", "what it is"], rows);
}

/** A type in a few words, with its limits. */
function typeHtml(schema: JsonSchema): string {
  if (typeof schema.$ref === "string") {
    const name = schema.$ref.split("/").at(-1) ?? "";
    return `<a href="#schema-${name}">${name}</a>`;
  }
  const choices = (schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined;
  if (choices !== undefined) return choices.map(typeHtml).join(" or ");
  if (schema.const !== undefined) return `<code>${escapeHtml(JSON.stringify(schema.const))}</code>`;
  if (Array.isArray(schema.enum)) {
    return schema.enum.map((one) => `<code>${escapeHtml(JSON.stringify(one))}</code>`).join(" or ");
  }
  const items =
    schema.type === "array" && schema.items !== undefined ? ` of ${typeHtml(schema.items as JsonSchema)}` : "";
  const limits = [
    ["minLength", "at least", "characters"],
    ["maxLength", "at most", "characters"],
    ["minItems", "at least", "items"],
    ["maxItems", "at most", "items"],
    ["maxProperties", "at most", "members"],
    ["minimum", "at least", ""],
    ["exclusiveMinimum", "above", ""],
    ["maximum", "at most", ""],
  ].flatMap(([name = "", how, unit]) =>
    typeof schema[name] === "number" && Math.abs(schema[name]) < 1e15 ? [`${how} ${schema[name]} ${unit}`.trim()] : [],
  );
  const type = schema.type === undefined ? "any" : [schema.type].flat().join(" or ");
  return `${type}${items}${limits.length === 0 ? "" : `, ${limits.join(", ")}`}`;
}

function exampleHtml(example: unknown): string {
  if (example === undefined) return "";
  return `<pre tabindex="0"><code>${escapeHtml(JSON.stringify(example, null, 2))}</code></pre>`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[]) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
  return `<table tabindex="0"><thead><tr>${head.map((name) => `<th scope="col">${name}</th>`).join("")}</tr></thead><tbody>${rows.map(cells).join("")}</tbody></table>`;
}

/** Text with its `code` set as such. */
function words(text: string): string {
  return escapeHtml(text).replaceAll(/`([^`]+)`/g, "<code>$1</code>");
}
