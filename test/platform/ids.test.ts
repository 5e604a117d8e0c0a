import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { bytesOfId, firstIdAt, IdSource, idOf, timeOfId } from "../../src/platform/ids.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { START, seededRandom, TurnedClock } from "../support/database.ts";

const source = (clock: TurnedClock, notBefore = 0) => new IdSource(clock, seededRandom("ids"), notBefore);
const sorted = (ids: readonly string[]) => [...ids].sort();
const many = (ids: IdSource, count: number) => Array.from({ length: count }, () => ids.next("pause").id);

describe("ids", () => {
  test("are a prefix and 26 characters, never the same, and tell their millisecond", () => {
    const clock = new TurnedClock();
    const ids = new IdSource(clock, systemRandom());
    const made = many(ids, 1_000);
    for (const id of made) expect(id).toMatch(/^pause_[0-7][0-9a-hjkmnp-tv-z]{25}$/);
    expect(new Set(made).size).toBe(1_000);
    expect(timeOfId("pause", made[0]!)).toBe(START);
    expect(ids.next("key").id).toStartWith("key_");
  });

  test("sort by the time they were made at", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 10 ** 11 }), { maxLength: 50 }), (steps) => {
        const clock = new TurnedClock();
        const ids = source(clock);
        const made = steps.map((step) => {
          clock.turn(step);
          return ids.next("pause").id;
        });
        expect(sorted(made)).toEqual(made);
      }),
    );
  });

  test("keep their order within one millisecond, also when there are more than the 4,096 that it can count", () => {
    const clock = new TurnedClock();
    const ids = source(clock);
    const made = many(ids, 10_000);
    expect(sorted(made)).toEqual(made);
    expect(timeOfId("pause", made[9_999]!)).toBe(START + 2);
    clock.turn(1);
    made.push(ids.next("pause").id);
    expect(sorted(made)).toEqual(made);
  });

  test("keep their order when the clock is set back a little, and follow it when it was far ahead", () => {
    const clock = new TurnedClock();
    const ids = source(clock);
    const before = many(ids, 3);
    clock.set(START - 599_000);
    const after = many(ids, 5_000);
    expect(sorted([...before, ...after])).toEqual([...before, ...after]);
    clock.set(START - 86_400_000);
    expect(ids.next("pause").at).toBe(START - 86_400_000);
  });

  test("keep their order over a restart, in the same millisecond and with the clock set back meanwhile", () => {
    for (const back of [0, 1, 60_000]) {
      const clock = new TurnedClock();
      const before = many(source(clock), 100);
      clock.set(START - back);
      const newest = timeOfId("pause", before[99]!)!;
      const after = many(new IdSource(clock, seededRandom("another run"), newest), 100);
      expect(sorted([...before, ...after])).toEqual([...before, ...after]);
    }
  });

  test("hold 68 bits of chance beside time and counter", () => {
    const clock = new TurnedClock();
    const changed = new Uint8Array(16);
    const first = bytesOfId("pause", source(clock).next("pause").id)!;
    const system = systemRandom();
    for (let round = 0; round < 100; round++) {
      const bytes = bytesOfId("pause", new IdSource(clock, system).next("pause").id)!;
      for (const [index, byte] of bytes.entries()) changed[index]! |= byte ^ first[index]!;
    }
    expect([...changed]).toEqual([0, 0, 0, 0, 0, 0, 0, 0x0f, 255, 255, 255, 255, 255, 255, 255, 255]);
  });
});

describe("the spelling of an id", () => {
  const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });

  test("gives back its sixteen bytes, and sorts as they do", () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(bytesOfId("whk", idOf("whk", a))).toEqual(a);
        expect(Math.sign(Buffer.compare(a, b))).toBe(
          idOf("evt", a) < idOf("evt", b) ? -1 : idOf("evt", a) > idOf("evt", b) ? 1 : 0,
        );
      }),
    );
  });

  test("is the one that base 32 as of Crockford gives", () => {
    expect(idOf("key", new Uint8Array(16))).toBe(`key_${"0".repeat(26)}`);
    expect(idOf("key", new Uint8Array(16).fill(255))).toBe(`key_7${"z".repeat(25)}`);
    const value = 0x0192_ffee_ddcc_bbaa_9988_7766_5544_3322n;
    const digits = value.toString(32).padStart(26, "0");
    const crockford = digits.replaceAll(/./g, (digit) =>
      "0123456789abcdefghjkmnpqrstvwxyz".charAt(Number.parseInt(digit, 32)),
    );
    expect(idOf("key", Buffer.from(value.toString(16).padStart(32, "0"), "hex"))).toBe(`key_${crockford}`);
  });

  test("is the only one: other cases, letters, lengths, prefixes and spare bits are no id", () => {
    const id = idOf("pause", new Uint8Array(16).fill(0xa5));
    expect(bytesOfId("pause", id)).not.toBeNull();
    const others = [
      id.toUpperCase(),
      `pause_${id.slice(6).toUpperCase()}`,
      `${id}0`,
      id.slice(0, -1),
      ` ${id}`,
      `${id}\n`,
      id.replace("pause_", "key_"),
      id.replace("pause_", "pause-"),
      id.slice(6),
      `pause_8${id.slice(7)}`,
      `pause_z${id.slice(7)}`,
      ...["i", "l", "o", "u", "-", "é", "\0"].map((letter) => id.slice(0, 10) + letter + id.slice(11)),
      "",
      "pause_",
    ];
    for (const other of others)
      expect([other, bytesOfId("pause", other), timeOfId("pause", other)]).toEqual([other, null, null]);
  });

  test("of the first id at a time sorts before every id of that time and behind every earlier one", () => {
    const clock = new TurnedClock();
    const ids = source(clock);
    const earlier = many(ids, 10);
    clock.turn(1);
    const first = firstIdAt("pause", clock.now());
    const later = many(ids, 10);
    expect(sorted([...later, first, ...earlier])).toEqual([...earlier, first, ...later]);
    expect(timeOfId("pause", firstIdAt("pause", -5))).toBe(0);
    expect(timeOfId("pause", firstIdAt("pause", Number.MAX_VALUE))).toBe(2 ** 48 - 1);
  });
});
