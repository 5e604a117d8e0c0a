import { afterEach, expect, test } from "bun:test";
import { type Appliance, restarted, startAppliance } from "../support/appliance.ts";
import { eventually } from "../support/eventually.ts";

const running: { stop(): unknown }[] = [];
afterEach(async () => {
  for (const part of running.splice(0).reverse()) await part.stop();
});

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";

/** A program that is told, and fails as often as it is asked to. */
function startReceiver(failures = 0) {
  const heard: Headers[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      heard.push(request.headers);
      return new Response(null, { status: heard.length <= failures ? 500 : 204 });
    },
  });
  running.push({ stop: () => server.stop(true) });
  return { heard, url: `http://127.0.0.1:${server.port}/hook` };
}

async function askTraced(appliance: Appliance, url: string, headers: Record<string, string>) {
  const body = { recipient: "+13128471928", channel: "sms", message: "Pay?", webhook_url: url };
  const { body: pause } = await appliance.post("/v1/pause", appliance.keys.test, body, headers);
  return pause.pause_id as string;
}

test("a pause's webhooks stand in the trace that it was asked for in, each attempt by an id of its own, over a restart", async () => {
  const receiver = startReceiver(1);
  const first = await startAppliance();
  const traceparent = `00-${TRACE}-${PARENT}-01`;
  const id = await askTraced(first, receiver.url, {
    traceparent,
    tracestate: "congo=t61rcWkgMzE, rojo=00f067aa0ba902b7",
  });
  await first.app.stop();

  const second = await restarted(first);
  running.push(second);
  await second.post(`/v1/test/pause/${id}/respond`, second.keys.test, { choice: "Approve" });
  await eventually(
    () => receiver.heard.length,
    (count) => count === 1,
  );
  await eventually(
    () => {
      second.clock.turn(10_000);
      return receiver.heard.length;
    },
    (count) => count === 2,
  );
  const parents = receiver.heard.map((headers) => {
    expect(headers.get("tracestate")).toBe("congo=t61rcWkgMzE,rojo=00f067aa0ba902b7");
    const [, version, trace, parent, flags] = /^(..)-(.{32})-([0-9a-f]{16})-(..)$/.exec(headers.get("traceparent")!)!;
    expect([version, trace, flags]).toEqual(["00", TRACE, "01"]);
    return parent!;
  });
  expect(new Set([...parents, PARENT, "0".repeat(16)]).size).toBe(4);
});

test("a malformed traceparent counts as none, and so does the tracestate beside it", async () => {
  const receiver = startReceiver();
  const appliance = await startAppliance();
  running.push(appliance);
  const id = await askTraced(appliance, receiver.url, { traceparent: `00-${TRACE}-${PARENT}`, tracestate: "a=1" });
  await appliance.post(`/v1/test/pause/${id}/respond`, appliance.keys.test, { choice: "Approve" });
  await eventually(
    () => receiver.heard.length,
    (count) => count === 1,
  );
  expect(receiver.heard[0]!.has("traceparent")).toBe(false);
  expect(receiver.heard[0]!.has("tracestate")).toBe(false);
});
