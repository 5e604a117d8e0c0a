import { type JsonSchema, type Operation, rateLimitHeaders } from "../../access/operation.ts";
import { type ProblemSlug, problems } from "../../platform/problem.ts";

/** The problem document (RFC 9457), as problem-document.ts writes it. */
export const problemSchema: JsonSchema = {
  type: "object",
  description: "RFC 9457. `type` leads to a page that says what to do.",
  required: ["type", "title", "status", "detail", "request_id"],
  properties: {
    type: { type: "string", description: "`/problems/` and the problem's name, on this server." },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    request_id: { type: "string", description: "By which the server's log tells more." },
    errors: {
      type: "array",
      description: "Each field that is wrong: of the body by JSON pointer, of the query by name.",
      items: {
        type: "object",
        required: ["detail"],
        properties: { pointer: { type: "string" }, parameter: { type: "string" }, detail: { type: "string" } },
        oneOf: [{ required: ["pointer"] }, { required: ["parameter"] }],
      },
    },
  },
};

/** The problems that an operation may answer with: those that its way of asking brings along, and its own. */
function problemsOf(operation: Operation): ReadonlySet<ProblemSlug> {
  const { access, body, query, params, path } = operation;
  const isForm = body?.type !== undefined;
  return new Set<ProblemSlug>([
    "bad-request",
    ...(access === "public" ? [] : (["no-key", access === "test" ? "test-only" : "scope", "rate-limited"] as const)),
    ...(path.includes(":") && params !== undefined ? (["not-found"] as const) : []),
    ...(body === undefined ? [] : (["not-json", "request-timeout", "too-large", "media-type"] as const)),
    ...((body === undefined || isForm) && query === undefined ? [] : (["invalid"] as const)),
    ...(operation.problems ?? []),
    "internal",
    "unavailable",
  ]);
}

/** The answers that are problems. What several operations share becomes a component. */
export class ProblemAnswers {
  readonly #problem: JsonSchema;
  readonly responses = new Map<string, JsonSchema>();

  /** `problem` refers to {@link problemSchema}. */
  constructor(problem: JsonSchema) {
    this.#problem = problem;
  }

  /** References to an operation's problems, by status. */
  of(operation: Operation): [number, JsonSchema][] {
    return [...byStatus(operation)].map(([status, slugs]) => {
      const name = slugs
        .map((slug) => slug.replaceAll(/(^|-)[a-z]/g, (start) => start.replace("-", "").toUpperCase()))
        .join("_");
      if (!this.responses.has(name)) this.responses.set(name, this.#answer(status, slugs));
      return [status, { $ref: `#/components/responses/${name}` }];
    });
  }

  /** The problems of one status as they are, for an answer that has others beside them; null for none. */
  whole(operation: Operation, status: number): JsonSchema | null {
    const slugs = byStatus(operation).get(status);
    return slugs === undefined ? null : this.#answer(status, slugs);
  }

  #answer(status: number, slugs: readonly ProblemSlug[]): JsonSchema {
    const own = {
      type: "object",
      properties: { type: { enum: slugs.map((slug) => `/problems/${slug}`) }, status: { const: status } },
    };
    return {
      description: slugs.map((slug) => `${problems[slug].title}.`).join(" "),
      ...headersFor(status),
      content: {
        "application/problem+json": {
          schema: { allOf: [this.#problem, own] },
          examples: Object.fromEntries(slugs.map((slug) => [slug, { value: example(slug) }])),
        },
      },
    };
  }
}

function byStatus(operation: Operation): Map<number, ProblemSlug[]> {
  return Map.groupBy(problemsOf(operation), (slug) => problems[slug].status as number);
}

function headersFor(status: number): { headers?: Record<string, object> } {
  if (status === 401) {
    return { headers: { "WWW-Authenticate": { description: "`Bearer`.", schema: { type: "string" } } } };
  }
  if (status !== 429 && status !== 503) return {};
  const retryAfter = { description: "Whole seconds.", schema: { type: "string", pattern: "^[0-9]+$" } };
  return { headers: { "Retry-After": retryAfter, ...(status === 429 ? rateLimitHeaders : {}) } };
}

function example(slug: ProblemSlug): object {
  const { status, title, help } = problems[slug];
  const errors = [{ pointer: "/message", detail: "must be text of 1 to 1600 characters" }];
  return {
    type: `/problems/${slug}`,
    title,
    status,
    detail: slug === "invalid" ? "/message: must be text of 1 to 1600 characters" : help,
    request_id: "req_06F9J5RYW29F3QWZ9JXV4T2K8M",
    ...(slug === "invalid" ? { errors } : {}),
  };
}
