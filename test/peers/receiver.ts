/**
 * A receiver of webhooks for tests: a real server on a loopback address that keeps what it got and behaves as it is told,
 * well or as badly as the worst one out there. By itself it answers 204.
 *
 *     const receiver = await startReceiver();
 *     receiver.behave({ trouble: "drip" });
 *     const request = await receiver.nextRequest();
 *
 * With `failShare` it fails that share of the requests, by the seed, the webhook's id and the number of the attempt, so
 * that a run with the same ids fails the same attempts in whatever order they come. One request a connection.
 */

import { createHash } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createSecureServer } from "node:tls";
import { type Clock, systemClock } from "../../src/platform/clock.ts";
import { PATIENCE_MS } from "../support/eventually.ts";
import type { Certificate } from "./certificates.ts";
import { type Behaviour, perform } from "./receiver/behaviour.ts";
import { type ParsedRequest, readRequest } from "./receiver/parse.ts";
import { Arrivals } from "./twilio/arrivals.ts";

export type { Behaviour, Trouble } from "./receiver/behaviour.ts";

export interface ReceiverOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default any that is free. */
  readonly port?: number;
  /** Speaks TLS with this certificate. */
  readonly tls?: Certificate;
  /** The share of the requests that fail, 0 to 1. Default 0. */
  readonly failShare?: number;
  /** What decides which ones. Default 1. */
  readonly seed?: number;
  readonly clock?: Clock;
}

export interface ReceivedRequest extends ParsedRequest {
  /** The header `webhook-id`, or "". */
  readonly webhookId: string;
  /** How many came with this id, this one included. */
  readonly attempt: number;
  /** What it was answered in whole; null when it got no whole answer. */
  readonly status: number | null;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

export interface Receiver {
  /** With the host's address; no slash at the end. */
  readonly url: string;
  readonly port: number;
  /** TCP connections so far, whatever became of them. */
  readonly connections: number;
  /** Those that are open now. */
  readonly open: number;
  /** Server names that clients asked for (TLS SNI), in the order of the handshakes; "" for none. */
  readonly serverNames: readonly string[];
  /** Oldest first. */
  readonly requests: readonly ReceivedRequest[];
  /** The requests of each `webhook-id`, oldest first. */
  byWebhookId(): ReadonlyMap<string, readonly ReceivedRequest[]>;
  /** Scripts the next `times` requests; scripts are used up in the order given. */
  behave(behaviour: Behaviour, times?: number): void;
  /** The next request that was not handed out before; rejects after `timeout` ms (as patient as the tests are by default). */
  nextRequest(timeout?: number): Promise<ReceivedRequest>;
  /** Cuts every connection and closes the port. */
  stop(): Promise<void>;
}

export async function startReceiver(options: ReceiverOptions = {}): Promise<Receiver> {
  const { host = "127.0.0.1", port = 0, failShare = 0, seed = 1, clock = systemClock } = options;
  const arrivals = new Arrivals<ReceivedRequest>(clock, "request");
  const attempts = new Map<string, number>();
  const script: Behaviour[] = [];
  const serverNames: string[] = [];
  const open = new Set<Socket>();
  let connections = 0;

  const take = (socket: Socket, parsed: ParsedRequest) => {
    const webhookId = parsed.headers["webhook-id"] ?? "";
    const attempt = (attempts.get(webhookId) ?? 0) + 1;
    attempts.set(webhookId, attempt);
    const behaviour = script.shift() ?? drawn(failShare, `${seed}/${webhookId}/${attempt}`);
    const status = "status" in behaviour ? behaviour.status : null;
    arrivals.add({ ...parsed, webhookId, attempt, status, at: clock.now() });
    perform(socket, behaviour);
  };
  const speak = (socket: Socket) => readRequest(socket, (parsed) => take(socket, parsed));
  const server =
    options.tls === undefined
      ? createServer(speak)
      : createSecureServer(options.tls, (socket) => {
          serverNames.push(typeof socket.servername === "string" ? socket.servername : "");
          speak(socket);
        }).on("tlsClientError", () => {});
  server.on("connection", (socket: Socket) => {
    connections += 1;
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => {});
  });
  const boundPort = await listen(server, host, port);

  const authority = `${host.includes(":") ? `[${host}]` : host}:${boundPort}`;
  return {
    url: `${options.tls === undefined ? "http" : "https"}://${authority}`,
    port: boundPort,
    get connections() {
      return connections;
    },
    get open() {
      return open.size;
    },
    serverNames,
    requests: arrivals.all,
    byWebhookId: () => Map.groupBy(arrivals.all, ({ webhookId }) => webhookId),
    behave(behaviour, times = 1) {
      for (let time = 0; time < times; time++) script.push(behaviour);
    },
    nextRequest: (timeout = PATIENCE_MS) => arrivals.next(() => true, timeout),
    async stop() {
      arrivals.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

/** Those failures that end by themselves, so that a test with many of them needs no deadline. */
const failures: readonly Behaviour[] = [
  { status: 500, body: "something broke" },
  { status: 503, headers: { "Retry-After": "2" } },
  { status: 429, headers: { "Retry-After": "1" } },
  { trouble: "reset" },
  { trouble: "close" },
  { trouble: "cut head" },
  { trouble: "cut body" },
];

function drawn(failShare: number, lot: string): Behaviour {
  const hash = createHash("sha256").update(lot).digest();
  const fails = hash.readUInt32BE(0) / 2 ** 32 < failShare;
  return fails ? failures[hash.readUInt32BE(4) % failures.length]! : { status: 204 };
}
