import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { measure, outsideGsm7, segmentsOf } from "../../../src/platform/sms/segments.ts";
import { segmentCount } from "../../peers/twilio/segments.ts";

const x = (count: number) => "x".repeat(count);

describe("what a text costs", () => {
  test.each([
    ["", "GSM-7", 0, 1, 160],
    ["Deploy?", "GSM-7", 7, 1, 153],
    [x(160), "GSM-7", 160, 1, 0],
    [x(161), "GSM-7", 161, 2, 145],
    [x(306), "GSM-7", 306, 2, 0],
    [x(307), "GSM-7", 307, 3, 152],
    ["€", "GSM-7", 2, 1, 158],
    ["[x]", "GSM-7", 5, 1, 155],
    [`${x(159)}€`, "GSM-7", 161, 2, 145],
    ["é ñ ü ß Ω @ £ _ \n", "GSM-7", 17, 1, 143],
    ["ç", "UCS-2", 1, 1, 69],
    ["`", "UCS-2", 1, 1, 69],
    ["á[€", "UCS-2", 3, 1, 67],
    ["ж".repeat(70), "UCS-2", 70, 1, 0],
    ["ж".repeat(71), "UCS-2", 71, 2, 63],
    ["ж".repeat(134), "UCS-2", 134, 2, 0],
    ["ж".repeat(135), "UCS-2", 135, 3, 66],
    ["😀", "UCS-2", 2, 1, 68],
    ["👨‍👩‍👧", "UCS-2", 8, 1, 62],
  ] as const)("%p", (text, encoding, units, segments, unitsLeft) => {
    expect(measure(text)).toEqual({ encoding, units, segments, unitsLeft });
  });

  test("a character of two septets moves to the next segment as a whole", () => {
    // 152 and a half: the bracket would be torn, so that one septet stays empty in each of two segments.
    const chain = `${x(152)}[${x(150)}[`;
    expect(measure(chain)).toEqual({ encoding: "GSM-7", units: 306, segments: 3, unitsLeft: 151 });
    expect(measure(`${x(151)}[${x(153)}`)).toMatchObject({ units: 306, segments: 2, unitsLeft: 0 });
  });

  test("a surrogate pair moves to the next segment as a whole", () => {
    expect(measure(`${"ж".repeat(66)}😀${"ж".repeat(65)}`)).toMatchObject({ units: 133, segments: 2, unitsLeft: 0 });
    expect(measure(`${"ж".repeat(66)}😀${"ж".repeat(66)}`)).toMatchObject({ units: 134, segments: 3, unitsLeft: 66 });
  });

  test("counts as the independent peer does, for any text", () => {
    const character = fc.constantFrom(..."ab9 é€[~ΩàÇ\nжç😀👩🏽‍🚀\u{10ffff}“");
    const text = fc.oneof(
      fc.array(character, { maxLength: 500 }).map((characters) => characters.join("")),
      fc.array(fc.constantFrom(..."ab9 é€[~Ω|^"), { maxLength: 500 }).map((characters) => characters.join("")),
      fc.string({ unit: "binary", maxLength: 300 }),
    );
    fc.assert(
      fc.property(text, (any) => measure(any).segments === segmentCount(any)),
      { numRuns: 400 },
    );
  });

  test("exactly as many characters more fit into the last segment as are left", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(..."a€[é"), { maxLength: 700 }), fc.boolean(), (characters, isWide) => {
        const text = `${isWide ? "ж" : ""}${characters.join("")}`;
        const { segments, unitsLeft } = measure(text);
        expect(measure(text + x(unitsLeft)).segments).toBe(segments);
        expect(measure(text + x(unitsLeft + 1)).segments).toBeGreaterThan(segments);
      }),
      { numRuns: 200 },
    );
  });
});

describe("what is recorded of a text", () => {
  test("is the encoding and the count, in the encoding that it is sent in", () => {
    expect(segmentsOf(x(161))).toEqual({ encoding: "GSM-7", count: 2 });
    expect(segmentsOf("“Pay?”")).toEqual({ encoding: "UCS-2", count: 1 });
    expect(segmentsOf(x(161), "UCS-2")).toEqual({ encoding: "UCS-2", count: 3 });
    expect(segmentsOf(x(140), "Latin-1")).toEqual({ encoding: "Latin-1", count: 1 });
    expect(segmentsOf(x(269), "Latin-1")).toEqual({ encoding: "Latin-1", count: 3 });
  });

  test("and who asks why is told the characters that GSM-7 has not, each once", () => {
    expect(outsideGsm7("Pay “1,200 €” to Łódź 😀 “now”?")).toEqual(["“", "”", "Ł", "ó", "ź", "😀"]);
    expect(outsideGsm7("@£$_ äöü € […]".replace("…", ""))).toEqual([]);
  });
});
