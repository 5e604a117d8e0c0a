/**
 * Nothing that was erased may be found afterwards, in no file and in no spelling: the raw bytes of everything in the data
 * folder are searched, and those of a fresh backup.
 */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openDatabase } from "../../src/storage/index.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { eventually } from "../support/eventually.ts";
import { administrator } from "../support/operator.ts";

const ERASED_NUMBER = "+13128471928";
const KEPT_NUMBER = "+13125550143";

/** Each is unlike any other byte sequence, and stands in another column. */
const marks = ["msgmark", "detmark", "metmark", "urlmark", "commark", "uamark", "reamark", "idemark"] as const;

function markOf(tag: string, name: string, i: number): string {
  return `${tag}--${String(i).padStart(4, "0")}${name}--`;
}

/** As the bytes stand in a column, and as they stand in the base64url of a disclosure, at each of the three offsets. */
function spellings(text: string): Buffer[] {
  const shifted = [0, 1, 2].map((shift) => {
    const whole = Buffer.from(`${"x".repeat(shift)}${text}`).toString("base64url");
    // The characters at both ends depend on the neighbours.
    return whole.slice(shift === 0 ? 0 : shift + 1, Math.floor(((shift + text.length) * 8) / 6) - 1);
  });
  return [text, ...shifted].map((each) => Buffer.from(each));
}

/** Where one of the texts is still found: file and text. */
function foundIn(folder: string, texts: readonly string[]): string[] {
  return readdirSync(folder).flatMap((name) => {
    const bytes = readFileSync(join(folder, name));
    return texts.flatMap((text) => {
      const at = spellings(text)
        .map((spelling) => bytes.indexOf(spelling))
        .find((place) => place >= 0);
      return at === undefined ? [] : [`${text} in ${name} at ${at}`];
    });
  });
}

async function live(appliance: Appliance, count: number, recipient: (i: number) => string, tag: string): Promise<void> {
  const { keys } = appliance;
  for (let i = 0; i < count; i++) {
    const mark = (name: (typeof marks)[number]) => markOf(tag, name, i);
    const body = {
      recipient: recipient(i),
      message: `${mark("msgmark")} ${"long ".repeat(i % 40)}`,
      details: { Label: `${mark("detmark")} ${"wide ".repeat((i * 7) % 90)}` },
      metadata: { secret: mark("metmark"), pad: "p".repeat((i * 131) % 5_000) },
      webhook_url: `http://127.0.0.1:9/${mark("urlmark")}`,
      allow_comment: true,
    };
    const { body: pause, status } = await appliance.post(
      "/v1/pause",
      keys.test,
      { channel: "sms", ...body },
      {
        "idempotency-key": mark("idemark"),
      },
    );
    expect(status).toBe(201);
    if (i % 4 === 0) continue;
    if (i % 4 === 1) {
      await appliance.post(`/v1/pause/${pause.pause_id}/cancel`, keys.test, { reason: mark("reamark") });
      continue;
    }
    const [message] = await appliance.messages(pause);
    await appliance.call(message?.link ?? "", { headers: { "user-agent": mark("uamark") } });
    const chosen = await appliance.choose(message?.link ?? "", "Approve", { comment: mark("commark") });
    expect(chosen.status).toBe(303);
  }
}

test("no erased byte is left in the database, its write-ahead log or a fresh backup", async () => {
  const appliance = await startAppliance();
  const admin = await appliance.newKey({ mode: "live", scopes: ["admin"] });
  try {
    // Erased and kept rows in one page, of very different lengths, so that pages are split and filled anew.
    await live(appliance, 240, (i) => (i % 3 === 0 ? KEPT_NUMBER : ERASED_NUMBER), "q");
    const theirs = Array.from({ length: 240 }, (_, i) => i).filter((i) => i % 3 !== 0);
    const texts = [ERASED_NUMBER, ...marks.flatMap((name) => theirs.map((i) => markOf("q", name, i)))];
    expect(foundIn(appliance.config.dataDir, texts.slice(0, 2))).not.toEqual([]);

    const { status, body } = await appliance.post("/v1/privacy/erase", admin, { recipient: "(312) 847-1928" });
    expect({ status, pauses: body.pauses, complete: body.complete }).toEqual({
      status: 200,
      pauses: 160,
      complete: true,
    });

    const database = openDatabase(appliance.config.dataDir);
    database.exec(`VACUUM INTO '${join(appliance.config.dataDir, "fresh.backup")}'`);
    database.close();
    const left = foundIn(appliance.config.dataDir, texts);
    expect({ left: left.length, first: left.slice(0, 20) }).toEqual({ left: 0, first: [] });
    // What was not theirs is all there.
    expect(foundIn(appliance.config.dataDir, [markOf("q", "msgmark", 3), KEPT_NUMBER])).not.toEqual([]);
    expect(appliance.faultInLog()).toBeNull();
  } finally {
    await appliance.stop();
  }
}, 300_000);

test("no word of what was erased is left in what the console searches, and the others are found still", async () => {
  const appliance = await startAppliance();
  const admin = await appliance.newKey({ mode: "live", scopes: ["admin"] });
  try {
    const operator = await administrator(appliance);
    // No neighbour begins alike: a term is stored without what it shares with the one before it.
    const words = ["jqquartz", "kzonyx", "vxtopaz", "yzberyl"];
    for (const word of words) await appliance.ask(appliance.keys.test, { message: `Cut the ${word}?` });
    await appliance.ask(appliance.keys.test, { message: "Cut the wqopal?", recipient: KEPT_NUMBER });
    await eventually(
      () => appliance.count("SELECT coalesce(max(newest), 0) FROM catalogue"),
      (newest) => newest === 5,
    );
    const termsLeft = () => {
      const bytes = appliance.bytesOf("SELECT block FROM pause_words_data");
      return [...words, "wqopal"].filter((word) => bytes.includes(word.slice(1)));
    };
    expect(termsLeft()).toEqual([...words, "wqopal"]);
    await appliance.post("/v1/privacy/erase", admin, { recipient: ERASED_NUMBER });
    expect(termsLeft()).toEqual(["wqopal"]);
    expect(foundIn(appliance.config.dataDir, words)).toEqual([]);
    expect((await operator.get("/console/waiting?q=wqopal")).text).toContain("Cut the wqopal?");
    expect((await operator.get("/console/decided?q=topaz")).text).not.toContain("/console/pauses/");
  } finally {
    await appliance.stop();
  }
}, 120_000);
