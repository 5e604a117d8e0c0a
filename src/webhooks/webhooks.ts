import { z } from "zod";
import type { World } from "../audit/index.ts";
import {
  cursorParameter,
  decodeCursor,
  encodeCursor,
  filterMark,
  limitParameter,
  queryObject,
  unknownCursor,
} from "../platform/paging.ts";
import { Problem } from "../platform/problem.ts";
import { check } from "../platform/schema.ts";
import type { Writer } from "../storage/index.ts";
import type { Asker, WebhookContext } from "./context.ts";
import { changeEndpoint, createEndpoint, MOST_ENDPOINTS, removeEndpoint } from "./endpoints.ts";
import type { AddressGuard } from "./outgoing/index.ts";
import type { EndpointRow, WorldRow } from "./queries.ts";
import * as queries from "./queries.ts";
import { endpointBodies } from "./request.ts";
import { rotateDefaultSecret, rotateEndpoint } from "./rotate.ts";
import type { WebhookSecrets } from "./secrets.ts";
import { type DefaultSecret, type Endpoint, shapeDefaultSecret, shapeEndpoint } from "./shape.ts";

export const listQuery = z.strictObject({ limit: limitParameter, cursor: cursorParameter });
/** The one list of endpoints: no filter, but no other list's cursor either. */
const MARK = filterMark(["webhooks"]);

/** The endpoints and secrets of one project and mode, for whoever asks: what the routes and the console call. */
export class Webhooks {
  readonly #writer: Writer;
  readonly #context: WebhookContext;
  readonly #secrets: WebhookSecrets;
  readonly #bodies: ReturnType<typeof endpointBodies>;

  constructor(parts: {
    writer: Writer;
    context: WebhookContext;
    secrets: WebhookSecrets;
    guard: Pick<AddressGuard, "checkUrl">;
  }) {
    this.#writer = parts.writer;
    this.#context = parts.context;
    this.#secrets = parts.secrets;
    this.#bodies = endpointBodies(parts.guard);
  }

  /** Adds an endpoint; its secret is in the answer. @throws Problem `invalid`, `webhook-limit`. */
  async create(asker: Asker, body: unknown): Promise<Endpoint> {
    const wanted = check(this.#bodies.create, body, "body");
    const row = await this.#writer.write((tx) => createEndpoint(tx, this.#context, asker, wanted));
    if (row === null) {
      throw new Problem(
        "webhook-limit",
        `There are ${MOST_ENDPOINTS} webhooks already; delete one that is not needed.`,
      );
    }
    return this.#withSecret(row);
  }

  /** A page of the endpoints, newest first. @throws Problem `invalid`. */
  list(world: World, query: URLSearchParams): { data: Endpoint[]; next_cursor: string | null } {
    const { limit, cursor } = check(listQuery, queryObject(query), "query");
    const behind = cursor === undefined ? null : decodeCursor(cursor, MARK, "string");
    const rows = this.#writer.all(queries.endpointsOfWorld, {
      world_n: world.n,
      before: behind === null ? Number.MAX_SAFE_INTEGER : this.#placeOf(world, behind),
      limit: limit + 1,
    });
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    return {
      data: page.map((row) => shapeEndpoint(row)),
      next_cursor: last === undefined ? null : encodeCursor(MARK, last.id),
    };
  }

  /** An endpoint. @throws Problem `not-found`. */
  get(world: World, id: string): Endpoint {
    return shapeEndpoint(findEndpoint(this.#writer, world.n, id));
  }

  /** An endpoint that is sent to. @throws Problem `not-found`, `not-deliverable`. */
  enabled(world: World, id: string): EndpointRow {
    const row = findEndpoint(this.#writer, world.n, id);
    if (row.status === "disabled") throw new Problem("not-deliverable", "The webhook is disabled; enable it first.");
    return row;
  }

  /** Changes what is given. @throws Problem `invalid`, `not-found`. */
  async change(asker: Asker, id: string, body: unknown): Promise<Endpoint> {
    const change = check(this.#bodies.change, body, "body");
    return shapeEndpoint(
      found(await this.#writer.write((tx) => changeEndpoint(tx, this.#context, asker, { id, change }))),
    );
  }

  /** Deletes an endpoint. @throws Problem `not-found`. */
  async remove(asker: Asker, id: string): Promise<void> {
    found(await this.#writer.write((tx) => removeEndpoint(tx, this.#context, asker, id)));
  }

  /** Gives an endpoint a new secret, which is in the answer. @throws Problem `not-found`. */
  async rotate(asker: Asker, id: string): Promise<Endpoint> {
    return this.#withSecret(found(await this.#writer.write((tx) => rotateEndpoint(tx, this.#context, asker, id))));
  }

  /** What signs the `webhook_url` of the world's pauses. */
  defaultSecret(world: World): DefaultSecret {
    const row = this.#writer.one(queries.worldByNumber, { n: world.n });
    if (row === undefined) throw new Error(`the world ${world.n} of a key is gone`);
    return this.#shapeDefault(row);
  }

  /** Gives the asker's world a new default secret. */
  async rotateDefault(asker: Asker): Promise<DefaultSecret> {
    return this.#shapeDefault(await this.#writer.write((tx) => rotateDefaultSecret(tx, this.#context, asker)));
  }

  #placeOf(world: World, id: string): number {
    const place = this.#writer.one(queries.placeOfEndpoint, { id, world_n: world.n });
    if (place === undefined) throw unknownCursor();
    return place.n;
  }

  #withSecret(row: EndpointRow): Endpoint {
    return shapeEndpoint(row, this.#secrets.ofEndpoint(row, this.#context.clock.now())[0]);
  }

  #shapeDefault(row: WorldRow): DefaultSecret {
    const [current = ""] = this.#secrets.ofWorld(row, this.#context.clock.now());
    return shapeDefaultSecret(row.secret_rotated_at, current);
  }
}

/** An endpoint as it is stored, which the keys of a world may see. @throws Problem `not-found`. */
export function findEndpoint(writer: Pick<Writer, "one">, worldN: number, id: string): EndpointRow {
  return found(writer.one(queries.findEndpoint, { id, world_n: worldN }));
}

function found(row: EndpointRow | undefined): EndpointRow {
  if (row === undefined) throw new Problem("not-found", "There is no such webhook, or this key may not see it.");
  return row;
}
