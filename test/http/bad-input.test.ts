import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Answer, type Appliance, question, startAppliance } from "../support/appliance.ts";
import { expectInvalid, expectProblem, fieldsOf } from "./problem.ts";

let appliance: Appliance;
let key: string;
/** A pause that must stay as it is, whatever is sent to it. */
let target: string;
let before: number;
beforeAll(async () => {
  appliance = await startAppliance();
  key = appliance.keys.test;
  target = (await appliance.ask(key)).pause_id;
  before = appliance.count("SELECT count(*) FROM pauses");
});
afterAll(async () => {
  expect((await appliance.pause(key, target)).status).toBe("pending");
  expect(appliance.logged).toEqual([]);
  await appliance.stop();
});

/** Every route that takes JSON, with a body that it would take. */
const ROUTES: Record<string, { path: () => string; good: Record<string, unknown>; text: string }> = {
  create: { path: () => "/v1/pause", good: question(), text: "message" },
  cancel: { path: () => `/v1/pause/${target}/cancel`, good: {}, text: "reason" },
  respond: { path: () => `/v1/test/pause/${target}/respond`, good: { choice: "Approve" }, text: "comment" },
};

/** Sends a body's exact text to each of the routes, and checks that nothing was created. */
async function each(
  body: (route: (typeof ROUTES)[string]) => string | Uint8Array,
  check: (answer: Answer, route: (typeof ROUTES)[string]) => void,
  type = "application/json",
): Promise<void> {
  for (const route of Object.values(ROUTES)) {
    check(await appliance.post(route.path(), key, body(route), { "content-type": type }), route);
  }
  expect(appliance.count("SELECT count(*) FROM pauses")).toBe(before);
}

const withMember = (good: object, name: string, json: string) => {
  const rest = JSON.stringify(good).slice(1);
  return `{${JSON.stringify(name)}:${json}${rest === "}" ? "" : ","}${rest}`;
};

describe("whatever takes JSON", () => {
  test("says 400 to what is not JSON", async () => {
    for (const text of [
      "{",
      "{'a':1}",
      '{"a":1,}',
      "NaN",
      "undefined",
      "a=b",
      "\ufeff",
      " ",
      "\u00a0",
      '{"a":1}}',
      '"\n"',
      "[1,]",
      "\0",
    ])
      await each(
        () => text,
        (answer) => expectProblem(answer, "not-json"),
      );
    const notUtf8 = [
      Uint8Array.of(0x22, 0xff, 0x22),
      Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22),
      Buffer.from('{"a":1}', "utf16le"),
    ];
    for (const bytes of notUtf8)
      await each(
        () => bytes,
        (answer) => expectProblem(answer, "not-json"),
      );
  });

  test("says 422 at the whole body to JSON that is no object", async () => {
    for (const text of ["[]", "null", "1", '"text"', "true", "[{}]"])
      await each(
        () => text,
        (answer) => expectInvalid(answer, ""),
      );
  });

  test("names an unknown field, its pointer escaped", async () => {
    for (const [name, pointer] of [
      ["urgent", "/urgent"],
      ["a/b~c", "/a~1b~0c"],
      ["Message", "/Message"],
      ["__proto__", "/__proto__"],
      ["constructor", "/constructor"],
    ] as const)
      await each(
        ({ good }) => withMember(good, name, "1"),
        (answer) => expectInvalid(answer, pointer),
      );
  });

  test("names a member of the wrong type", async () => {
    for (const json of ["5", "{}", "[]", "true", '["text"]'])
      await each(
        ({ good, text }) => withMember({ ...good, [text]: undefined }, text, json),
        (answer, { text }) => expectInvalid(answer, `/${text}`),
      );
  });

  test("refuses half a surrogate pair and U+0000 wherever they stand, also in a name", async () => {
    for (const escaped of ["\\ud800", "\\udc00", "x\\ud83d", "\\ude00\\ud83d", "\\u0000", "a\\u0000b"]) {
      await each(
        ({ good, text }) => withMember({ ...good, [text]: undefined }, text, `"${escaped}"`),
        (answer, { text }) => expectInvalid(answer, `/${text}`),
      );
      await each(
        ({ good }) => `{"${escaped}":1,${JSON.stringify(good).slice(1)}`.replace(",}", "}"),
        (answer) => expectInvalid(answer, ""),
      );
    }
  });

  test("refuses numbers that can't be kept exactly, and nesting that is too deep", async () => {
    for (const number of ["1e400", "-1e400", "9007199254740993", "1e30", "123456789012345678901234567890"])
      await each(
        ({ good }) => withMember(good, "metadata", `{"n":[${number}]}`),
        (answer) => expectInvalid(answer, "/metadata/n/0"),
      );
    const deep = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    await each(
      ({ good }) => withMember(good, "metadata", `{"deep":${deep(40)}}`),
      (answer) => {
        expectProblem(answer, "invalid");
        expect(fieldsOf(answer)[0]).toStartWith("/metadata/deep/0");
      },
    );
    await each(
      () => deep(30_000),
      (answer) => expect([400, 422]).toContain(answer.status),
    );
  });

  test("takes application/json in UTF-8 and no look-alike", async () => {
    const others = [
      "application/jsonx",
      "application/jso",
      "text/plain",
      "text/json",
      "",
      "application/x-www-form-urlencoded",
    ];
    const charsets = [
      "application/json; charset=latin1",
      "application/json; charset=utf-16",
      'application/json;charset="utf8x"',
    ];
    for (const type of [...others, ...charsets, "application/merge-patch+json", "multipart/form-data; boundary=x"])
      await each(
        ({ good, text }) => withMember(good, text === "comment" ? "choice2" : "x", "1"),
        (answer) => expectProblem(answer, "media-type"),
        type,
      );
    for (const type of [
      "application/json; charset=utf-8",
      'APPLICATION/JSON;charset="UTF-8"',
      "application/json ; x=y",
    ])
      await each(
        () => "[]",
        (answer) => expectInvalid(answer, ""),
        type,
      );
  });

  test("says 413 over 64 kB, and reads 64 kB to the byte", async () => {
    const padded = (text: string, length: number) => text + " ".repeat(length - text.length);
    await each(
      ({ good }) => padded(JSON.stringify(good), 65_537),
      (answer) => expectProblem(answer, "too-large"),
    );
    await each(
      () => padded("[]", 65_536),
      (answer) => expectInvalid(answer, ""),
    );
  });
});

describe("POST /v1/pause", () => {
  const refuses = async (wanted: Record<string, unknown>, ...pointers: string[]) => {
    expectInvalid(await appliance.post("/v1/pause", key, question(wanted)), ...pointers);
    expect(appliance.count("SELECT count(*) FROM pauses")).toBe(before);
  };

  test("refuses options that a person could not tell apart, read or see", async () => {
    await refuses({ options: ["Yes", "No", "Yes"] }, "/options/2");
    await refuses({ options: ["ﬁle", "file"] }, "/options/1");
    await refuses({ options: ["é", "e\u0301"] }, "/options/1");
    await refuses({ options: ["Pay", "Pay\u200b"] }, "/options/1");
    await refuses({ options: ["Ｐａｙ", "Pay"] }, "/options/1");
    for (const text of [
      "a\nb",
      "a\rb",
      "a\tb",
      "\u001b[31m",
      "\u0085x",
      "a\u2028b",
      "a\u007fb",
      " Yes",
      "Yes ",
      "\u3000Yes",
    ])
      await refuses({ options: ["Good", text] }, "/options/1");
    for (const text of ["\u200b", "\u2800\u2800", "\u00ad"])
      expect(await statusOf({ options: ["Good", text] })).not.toBe(500);
    await refuses({ options: "Yes" }, "/options");
    await refuses({ options: ["Yes", 1] }, "/options/1");
    await refuses({ options: null }, "/options");
  });

  test("refuses a default that is none of the options, exactly", async () => {
    for (const timeout_default of ["approve", "Approve ", ""]) await refuses({ timeout_default }, "/timeout_default");
  });

  test("refuses metadata over 16 kB or that is no object, and details that are no text", async () => {
    await refuses({ metadata: { filler: "x".repeat(17_000) } }, "/metadata");
    await refuses({ metadata: { filler: "é".repeat(8_190) } }, "/metadata");
    for (const metadata of [[], null, "x", 1]) await refuses({ metadata }, "/metadata");
    for (const details of [[], null, "x"]) await refuses({ details }, "/details");
    await refuses({ details: { Amount: 5 } }, "/details/Amount");
    await refuses({ details: { "": "x" } }, "/details/");
    await refuses({ details: { "two\nlines": "x" } }, "/details/two\nlines");
  });

  test("refuses recipients, digests and audiences that are none", async () => {
    for (const recipient of [[], null, {}, [[]], 5, Array(11).fill("+13128471928")]) {
      const { status, body } = await appliance.post("/v1/pause", key, question({ recipient }));
      expect([status, body.errors[0].pointer.split("/")[1]]).toEqual([422, "recipient"]);
    }
    await refuses({ recipient: ["+13128471928", "(312) 847-1928"] }, "/recipient/1");
    await refuses({ recipient: ["+13128471928", "12", "x".repeat(400)] }, "/recipient/2");
    for (const action_digest of ["sha256:abc", `sha256:${"A".repeat(64)}`, `md5:${"0".repeat(64)}`, 5])
      await refuses({ action_digest }, "/action_digest");
    await refuses({ audience: "" }, "/audience");
    await refuses({ audience: "x".repeat(256) }, "/audience");
    await refuses({ allow_comment: "yes" }, "/allow_comment");
  });

  const statusOf = async (wanted: Record<string, unknown>) => {
    const { status } = await appliance.post("/v1/pause", key, question(wanted));
    before = appliance.count("SELECT count(*) FROM pauses");
    return status;
  };
});

describe("routes without a body", () => {
  test("GET and expire do not care about one", async () => {
    for (const body of ["{", "\0", "x".repeat(10_000)]) {
      const { pause_id } = await appliance.ask(key);
      expect((await appliance.post(`/v1/test/pause/${pause_id}/expire`, key, body)).status).toBe(200);
      expect((await appliance.call(`/v1/pause/${pause_id}`, { key })).status).toBe(200);
    }
    before = appliance.count("SELECT count(*) FROM pauses");
  });

  test("a query that is not UTF-8, or broken, is read as text or named, never a 500", async () => {
    for (const query of ["%", "%zz", "%ff", "=", "&", "status=%00", "limit=%ff", "cursor=%", "a[]=1", "status[]=x"])
      for (const path of ["/v1/pause", "/v1/audit", "/v1/test/messages", `/v1/pause/${target}`])
        expect([200, 422]).toContain((await appliance.get(`${path}?${query}`, key)).status);
  });
});
