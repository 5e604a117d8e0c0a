import { auditTool } from "./audit.ts";
import { cancelTool } from "./cancel.ts";
import { createTool } from "./create.ts";
import { listTool } from "./list.ts";
import { pollTool } from "./poll.ts";
import type { Tool } from "./tool.ts";

/** Everything that an agent can do over MCP. None of them answers a pause. */
export const tools: readonly Tool[] = [createTool, pollTool, cancelTool, listTool, auditTool];
