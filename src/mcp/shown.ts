import type { CallToolResult } from "@modelcontextprotocol/server";
import { withoutLinks } from "./links.ts";

/** A structured result, and the same as text for clients that pass on nothing else. */
export function shown(structured: object): CallToolResult {
  const clean = withoutLinks(structured);
  return { content: [{ type: "text", text: JSON.stringify(clean) }], structuredContent: { ...clean } };
}
