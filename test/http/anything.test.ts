/** Whatever is thrown at a route: an answer by the book, and nothing stored by halves. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import type { Route } from "../../src/access/index.ts";
import { type Appliance, startAppliance, unhurried } from "../support/appliance.ts";
import { fieldsOf, problemFault } from "./problem.ts";

let appliance: Appliance;
/** What stands for the variable parts of a path. */
let ids: string[];
let tokens: string[];
let created = 0;
const statuses = new Map<number, number>();

beforeAll(async () => {
  appliance = await startAppliance((config) => {
    // What is thrown holds an X-Forwarded-For now and then, of which the log would speak if it came from nowhere known.
    const listen = { ...config.listen, trustProxy: ["127.0.0.1/32"] };
    return { ...unhurried(config), listen };
  });
  const mine = await appliance.ask(appliance.keys.test);
  const [message] = await appliance.messages(mine);
  const theirs = await appliance.ask(appliance.keys.otherLive);
  created = 2;
  ids = [mine.pause_id, theirs.pause_id, "pause_00000000000000000000000000", "x", "%00", "%ff", "..%2f..", "'--", "%"];
  tokens = [...Array(3).fill(message!.link.split("/r/")[1]), "A".repeat(52), "not-found", "x", "%ff", "%00"];
});
afterAll(() => appliance.stop());

interface Thrown {
  readonly route: Route;
  readonly path: string;
  readonly query: string;
  readonly headers: Record<string, string>;
  readonly body: string | null;
}

/** Text of every kind: plain, any Unicode, halves of characters, controls, and what means something somewhere. */
const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: fc.constantFrom("\ud800", "\udfff", "\0", "\n", "\u202e", "\u200b", "'", "<", "a"), maxLength: 8 }),
  fc.constantFrom("__proto__", "constructor", "toString", "", " ", "@cfo", "null", "1e999", "pause_"),
);
const json = fc.oneof(text, fc.double(), fc.integer(), fc.boolean(), fc.constant(null), fc.jsonValue({ maxDepth: 4 }));

/** Mostly what the field takes, else anything. */
const mostly = (good: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 14, arbitrary: good }, { weight: 1, arbitrary: json });
const phone = fc.constantFrom("+13128471928", "+13128471929", "312 847 1930", "+44 20 7946 0958");
const FIELDS = {
  recipient: mostly(fc.oneof(phone, fc.array(phone, { maxLength: 3 }))),
  channel: mostly(fc.constantFrom("sms", "whatsapp")),
  message: mostly(fc.oneof(text, fc.constant("Pay?"))),
  options: mostly(fc.oneof(fc.uniqueArray(text, { maxLength: 4 }), fc.constant(["Yes", "Approve"]))),
  timeout_hours: mostly(fc.constantFrom(0.001, 1, 24, 8760)),
  timeout_default: mostly(fc.constantFrom("Yes", "Approve", null)),
  details: mostly(fc.dictionary(text, text, { maxKeys: 3 })),
  allow_comment: mostly(fc.boolean()),
  metadata: mostly(fc.object({ maxDepth: 3, maxKeys: 4 })),
  action_digest: mostly(fc.constant(null)),
  audience: mostly(fc.constantFrom("payments", null)),
  reason: mostly(text),
  choice: mostly(fc.constantFrom("Approve", "Yes")),
  comment: mostly(text),
};
const QUESTION = ["recipient", "channel", "message"] as const;
const REST = [
  "options",
  "timeout_hours",
  "timeout_default",
  "details",
  "allow_comment",
  "metadata",
  "audience",
] as const;
const pick = (names: readonly (keyof typeof FIELDS)[]) => Object.fromEntries(names.map((name) => [name, FIELDS[name]]));
const object = fc.oneof(
  fc.record({ ...pick(QUESTION), ...pick(REST) }, { requiredKeys: [...QUESTION] }),
  fc.record(pick(QUESTION), { requiredKeys: [...QUESTION] }),
  fc.record(pick(["reason", "choice", "comment"]), { requiredKeys: [] }),
  fc.record(FIELDS, { requiredKeys: [] }),
);
const FORM = "application/x-www-form-urlencoded";
const body = fc.oneof(
  { weight: 8, arbitrary: object.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: text },
  {
    weight: 1,
    arbitrary: fc.record({ choice: text, comment: text }).map((form) => new URLSearchParams(form).toString()),
  },
);

const PARAMETERS = [
  "status",
  "limit",
  "cursor",
  "channel",
  "created_after",
  "from",
  "to",
  "type",
  "pause_id",
  "disclose",
];
const parameter = fc.tuple(
  fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...PARAMETERS) }, { weight: 1, arbitrary: text }),
  fc.oneof(text, fc.constantFrom("1", "100", "pending", "2026-11-24", "true", "pause.created", "W10", "WzEsMl0")),
);
const query = fc.array(parameter, { maxLength: 3 }).map((pairs) => {
  // How long to wait is another test's; here it would only wait.
  const known = pairs.filter(([name]) => name !== "wait");
  return `?${known.map((pair) => pair.map((part) => encodeURIComponent(part.toWellFormed())).join("=")).join("&")}`;
});

/** What an HTTP client lets through as a header's value. */
const headerText = text.map((value) => value.replace(/[^\x20-\x7e]/g, "~").trim());
const headers = fc.record(
  {
    "content-type": fc.oneof(
      { weight: 8, arbitrary: fc.constant("application/json") },
      { weight: 2, arbitrary: fc.constantFrom(FORM, "text/plain", "application/json;charset=x") },
      { weight: 1, arbitrary: headerText },
    ),
    "idempotency-key": fc.oneof(headerText, fc.uuid(), fc.constantFrom("one", "two")),
    "accept-language": headerText,
    "user-agent": headerText,
    "x-forwarded-for": headerText,
    "x-request-id": headerText,
  },
  { requiredKeys: ["content-type"] },
);
const authorization = fc.constantFrom(...Array(8).fill("test"), "live", "otherTest", "none", "bad");

test("every route answers anything by the book, and keeps nothing by halves", async () => {
  const { routes } = appliance.app;
  const create = routes.find(({ method, path }) => method === "POST" && path === "/v1/pause")!;
  const thrown = fc
    .record({
      route: fc.constantFrom(...routes, ...Array(routes.length).fill(create)),
      id: fc.constantFrom(...ids),
      token: fc.constantFrom(...tokens),
      query,
      headers,
      authorization,
      body,
    })
    .map(({ route, id, token, authorization: who, ...rest }): Thrown => {
      const keys: Record<string, string> = { ...appliance.keys, bad: "pp_test_x" };
      const sent = route.path === "/r/:token" ? { ...rest.headers, "content-type": FORM } : rest.headers;
      return {
        route,
        path: route.path.replace(":pause_id", id).replace(/:\w+/, token),
        query: rest.query,
        headers: who === "none" ? sent : { ...sent, authorization: `Bearer ${keys[who]}` },
        body: route.method === "GET" ? null : rest.body,
      };
    });
  await fc.assert(
    fc.asyncProperty(thrown, async (request) => {
      const fault = await faultOf(request);
      if (fault !== null) throw new Error(`${request.route.method} ${request.path}: ${fault}`);
    }),
    { numRuns: 6_000, endOnFailure: true },
  );
  expect(appliance.logged.filter((line) => !line.includes(" X-Forwarded-For was ignored"))).toEqual([]);
  expect(created).toBeGreaterThan(100);
  const expected = [200, 201, 400, 401, 403, 404, 415, 422];
  expect(expected.filter((status) => !statuses.has(status))).toEqual([]);

  expect(appliance.count("SELECT count(*) FROM pauses")).toBe(created);
  const withoutAll = `SELECT count(*) FROM pauses AS p WHERE NOT EXISTS (SELECT 1 FROM recipients WHERE pause_n = p.n)
    OR (SELECT count(*) FROM recipients WHERE pause_n = p.n) <> (SELECT count(*) FROM deliveries WHERE pause_n = p.n)
    OR (SELECT count(*) FROM audit_entries WHERE pause_n = p.n AND json_extract(entry, '$.type') = 'pause.created') <> 1`;
  expect(appliance.count(withoutAll)).toBe(0);
  expect(appliance.faultInLog()).toBeNull();
}, 300_000);

/** Whether it is an error as MCP tells one, in place of a problem document. */
function saysJsonRpc(body: unknown): boolean {
  const { jsonrpc, id, error } = body as { jsonrpc?: string; id?: unknown; error?: { code: number; message: string } };
  return jsonrpc === "2.0" && id === null && Number.isInteger(error?.code) && (error?.message ?? "") !== "";
}

/** Throws it, and says what is wrong with the answer. */
const JSON_TYPES: ReadonlySet<string> = new Set(["application/json", "application/jwk-set+json"]);

async function faultOf({ route, path, query: asked, headers: sent, body: given }: Thrown): Promise<string | null> {
  const response = await fetch(`${appliance.url}${path}${asked}`, {
    method: route.method,
    headers: sent,
    redirect: "manual",
    signal: AbortSignal.timeout(60_000),
    ...(given === null ? {} : { body: given }),
  });
  const { status } = response;
  if (response.headers.get("content-type") === "text/event-stream") {
    // It has no end to wait for.
    await response.body?.cancel();
    return status === 200 ? null : "is a stream";
  }
  const answer = { status, headers: response.headers, text: await response.text(), body: null as unknown };
  statuses.set(status, (statuses.get(status) ?? 0) + 1);
  if (status >= 500) return `${status} ${answer.text}`;
  if (!response.headers.has("x-request-id")) return "has no request id";
  if (status === 201 && !response.headers.has("idempotent-replayed")) created++;
  if (response.headers.get("content-type")?.includes("html"))
    return /^\/(?:r\/|console\b)/.test(path) || status === 200 ? null : "is a page";
  if (status === 303 || status === 308) return response.headers.get("location") === null ? "leads nowhere" : null;
  if (response.headers.get("content-type")?.startsWith("text/plain")) return status === 200 ? null : "is plain text";
  // The log as a file: lines, or a table.
  if (/jsonl|csv/.test(response.headers.get("content-type") ?? "")) return status === 200 ? null : "is a file";
  answer.body = JSON.parse(answer.text);
  if (status < 400) return JSON_TYPES.has(response.headers.get("content-type") ?? "") ? null : "is no JSON";
  if (path === "/mcp" && saysJsonRpc(answer.body)) return null;
  const fault = problemFault(answer);
  if (fault !== null) return fault;
  return status === 422 && answer.text.includes("/problems/invalid") && fieldsOf(answer).length === 0
    ? "names no field"
    : null;
}
