import { z } from "zod";
import type { Key } from "../access/index.ts";
import { asksOf, outboxMessages } from "../delivery/index.ts";
import { findPause } from "../pauses/index.ts";
import { queryObject } from "../platform/paging.ts";
import { Problem } from "../platform/problem.ts";
import { check } from "../platform/schema.ts";
import type { Writer } from "../storage/index.ts";
import type { MessageText } from "./messages.ts";

const MOST = 100;

/** The query of `GET /v1/test/messages`. */
export const messagesQuery = z.strictObject({ pause_id: z.string().optional() });

/** A message of the outbox, as `GET /v1/test/messages` shows it. */
export interface OutboxMessage {
  readonly pause_id: string;
  readonly channel: string;
  readonly to: string;
  readonly text: string;
  readonly link: string;
  readonly at: number;
}

/**
 * The outbox of a test key's world: of one pause in the order sent, or the newest hundred of all.
 *
 * @throws Problem `not-found` for a pause that the key may not see, `invalid` for an unknown parameter.
 */
export function outboxOf(writer: Writer, messages: MessageText, key: Key, query: URLSearchParams): OutboxMessage[] {
  const { pause_id: pauseId } = check(messagesQuery, queryObject(query), "query");
  if (pauseId === undefined) {
    return writer.all(outboxMessages, { world_n: key.world.n, limit: MOST }).map((row) => toMessage(row));
  }
  const pause = writer.one(findPause, { id: pauseId, world_n: key.world.n });
  if (pause === undefined) throw new Problem("not-found", "There is no such pause, or this key may not see it.");
  return writer
    .all(asksOf, { pause_n: pause.n })
    .filter(({ lane, status }) => lane === "outbox" && status === "delivered")
    .map((row) =>
      toMessage({
        ...row,
        channel: row.channel ?? pause.channel,
        position: row.position ?? 0,
        pause_id: pause.id,
        message: pause.message,
        expires_at: pause.expires_at,
      }),
    );

  function toMessage(row: {
    pause_id: string;
    message: string;
    expires_at: number;
    channel: string;
    position: number;
    finished_at: number | null;
    destination: string;
  }): OutboxMessage {
    const { text, link } = messages({
      pauseId: row.pause_id,
      position: row.position,
      mode: key.world.mode,
      message: row.message,
      project: key.world.project,
      expiresAt: row.expires_at,
    });
    return { pause_id: row.pause_id, channel: row.channel, to: row.destination, text, link, at: row.finished_at ?? 0 };
  }
}
