import { afterEach, expect, test } from "bun:test";
import { formatVerifierKey, verifierKey } from "../../src/audit/note.ts";
import { askWitness, type Witness } from "../../src/evidence/ask-witness.ts";
import { signingKeyFrom } from "../../src/platform/ed25519.ts";
import { makeAuthority } from "../peers/certificates.ts";
import { TurnedClock } from "../support/database.ts";
import { SmallLog } from "../support/small-log.ts";
import { type StartedWitness, startWitness } from "../support/witness.ts";

const log = new SmallLog().grow(9);
const submission = { oldSize: 0, proof: [], checkpoint: log.checkpoint() };
const stop = new AbortController().signal;

const running: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of running.splice(0)) await end();
});

/** A program at the address of a witness that answers whatever it likes. */
function answering(
  answer: (request: Request) => Response | Promise<Response>,
  tls?: { key: string; cert: string },
): string {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: answer, ...(tls === undefined ? {} : { tls }) });
  running.push(() => server.stop(true));
  return `${tls === undefined ? "http" : "https"}://127.0.0.1:${server.port}`;
}

function witnessAt(url: string, of?: StartedWitness, tls: { ca?: string } = {}): Witness {
  const key = of?.key ?? verifierKey("witness.example/w1", signingKeyFrom(new Uint8Array(32)).publicKey, "cosignature");
  return { key, vkey: formatVerifierKey(key), url, tls, timeoutSeconds: 15 };
}

const ask = (witness: Witness, clock = new TurnedClock()) => askWitness(witness, submission, clock, stop);

async function realWitness(): Promise<StartedWitness> {
  const witness = await startWitness([log.vkey]);
  running.push(() => witness.stop());
  return witness;
}

test.each<[string, () => Response, string]>([
  ["nothing", () => new Response(""), "not signed by its key"],
  ["a page", () => new Response("<html>hello</html>"), "its answer can't be trusted"],
  ["the size in words", () => sized("nine\n"), "409 without the size"],
  ["a size without its line feed", () => sized("9"), "409 without the size"],
  ["a size beyond all integers", () => sized("99999999999999999\n"), "409 without the size"],
  ["that it is broken", () => new Response("", { status: 503 }), "it answered 503"],
  ["a redirect", () => Response.redirect("http://127.0.0.1:1/", 307), "it answered 307"],
  ["without end", () => new Response("x".repeat(70_000)), "it cannot be reached (ENDLESS)"],
])("a witness that answers %s is no witness, in words", async (_, answer, words) => {
  expect(await ask(witnessAt(answering(answer)))).toEqual({ kind: "failed", why: expect.stringContaining(words) });
});

function sized(body: string): Response {
  return new Response(body, { status: 409, headers: { "content-type": "text/x.tlog.size" } });
}

test("a witness that knows a size tells it, and one that knows another tree tells that", async () => {
  expect(await ask(witnessAt(answering(() => sized("12\n"))))).toEqual({ kind: "knows", size: 12 });
  for (const status of [409, 422])
    expect(await ask(witnessAt(answering(() => new Response("no", { status }))))).toEqual({ kind: "differs" });
});

test("a witness that never answers is given up when its time is over", async () => {
  const clock = new TurnedClock();
  let isAsked = () => {};
  const asked = new Promise<void>((resolve) => {
    isAsked = resolve;
  });
  const url = answering(() => {
    isAsked();
    return new Promise(() => {});
  });
  const answer = ask(witnessAt(url), clock);
  await asked;
  clock.turn(15_000);
  expect(await answer).toEqual({ kind: "failed", why: "no answer within 15 s" });
});

test("a witness behind TLS of an own authority is reached with that authority, and not without", async () => {
  const witness = await realWitness();
  const authority = makeAuthority();
  const url = answering(
    (request) => fetch(`${witness.url}${new URL(request.url).pathname}`, { method: "POST", body: request.body }),
    authority.issue({ addresses: ["127.0.0.1"] }),
  );
  expect((await ask(witnessAt(url, witness))).kind).toBe("failed");
  expect((await ask(witnessAt(url, witness, { ca: authority.ca }))).kind).toBe("cosigned");
});

test("only the line of the configured key is taken out of what a witness answers", async () => {
  const witness = await realWitness();
  const other = await startWitness([log.vkey], { name: "witness.example/w2" });
  running.push(() => other.stop());
  const url = answering(async (request) => {
    const body = await request.text();
    const lines = await Promise.all([other, witness].map(async (one) => (await one.submit(body)).text()));
    return new Response(lines.join(""));
  });
  const answer = await ask(witnessAt(url, witness));
  expect(answer).toMatchObject({ kind: "cosigned", line: expect.stringMatching(/^— witness\.example\/w1 \S+\n$/) });
  expect(answer).toMatchObject({ time: Math.floor(witness.clock.now() / 1000) });
});
