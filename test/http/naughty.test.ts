import { expect } from "bun:test";
import { join } from "node:path";
import { openDisclosure, verifyDisclosure } from "../../src/audit/disclosure.ts";
import type { Pause } from "../../src/pauses/index.ts";
import { decodeMarks } from "../respond/page/decode.ts";
import { type Answer, type Appliance, question, startAppliance } from "../support/appliance.ts";
import { pathOf, testNeeding } from "../support/needs.ts";
import { expectProblem, fieldsOf } from "./problem.ts";

const vectorTest = testNeeding("shared/vectors");

vectorTest(
  "the naughty strings come back as they went in: from the API, the outbox, the log and the page",
  async () => {
    const file = Bun.file(join(pathOf("shared/vectors"), "naughty-strings/blns.json"));
    const strings = (await file.json()) as string[];
    const appliance = await startAppliance();
    const counts = { whole: 0, messages: 0, options: 0, comments: 0 };

    for (const text of strings) {
      const shown = await create(appliance, text);
      const { body, wanted } = shown;
      counts.whole++;
      if (wanted.message === text) counts.messages++;
      if (wanted.options[0] === text) counts.options++;
      const { message, options, details, metadata } = body;
      expect<Wanted>({ message, options, details, metadata }).toEqual(wanted);
      const [sent] = await appliance.messages(body);
      expect(sent!.text).toContain(message);
      const page = (await appliance.call(sent!.link)).text;
      expect(quotes(page)).toEqual([lineEnds(message)]);
      expect(decodeMarks(page.match(/<td[^>]*><bdi lang="">(.*?)<\/bdi><\/td>/s)![1]!)).toBe(lineEnds(text));
      if (await comments(appliance, body, sent!.link, text)) counts.comments++;
      await disclosed(appliance, body, text);
    }
    expect(counts.whole).toBe(strings.length);
    expect(strings.length).toBeGreaterThanOrEqual(500);
    console.log(`naughty strings: ${JSON.stringify(counts)}`);
    expect(counts.messages).toBeGreaterThan(480);
    expect(counts.options).toBeGreaterThan(250);
    expect([appliance.faultInLog(), appliance.logged]).toEqual([null, []]);
    await appliance.stop();
  },
  300_000,
);

interface Wanted {
  readonly message: string;
  readonly options: readonly string[];
  readonly details: Record<string, string>;
  readonly metadata: Record<string, unknown>;
}

/** Creates a pause that holds the text wherever it may stand: where a field refuses it, that field says so by name. */
async function create(appliance: Appliance, text: string): Promise<Answer<Pause> & { wanted: Wanted }> {
  const everywhere = { message: text, options: [text, "Plain option"], details: { Text: text } };
  const wanted = { ...everywhere, metadata: { text, [text]: [text] } };
  const first = await appliance.post("/v1/pause", appliance.keys.test, question({ ...wanted, allow_comment: true }));
  if (first.status === 201) return { ...first, wanted };
  expectProblem(first, "invalid");
  const refused = fieldsOf(first);
  for (const pointer of refused) expect(["/message", "/options/0"]).toContain(pointer);
  const rest = {
    ...wanted,
    message: refused.includes("/message") ? "Plain message" : text,
    options: refused.includes("/options/0") ? ["Yes", "Plain option"] : wanted.options,
  };
  const second = await appliance.post("/v1/pause", appliance.keys.test, question({ ...rest, allow_comment: true }));
  expect(second.status).toBe(201);
  return { ...second, wanted: rest };
}

/** Answers with the text as a comment, as the page's form would, where one is allowed. */
async function comments(appliance: Appliance, pause: Pause, link: string, text: string): Promise<boolean> {
  expect((await appliance.choose(link, pause.options[0]!, { comment: text })).status).toBe(303);
  const ended = await appliance.pause(appliance.keys.test, pause.pause_id);
  expect(ended.response_choice).toBe(pause.options[0]!);
  const kept = ended.response_comment;
  if (kept === null) return false;
  expect(kept).toBe(lineEnds(text));
  expect(quotes((await appliance.call(link)).text)).toEqual([kept, lineEnds(pause.message)]);
  return true;
}

/** Opens the log's commitments and finds the very text in them. */
async function disclosed(appliance: Appliance, pause: Pause, text: string): Promise<void> {
  const { body } = await appliance.get(`/v1/pause/${pause.pause_id}/audit?disclose=true`, appliance.keys.test);
  const [created] = body.data;
  const found: Record<string, unknown> = {};
  for (const name of ["message", "details"]) {
    const disclosure = body.disclosed[created.seq][`/${name}`];
    expect(verifyDisclosure(disclosure, created.data[name].commitment)).toBe(true);
    found[name] = openDisclosure(disclosure).value;
  }
  expect(found).toEqual({ message: pause.message, details: { Text: text } });
  expect(created.data.options).toEqual(pause.options);
}

/** The page's quotations, read back as a browser and then a person would. */
function quotes(html: string): string[] {
  return [...html.matchAll(/<blockquote[^>]*>(.*?)<\/blockquote>/gs)].map(([, inner]) => decodeMarks(inner!));
}

const lineEnds = (text: string) => text.replaceAll("\r\n", "\n");
