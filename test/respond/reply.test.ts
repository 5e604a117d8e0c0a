import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isChatter, type PendingQuestion, type ReplyMode, understandReply } from "../../src/respond/reply.ts";

const K7: PendingQuestion = { code: "K7", options: ["Approve", "Reject"] };
const M4: PendingQuestion = { code: "M4", options: ["Ship", "Hold", "Ask again"] };

const understood = (text: string, pending: readonly PendingQuestion[] = [K7, M4], mode: ReplyMode = "code") =>
  understandReply(text, pending, mode);
const withOptions = (text: string, ...options: string[]) => understood(text, [{ code: "K7", options }]);
const answer = (option: string, code = "K7") => ({ kind: "answer" as const, code, option });
const because = (reason: string) => expect.objectContaining({ kind: "unclear", because: reason });

describe("a reply that names its question and its option", () => {
  test.each([
    ...["K7 approve", "k7 Approve", "K7: Approve!", "K7 APPROVE.", "  K7\n approve  ", "K7, approve", "K7 - approve"],
    ...[
      "K7-approve",
      "K7) approve",
      '"K7 approve"',
      "K7 “Approve”",
      "'K7' 'Approve'",
      "K7 (approve)",
      "*K7* *approve*",
    ],
    ...[
      "Ｋ７　ａｐｐｒｏｖｅ",
      "K7 \u200bapprove",
      "K7\u00a0approve",
      "K7 approve 👍🏽",
      "✅ K7 Approve".slice(2),
      "K7 ✅ approve",
    ],
    ...["approve K7", "Approve, k7.", "Approve (K7)", "approve: K7"],
    ...["K7 1", "k7:1", "K7. 1", "K7 #1", "K7 (1)", "K7 1.", "K7 1️⃣", "K7 １", "K7 ١", "1 K7"],
    ...["K7 1 Approve", "K7 1) approve", "K7: 1. Approve", "K7 1 - approve", "K7 1=Approve"],
    ...["K7 app", "K7 Appro", "k7 approv."],
    ...["K7 approve\n> PausePoint: Refund 1,200? Reply M4 2", "> M4 hold\nK7 approve", "＞ M4\nK7 approve"],
  ])("%p", (text) => {
    expect(understood(text)).toEqual(answer("Approve"));
  });

  test.each([
    ["M4 2", "Hold"],
    ["m4 ask", "Ask again"],
    ["M4 Ask again", "Ask again"],
    ["hold M4", "Hold"],
  ])("%p, of the other question", (text, option) => {
    expect(understood(text)).toEqual(answer(option, "M4"));
  });
});

describe("a reply that could mean something else", () => {
  test.each([
    ...["K7 don't approve", "K7 don’t approve", "K7 not approve", "K7 approve not", "K7 approve or reject", "K7 no"],
    ...[
      "K7 approve?",
      "K7 approve？",
      "K7 approve 👎",
      "K7 approve ❌",
      "K7 approve 🤔",
      "K7 approve 🚫",
      "K7 👍",
      "K7",
    ],
    ...["K7 1 reject", "K7 2 approve", "K7 3", "K7 0", "K7 01", "K7 1 2", "K7 1/2", "K7 12", "K7 1.5", "K7 -1", "K7-1"],
    ...[
      "K7 ap",
      "K7 a",
      "K7 prove",
      "K7 approve it",
      "K7 ok approve",
      "please K7 approve",
      "K7 approve K7",
      "K7 K7 approve",
    ],
    ...["K7 disapprove", "K7 approves", "K7 approved by whom", "K7\n> approve", "K7 yes", "K7approve K7"],
  ])("%p names no option", (text) => {
    expect(understood(text)).toEqual({ kind: "unclear", because: "no-option", code: "K7" });
  });

  test.each(["approve", "1", "yes", "", "👍", "K7approve", "K 7 approve", "K71", "> K7 approve", "Liked “Deploy?”"])(
    "%p has no code",
    (text) => {
      expect(understood(text)).toEqual({ kind: "unclear", because: "no-code", code: null });
    },
  );

  test("a text with the codes of two questions answers neither", () => {
    for (const text of ["K7 M4 approve", "K7 approve M4 ship", "K7 approve, M4 hold", "approve K7/M4"]) {
      expect(understood(text)).toEqual({ kind: "unclear", because: "several-codes", code: null });
    }
  });

  test("a code of no question that waits answers no other, also where the code may be left out", () => {
    for (const mode of ["code", "open"] as const) {
      for (const text of ["P3 approve", "approve P3", "P3", "p3 1"]) {
        expect(understood(text, [K7], mode)).toEqual({ kind: "unclear", because: "unknown-code", code: "K7" });
      }
    }
  });

  test("a reaction that quotes the whole question answers nothing", () => {
    const asked = "PausePoint: Refund?\nReply K7 1 Approve, 2 Reject\nAnswer: https://approve.example.com/r/x";
    for (const text of [`Liked “${asked}”`, `👍 to "${asked}"`, `Emphasized “${asked}”`, asked, `${asked}\napprove`]) {
      expect(understood(text, [K7], "open")).toMatchObject({ kind: "unclear" });
    }
  });
});

describe("options that are like one another", () => {
  test("the whole text of one wins over a longer one that begins so, half of it does not", () => {
    expect(withOptions("K7 approve", "Approve", "Approve all")).toEqual(answer("Approve"));
    expect(withOptions("K7 approve all", "Approve", "Approve all")).toEqual(answer("Approve all"));
    expect(withOptions("K7 appr", "Approve", "Approve all")).toEqual(because("several-options"));
  });

  test("a start counts for nothing when a word of another option begins so", () => {
    expect(withOptions("K7 approve", "Approve it", "Do not approve")).toEqual(because("several-options"));
    expect(withOptions("K7 app", "Approve", "Disapprove")).toEqual(answer("Approve"));
    expect(withOptions("K7 dis", "Approve", "Disapprove")).toEqual(answer("Disapprove"));
  });

  test("a word that only denies is not enough of an option", () => {
    for (const text of ["K7 not", "K7 don", "K7 don't", "K7 do not", "K7 nev", "K7 nicht", "K7 i will not"]) {
      const options = ["Go", "Not now", "Don't go", "Do not go", "Never", "Nicht jetzt", "I will not go"];
      expect(withOptions(text, "Go", ...options.filter((option) => option !== "Never"))).toMatchObject({
        kind: "unclear",
      });
    }
    expect(withOptions("K7 not n", "Go", "Not now")).toEqual(because("no-option"));
    expect(withOptions("K7 not now", "Go", "Not now")).toEqual(answer("Not now"));
    expect(withOptions("K7 no", "Yes", "No")).toEqual(answer("No"));
  });

  test("differ in case alone: neither is meant", () => {
    expect(withOptions("K7 yes", "Yes", "YES")).toEqual(because("several-options"));
  });

  test("differ in a sign alone: the exact one is meant, and none without it", () => {
    expect(withOptions("K7 Go 👍", "Go 👍", "Go 👎")).toEqual(answer("Go 👍"));
    expect(withOptions("K7 Go 👎", "Go 👍", "Go 👎")).toEqual(answer("Go 👎"));
    expect(withOptions("K7 Go!", "Go!", "Go.")).toEqual(answer("Go!"));
    expect(withOptions("K7 Go", "Go!", "Go.")).toEqual(because("several-options"));
    expect(withOptions("K7 👎", "👍", "👎")).toEqual(answer("👎"));
    expect(withOptions("K7 Really?", "Really?", "No")).toEqual(answer("Really?"));
  });

  test("in other scripts are named whole, in any case", () => {
    expect(withOptions("K7 同意", "同意", "拒否")).toEqual(answer("同意"));
    expect(withOptions("K7 одобрить", "Одобрить", "Отклонить")).toEqual(answer("Одобрить"));
    expect(withOptions("K7 STRASSE", "Straße", "Weg")).toEqual(answer("Straße"));
    expect(withOptions("K7 موافق", "موافق", "مرفوض")).toEqual(answer("موافق"));
  });
});

describe("options with numbers in them", () => {
  test("the exact text of an option wins over its place", () => {
    expect(withOptions("K7 1", "2", "1")).toEqual(answer("1"));
    expect(withOptions("K7 2", "2", "1")).toEqual(answer("2"));
    expect(withOptions("K7 3.", "3", "1")).toEqual(answer("3"));
  });

  test("a number is never a place where options are amounts", () => {
    for (const text of ["K7 1", "K7 2", "K7 #1", "K7 1 10"]) {
      expect(withOptions(text, "10", "20", "30")).toEqual(because("no-option"));
    }
    expect(withOptions("K7 20", "10", "20", "30")).toEqual(answer("20"));
    expect(withOptions("K7 1", "$5", "-1")).toEqual(because("no-option"));
  });

  test("signs of an amount are a part of it", () => {
    expect(withOptions("K7 -1", "1", "-1")).toEqual(answer("-1"));
    expect(withOptions("K7: −1", "1", "-1")).toEqual(answer("-1"));
    expect(withOptions("K7 - 1", "1", "-1")).toEqual(because("no-option"));
    expect(withOptions("K7 .5", "5", "0.5")).toEqual(because("no-option"));
    expect(withOptions("K7 .5", "5", ".5")).toEqual(answer(".5"));
    expect(withOptions("K7. 5", "5", ".5")).toEqual(because("no-option"));
    expect(withOptions("K7 5", "(5)", "6")).toEqual(because("no-option"));
    expect(withOptions("K7 5%", "+5%", "-5%")).toEqual(because("no-option"));
    expect(withOptions("K7 +5%", "+5%", "-5%")).toEqual(answer("+5%"));
  });

  test("half a number is not the start of an option", () => {
    expect(withOptions("K7 approve 2", "Approve 25", "Approve 30")).toEqual(because("no-option"));
    expect(withOptions("K7 100", "1000 EUR", "200 EUR")).toEqual(because("no-option"));
    expect(withOptions("K7 pay 1", "Pay 1.50", "Wait")).toEqual(because("no-option"));
    expect(withOptions("K7 pay 1", "Pay 1 000", "Wait")).toEqual(because("no-option"));
    expect(withOptions("K7 pay 5", "Pay 5%", "Pay 7%")).toEqual(because("no-option"));
    expect(withOptions("K7 pay 500", "Pay 500 EUR", "Wait")).toEqual(answer("Pay 500 EUR"));
  });

  test("a number that stands in another option than its place is not taken for either", () => {
    expect(withOptions("K7 1", "2 days", "1 day")).toEqual(because("several-options"));
    expect(withOptions("K7 1", "Wait 2 days", "Wait 1 day")).toEqual(because("several-options"));
    expect(withOptions("K7 1 day", "2 days", "1 day")).toEqual(answer("1 day"));
    expect(withOptions("K7 2", "1 day", "2 days")).toEqual(answer("2 days"));
    expect(withOptions("K7 24", "24 h", "2 h")).toEqual(because("no-option"));
  });
});

describe("where the code may be left out", () => {
  test("the only question that waits is answered", () => {
    expect(understood("Approve", [K7], "open")).toEqual(answer("Approve"));
    expect(understood("2", [K7], "open")).toEqual(answer("Reject"));
    expect(understood("K7 reject", [K7], "open")).toEqual(answer("Reject"));
    expect(understood("yes", [{ code: "K7", options: ["Yes", "No"] }], "open")).toEqual(answer("Yes"));
    expect(understood("Route A4", [{ code: "K7", options: ["Route A4", "Route A5"] }], "open")).toEqual(
      answer("Route A4"),
    );
    expect(understood("A4", [{ code: "K7", options: ["A4", "A5"] }], "open")).toEqual(because("unknown-code"));
  });

  test("one of two questions is not", () => {
    expect(understood("Ship", [K7, M4], "open")).toEqual({ kind: "unclear", because: "no-code", code: null });
  });

  test("nothing is answered where nothing waits, or where replies do not decide", () => {
    expect(understood("K7 approve", [])).toEqual({ kind: "unclear", because: "nothing-pending", code: null });
    expect(understood("K7 approve", [K7], "off")).toEqual({ kind: "unclear", because: "replies-off", code: "K7" });
  });
});

describe("the words that carriers reserve", () => {
  test.each([
    "STOP",
    "stop.",
    "Stop!!! 🛑",
    "STOPALL",
    "stop all",
    "Unsubscribe",
    "CANCEL",
    "end",
    "Quit",
    "opt-out",
    "OPTOUT",
  ])("%p opts out, whatever waits", (text) => {
    for (const mode of ["off", "code", "open"] as const) {
      expect(understood(text, [{ code: "K7", options: ["Stop", "Cancel", "End"] }], mode)).toEqual({ kind: "stop" });
      expect(understood(text, [], mode)).toEqual({ kind: "stop" });
    }
  });
  test.each(["revoke", "please stop", "ＳＴＯＰ", "STOP\n> PausePoint: Refund?"])("%p opts out too", (text) => {
    expect(understood(text)).toEqual({ kind: "stop" });
  });

  test.each(["START", "unstop"])("%p opts in", (text) => {
    expect(understood(text)).toEqual({ kind: "start" });
  });

  test.each(["HELP", "info", "Help?"])("%p asks what this is", (text) => {
    expect(understood(text, [{ code: "K7", options: ["Help"] }], "open")).toEqual({ kind: "help" });
  });

  test("yes opts in where nothing is asked, else it is an answer or none", () => {
    expect(understood("YES", [])).toEqual({ kind: "start" });
    expect(understood("YES", [K7], "open")).toEqual(because("no-option"));
  });

  test("an option in any case is the same one, also where a capital has none of its own", () => {
    for (const written of ["K7 STRASSE", "K7 straße", "K7 STRAẞE"])
      expect(withOptions(written, "Straße", "Reject")).toEqual(answer("Straße"));
  });

  test("with a code they are an answer, if they are an option", () => {
    const options = ["Stop", "Cancel", "Yes", "Help"];
    for (const option of options) expect(withOptions(`K7 ${option.toUpperCase()}`, ...options)).toEqual(answer(option));
    expect(withOptions("K7 stop", "Approve", "Reject")).toEqual(because("no-option"));
  });

  test("in a sentence they are none", () => {
    expect(understood("please do not stop the deployment")).toEqual(because("no-code"));
  });
});

describe("whatever is written", () => {
  const options = fc.uniqueArray(
    fc.oneof(
      fc.constantFrom("Approve", "Reject", "Do not approve", "Approve all", "1", "2", "-1", "10", "2 days", "1 day"),
      fc.constantFrom("Yes", "No", "Not now", "Stop", "Hold", "M4", "K7", "👍", "Go!", "(5)", "A, B", "K7 approve"),
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }).filter((text) => text.trim() === text),
    ),
    { minLength: 1, maxLength: 5 },
  );
  const pending = fc.uniqueArray(fc.record({ code: fc.constantFrom("K7", "M4", "P3"), options }), {
    maxLength: 3,
    selector: ({ code }) => code,
  });
  const written = pending.chain((questions) => {
    const word = fc.oneof(
      fc.constantFrom(
        "K7",
        "m4",
        "Ｐ３",
        "1",
        "2",
        "3",
        "10",
        "not",
        "don't",
        "or",
        "approve",
        "app",
        "rej",
        "stop",
        "?",
      ),
      fc.constantFrom("-", ":", ".", ",", "\n", "> ", "👍", "👎", '"', "(", ")", "please", "both", ""),
      fc.constantFrom(...questions.flatMap((question) => question.options), "Approve"),
      fc
        .constantFrom(...questions.flatMap((question) => question.options), "Reject")
        .chain((option) => fc.integer({ min: 1, max: 8 }).map((length) => option.slice(0, length).toUpperCase())),
      fc.string({ unit: "binary", maxLength: 4 }),
    );
    const glue = fc.constantFrom(" ", "", ": ", "  ");
    const free = fc.tuple(fc.array(word, { maxLength: 5 }), glue).map(([words, blank]) => words.join(blank));
    const addressed = fc
      .tuple(fc.constantFrom("K7", "m4", "P3"), glue, fc.array(word, { minLength: 1, maxLength: 2 }), fc.boolean())
      .map(([code, blank, words, isLast]) => (isLast ? [...words, code] : [code, ...words]).join(blank));
    const text = fc.oneof(free, { weight: 3, arbitrary: addressed });
    return fc.record({ questions: fc.constant(questions), text });
  });
  const seen = (text: string) => text.normalize("NFKC").toLowerCase().toUpperCase().toLowerCase().normalize("NFKC");
  const letters = (text: string) =>
    seen(text)
      .match(/[\p{L}\p{N}]/gu)
      ?.join("") ?? "";

  test("an answer is one that the text names, and to a question that the text names", () => {
    let answers = 0;
    fc.assert(
      fc.property(written, fc.constantFrom<ReplyMode>("code", "open"), ({ questions, text }, mode) => {
        const reply = understandReply(text, questions, mode);
        if (reply.kind !== "answer") return;
        answers += 1;
        const question = questions.find(({ code }) => code === reply.code);
        expect(question?.options).toContain(reply.option);
        const hasCode = seen(text).includes(reply.code.toLowerCase());
        expect(hasCode || (mode === "open" && questions.length === 1)).toBe(true);
        const place = (question?.options.indexOf(reply.option) ?? 0) + 1;
        // What is left of the text, letters and digits alone, is the option, its place, both, or its start.
        const option = letters(reply.option);
        const own = text
          .split(/\r\n|\r|\n/)
          .filter((line) => !/^\s*[>＞]/.test(line))
          .join("\n");
        const code = reply.code.toLowerCase();
        const rests = [
          letters(own),
          letters(seen(own).replace(code, "")),
          letters(own).replace(new RegExp(`${code}$`), ""),
        ];
        const isNamed = rests.some(
          (rest) =>
            rest === option ||
            rest === String(place) ||
            rest === `${place}${option}` ||
            (rest.length >= 3 && option.startsWith(rest)),
        );
        expect(isNamed ? "named" : { text, reply, questions }).toBe("named");
      }),
      { numRuns: 4_000 },
    );
    expect(answers).toBeGreaterThan(100);
  });

  test("the only text that answers a question in two ways is none: no other option is named beside the one taken", () => {
    const two = fc.constantFrom("Approve", "Reject", "Hold", "Ship it", "Not now", "Yes", "No");
    const glue = fc.constantFrom(" ", " or ", " and ", ", ", "/", " not ", " - ", "\n", ". ", "; ");
    fc.assert(
      fc.property(two, two, glue, fc.boolean(), (one, other, between, isLast) => {
        fc.pre(one !== other);
        const question = { code: "K7", options: ["Approve", "Reject", "Hold", "Ship it", "Not now", "Yes", "No"] };
        const both = `${one}${between}${other}`;
        const reply = understandReply(isLast ? `${both} K7` : `K7 ${both}`, [question], "open");
        expect(reply.kind).toBe("unclear");
      }),
    );
  });
});

describe("what is written in a room", () => {
  const waits = [{ code: "K7", options: ["Approve", "Reject"] }];

  test("is chatter where nothing in it could be an answer", () => {
    expect(isChatter("good morning, everybody", waits)).toBe(true);
    expect(isChatter("good morning, everybody", [])).toBe(true);
  });

  test.each(["K7", "K7 maybe", "M4 approve", "approve", "STOP", "help"])("is none where it says %s", (text) => {
    expect(isChatter(text, waits)).toBe(false);
  });
});
