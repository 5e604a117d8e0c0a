import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { Channel, PeerEvent } from "../../../src/channels/channel.ts";
import type { SlackPeer, SlackSocket } from "../../peers/slack.ts";
import {
  APP_TOKEN,
  AUDITOR,
  asking,
  FINANCE,
  handClock,
  listeningLog,
  settings,
  startChannel,
  startWorkspace,
  TOKEN,
} from "./stage.ts";

const untilStopped = new AbortController().signal;
const running: { stop(): Promise<void> }[] = [];
let peer: SlackPeer;
beforeEach(async () => {
  peer = await startWorkspace();
  running.push(peer);
});
afterEach(async () => {
  for (const part of running.splice(0).reverse()) await part.stop();
});

/** The appliance with Socket Mode alone, its timers in the test's hand. Scripts for the peer come before. */
function start(answer: (event: PeerEvent) => Promise<string | null> = async () => null) {
  const { clock, turn, armed } = handClock();
  const { log, lines, next } = listeningLog();
  const up = next("Slack connection is up");
  const failed = next("Slack connection could not be opened");
  const stage = startChannel(settings(peer, { signingSecret: undefined, appToken: APP_TOKEN }), clock, log, answer);
  running.push(stage);
  return { ...stage, connection: stage.connection!, turn, armed, lines, next, up, failed };
}

async function startUp(answer?: (event: PeerEvent) => Promise<string | null>) {
  const stage = start(answer);
  const socket = await peer.nextSocket();
  await stage.up;
  return { ...stage, socket };
}

/** A question in the channel; what the peer needs to have someone tap it. */
async function ask({ channel }: { readonly channel: Channel }) {
  await channel.send(asking(FINANCE), untilStopped);
  const { channel: place, ts } = peer.messages[0]!;
  return { channel: place, ts, user: AUDITOR, via: "socket" as const };
}

const opened = () => peer.calls.filter(({ method }) => method === "apps.connections.open").length;
const refuse = (error: string, times = 1) => peer.behave("apps.connections.open", { kind: "refuse", error }, times);

describe("a tap over Socket Mode", () => {
  test("is reported, acknowledged by its envelope and answered to the one who tapped", async () => {
    const stage = await startUp(async () => "Recorded: Reject");
    const { reported, socket, connection } = stage;
    expect(connection.isUp).toBe(true);
    const place = await ask(stage);
    await peer.nextMessage();
    const outcome = await peer.tap({ ...place, index: 1 });
    expect(outcome.accepted).toBe(true);
    expect(reported).toEqual([{ kind: "tap", token: TOKEN, option: 1, by: AUDITOR, via: "slack" }]);
    expect(socket.received).toEqual([{ envelope_id: (outcome as { envelopeId: string }).envelopeId }]);
    expect(await peer.nextMessage()).toMatchObject({ onlyFor: AUDITOR, text: "Recorded: Reject" });
  });

  test("is acknowledged only after it was recorded", async () => {
    const recorded = Promise.withResolvers<null>();
    const reached = Promise.withResolvers<void>();
    const stage = await startUp(() => {
      reached.resolve();
      return recorded.promise;
    });
    const { socket } = stage;
    const outcome = peer.tap({ ...(await ask(stage)), index: 0 });
    await reached.promise;
    expect(socket.received).toEqual([]);
    recorded.resolve(null);
    expect((await outcome).accepted).toBe(true);
  });

  test("that could not be recorded is not acknowledged, and Slack sends it again", async () => {
    const hand = handClock();
    peer = await startWorkspace(hand.clock);
    running.push(peer);
    let fails = 1;
    const stage = await startUp(async () => {
      if (fails-- > 0) throw new Error("disk full");
      return null;
    });
    const failed = stage.next("a tap in Slack could not be recorded");
    const outcome = peer.tap({ ...(await ask(stage)), index: 0 });
    await failed;
    await heard(stage.socket, "e1");
    expect(stage.socket.received).toEqual([{ envelope_id: "e1" }]);
    hand.turn(3_000);
    expect((await outcome).accepted).toBe(true);
    expect(stage.reported).toHaveLength(2);
  });

  test("of another kind is acknowledged, and decides nothing", async () => {
    const stage = await startUp();
    const { reported, socket } = stage;
    socket.sendRaw("not JSON");
    socket.sendRaw("[]");
    socket.sendRaw(JSON.stringify({ type: "events_api", envelope_id: "e1", payload: { event: { type: "message" } } }));
    socket.sendRaw(JSON.stringify({ type: "interactive", envelope_id: "e2", payload: { type: "shortcut" } }));
    socket.sendRaw(JSON.stringify({ type: "interactive", envelope_id: "e3", payload: null }));
    await peer.tap({ ...(await ask(stage)), index: 0 });
    expect(socket.received.slice(0, 3)).toEqual([{ envelope_id: "e1" }, { envelope_id: "e2" }, { envelope_id: "e3" }]);
    expect(reported).toHaveLength(1);
  });
});

describe("the connection", () => {
  test("is asked for with the app's token", async () => {
    await startUp();
    expect(peer.calls[0]!.headers.authorization).toBe(`Bearer ${APP_TOKEN}`);
  });

  test("that Slack renews is replaced first: at no moment is there none", async () => {
    const stage = await startUp();
    const { socket, connection, next, turn } = stage;
    const upAgain = next("Slack connection is up");
    socket.disconnect("warning");
    const second = await peer.nextSocket();
    await upAgain;
    expect([socket.isOpen, second.isOpen, connection.isUp]).toEqual([true, true, true]);
    const place = await ask(stage);
    // The old one is still listened to until it closes.
    expect((await peer.tap({ ...place, index: 0, socket: 1 })).accepted).toBe(true);
    expect((await peer.tap({ ...place, index: 0, socket: 2 })).accepted).toBe(true);
    turn(30_000);
    await closed(socket);
    expect([second.isOpen, connection.isUp]).toEqual([true, true]);
    expect(opened()).toBe(2);
  });

  test("is opened once, however often its end is announced", async () => {
    const { socket, next, armed } = await startUp();
    const upAgain = next("Slack connection is up");
    socket.disconnect("warning");
    socket.disconnect("refresh_requested", { closes: false });
    await upAgain;
    expect(opened()).toBe(2);
    // Both lines are listened to, and the old one is closed in a while: nothing else is to come.
    expect(armed()).toEqual([10_000, 10_000, 30_000]);
  });

  test("is greeted once: a second hello changes nothing", async () => {
    const { socket, armed, lines } = await startUp();
    socket.sendRaw(JSON.stringify({ type: "hello", num_connections: 1 }));
    await heard(socket, "e1");
    expect(armed()).toEqual([10_000]);
    expect(lines.filter((line) => line.includes("is up"))).toHaveLength(1);
  });

  test("that is cut is opened again, later each time, and without end", async () => {
    const { socket, connection, next, turn, armed } = await startUp();
    const lost = next("Slack connection lost");
    socket.drop();
    await lost;
    expect(connection.isUp).toBe(false);
    const pauses: number[] = [];
    peer.behave("apps.connections.open", { kind: "status", status: 503 }, 9);
    for (let attempt = 0; attempt < 9; attempt++) {
      const failed = next("could not be opened");
      pauses.push(armed()[0]!);
      turn(armed()[0]!);
      await failed;
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1_000));
    const upAgain = next("Slack connection is up");
    turn(60_000);
    await upAgain;
    expect(connection.isUp).toBe(true);
  });

  test.each(["invalid_auth", "token_revoked", "account_inactive", "not_allowed_token_type", "missing_scope"])(
    "refused for %s is asked for every five minutes",
    async (error) => {
      refuse(error);
      const { failed, turn, armed, up } = start();
      expect(await failed).toContain(`(Slack ${error})`);
      expect(armed()).toEqual([60_000]);
      for (let minute = 0; minute < 4; minute++) turn(60_000);
      turn(59_999);
      expect(opened()).toBe(1);
      turn(1);
      await up;
    },
  );

  test("asked for too fast waits as long as Slack says", async () => {
    peer.behave("apps.connections.open", { kind: "ratelimited", retryAfterSeconds: 40 });
    const { failed, armed, turn, up } = start();
    await failed;
    expect(armed()).toEqual([40_000]);
    turn(40_000);
    await up;
  });

  test("that is silent is taken for dead", async () => {
    const { socket, turn, next, connection } = await startUp();
    socket.answersPings = false;
    const lost = next("Slack connection lost");
    turn(39_999);
    expect(connection.isUp).toBe(true);
    turn(1);
    expect(await lost).toContain('why="silent"');
    const upAgain = next("Slack connection is up");
    turn(1_000);
    await upAgain;
  });

  test("that answers pings is not", async () => {
    const { socket, turn, connection } = await startUp();
    for (let round = 1; round <= 8; round++) {
      turn(10_000);
      await pinged(socket, round);
    }
    expect(connection.isUp).toBe(true);
    expect(opened()).toBe(1);
  });

  test("that lived for a minute is renewed without delay, however it began", async () => {
    peer.behave("apps.connections.open", { kind: "status", status: 503 }, 3);
    const { failed, turn, next, up } = start();
    await failed;
    for (const pause of [2_000, 4_000]) {
      const again = next("could not be opened");
      turn(pause);
      await again;
    }
    turn(8_000);
    const socket = await peer.nextSocket();
    await up;
    for (let round = 1; round <= 6; round++) {
      turn(10_000);
      await pinged(socket, round);
    }
    const upAgain = next("Slack connection is up");
    socket.disconnect("warning");
    await upAgain;
  });

  test("that Slack switched off is asked for seldom", async () => {
    const { socket, next, turn, connection } = await startUp();
    const lost = next("Slack connection lost");
    socket.disconnect("link_disabled", { closes: false });
    expect(await lost).toContain("link_disabled");
    expect(connection.isUp).toBe(false);
    await closed(socket);
    for (let minute = 0; minute < 4; minute++) turn(60_000);
    expect(opened()).toBe(1);
    const upAgain = next("Slack connection is up");
    turn(60_000);
    await upAgain;
  });

  test("is not opened at an address that is not Slack's", async () => {
    const elsewhere = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: () => Response.json({ ok: true, url: "wss://slack.com.evil.example/link" }),
    });
    running.push({ stop: () => elsewhere.stop(true) });
    const { clock } = handClock();
    const { log, next } = listeningLog();
    const failed = next("could not be opened");
    const apiBase = `http://127.0.0.1:${elsewhere.port}/api`;
    const stage = startChannel({ ...settings(peer, { appToken: APP_TOKEN }), apiBase }, clock, log, async () => null);
    running.push(stage);
    expect(await failed).toContain("an address that is not Slack's");
  });

  test("on which no hello comes is given up, cut if need be, and opened again", async () => {
    const { apiBase, sockets, nextOpened } = await startMute();
    const { clock, turn } = handClock();
    const { log, next } = listeningLog();
    const isOpen = nextOpened();
    const config = { ...settings(peer, { appToken: APP_TOKEN }), apiBase };
    const stage = startChannel(config, clock, log, async () => null);
    running.push(stage);
    await isOpen;
    const gone = next("could not be opened");
    turn(30_000);
    expect(await gone).toContain('why="no hello came"');
    expect(stage.connection!.isUp).toBe(false);
    const cut = new Promise((resolve) => sockets[0]!.once("close", resolve));
    const isOpenAgain = nextOpened();
    turn(1_000);
    await cut;
    turn(1_000);
    await isOpenAgain;
    // A line that ends before its hello is one more that could not be opened.
    const goneAgain = next("could not be opened");
    sockets[1]!.destroy();
    await goneAgain;
    turn(60_000);
  });

  test("that is stopped while it is asked for is not opened", async () => {
    peer.behave("apps.connections.open", { kind: "hang", accepted: true });
    const { connection, armed, turn } = start();
    await peer.nextCall({ method: "apps.connections.open" });
    await connection.stop();
    expect(armed()).toEqual([]);
    turn(600_000);
    expect(opened()).toBe(1);
  });

  test("that is stopped closes in order, acknowledges what it was at, and stays closed", async () => {
    const reached = Promise.withResolvers<void>();
    const recorded = Promise.withResolvers<null>();
    const stage = await startUp(() => {
      reached.resolve();
      return recorded.promise;
    });
    const { connection, socket, turn, armed } = stage;
    const outcome = peer.tap({ ...(await ask(stage)), index: 0 });
    await reached.promise;
    const stopped = connection.stop();
    expect(connection.isUp).toBe(false);
    recorded.resolve(null);
    expect((await outcome).accepted).toBe(true);
    await stopped;
    expect(socket.isOpen).toBe(false);
    expect(armed()).toEqual([]);
    turn(600_000);
    expect(opened()).toBe(1);
  });

  test("can be stopped while it waits to try again", async () => {
    refuse("service_unavailable");
    const { connection, failed, armed } = start();
    await failed;
    await connection.stop();
    expect(armed()).toEqual([]);
  });

  test("tells the log no token, no address and nothing of a tap", async () => {
    const stage = await startUp();
    const { lines, socket, next } = stage;
    await peer.tap({ ...(await ask(stage)), index: 0 });
    const lost = next("Slack connection lost");
    socket.drop();
    await lost;
    expect(lines.join("")).not.toMatch(/xapp|xoxb|ticket|127\.0\.0\.1|AUx1|W034/);
  });
});

/** Once the peer has seen the socket close. */
async function closed(socket: SlackSocket): Promise<void> {
  while (socket.isOpen) await new Promise(setImmediate);
}

/** Once all that was sent to the app before has been handled, or been left alone. */
async function heard(socket: SlackSocket, envelopeId: string): Promise<void> {
  socket.sendRaw(JSON.stringify({ type: "events_api", envelope_id: envelopeId, payload: {} }));
  while (!JSON.stringify(socket.received).includes(envelopeId)) await new Promise(setImmediate);
}

/** Once so many pings have come, and their pongs have arrived: the peer's own ping, sent after them, is answered. */
async function pinged(socket: SlackSocket, count: number): Promise<void> {
  while (socket.pings.length < count) await new Promise(setImmediate);
  socket.ping();
  while (socket.pongs.length < count) await new Promise(setImmediate);
}

/** A Slack whose lines open and stay mute: no hello, no pong, no answer to a close. */
async function startMute() {
  const sockets: Socket[] = [];
  let onOpened = () => {};
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.once("data", (head) => {
      const key = /sec-websocket-key: (.+)\r\n/i.exec(String(head))?.[1] ?? "";
      const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
      socket.write(`${lines.join("\r\n")}\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
      onOpened();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const api = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => Response.json({ ok: true, url: `ws://127.0.0.1:${port}/link` }),
  });
  running.push({
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await api.stop(true);
    },
  });
  const nextOpened = () =>
    new Promise<void>((resolve) => {
      onOpened = resolve;
    });
  return { apiBase: `http://127.0.0.1:${api.port}/api`, sockets, nextOpened };
}
