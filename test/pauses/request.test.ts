import { describe, expect, test } from "bun:test";
import { cancelBody, createBody } from "../../src/pauses/request.ts";
import { type FieldError, Problem } from "../../src/platform/problem.ts";
import { check } from "../../src/platform/schema.ts";

const BASE = { recipient: "+13128471928", channel: "sms", message: "Pay?" };
const EMOJI = "\u{1F600}";
const options = (...list: unknown[]) => ({ options: list });
const letters = (count: number) => Array.from({ length: count }, (_, index) => `o${index}`);
const read = (part: object = {}) => check(createBody, { ...BASE, ...part }, "body");

/** What is wrong with a body, as `pointer: detail`. */
function faults(part: unknown, schema: typeof createBody | typeof cancelBody = createBody): string[] {
  try {
    check(schema, part, "body");
    return [];
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return error.errors.map(
      (fault: FieldError) => `${"pointer" in fault ? fault.pointer : fault.parameter}: ${fault.detail}`,
    );
  }
}
const wrong = (part: object) => faults({ ...BASE, ...part });

describe("the smallest request", () => {
  test("has the defaults that the contract names", () => {
    expect(read()).toEqual({
      ...BASE,
      options: ["Approve", "Reject"],
      timeout_default: null,
      allow_comment: false,
      action_digest: null,
      audience: null,
      webhook_url: null,
    });
  });

  test("needs a recipient, a channel and a message, and names each that is missing", () => {
    expect(faults({}).map((fault) => fault.split(":")[0])).toEqual(["/recipient", "/channel", "/message"]);
  });

  test("is an object", () => {
    for (const body of [null, [], "x", 5, true]) expect(faults(body)).toEqual([": must be a JSON object"]);
  });
});

describe("each limit holds at its edge, counted in code points", () => {
  test.each([
    [
      "message",
      { message: EMOJI.repeat(1_600) },
      { message: EMOJI.repeat(1_601) },
      "/message: must be text of 1 to 1600 characters",
    ],
    [
      "option",
      options(EMOJI.repeat(60)),
      options("a", EMOJI.repeat(61)),
      "/options/1: must be text of 1 to 60 characters",
    ],
    ["options", options(...letters(10)), options(...letters(11)), "/options: must hold 1 to 10 options"],
    ["options, at least", options("Go"), options(), "/options: must hold 1 to 10 options"],
    ["recipients, at least", { recipient: ["@a"] }, { recipient: [] }, "/recipient: must hold 1 to 10 recipients"],
    [
      "timeout",
      { timeout_hours: 8_760 },
      { timeout_hours: 8_760.001 },
      "/timeout_hours: must be a number above 0 and at most 8760",
    ],
    [
      "timeout, at least",
      { timeout_hours: 1e-9 },
      { timeout_hours: 0 },
      "/timeout_hours: must be a number above 0 and at most 8760",
    ],
    [
      "details",
      { details: Object.fromEntries(letters(20).map((label) => [label, ""])) },
      { details: Object.fromEntries(letters(21).map((label) => [label, ""])) },
      "/details: must hold at most 20 details",
    ],
    [
      "label of a detail",
      { details: { [EMOJI.repeat(60)]: "x" } },
      { details: { [EMOJI.repeat(61)]: "x" } },
      `/details/${EMOJI.repeat(61)}: must have a label of 1 to 60 characters on one line`,
    ],
    [
      "text of a detail",
      { details: { a: EMOJI.repeat(500) } },
      { details: { a: EMOJI.repeat(501) } },
      "/details/a: must be text of at most 500 characters",
    ],
    [
      "metadata",
      { metadata: { a: "x".repeat(16_376) } },
      { metadata: { a: "x".repeat(16_377) } },
      "/metadata: must be at most 16 kB as JSON",
    ],
    [
      "metadata, in bytes",
      { metadata: { a: EMOJI.repeat(4_094) } },
      { metadata: { a: EMOJI.repeat(4_095) } },
      "/metadata: must be at most 16 kB as JSON",
    ],
    [
      "audience",
      { audience: "a".repeat(255) },
      { audience: "a".repeat(256) },
      "/audience: must be text of 1 to 255 characters",
    ],
  ])("%s", (_, fits, exceeds, fault) => {
    expect(wrong(fits)).toEqual([]);
    expect(wrong(exceeds)).toEqual([fault]);
  });

  test("recipients", () => {
    expect(wrong({ recipient: letters(10) })).toEqual([]);
    expect(wrong({ recipient: letters(11) })).toEqual([expect.stringMatching(/^\/recipient: must .* 1 to 10/)]);
    expect(wrong({ recipient: "a".repeat(320) })).toEqual([]);
    expect(wrong({ recipient: "a".repeat(321) })).toEqual(["/recipient: is too long for an address"]);
  });

  test("the reason of a cancellation", () => {
    expect(check(cancelBody, {}, "body")).toEqual({ reason: null });
    expect(check(cancelBody, { reason: "" }, "body")).toEqual({ reason: "" });
    expect(check(cancelBody, { reason: EMOJI.repeat(500) }, "body")).toEqual({ reason: EMOJI.repeat(500) });
    expect(faults({ reason: EMOJI.repeat(501) }, cancelBody)).toEqual([
      "/reason: must be text of at most 500 characters",
    ]);
    expect(faults({ why: "x" }, cancelBody)).toEqual(["/why: is not a field that is known here"]);
  });
});

describe("options", () => {
  test("that a person could not tell apart are refused at the second", () => {
    for (const [first, second] of [
      ["Yes", "Yes"],
      ["Approve", "Ａpprove"],
      ["é", "e\u0301"],
      ["No", "N\u200bo"],
      ["ﬁne", "fine"],
      ["Go", "Go\u00ad"],
    ]) {
      expect(wrong(options(first, "Other", second))).toEqual(["/options/2: is the same as option 0"]);
    }
    expect(wrong(options("yes", "Yes"))).toEqual([]);
  });

  test("have no control characters, line breaks, outer spaces, and something that can be seen", () => {
    for (const bad of ["a\nb", "a\u0000b", "a\u0085b", "a\u2028b", "a\tb"]) {
      expect(wrong(options(bad))).toEqual(["/options/0: must be one line without control characters"]);
    }
    for (const bad of [" a", "a ", "a\u00a0", "\u3000a"])
      expect(wrong(options(bad))).toEqual(["/options/0: must not begin or end with a space"]);
    for (const bad of ["\u200b", "\u2060\u200d", "\u0301"])
      expect(wrong(options(bad))).toEqual(["/options/0: must hold something that can be seen"]);
    expect(wrong(options("👍🏽", "❌", "是", "→", "1️⃣", "👩‍👩‍👧", "a  b"))).toEqual([]);
  });

  test("are an array of text", () => {
    expect(wrong({ options: "Approve" })).toEqual(["/options: must be an array of 1 to 10 strings"]);
    expect(wrong({ options: null })).toEqual(["/options: must be an array of 1 to 10 strings"]);
    expect(wrong(options("a", 5))).toEqual(["/options/1: must be text of 1 to 60 characters"]);
  });

  test("hold the default, exactly", () => {
    expect(wrong({ timeout_default: "Reject" })).toEqual([]);
    for (const other of ["reject", "Reject ", "", "Ｒeject"]) {
      expect(wrong({ timeout_default: other })).toEqual(["/timeout_default: must be one of the options, exactly"]);
    }
    expect(wrong({ options: ["Go"], timeout_default: "Reject" })).toEqual([
      "/timeout_default: must be one of the options, exactly",
    ]);
    expect(wrong({ timeout_default: 1 })).toEqual(["/timeout_default: must be one of the options, or null"]);
  });
});

describe("a field", () => {
  test("that is unknown is refused by its name, those that objects inherit too", () => {
    expect(wrong({ urgent: 4, "a/b": 1 })).toEqual([
      "/urgent: is not a field that is known here",
      "/a~1b: is not a field that is known here",
    ]);
    const inherited = JSON.parse('{"__proto__":{"allow_comment":true},"constructor":1}') as object;
    const body: unknown = JSON.parse(`${JSON.stringify(BASE).slice(0, -1)},${JSON.stringify(inherited).slice(1)}`);
    expect(faults(body)).toEqual([
      "/__proto__: is not a field that is known here",
      "/constructor: is not a field that is known here",
    ]);
  });

  test("that is nearly a known one, or its beginning, is refused with the one that was meant", () => {
    for (const [name, meant] of [
      ["timeoutHours", "timeout_hours"],
      ["timeout", "timeout_hours"],
      ["Message", "message"],
      ["option", "options"],
      ["recipients", "recipient"],
      ["webhook", "webhook_url"],
      ["action_digets", "action_digest"],
    ] as const)
      expect(wrong({ [name]: 1 })).toEqual([`/${name}: is not a field that is known here; did you mean ${meant}?`]);
    for (const name of ["no", "urgent", "x".repeat(60_000), "messagemessage", ""])
      expect(wrong({ [name]: 1 })).toEqual([`/${name}: is not a field that is known here`]);
    expect(faults({ reson: "late" }, cancelBody)[0]).toEndWith("; did you mean reason?");
  });

  test("that is empty text is one fault, not one for each thing that it lacks", () => {
    expect(wrong({ message: "" })).toEqual(["/message: must be text of 1 to 1600 characters"]);
    expect(wrong({ options: ["", "No"] })).toEqual(["/options/0: must be text of 1 to 60 characters"]);
    expect(wrong({ message: "", timeout_default: "Maybe" })).toHaveLength(2);
  });

  test("of another type is refused, never read as if", () => {
    expect(wrong({ timeout_hours: "4" })).toEqual(["/timeout_hours: must be a number above 0 and at most 8760"]);
    for (const hours of [null, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e300])
      expect(wrong({ timeout_hours: hours })).toHaveLength(1);
    for (const yes of [null, "true", 1])
      expect(wrong({ allow_comment: yes })).toEqual(["/allow_comment: must be true or false"]);
    for (const message of [null, 5, ["a"]])
      expect(wrong({ message })).toEqual(["/message: must be text of 1 to 1600 characters"]);
    for (const recipient of [null, 5, {}, [5]])
      expect(wrong({ recipient })[0]).toStartWith("/recipient: must be text, or an array of 1 to 10");
    expect(wrong({ recipient: ["@a", ""] })).toEqual(["/recipient/1: must not be empty"]);
    for (const channel of ["", "SMS", "a b", "../x", "a".repeat(33), null]) {
      expect(wrong({ channel })).toEqual(["/channel: must be the name of a channel, such as sms"]);
    }
  });

  test("message holds something that can be seen, and may have many lines", () => {
    expect(wrong({ message: " \n\u200b " })).toEqual(["/message: must hold something that can be seen"]);
    expect(read({ message: "a\n\tb" }).message).toBe("a\n\tb");
  });

  test("action_digest is sha256 in lower-case hex, or null", () => {
    const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
    expect(read({ action_digest: digest }).action_digest).toBe(digest);
    for (const other of [
      "",
      digest.toUpperCase(),
      digest.slice(0, -1),
      `${digest}0`,
      `${digest}\n`,
      digest.slice(7),
      digest.replace("256", "512"),
    ]) {
      expect(wrong({ action_digest: other })).toEqual([
        "/action_digest: must be sha256: and 64 lower-case hex digits, or null",
      ]);
    }
  });

  test("details and metadata are objects, kept as they are, their own __proto__ too", () => {
    for (const other of [null, [], "x", 5]) {
      expect(wrong({ details: other })).toEqual(["/details: must be an object of label to text"]);
      expect(wrong({ metadata: other })).toEqual(["/metadata: must be an object"]);
    }
    expect(wrong({ details: { "": "x", "a\nb": "x", n: 5 } }).map((fault) => fault.split(":")[0])).toEqual([
      "/details/",
      "/details/a\nb",
      "/details/n",
    ]);
    const text = '{"z":1,"__proto__":"own","a":{"deep":[null]}}';
    expect(JSON.stringify(read({ metadata: JSON.parse(text) }).metadata)).toBe(text);
    expect(JSON.stringify(read({ details: JSON.parse('{"__proto__":"own"}') }).details)).toBe('{"__proto__":"own"}');
  });

  test("audience may be null, and is not empty", () => {
    expect(read({ audience: null }).audience).toBeNull();
    expect(wrong({ audience: "" })).toEqual(["/audience: must be text of 1 to 255 characters"]);
  });
});
