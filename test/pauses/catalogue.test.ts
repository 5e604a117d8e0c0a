import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createKey, defaultScopes, type Key, KeyRing, noLimits } from "../../src/access/index.ts";
import { answerPause } from "../../src/pauses/answer.ts";
import {
  catalogueStand,
  countsBetween,
  findInCatalogue,
  holdsWords,
  secondsOf,
  takeIntoCatalogue,
} from "../../src/pauses/index.ts";
import { openTestDatabase, type TestDatabase } from "../support/database.ts";

const NEWEST = Number.MAX_SAFE_INTEGER;
let database: TestDatabase;
let key: Key;

beforeEach(async () => {
  database = await openTestDatabase();
  const operator = { type: "operator", id: null } as const;
  const wanted = { name: "agent", mode: "test", project: "default", scopes: defaultScopes, limits: noLimits } as const;
  const made = await database.writer.write((tx) => createKey(tx, database.context, wanted, operator));
  key = new KeyRing(database.writer).find(made.key) as Key;
});
afterEach(() => database.close());

async function ask(message: string, recipient: string | string[] = "+13128471928"): Promise<number> {
  return (await database.ask(key, { message, recipient })).n;
}
async function takeIn(): Promise<void> {
  while (await database.writer.write(takeIntoCatalogue));
}
const find = (text: string) => findInCatalogue(database.writer, text, NEWEST, 10);

describe("the catalogue", () => {
  test("finds a pause by its words in any order, without accents and case, the newest first", async () => {
    const first = await ask("Zahle die Rechnung für Müller GmbH?");
    const second = await ask("Müller: delete the bucket?");
    await takeIn();
    expect(find("MULLER")).toEqual([second, first]);
    expect(find("gmbh müller")).toEqual([first]);
    expect(find("bucket muller")).toEqual([second]);
    expect(find("bucket gmbh")).toEqual([]);
    expect(findInCatalogue(database.writer, "muller", second, 10)).toEqual([first]);
  });

  test("takes a beginning where no word is like that, and a whole word where there is one", async () => {
    const invoice = await ask("Pay invoice 4712?");
    const inv = await ask("Take the inv down?");
    await takeIn();
    expect(find("invo")).toEqual([invoice]);
    expect(find("inv")).toEqual([inv]);
  });

  test("finds whom it asked: a number as it is written, or by its end; a part of an address", async () => {
    const asked = await ask("Pay?", "+13128471928");
    const mailed = (
      await database.ask(key, { message: "Go?", recipient: "ada.lovelace@example.com", channel: "email" })
    ).n;
    await takeIn();
    for (const text of ["+13128471928", "(312) 847-1928", "8471928", "1928"]) expect(find(text)).toEqual([asked]);
    expect(find("lovelace")).toEqual([mailed]);
    expect(find("ada.lovelace@example.com")).toEqual([mailed]);
  });

  test("finds in scripts without spaces", async () => {
    const asked = await ask("本番環境に展開しますか");
    await takeIn();
    expect(find("展開")).toEqual([asked]);
  });

  test.each(['"', '" OR "x', "a* NEAR b", "words:pay", "^pay", "-pay", "(", "\\", "' --"])(
    "takes %s for words, never for its own language",
    async (text) => {
      await ask("Something else?");
      await takeIn();
      expect(find(text) ?? []).toEqual([]);
    },
  );

  test("knows how far it has come, and tells of what it has not taken in", async () => {
    const first = await ask("Pay the first?");
    await takeIn();
    await ask("Pay the second?");
    const { newest, behind } = catalogueStand(database.writer);
    expect([newest, behind > 0]).toEqual([first, true]);
    expect(holdsWords("sec pay", "Pay the second?", [])).toBeTrue();
    expect(holdsWords("third", "Pay the second?", [])).toBeFalse();
    expect(holdsWords("?", "Pay the second?", [])).toBeFalse();
  });

  test("counts by day what was asked and how it ended, a person's answer by the time that it took", async () => {
    const [one, two] = [await ask("Pay the first?"), await ask("Pay the second?")];
    database.clock.turn(60_000);
    const what = { position: 0, choice: "Approve", comment: null, via: "page" as const };
    const origin = { ip: null, userAgent: null };
    for (const pauseN of [one, two])
      await database.writer.write((tx) => answerPause(tx, database.context, { ...what, pauseN, origin }));
    await takeIn();
    await takeIn();
    const day = Math.floor(database.clock.now() / 86_400_000);
    const counts = database.writer.all(countsBetween, { first: day, last: day });
    expect(counts.map(({ measure, count }) => [measure, count])).toEqual([
      ["asked", 2],
      ["human", 2],
    ]);
    const [, human] = counts;
    expect(secondsOf(human?.bucket ?? 0)).toBeGreaterThanOrEqual(60);
    expect(secondsOf((human?.bucket ?? 0) - 1)).toBeLessThan(60);
  });
});
