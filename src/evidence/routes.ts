import { z } from "zod";
import type { Key, Reply, Route } from "../access/index.ts";
import { storedCheckpoint } from "../audit/index.ts";
import { pauseById } from "../pauses/index.ts";
import { queryObject, timeParameter } from "../platform/paging.ts";
import { Problem } from "../platform/problem.ts";
import { check } from "../platform/schema.ts";
import type { Stamps } from "../respond/index.ts";
import type { Reader, Writer } from "../storage/index.ts";
import { checkpointNow } from "./checkpoints.ts";
import { type ConsumeParts, consumeBody, consumeReceipt } from "./consume.ts";
import { exportCsv } from "./csv.ts";
import { type ExportRequest, type ExportSource, exportLines, type PreparedExport, prepareExport } from "./export.ts";
import { receiptKeySet, signingKeysOf } from "./keys.ts";
import { type Opened, provePause } from "./proof.ts";
import type { PublishedHead } from "./published-head.ts";

/** What the evidence is read from and made with. */
export interface EvidenceParts extends ConsumeParts {
  readonly writer: Writer;
  /** What pages are made again with. */
  readonly stamps: Stamps;
  /** Opens a connection that only reads, for as long as an export lasts. */
  readonly openReader: () => { readonly reader: Reader; close(): void };
  /** Told before a checkpoint is given away. */
  readonly published: Pick<PublishedHead, "flush">;
}

const disclose = z.enum(["true", "false"], "must be true or false").default("true");
export const keysQuery = z.strictObject({ mode: z.enum(["live", "test"], "must be live or test").default("live") });
export const exportQuery = z.strictObject({
  format: z.enum(["jsonl", "csv"], "must be jsonl or csv").default("jsonl"),
  project: z.string().max(100, "must be the name of a project").optional(),
  pause_id: z.string().max(100, "must be the id of a pause").optional(),
  from: timeParameter.optional(),
  to: timeParameter.optional(),
  disclose,
});
export const proofQuery = z.strictObject({
  disclose: z
    .string()
    .regex(/^(true|false|(\/[^,]+)(,\/[^,]+)*)$/, "must be true, false, or JSON pointers such as /message,/comment")
    .default("true"),
});

export const checkpointQuery = z.strictObject({
  cosigned: z.enum(["true", "false"], "must be true or false").default("false"),
});

/** The log's checkpoint, export and proofs, the keys that receipts are verified with, and taking a receipt. */
export function evidenceRoutes(parts: EvidenceParts): Route[] {
  const { writer, attestor, published } = parts;
  return [
    {
      method: "POST",
      path: "/v1/receipts/consume",
      access: "receipts:consume",
      async handle(call, key) {
        const body = check(consumeBody, await call.json(), "body");
        return { status: 200, body: await writer.write((tx) => consumeReceipt(tx, parts, key, body)) };
      },
    },
    {
      method: "GET",
      path: "/v1/audit/checkpoint",
      access: "audit:read",
      async handle(call) {
        const { cosigned } = check(checkpointQuery, queryObject(call.query), "query");
        if (cosigned === "true") {
          const witnessed = storedCheckpoint(writer, "cosigned");
          if (witnessed === null) throw new Problem("not-found", "No witness has cosigned a checkpoint yet.");
          return noteReply(witnessed.note);
        }
        const checkpoint = await checkpointNow(writer, attestor);
        if (checkpoint === null) throw new Problem("signing-withheld", "Nothing has been signed yet.");
        await published.flush();
        return noteReply(checkpoint.note);
      },
    },
    {
      method: "GET",
      path: "/v1/audit/export",
      access: "audit:read",
      async handle(call, key) {
        const query = check(exportQuery, queryObject(call.query), "query");
        const { reader, close } = parts.openReader();
        try {
          const source = { ...parts, reader };
          const prepared = await prepareExport(source, requestOf(query, key, writer));
          return {
            status: 200,
            headers: {
              "content-type": query.format === "csv" ? "text/csv; charset=utf-8" : "application/jsonl",
              "content-disposition": `attachment; filename="${fileName(prepared, query.format)}"`,
            },
            body: streamOf(query.format, source, prepared, close),
          };
        } catch (error) {
          close();
          throw error;
        }
      },
    },
    {
      method: "GET",
      path: "/v1/pause/:pause_id/proof",
      access: "audit:read",
      async handle(call, key) {
        const query = check(proofQuery, queryObject(call.query), "query");
        const pause = findPause(writer, call.param("pause_id"), key);
        const { reader, close } = parts.openReader();
        try {
          return { status: 200, body: await provePause({ ...parts, reader }, pause, openedBy(query.disclose)) };
        } finally {
          close();
        }
      },
    },
    {
      method: "GET",
      path: "/.well-known/pausepoint-keys.json",
      access: "public",
      async handle(call) {
        const { mode } = check(keysQuery, queryObject(call.query), "query");
        return {
          status: 200,
          headers: { "content-type": "application/jwk-set+json", "cache-control": "public, max-age=300" },
          body: JSON.stringify(receiptKeySet(await signingKeysOf(writer, attestor), mode)),
        };
      },
    },
  ];
}

/** `true`, `false`, or pointers with commas between. */
export function openedBy(disclose: string): Opened {
  if (disclose === "true" || disclose === "all") return "all";
  return disclose === "false" || disclose === "none" ? "none" : new Set(disclose.split(","));
}

/** A key sees its own project and mode; with `admin` everything, or the project that it names. */
function requestOf(query: z.output<typeof exportQuery>, key: Key, writer: Writer): ExportRequest {
  const { project = null, pause_id = null, from = null, to = null } = query;
  const isAdmin = key.scopes.has("admin");
  if (project !== null && !isAdmin && project !== key.world.project)
    throw new Problem("not-found", "There is no such project, or this key may not see it.");
  return {
    world: isAdmin ? null : key.world,
    project: isAdmin ? project : null,
    pause: pause_id === null ? null : findPause(writer, pause_id, key),
    from,
    to,
    disclose: query.disclose === "true",
  };
}

function findPause(writer: Writer, id: string, key: Key) {
  const pause = writer.one(pauseById, { id });
  if (pause === undefined || (pause.world_n !== key.world.n && !key.scopes.has("admin")))
    throw new Problem("not-found", "There is no such pause, or this key may not see it.");
  return pause;
}

function fileName({ selection }: PreparedExport, format: string): string {
  return `pausepoint-log-${selection.firstSeq}-${selection.lastSeq}.${format}`;
}

/** The lines as they are asked for: a reader that stops reading holds a page in memory and no more. */
function streamOf(
  format: "jsonl" | "csv",
  source: ExportSource,
  prepared: PreparedExport,
  close: () => void,
): ReadableStream<Uint8Array> {
  const lines = format === "csv" ? exportCsv(source, prepared) : exportLines(source, prepared);
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const { value, done } = lines.next();
        if (done === true || value === undefined) {
          close();
          controller.close();
        } else controller.enqueue(encoder.encode(value));
      },
      cancel: close,
    },
    { highWaterMark: 1 },
  );
}

function noteReply(note: string): Reply {
  return { status: 200, headers: { "content-type": "text/plain; charset=utf-8" }, body: note };
}
