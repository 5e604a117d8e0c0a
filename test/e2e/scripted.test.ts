/** Recipients that answer by themselves, of the executable: each of an agent's paths, many at once, over a crash. */
import { describe, expect, setDefaultTimeout } from "bun:test";
import { SCRIPTS } from "../../src/channels/scripted.ts";
import type { Pause } from "../../src/pauses/index.ts";
import { type BinaryServer, environment, runBinary, Started, serveBinary } from "../support/binary.ts";
import { testNeeding } from "../support/needs.ts";

const test = testNeeding("dist/pausepoint");
setDefaultTimeout(120_000);

const SOON_HOURS = 0.6 / 3_600;
const numberOf = (script: string) => `+150055501${SCRIPTS.find((one) => one.script === script)?.number}`;

/** Starts the server again in its folder, at its address. */
async function again(server: BinaryServer): Promise<Started> {
  const port = new URL(server.url).port;
  const started = new Started(["serve", "--port", port, "--json"], server.folder, environment());
  await started.line();
  return started;
}

describe("a test key's agent", () => {
  test("is led down each of its paths without a phone", async () => {
    await using server = await serveBinary();
    const ended = async (wanted: Readonly<Record<string, unknown>>) => {
      const pause = await server.pause((await server.ask(wanted)).pause_id, 20);
      const { status, response_choice: choice, response_source: source, reached } = pause;
      return { status, choice, source, reached };
    };
    const soon = { timeout_hours: SOON_HOURS };
    const approved = { status: "responded", choice: "Approve", source: "human", reached: true };
    const rejected = { ...approved, choice: "Reject" };
    const unanswered = { status: "timed_out", choice: null, source: null };
    const results = await Promise.all([
      ended({ recipient: numberOf("approves") }),
      ended({ recipient: numberOf("rejects") }),
      ended({ recipient: numberOf("comments"), allow_comment: true }),
      ended({ recipient: "+15005550201" }),
      ended({ recipient: "+15005550301" }),
      ended({ recipient: numberOf("scanned") }),
      ended({ recipient: numberOf("opens"), ...soon }),
      ended({ recipient: numberOf("never"), ...soon }),
      ended({ recipient: numberOf("late"), ...soon }),
      ended({ recipient: numberOf("unreachable"), ...soon }),
      ended({ recipient: numberOf("never"), ...soon, timeout_default: "Reject" }),
    ]);
    expect(results).toMatchObject([
      ...[approved, rejected, approved, approved, rejected, approved],
      ...[unanswered, unanswered, unanswered, { ...unanswered, reached: false }],
      { status: "responded", choice: "Reject", source: "timeout_default" },
    ]);
    const twice = await ended({ recipient: numberOf("taps-twice") });
    expect(["Approve", "Reject"]).toContain(String(twice.choice));
  });

  test("has what was still to be done after a crash", async () => {
    const server = await serveBinary();
    const { pause_id } = await server.ask({ recipient: "+15005550202" });
    await server.link(pause_id);
    process.kill(server.process.pid, "SIGKILL");
    await server.process.ended;
    const started = await again(server);
    try {
      expect(await server.pause(pause_id, 20)).toMatchObject({ status: "responded", response_choice: "Approve" });
      expect((await server.call(`/v1/test/messages?pause_id=${pause_id}`)).body.data).toHaveLength(1);
    } finally {
      await started.stop();
      await server.stop();
    }
  });

  test("gets ten thousand questions answered, each once, and the log of it verifies", async () => {
    const COUNT = 10_000;
    await using server = await serveBinary();
    const asked: Pause[] = [];
    let next = 0;
    const connection = async () => {
      while (next < COUNT) {
        const recipient = ["approves", "rejects", "taps-twice"][next++ % 3]!;
        asked.push(await server.ask({ recipient: numberOf(recipient) }));
      }
    };
    await Promise.all(Array.from({ length: 128 }, connection));
    expect(new Set(asked.map(({ pause_id }) => pause_id)).size).toBe(COUNT);

    // All of them held until their ends: none is missed, none has to be asked for twice.
    const counts = new Map<string, number>();
    let looked = 0;
    const watcher = async () => {
      while (looked < COUNT) {
        const { pause_id, recipient } = asked[looked++]!;
        const { status, response_choice } = await server.pause(pause_id, 60);
        const end = `${recipient} ${status} ${response_choice}`;
        counts.set(end, (counts.get(end) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: 128 }, watcher));
    const of = (script: string, choice: string) => counts.get(`${numberOf(script)} responded ${choice}`) ?? 0;
    expect(of("approves", "Approve")).toBe(3_334);
    expect(of("rejects", "Reject")).toBe(3_333);
    expect(of("taps-twice", "Approve") + of("taps-twice", "Reject")).toBe(3_333);

    const verified = await runBinary(["audit", "verify", "--json"], server.folder);
    expect(verified.stderr).toBe("");
    expect(verified.status).toBe(0);
    const exported = await runBinary(["audit", "export"], server.folder);
    expect(exported.stdout.match(/"type":"pause\.responded"/g)).toHaveLength(COUNT);
  });
});
