import type { CallToolResult } from "@modelcontextprotocol/server";
import { AnswerError, ConnectionError, type FieldError, ProblemError } from "../../clients/typescript/src/index.ts";
import { Problem, type ProblemSlug } from "../platform/problem.ts";
import { withoutLinks } from "./links.ts";

/** A refusal as a tool's result (`isError`), in words that a model can act on: what is wrong, in which argument, what to do. */
export function refusalOf(error: unknown, tool: string): CallToolResult | null {
  const text = refusalText(error, tool);
  return text === null ? null : { content: [{ type: "text", text: withoutLinks(text) }], isError: true };
}

function refusalText(error: unknown, tool: string): string | null {
  if (error instanceof Problem) return problemText(error.slug, error.status, error.message, error.errors, tool);
  if (error instanceof ProblemError) {
    const slug = error.type.slice(error.type.lastIndexOf("/") + 1);
    return problemText(slug, error.status, error.detail, error.errors, tool);
  }
  if (error instanceof ConnectionError || error instanceof AnswerError) {
    return [
      `No answer from PausePoint: ${error.message}.`,
      tool === "create_pause_request"
        ? "Whether the question was asked is not known. Do not act. Call again with the same idempotency_key and arguments, so that nobody is asked twice; if you gave none, look with list_pause_requests first."
        : "Nothing is lost: the server keeps every pause. Do not act. Call again a little later with the same arguments.",
    ].join("\n");
  }
  return null;
}

function problemText(
  slug: string,
  status: number,
  detail: string,
  errors: readonly FieldError[],
  tool: string,
): string {
  const named = errors.map((error) => `- ${argumentOf(error)}: ${error.detail}`);
  const said = named.length > 0 ? [`The arguments of ${tool} were refused:`, ...named] : [detail];
  const advice = Object.hasOwn(todo, slug) ? todo[slug as ProblemSlug] : undefined;
  return [...said, advice ?? (status >= 500 ? LATER : CORRECT), `(HTTP ${status}, ${slug})`].join("\n");
}

/** `/options/1` as `options[1]`: a model names its arguments so. */
function argumentOf(error: FieldError): string {
  if (error.parameter !== undefined) return error.parameter;
  const [first = "", ...rest] = (error.pointer ?? "").split("/").slice(1).map(unescaped);
  if (first === "") return "the arguments";
  return first + rest.map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`)).join("");
}

/** A part of a JSON pointer (RFC 6901) as it was. */
function unescaped(part: string): string {
  return part.replaceAll("~1", "/").replaceAll("~0", "~");
}

const CORRECT = "Correct this and call again.";
const LATER = "Nothing of it was kept. Wait some seconds and call again with the same arguments.";

const todo: Partial<Record<ProblemSlug, string>> = {
  invalid: "Correct what is named and call again; leave everything else as it is.",
  "no-key":
    "The key is missing, mistyped or revoked. You can't mend this: tell the user that PausePoint needs a valid API key in the settings of this MCP server.",
  scope: "The key may not do this. You can't mend this: tell the user which scope is missing.",
  "key-limit":
    "The operator has limited this key, so that an agent can't approve itself. Choose what the limit allows, or tell the user. Do not try to get around it.",
  "plan-limit":
    "The plan of this key does not allow it. Choose what the plan has, or tell the user. Do not try to get around it.",
  quota:
    "The plan's pauses of this month are used up. Calling again before the next month is of no use: tell the user, and do not act without an answer.",
  "message-limit":
    "This person has been asked too often within the last hour. Do not ask somebody else instead, and do not act: wait as long as is said, or tell the user.",
  "test-only": "Only a test key may do this.",
  "not-found":
    "Check the pause_id: it is the one that create_pause_request returned, with the same key. list_pause_requests shows those that this key can see.",
  "already-ended": "It has ended before. Call poll_pause_request with this pause_id to see how.",
  "idempotency-mismatch":
    "This idempotency_key belongs to a question with other arguments. Repeat those exactly, or take a fresh key for a new question.",
  "idempotency-running":
    "The same question is being asked at this moment. Wait a second and call again with the same arguments.",
  "rate-limited": "Too many requests. Wait a second or two, then call again with the same arguments.",
  "too-large": "Shorten the arguments: all together they may have 64 kB.",
};
