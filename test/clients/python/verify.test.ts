import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { digestOfBytes, digestOfJson } from "../../../src/audit/action-digest.ts";
import { parseIJson } from "../../../src/audit/i-json.ts";
import { canonicalize } from "../../../src/audit/jcs.ts";
import { type ReceiptClaims, signReceipt } from "../../../src/audit/receipt.ts";
import { verifyReceipt } from "../../../src/audit/verify-receipt.ts";
import { signingKeyFrom } from "../../../src/platform/ed25519.ts";
import { systemRandom } from "../../../src/platform/random.ts";
import { sign } from "../../../src/webhooks/signing.ts";
import { startReceiver } from "../../peers/receiver.ts";
import { type Appliance, startAppliance } from "../../support/appliance.ts";
import { pathOf, testNeeding } from "../../support/needs.ts";
import { type Call, type Came, python } from "./python.ts";

setDefaultTimeout(30_000);
const vectorTest = testNeeding("shared/vectors");

let appliance: Appliance;
beforeAll(async () => {
  appliance = await startAppliance();
});
afterAll(() => appliance.stop());

const one = async (call: string, args: readonly unknown[], kwargs: Call["kwargs"] = {}): Promise<Came> =>
  (await python({ call, args, kwargs }))[0]!;

describe("an action's digest", () => {
  test("is what `pausepoint digest` makes of it, and what another hand makes again", async () => {
    const action = { do: "wire", to: "Meridian", amount: "8400.00", lines: [1, 2.5, -0, null, true] };
    const [made, other] = await python(
      { call: "digest_action", args: [action] },
      { call: "digest_action", args: [action] },
    );
    expect(made!.gave.nonce).toMatch(/^[\w-]{22}$/);
    const text = JSON.stringify(made!.gave.action);
    expect(digestOfJson(text, null, systemRandom()).digest).toBe(made!.gave.digest);
    expect((await one("digest_action", [made!.gave.action])).gave.digest).toBe(made!.gave.digest);
    expect(other!.gave.digest).not.toBe(made!.gave.digest);
  });

  test("of bytes is what `pausepoint digest` makes of a file", async () => {
    const bytes = Buffer.from([0, 1, 2, 255]);
    const nonce = "kQHyhsjWjKRCBqPJ1TyDCw";
    const [known, fresh] = await python(
      { call: "digest_bytes", kwargs: { base64: bytes.toString("base64"), nonce } },
      { call: "digest_bytes", kwargs: { base64: bytes.toString("base64") } },
    );
    expect(known!.gave).toEqual([digestOfBytes(bytes, nonce, systemRandom()).digest, nonce]);
    expect(fresh!.gave[1]).not.toBe(nonce);
  });

  vectorTest("is taken over the one text that RFC 8785's own examples have", async () => {
    const folder = join(pathOf("shared/vectors"), "rfc8785");
    const names = readdirSync(join(folder, "input"));
    expect(names.length).toBeGreaterThan(3);
    const values = names.map((name) => JSON.parse(readFileSync(join(folder, "input", name), "utf8")));
    const came = await python(...values.map((value) => ({ call: "canonicalize", args: [value] })));
    for (const [index, name] of names.entries()) {
      const text = readFileSync(join(folder, "output", name), "utf8");
      // They hold numbers that not every JSON reader keeps, which the client has you write as text.
      if (name === "values.json") expect(came[index]?.said).toContain("is a number that not every reader keeps");
      else expect(came[index]?.gave).toBe(text);
    }
    // The numbers of that one, but for 1e30, which is whole and beyond 2^53.
    const { numbers } = values[names.indexOf("values.json")] as { numbers: number[] };
    const kept = numbers.filter((number) => !Number.isInteger(number) || Number.isSafeInteger(number));
    expect(kept.length).toBeGreaterThan(2);
    expect((await one("canonicalize", [kept])).gave).toBe(canonicalize(kept));
  });

  test("has every number as RFC 8785 writes it", async () => {
    const doubles = fc.sample(fc.double({ noNaN: true, noDefaultInfinity: true }), { numRuns: 3_000, seed: 1 });
    const scaled = [...Array(400)].map((_, index) => 1.2345678901234567 * 10 ** (index - 200));
    const edges = [
      0,
      -0,
      1e-6,
      1e-7,
      9.5e-7,
      123456.789,
      5e-324,
      2 ** 53 - 1,
      -(2 ** 53 - 1),
      0.1 + 0.2,
      1e21,
      1e20 + 0.5,
    ];
    const kept = [...doubles, ...scaled, ...edges].filter((one) => !Number.isInteger(one) || Number.isSafeInteger(one));
    expect(kept.length).toBeGreaterThan(1_500);
    expect((await one("canonicalize", [kept])).gave).toBe(canonicalize(kept));
  });

  test("is taken over the one text of RFC 8785, whatever the value is", async () => {
    const values = fc
      .sample(fc.jsonValue({ maxDepth: 6, stringUnit: "binary" }), { numRuns: 1_000, seed: 2 })
      .map((value) => JSON.parse(JSON.stringify(value)));
    values.push({ "\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\ud83d\ude00": 5, "\u0080": 6, "\u00f6": 7 });
    const came = await python(...values.map((value) => ({ call: "canonicalize", args: [value] })));
    const taken = came.filter(({ gave }) => gave !== undefined).length;
    expect(taken).toBeGreaterThan(600);
    for (const [index, { gave }] of came.entries())
      if (gave !== undefined) expect(gave).toBe(canonicalize(values[index]));
  });

  test.each([
    ["half a surrogate pair", { a: "\ud800" }, "/a holds half a surrogate pair"],
    ["a name of half a surrogate pair", { "\ud800": 1 }, "holds half a surrogate pair"],
    ["a number beyond 2^53", { a: [2 ** 53] }, "/a/0 is a number that not every reader keeps"],
    ["a short nonce", { nonce: "abc" }, "nonce must be 22 to 200 characters"],
    ["a nonce that is none", { nonce: null }, "nonce must be 22 to 200 characters"],
    ["what is nested too deeply", JSON.parse(`${'{"a":'.repeat(70)}1${"}".repeat(70)}`), "nested deeper than 64"],
  ])("is not made of %s", async (_, action, why) => {
    expect(await one("digest_action", [action])).toMatchObject({
      raised: "PausePointError",
      said: expect.stringContaining(why),
    });
  });

  test("is read as strictly as the server reads it", async () => {
    const texts = [
      ...['{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '"\\ud800"', "9007199254740993", "9007199254740992", "1e400", "NaN"],
      ...["1.10", "0.1000000000000000055511151231257827", "1e5", "-0", "-0.0", "[1.0,1e0]", "1e-400", '"\u0007"', "01"],
      ...[
        "[1,]",
        "",
        "\ufeff1",
        `${"[".repeat(64)}${"]".repeat(64)}`,
        `${"[".repeat(65)}${"]".repeat(65)}`,
        "1e-99999999999",
      ],
      ...[`1${"0".repeat(5_000)}`, '{"__proto__":1}', " [ 1 ] ", "tru", '{"a" 1}'],
    ];
    const came = await python(...texts.map((text) => ({ call: "read_number", args: [text] })));
    const ours = texts.map((text) => {
      try {
        return canonicalize(parseIJson(text));
      } catch {
        return "refused";
      }
    });
    expect(
      came.map(
        ({ gave, raised }) => gave ?? (raised === "ValueError" || raised === "JSONDecodeError" ? "refused" : raised),
      ),
    ).toEqual(ours);
  });
});

vectorTest("an Ed25519 signature is believed or not as Wycheproof has it", async () => {
  const file = join(pathOf("shared/vectors"), "wycheproof/ed25519_test.json");
  const { testGroups } = JSON.parse(readFileSync(file, "utf8"));
  const cases = testGroups.flatMap((group: { publicKey: { pk: string }; tests: object[] }) =>
    group.tests.map((each) => ({ ...each, pk: group.publicKey.pk })),
  ) as { pk: string; msg: string; sig: string; result: string; tcId: number }[];
  expect(cases.length).toBeGreaterThan(100);
  const came = await python(...cases.map(({ pk, msg, sig }) => ({ call: "ed25519", args: [pk, msg, sig] })));
  expect(cases.filter(({ result }, index) => came[index]?.gave !== (result === "valid"))).toEqual([]);
});

const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const older = `whsec_${Buffer.alloc(32, 8).toString("base64")}`;
const at = Date.UTC(2026, 10, 24) / 1000;
const body = '{"type":"webhook.test","timestamp":"2026-11-24T00:00:00.000Z","data":{"webhook_id":"whk_1"}}';
const signed = (more: { id?: string; secrets?: string[]; seconds?: number } = {}): Record<string, string> => ({
  ...sign({
    id: more.id ?? "evt_1",
    timestampSeconds: more.seconds ?? at,
    body,
    secrets: more.secrets ?? [secret],
  }),
});
const webhook = (text: string, headers: object, by: unknown = secret, now = at): Call => ({
  ...{ call: "verify_webhook", args: [text, headers, by], kwargs: { now } },
});

describe("a webhook", () => {
  test("is believed by its own secret, also while that is rotated, as text and as bytes", async () => {
    const headers = signed();
    const capital = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));
    const both = signed({ secrets: [older, secret] });
    const base64 = Buffer.from(body).toString("base64");
    const came = await python(
      webhook(body, headers),
      { call: "verify_webhook", args: [headers, secret], kwargs: { base64, now: at } },
      webhook(body, capital, [older, secret]),
      webhook(body, both, older),
      webhook(body, both, secret),
    );
    expect(came.map(({ gave }) => gave)).toEqual(came.map(() => JSON.parse(body)));
  });

  vectorTest("that Standard Webhooks publishes is believed", async () => {
    const file = join(pathOf("shared/vectors"), "standard-webhooks/vector.json");
    const { id, timestamp, payload, secret: own, signature } = JSON.parse(readFileSync(file, "utf8"));
    const headers = { "webhook-id": id, "webhook-timestamp": String(timestamp), "webhook-signature": signature };
    expect((await python(webhook(payload, headers, own, Number(timestamp))))[0]?.gave).toEqual(JSON.parse(payload));
  });

  test.each([
    ["with another body", `${body} `, signed(), "none of its signatures"],
    ["with another id", body, { ...signed(), "webhook-id": "evt_2" }, "none of its signatures"],
    ["with another time", body, { ...signed(), "webhook-timestamp": String(at + 1) }, "none of its signatures"],
    ["by another secret", body, signed({ secrets: [older] }), "none of its signatures"],
    [
      "without a signature that is known",
      body,
      { ...signed(), "webhook-signature": "v2,AAAA v1,! v1,ä" },
      "none of its",
    ],
    ["without any signature", body, { ...signed(), "webhook-signature": "" }, "none of its signatures"],
    ["six minutes old", body, signed({ seconds: at - 360 }), "too far from this machine's time"],
    ["of the time to come", body, signed({ seconds: at + 360 }), "too far from this machine's time"],
    ["without a time", body, { ...signed(), "webhook-timestamp": "now" }, "is no time in Unix seconds"],
    ["without a header", body, { "webhook-id": "evt_1" }, "the header webhook-timestamp is missing"],
  ])("is not believed %s", async (_, text, headers, why) => {
    const [came] = await python(webhook(text, headers));
    expect(came).toMatchObject({ raised: "WebhookError", said: expect.stringContaining(why) });
  });

  test("is not looked at with a secret that is none", async () => {
    const none = ["", "whsec_", "whsec_AAAA", secret.slice(6), `${secret}!`, `x${secret}`];
    for (const { said } of await python(...none.map((each) => webhook(body, signed(), each))))
      expect(said).toBe("the secret must be whsec_ and base64, as PausePoint has shown it");
  });

  test("of a real server is believed as it came", async () => {
    const receiver = await startReceiver();
    try {
      const key = appliance.keys.test;
      const pause = await appliance.ask(key, { webhook_url: `${receiver.url}/told`, message: "Wer zahlt? ✓" });
      await appliance.post(`/v1/test/pause/${pause.pause_id}/respond`, key, { choice: "Approve" });
      const request = await receiver.nextRequest();
      const { secret: own } = (await appliance.get("/v1/webhooks/default-secret", key)).body;
      const base64 = Buffer.from(request.body).toString("base64");
      const now = appliance.clock.now() / 1000;
      const [came] = await python({
        ...{ call: "verify_webhook", args: [request.headers, own], kwargs: { base64, now } },
      });
      expect(came?.gave).toMatchObject({ type: "pause.responded", data: { pause_id: pause.pause_id } });
    } finally {
      await receiver.stop();
    }
  });
});

const live = signingKeyFrom(new Uint8Array(32).fill(1));
const testing = signingKeyFrom(new Uint8Array(32).fill(2));
const jwk = (kid: string, key: { publicKey: Uint8Array }) => ({
  ...{ kid, kty: "OKP", crv: "Ed25519", x: Buffer.from(key.publicKey).toString("base64url") },
});
const digest = `sha256:${"ab".repeat(32)}`;
const claims: ReceiptClaims = {
  ...{ iss: "pausepoint/ins_1", aud: "payments", iat: at, exp: at + 3_600, jti: "A".repeat(22) },
  ...{ mode: "live", project: "default", pause_id: "pause_1", question: digest, options: ["Approve", "Reject"] },
  ...{ choice: "Approve", source: "human", via: "page", channel: "sms", by: null, asked_at: at },
  ...{ answered_at: at, action_digest: digest, seq: 7, entry_hash: "cd".repeat(32) },
};
const demands = {
  ...{ keys: { keys: [jwk("live", live), jwk("test", testing)] }, action_digest: digest, audience: "payments" },
  ...{ choices: ["Approve"], now: at },
};
const receipt = (change: Record<string, unknown> = {}, kid = "live") =>
  signReceipt({ ...claims, ...change } as unknown as ReceiptClaims, kid, kid === "test" ? testing : live);
const part = (text: string) => Buffer.from(text).toString("base64url");
/** A receipt with this header and payload as they stand, signed by the live key. */
const made = (header: object | string, payload: string = part(JSON.stringify(claims))) => {
  const text = `${part(typeof header === "string" ? header : JSON.stringify(header))}.${payload}`;
  return `${text}.${Buffer.from(live.sign(Buffer.from(text))).toString("base64url")}`;
};
const header = { alg: "Ed25519", kid: "live", typ: "pausepoint-receipt+jwt" };
const nameless = { alg: header.alg, typ: header.typ };
const [first, second, third] = receipt().split(".") as [string, string, string];

/** What the server's own reader finds wrong with it. */
const fault = (text: string, now = at) =>
  verifyReceipt(text, {
    ...{ mode: "live", now: now * 1000, audience: "payments", actionDigest: digest },
    keys: [
      { id: "live", publicKey: live.publicKey, mode: "live" },
      { id: "test", publicKey: testing.publicKey, mode: "test" },
    ],
  }).fault;

describe("a receipt", () => {
  test("that allows the action gives what it claims", async () => {
    const texts = [receipt(), receipt({ later: "claim" }), made({ ...header, alg: "EdDSA" })];
    const came = await python(...texts.map((text) => ({ call: "verify_receipt", args: [text], kwargs: demands })));
    expect(came.map(({ gave }) => gave)).toMatchObject([claims, claims, claims]);
    expect(texts.map((text) => fault(text))).toEqual([null, null, null]);
  });

  test.each([
    ["for another action", "other action", receipt({ action_digest: `sha256:${"ac".repeat(32)}` }), {}],
    ["that binds no action", "no action", receipt({ action_digest: null }), {}],
    ["for somebody else", "other audience", receipt({ aud: "shipping" }), {}],
    ["that has expired", "expired", receipt(), { now: claims.exp }],
    ["of a test, for what is live", "other mode", receipt({ mode: "test" }, "test"), {}],
    ["by a key that is not known", "unknown key", receipt({}, "another"), {}],
    ["whose signature is another's", "forged", receipt().replace(/[^.]*$/, receipt({ seq: 8 }).split(".")[2]!), {}],
    ["that was altered", "forged", `${first}.${receipt({ seq: 8 }).split(".")[1]}.${third}`, {}],
    ["without a claim", "malformed", receipt({ exp: undefined }), {}],
    ["with a claim of another kind", "malformed", receipt({ exp: "2099" }), {}],
    ["with a truth for a time", "malformed", receipt({ iat: true }), {}],
    ["with half a second", "malformed", receipt({ iat: at + 0.5 }), {}],
    ["of no mode", "malformed", receipt({ mode: "both" }), {}],
    ["of nobody", "malformed", receipt({ source: "agent" }), {}],
    ["with an option that is no text", "malformed", receipt({ options: ["Approve", 1] }), {}],
    ["without `via`", "malformed", receipt({ via: undefined }), {}],
    ["of two parts", "malformed", `${first}.${second}`, {}],
    ["of four parts", "malformed", `${receipt()}.${third}`, {}],
    ["in padded base64", "malformed", `${receipt()}==`, {}],
    ["in the other base64", "malformed", `${first}.${second}.${third.replace(/.$/, "+")}`, {}],
    [
      "with spare bits",
      "malformed",
      receipt().replace(/.$/, (last) => String.fromCharCode(last.charCodeAt(0) + 1)),
      {},
    ],
    ["with a short signature", "malformed", `${first}.${second}.${third.slice(0, -4)}`, {}],
    ["of 17 kB", "malformed", receipt({ project: "x".repeat(17_000) }), {}],
    ["of nothing", "malformed", "", {}],
    ["with a payload that is no object", "malformed", made(header, part("[]")), {}],
    ["with a payload that is no JSON", "malformed", made(header, part("{")), {}],
    [
      "with a payload that is not UTF-8",
      "malformed",
      made(header, Buffer.from([0x22, 0xff, 0x22]).toString("base64url")),
      {},
    ],
    [
      "with a claim that stands twice",
      "malformed",
      made(header, part(`{"seq":8,${JSON.stringify(claims).slice(1)}`)),
      {},
    ],
    [
      "with a number that is not kept",
      "malformed",
      made(header, part(`{"x":0.10000000000000001,${JSON.stringify(claims).slice(1)}`)),
      {},
    ],
    ["that says alg none", "malformed", made({ ...header, alg: "none" }), {}],
    ["that says alg HS256", "malformed", made({ ...header, alg: "HS256" }), {}],
    ["of another typ", "malformed", made({ ...header, typ: "JWT" }), {}],
    ["that brings its own key", "malformed", made({ ...header, jwk: jwk("live", testing) }), {}],
    ["that brings crit", "malformed", made({ ...header, crit: [] }), {}],
    ["that names no key", "malformed", made(nameless), {}],
    ["whose header has a member twice", "malformed", made(`{"alg":"none",${JSON.stringify(header).slice(1)}`), {}],
  ] as const)("%s is refused, as the server refuses it", async (_, expected, text, more) => {
    const [came] = await python({ call: "verify_receipt", args: [text], kwargs: { ...demands, ...more } });
    expect(came).toMatchObject({ raised: "ReceiptError", fault: expected });
    expect(fault(text, "now" in more ? more.now : at)).toBe(expected);
  });

  test.each([
    ["with another choice", "other choice", receipt({ choice: "Reject" }), {}],
    ["of the clock, where a person is demanded", "no person", receipt({ source: "timeout_default" }), {}],
    ["older than is taken", "too old", receipt(), { now: at + 601, max_age_seconds: 600 }],
    [
      "whose key is of another curve",
      "unknown key",
      receipt(),
      { keys: { keys: [{ ...jwk("live", live), crv: "Ed448" }] } },
    ],
    ["whose key is too short", "unknown key", receipt(), { keys: { keys: [{ ...jwk("live", live), x: "AAAA" }] } }],
  ] as const)("%s is refused by whoever acts", async (_, expected, text, more) => {
    const [came] = await python({ call: "verify_receipt", args: [text], kwargs: { ...demands, ...more } });
    expect(came).toMatchObject({ raised: "ReceiptError", fault: expected });
  });

  test("of the clock will do where that is said, and one text is no list of choices", async () => {
    const text = receipt({ source: "timeout_default" });
    const [came, wrong] = await python(
      { call: "verify_receipt", args: [text], kwargs: { ...demands, allow_default: true } },
      { call: "verify_receipt", args: [receipt()], kwargs: { ...demands, choices: "Approve" } },
    );
    expect(came?.gave).toMatchObject({ source: "timeout_default" });
    expect(wrong?.raised).toBe("TypeError");
  });

  test.each(["PausePoint", "AsyncPausePoint"] as const)(
    "of a real server is verified with the keys that it publishes, and %s consumes it once",
    async (on) => {
      const action = (await one("digest_action", [{ do: "purge", rows: 14_000 }])).gave;
      const asked = { action_digest: action.digest, audience: "ledger" };
      const { pause_id } = await appliance.ask(appliance.keys.test, asked);
      await appliance.post(`/v1/test/pause/${pause_id}/respond`, appliance.keys.test, { choice: "Approve" });
      const text = (await appliance.pause(appliance.keys.test, pause_id)).receipt!;
      const [keys, liveKeys] = await python(
        { call: "fetch_receipt_keys", args: [`${appliance.url}/`, "test"] },
        { call: "fetch_receipt_keys", args: [appliance.url] },
      );
      const mine = { ...demands, ...asked, mode: "test", now: appliance.clock.now() / 1000 };
      const client = {
        url: appliance.url,
        api_key: await appliance.newKey({ mode: "test", scopes: ["receipts:consume"] }),
      };
      const consume = { on, client, call: "consume_receipt", args: [text, action.digest] };
      const came = await python(
        { call: "verify_receipt", args: [text], kwargs: { ...mine, keys: keys?.gave } },
        { call: "verify_receipt", args: [text], kwargs: { ...mine, keys: liveKeys?.gave } },
        consume,
        consume,
        { call: "fetch_receipt_keys", args: [`${appliance.url}/healthz`] },
        { call: "fetch_receipt_keys", args: ["http://127.0.0.1:9"] },
        { call: "fetch_receipt_keys", args: ["file:///etc"] },
      );
      expect(came[0]?.gave).toMatchObject({ pause_id, source: "human" });
      expect(came[1]?.fault).toBe("unknown key");
      expect(came[2]?.gave).toMatchObject({ pause_id, choice: "Approve", source: "human" });
      expect(came[3]).toMatchObject({ raised: "ConflictError", status: 409 });
      expect(came[4]?.said).toMatch(/can't be read|is no set of keys/);
      expect(came[5]?.said).toContain("can't be read from http://127.0.0.1:9");
      expect(came[6]?.said).toContain("set PAUSEPOINT_URL");
    },
  );
});
