import { z } from "zod";
import { describes, json, type Operation, text, time } from "../access/operation.ts";
import { type Consumed, consumeBody } from "./consume.ts";
import type { ReceiptJwk } from "./keys.ts";
import { checkpointQuery, exportQuery, keysQuery, proofQuery } from "./routes.ts";

const PAUSE_ID = "pause_06F9J5RYW29F3QWZ9JXV4T2K8M";

const consumed = describes<Consumed>()(
  z.object({
    pause_id: z.string(),
    choice: z.string(),
    source: z.enum(["human", "timeout_default"]),
    consumed_at: time,
  }),
).meta({ id: "ConsumedReceipt" });

const keySet = describes<{ readonly keys: readonly ReceiptJwk[] }>()(
  z.object({
    keys: z.array(
      z.object({
        kty: z.literal("OKP"),
        crv: z.literal("Ed25519"),
        x: z.string(),
        kid: z.string(),
        alg: z.literal("Ed25519"),
        use: z.literal("sig"),
      }),
    ),
  }),
).meta({ id: "ReceiptKeys", description: "A JWK set (RFC 7517)." });

/** Checked by `pausepoint audit verify` and described whole on the page on the audit format. */
const proof = z
  .looseObject({ pausepoint_proof: z.literal(1), pause_id: z.string(), origin: z.string(), made_at: time })
  .meta({ id: "PauseProof" });

/** What `evidenceRoutes` serves. */
export const evidenceApi: readonly Operation[] = [
  {
    method: "POST",
    path: "/v1/receipts/consume",
    access: "receipts:consume",
    id: "consumeReceipt",
    tag: "Receipts",
    summary: "Take a receipt, once",
    description:
      "For whoever executes the action: compare `choice` and `source` with what you need, and act only on a 200.",
    body: {
      schema: consumeBody.meta({ id: "ConsumeReceipt" }),
      example: {
        receipt: "eyJhbGciOiJFZDI1NTE5In0.eyJqdGkiOiJyY3BfMSJ9.c2lnbmF0dXJl",
        action_digest: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
      },
    },
    answers: {
      200: json("It was taken now, and by you.", consumed, {
        pause_id: PAUSE_ID,
        choice: "Approve",
        source: "human",
        consumed_at: "2026-11-24T09:42:00.000Z",
      }),
    },
    problems: ["receipt-consumed"],
  },
  {
    method: "GET",
    path: "/v1/audit/checkpoint",
    access: "audit:read",
    id: "getCheckpoint",
    tag: "Audit",
    summary: "Read the newest signed checkpoint",
    description: "A C2SP tlog-checkpoint; with `cosigned=true` the newest that a witness has cosigned.",
    query: checkpointQuery,
    answers: { 200: text("The signed note.", "text/plain") },
    problems: ["not-found", "signing-withheld"],
  },
  {
    method: "GET",
    path: "/v1/audit/export",
    access: "audit:read",
    id: "exportAuditLog",
    tag: "Audit",
    summary: "Export the log",
    description:
      "Streamed, of any size. With the scope `admin` the whole log; else, or with a filter, a selection with a proof for each entry.",
    query: exportQuery,
    answers: {
      200: {
        description: "The export.",
        content: { "application/jsonl": { schema: z.string() }, "text/csv": { schema: z.string() } },
        headers: {
          "Content-Disposition": { description: "A name for the file.", schema: { type: "string" } },
        },
      },
    },
    problems: ["not-found", "signing-withheld"],
  },
  {
    method: "GET",
    path: "/v1/pause/:pause_id/proof",
    access: "audit:read",
    id: "getPauseProof",
    tag: "Audit",
    summary: "Read a pause's proof",
    description: "One file that `pausepoint audit verify` checks alone, offline.",
    params: { pause_id: { description: "The pause's id.", example: PAUSE_ID } },
    query: proofQuery,
    answers: { 200: json("The proof.", proof) },
    problems: ["signing-withheld"],
  },
  {
    method: "GET",
    path: "/.well-known/pausepoint-keys.json",
    access: "public",
    id: "getReceiptKeys",
    tag: "Receipts",
    summary: "Read the keys that receipts are verified with",
    description: "Retired ones stay. Those of the test world are a set of their own.",
    query: keysQuery,
    answers: { 200: { description: "The keys.", content: { "application/jwk-set+json": { schema: keySet } } } },
  },
];
