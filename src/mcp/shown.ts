import type { CallToolResult } from "@modelcontextprotocol/server";
import { withoutLinks } from "./links.ts";

/** A structured result, and the same as text for clients that pass on nothing else. */
export function shown(structured: object): CallToolResult {
  const clean = withoutLinks(structured);
  return { ...asText(clean), structuredContent: { ...clean } };
}

/** A result as JSON in one text and nothing else, for hosts that take no other. */
export function asText(value: object): CallToolResult {
  return { content: [{ type: "text", text: JSON.stringify(value) }] };
}
