/** The pages of docs/, as they stand in the repository: part of the executable, loaded when one is first asked for. */
import aiSdk from "../../../docs/ai-sdk.md" with { type: "text" };
import api from "../../../docs/api.md" with { type: "text" };
import ask from "../../../docs/ask.md" with { type: "text" };
import auditFormat from "../../../docs/audit-format.md" with { type: "text" };
import backup from "../../../docs/backup.md" with { type: "text" };
import channels from "../../../docs/channels.md" with { type: "text" };
import clientsPython from "../../../docs/clients-python.md" with { type: "text" };
import clientsTypescript from "../../../docs/clients-typescript.md" with { type: "text" };
import consolePage from "../../../docs/console.md" with { type: "text" };
import frameworks from "../../../docs/frameworks.md" with { type: "text" };
import frameworksPython from "../../../docs/frameworks-python.md" with { type: "text" };
import githubActions from "../../../docs/github-actions.md" with { type: "text" };
import hardening from "../../../docs/hardening.md" with { type: "text" };
import install from "../../../docs/install.md" with { type: "text" };
import installTranscript from "../../../docs/install-transcript.md" with { type: "text" };
import keys from "../../../docs/keys.md" with { type: "text" };
import langchain from "../../../docs/langchain.md" with { type: "text" };
import langgraph from "../../../docs/langgraph.md" with { type: "text" };
import limits from "../../../docs/limits.md" with { type: "text" };
import logs from "../../../docs/logs.md" with { type: "text" };
import mastra from "../../../docs/mastra.md" with { type: "text" };
import mcp from "../../../docs/mcp.md" with { type: "text" };
import metrics from "../../../docs/metrics.md" with { type: "text" };
import openaiAgents from "../../../docs/openai-agents.md" with { type: "text" };
import openapi from "../../../docs/openapi.md" with { type: "text" };
import operations from "../../../docs/operations.md" with { type: "text" };
import oversight from "../../../docs/oversight.md" with { type: "text" };
import permissionHooks from "../../../docs/permission-hooks.md" with { type: "text" };
import privacy from "../../../docs/privacy.md" with { type: "text" };
import receipts from "../../../docs/receipts.md" with { type: "text" };
import reverseProxies from "../../../docs/reverse-proxies.md" with { type: "text" };
import smpp from "../../../docs/smpp.md" with { type: "text" };
import smsGateways from "../../../docs/sms-gateways.md" with { type: "text" };
import testRecipients from "../../../docs/test-recipients.md" with { type: "text" };
import webhooks from "../../../docs/webhooks.md" with { type: "text" };
import witness from "../../../docs/witness.md" with { type: "text" };

/** By topic, then by the name in the address: the Markdown. */
export const topics: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Integrate: {
    api,
    openapi,
    webhooks,
    receipts,
    mcp,
    "permission-hooks": permissionHooks,
    ask,
    "clients-typescript": clientsTypescript,
    "clients-python": clientsPython,
    "test-recipients": testRecipients,
  },
  "Frameworks and CI": {
    frameworks,
    langgraph,
    langchain,
    "openai-agents": openaiAgents,
    "ai-sdk": aiSdk,
    mastra,
    "frameworks-python": frameworksPython,
    "github-actions": githubActions,
  },
  Run: {
    install,
    hardening,
    "reverse-proxies": reverseProxies,
    "install-transcript": installTranscript,
    operations,
    console: consolePage,
    channels,
    "sms-gateways": smsGateways,
    smpp,
    backup,
    keys,
    limits,
    privacy,
    metrics,
    logs,
  },
  Audit: { "audit-format": auditFormat, witness, oversight },
};

const byName = new Map(Object.values(topics).flatMap((pages) => Object.entries(pages)));

/** A page's Markdown, or null where there is none of that name. */
export function markdownOf(name: string): string | null {
  return byName.get(name) ?? null;
}

/** A page's heading. */
export function titleOf(markdown: string): string {
  return /^# (.+)$/m.exec(markdown)?.[1] ?? "";
}

/** What the first paragraph says, on one line. */
export function leadOf(markdown: string): string {
  const [, first = ""] = markdown.split(/\n\s*\n/);
  return first
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll(/\s+/g, " ")
    .trim();
}
