/** What the log says a person was shown: the very bytes, who is known not to have been a person, and how long there was to read. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { MOST_VIEWED } from "../../src/pauses/open.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { OtherTemplate, pageSeen, Stamps, templateVersion } from "../../src/respond/index.ts";
import { folderSecret, openForReading, Reader } from "../../src/storage/index.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { HOUR, MINUTE } from "../support/database.ts";

const LOGO = '<svg viewBox="0 0 8 8"><path d="M0 0h8v8z" fill="#123456"/></svg>';
const SAFARI =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1";
const SLACK = "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)";

let appliance: Appliance;
let key: string;
beforeAll(async () => {
  const look = {
    displayName: "Northwind <Finance>",
    logo: LOGO,
    accent: "#7a2e3a",
    timeZone: "Europe/Berlin",
    retention: null,
  };
  appliance = await startAppliance((config) => ({ ...config, projects: { default: look } }));
  key = appliance.keys.test;
});
afterAll(() => appliance.stop());

async function asked(wanted: Record<string, unknown> = {}) {
  const pause = await appliance.ask(key, { details: { Amount: "€ 4,200" }, ...wanted });
  const links = (await appliance.messages(pause)).map(({ link }) => link);
  return { id: pause.pause_id, link: links[0]!, links };
}
const view = async (link: string, headers: Record<string, string> = {}) =>
  (await appliance.call(link, { headers: { "user-agent": SAFARI, ...headers } })).text;
const digestOf = (html: string) => `sha256:${createHash("sha256").update(html).digest("hex")}`;
const stampIn = (html: string) => /name="page" value="([^"]*)"/.exec(html)?.[1] ?? "";

interface Entry {
  readonly type: string;
  readonly at: string;
  readonly pause_id: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Entries of a pause behind its delivery, with what they commit to in the open. */
async function told(id: string): Promise<Entry[]> {
  const entries: Entry[] = await appliance.told(key, id);
  return entries.filter(({ type }) => !["pause.created", "pause.delivered"].includes(type));
}

/** The page of an entry, made again from the folder alone; `change` forges what the table of appearances says. */
function again(entry: Entry, change = (appearance: string) => appearance): string | undefined {
  const database = openForReading(appliance.config.dataDir);
  try {
    const stamps = new Stamps(folderSecret(appliance.config.dataDir, systemRandom()));
    const reader = new Reader(database);
    const rows: Pick<Reader, "one"> = {
      one(query, params) {
        const row = reader.one(query, params);
        const { appearance } = (row ?? {}) as { appearance?: string };
        return row === undefined || appearance === undefined ? row : { ...row, appearance: change(appearance) };
      },
    };
    return pageSeen(rows, stamps, entry)?.html;
  } finally {
    database.close();
  }
}

describe("the page that a link showed", () => {
  test("is told by the digest of its bytes, in the clear by language, template, state and time, and is made again to the byte", async () => {
    for (const [header, language] of [
      ["en-GB,en;q=0.8", "en-GB"],
      ["de", "de"],
      ["ar-EG", "ar-EG"],
      ["*", "en"],
      ["xx", "en"],
    ] as const) {
      const { id, link } = await asked({ allow_comment: language === "de", timeout_default: "Reject" });
      const page = await appliance.call(link, { headers: { "accept-language": header, "user-agent": SAFARI } });
      const [opened] = await told(id);
      expect(opened).toMatchObject({
        type: "pause.opened",
        data: { recipient: 0, language, template: templateVersion(), state: "open", page: digestOf(page.text) },
      });
      expect(opened!.data.rendered_at).toBe(new Date(appliance.clock.now()).toISOString());
      expect(opened!.data).not.toHaveProperty("automated");
      appliance.clock.turn(MINUTE);
      expect(again(opened!)).toBe(page.text);
    }
  });

  test("can't be made again by an executable that holds another template, and that is said", async () => {
    const { id, link } = await asked();
    await view(link);
    const [opened] = await told(id);
    const older = `sha256:${"0".repeat(64)}`;
    expect(() => again(opened!, (text) => text.replace(templateVersion(), older))).toThrow(OtherTemplate);
    // Nor can one whose question or appearance is gone.
    expect(again({ ...opened!, pause_id: "pause_00000000000000000000000000" })).toBeUndefined();
    expect(again({ ...opened!, data: { ...opened!.data, appearance: older } })).toBeUndefined();
    expect(again({ ...opened!, data: { recipient: 0 } })).toBeUndefined();
  });

  test("is committed to, since a short page could be guessed from its digest", async () => {
    const { id, link } = await asked();
    const page = await view(link);
    const { text } = await appliance.get(`/v1/pause/${id}/audit`, key);
    expect(text).toContain("pause.opened");
    expect(text).not.toContain(digestOf(page));
  });

  test("is told again when it shows another state or language, and not when it shows the same", async () => {
    const { id, links } = await asked({ recipient: ["+13128471928", "+13128471929"], allow_comment: true });
    const [mine, other] = links as [string, string];
    const pages = [await view(mine), await view(mine, { "accept-language": "fr" })];
    appliance.clock.turn(90 * MINUTE);
    await view(mine);
    await appliance.choose(mine, "Approve", { comment: "fine" });
    appliance.clock.turn(MINUTE);
    pages.push(await view(mine), await view(other));
    await view(mine);
    const seen = (await told(id)).filter(({ type }) => type !== "pause.responded");
    expect(seen.map(({ type, data }) => [type, data.language, data.state])).toEqual([
      ["pause.opened", "en", "open"],
      ["pause.viewed", "fr", "open"],
      ["pause.viewed", "en", "answered"],
      ["pause.opened", "en", "answered_by_other"],
    ]);
    expect(seen.map(({ data }) => data.page)).toEqual(pages.map(digestOf));
    expect(seen.map((entry) => again(entry))).toEqual(pages);
  });

  test("is made again for every way in which a question ends", async () => {
    const expired = await asked({ timeout_hours: 1, timeout_default: "Reject" });
    const silent = await asked({ timeout_hours: 1 });
    const withdrawn = await asked();
    await appliance.post(`/v1/pause/${withdrawn.id}/cancel`, key, { reason: "paid <already>" });
    appliance.clock.turn(HOUR);
    for (const [{ id, link }, state] of [
      [expired, "expired"],
      [silent, "expired"],
      [withdrawn, "withdrawn"],
    ] as const) {
      const page = await view(link);
      const opened = (await told(id)).find(({ type }) => type === "pause.opened")!;
      expect([opened.data.state, opened.data.page]).toEqual([state, digestOf(page)]);
      expect(again(opened)).toBe(page);
    }
  });

  test(`causes at most ${MOST_VIEWED} further entries for each recipient, whatever languages are asked for`, async () => {
    const { id, link } = await asked();
    for (let first = 65; first < 91; first++)
      await view(link, { "accept-language": `en-${String.fromCharCode(first)}Z` });
    expect((await told(id)).map(({ type }) => type)).toEqual([
      "pause.opened",
      ...Array<string>(MOST_VIEWED).fill("pause.viewed"),
    ]);
  });
});

describe("who is known to be no person", () => {
  const programs: readonly (readonly [string, Record<string, string>])[] = [
    ["Slack's preview", { "user-agent": SLACK }],
    ["Meta's preview", { "user-agent": "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)" }],
    [
      "a preview on an iPhone",
      {
        "user-agent":
          "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
      },
    ],
    ["WhatsApp's preview", { "user-agent": "WhatsApp/2.23.18.78 i" }],
    ["Teams' preview", { "user-agent": "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5" }],
    [
      "LinkedIn's",
      { "user-agent": "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)" },
    ],
    ["Telegram's", { "user-agent": "TelegramBot (like TwitterBot)" }],
    ["Google's scanner of links", { "user-agent": "Google-Safety" }],
    ["Bing's", { "user-agent": "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)" }],
    ["a prefetch", { "sec-purpose": "prefetch" }],
    ["a prerender", { "sec-purpose": "prefetch;prerender" }],
    ["a prefetch of older browsers", { purpose: "prefetch" }],
    ["a preview of Safari's", { purpose: "preview" }],
    ["a prefetch of older Firefoxes", { "x-moz": "prefetch" }],
  ];
  test.each(programs)("%s is told as a machine, and the person after it once more", async (_, headers) => {
    const { id, link } = await asked();
    await view(link, headers);
    await view(link, headers);
    appliance.clock.turn(MINUTE);
    const page = await view(link);
    appliance.clock.turn(MINUTE);
    await view(link);
    expect((await told(id)).map(({ type, data }) => [type, data.automated])).toEqual([
      ["pause.opened", true],
      ["pause.viewed", undefined],
    ]);
    expect((await told(id))[1]!.data.page).toBe(digestOf(page));
  });

  test.each([
    ["Safari on a phone", SAFARI],
    [
      "Chrome",
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    ],
    [
      "Slack's own window",
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Slack_SSB/4.46",
    ],
    [
      "Facebook's own window",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 10_0_1 like Mac OS X) AppleWebKit/602.1.50 (KHTML, like Gecko) Mobile/14A403 [FBAN/MessengerForiOS;FBAV/87.0]",
    ],
    [
      "LinkedIn's own window",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [LinkedInApp]/9.30",
    ],
    ["curl, which says nothing of who uses it", "curl/8.5.0"],
  ])("%s is not", async (_, userAgent) => {
    const { id, link } = await asked();
    await view(link, { "user-agent": userAgent });
    expect((await told(id))[0]!.data).not.toHaveProperty("automated");
  });

  test("a machine that comes after a person is not told again", async () => {
    const { id, link } = await asked();
    await view(link);
    await view(link, { "user-agent": SLACK, "accept-language": "fr" });
    expect((await told(id)).map(({ type }) => type)).toEqual(["pause.opened"]);
  });
});

describe("the answer", () => {
  test("names the page that it came from, which is made again to the byte, and the time that there was to read it", async () => {
    const { id, link } = await asked();
    await view(link, { "user-agent": SLACK });
    appliance.clock.turn(5 * MINUTE);
    await view(link);
    appliance.clock.turn(30_000);
    const page = await view(link, { "accept-language": "es-MX" });
    appliance.clock.turn(12_345);
    expect((await appliance.choose(link, "Approve", { page: stampIn(page) })).status).toBe(303);
    const responded = (await told(id)).at(-1)!;
    expect(responded).toMatchObject({
      type: "pause.responded",
      data: {
        page: digestOf(page),
        language: "es-MX",
        template: templateVersion(),
        view_ms: 42_345,
        choice: "Approve",
      },
    });
    appliance.clock.turn(HOUR);
    expect(again(responded)).toBe(page);
  });

  test("counts also where it names no page of its own link, and then the log names none", async () => {
    const elsewhere = await view((await asked()).link);
    const two = await asked({ recipient: ["+13128471928", "+13128471929"] });
    const others = await view(two.links[1]!);
    const tries: ((own: string) => string)[] = [
      () => "",
      () => "en.0.AAAAAAAAAAAAAAAAAAAAAA",
      () => "x".repeat(5_000),
      (own) => own.replace("en.", "de."),
      (own) => own.replace(/\.(.)/, (_, first: string) => `.${first === "m" ? "n" : "m"}`),
      (own) => `${own.slice(0, -1)}${own.endsWith("A") ? "Q" : "A"}`,
      () => stampIn(elsewhere),
    ];
    const taken: [string, string, string][] = [[two.id, two.links[0]!, stampIn(others)]];
    for (const forge of tries) {
      const { id, link } = await asked();
      taken.push([id, link, forge(stampIn(await view(link)))]);
    }
    for (const [id, link, page] of taken) {
      expect((await appliance.choose(link, "Approve", { page })).status).toBe(303);
      const { data } = (await told(id)).find(({ type }) => type === "pause.responded")!;
      for (const member of ["page", "language", "template", "appearance", "rendered_at"])
        expect(data).not.toHaveProperty(member);
    }
  });

  test("without a look before it has no time to read", async () => {
    const { id, link } = await asked();
    await view(link, { "user-agent": SLACK });
    appliance.clock.turn(MINUTE);
    await appliance.choose(link, "Approve");
    await view(link);
    expect((await told(id)).find(({ type }) => type === "pause.responded")!.data).not.toHaveProperty("view_ms");
  });

  test("that came too late names its page too", async () => {
    const { id, link } = await asked({ timeout_hours: 1 });
    const page = await view(link);
    appliance.clock.turn(HOUR + 1);
    expect((await appliance.choose(link, "Approve", { page: stampIn(page) })).status).toBe(410);
    const rejected = (await told(id)).at(-1)!;
    expect(rejected).toMatchObject({
      type: "response.rejected",
      data: { why: "timed_out", page: digestOf(page), view_ms: HOUR + 1 },
    });
    expect(again(rejected)).toBe(page);
  });

  test("from a page that told of an error names none: what stood in its field is not kept", async () => {
    const { link } = await asked({ allow_comment: true });
    const { status, text } = await appliance.choose(link, "Maybe", { comment: "my words" });
    expect([status, text.includes("my words"), stampIn(text)]).toEqual([422, true, ""]);
  });
});

test("log and tables agree on all of it", () => {
  expect(appliance.faultInLog()).toBeNull();
});
