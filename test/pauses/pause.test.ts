import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Decision, decide, type PauseEvent, type PauseState } from "../../src/pauses/pause.ts";

const T0 = 1_000_000;
const OPTIONS = ["Approve", "Reject", "Wait"];

function pause(part: Partial<PauseState> = {}): PauseState {
  return {
    status: "pending",
    options: OPTIONS,
    timeoutDefault: null,
    expiresAt: T0,
    policy: { kind: "first" },
    answers: [],
    ...part,
  };
}
const answer = (choice: string, position = 0): PauseEvent => ({ type: "answer", position, choice });

describe("a pending pause", () => {
  test("ends by the first answer, with who gave it", () => {
    expect(decide(pause(), answer("Reject", 3), T0 - 1)).toEqual({
      ending: { status: "responded", choice: "Reject", source: "human", position: 3 },
      accepted: true,
      refusal: null,
    });
  });

  test("takes only an option, exactly: no other case, space, form or inherited name", () => {
    for (const choice of [
      "approve",
      "Approve ",
      " Approve",
      "Ａpprove",
      "Approve\u200b",
      "",
      "length",
      "0",
      "constructor",
    ]) {
      expect(decide(pause(), answer(choice), 0)).toEqual({
        ending: null,
        accepted: false,
        refusal: { because: "not_an_option" },
      });
    }
  });

  test("is withdrawn by its asker", () => {
    expect(decide(pause(), { type: "cancel" }, T0 - 1)).toEqual({
      ending: { status: "cancelled" },
      accepted: true,
      refusal: null,
    });
  });

  test("has nothing for the clock to do before its time", () => {
    const decision = { ending: null, accepted: false, refusal: { because: "not_due" } } as const;
    expect(decide(pause(), { type: "clock" }, T0 - 1)).toEqual(decision);
    expect(decide(pause(), { type: "clock", forced: false }, T0 - 1)).toEqual(decision);
  });
});

describe("a pause whose time is over", () => {
  test("ends timed_out at that very millisecond when it has no default", () => {
    expect(decide(pause(), { type: "clock" }, T0)).toEqual({
      ending: { status: "timed_out" },
      accepted: true,
      refusal: null,
    });
  });

  test("ends with its default, and it is always to be seen that nobody chose it", () => {
    expect(decide(pause({ timeoutDefault: "Reject" }), { type: "clock" }, T0)).toEqual({
      ending: { status: "responded", choice: "Reject", source: "timeout_default", position: null },
      accepted: true,
      refusal: null,
    });
  });

  test("is ended by the clock when an answer comes late, and the answer does not count", () => {
    for (const choice of ["Approve", "no option"]) {
      expect(decide(pause(), answer(choice), T0)).toEqual({
        ending: { status: "timed_out" },
        accepted: false,
        refusal: { because: "ended", status: "timed_out" },
      });
      expect(decide(pause({ timeoutDefault: "Reject" }), answer(choice), T0 + 5)).toEqual({
        ending: { status: "responded", choice: "Reject", source: "timeout_default", position: null },
        accepted: false,
        refusal: { because: "ended", status: "responded" },
      });
    }
  });

  test("can't be withdrawn any more", () => {
    expect(decide(pause(), { type: "cancel" }, T0)).toMatchObject({ ending: { status: "timed_out" }, accepted: false });
  });

  test("may be over early, when a test says so", () => {
    expect(decide(pause(), { type: "clock", forced: true }, 0)).toEqual({
      ending: { status: "timed_out" },
      accepted: true,
      refusal: null,
    });
  });
});

describe("a pause that has ended", () => {
  test("changes by nothing, and says how it ended", () => {
    for (const status of ["responded", "timed_out", "cancelled"] as const) {
      for (const event of [
        answer("Approve"),
        answer("no option"),
        { type: "cancel" },
        { type: "clock" },
        { type: "clock", forced: true },
      ] as const) {
        for (const now of [0, T0, T0 * 2]) {
          expect(decide(pause({ status }), event, now)).toEqual({
            ending: null,
            accepted: false,
            refusal: { because: "ended", status },
          });
        }
      }
    }
  });
});

/** How a pause should stand, written down without looking at how it is decided. */
interface Model {
  now: number;
  /** `status/choice/source/position` of its end. */
  end: string | null;
  endings: number;
}

/** The pause under test: what a unit of work would store. */
class Stored {
  state: PauseState;
  end: string | null = null;

  constructor(timeoutDefault: string | null) {
    this.state = pause({ timeoutDefault });
  }

  happen(event: PauseEvent, now: number): Decision {
    const decision = decide(this.state, event, now);
    const { ending } = decision;
    if (ending !== null) {
      if (this.end !== null) throw new Error("ended twice");
      this.end =
        ending.status === "responded"
          ? `responded/${ending.choice}/${ending.source}/${ending.position}`
          : ending.status;
      this.state = { ...this.state, status: ending.status };
    }
    return decision;
  }
}

type Command = fc.Command<Model, Stored>;

function command(name: string, run: (model: Model, real: Stored) => void): Command {
  return {
    check: () => true,
    run(model, real) {
      run(model, real);
      expect(real.end).toBe(model.end);
      expect(real.state.status === "pending").toBe(model.end === null);
      expect(model.endings).toBeLessThanOrEqual(1);
    },
    toString: () => name,
  };
}

describe("whatever happens to a pause in whatever order", () => {
  for (const timeoutDefault of [null, "Wait"]) {
    const byClock = timeoutDefault === null ? "timed_out" : `responded/${timeoutDefault}/timeout_default/null`;
    /** Ends the model, once; answers whether it was this that ended it. */
    const end = (model: Model, how: string): boolean => {
      if (model.end === null && model.now >= T0) {
        model.end = byClock;
        model.endings++;
      }
      if (model.end !== null) return false;
      model.end = how;
      model.endings++;
      return true;
    };

    const commands = [
      fc.record({ choice: fc.constantFrom(...OPTIONS), position: fc.nat(9) }).map(({ choice, position }) =>
        command(`${position} answers ${choice}`, (model, real) => {
          const { accepted } = real.happen(answer(choice, position), model.now);
          expect(accepted).toBe(end(model, `responded/${choice}/human/${position}`));
        }),
      ),
      fc.nat(9).map((position) =>
        command(`${position} answers with none of the options`, (model, real) => {
          const before = model.end;
          const { accepted, refusal } = real.happen(answer("none", position), model.now);
          expect(accepted).toBe(false);
          if (before === null && model.now < T0) expect(refusal).toEqual({ because: "not_an_option" });
          else end(model, "never");
        }),
      ),
      fc.constant(
        command("the asker withdraws", (model, real) => {
          expect(real.happen({ type: "cancel" }, model.now).accepted).toBe(end(model, "cancelled"));
        }),
      ),
      fc.constant(
        command("the clock looks", (model, real) => {
          real.happen({ type: "clock" }, model.now);
          if (model.now >= T0) end(model, "never");
        }),
      ),
      fc.constant(
        command("a test lets the time be over", (model, real) => {
          real.happen({ type: "clock", forced: true }, model.now);
          end(model, byClock);
        }),
      ),
      fc.integer({ min: 1, max: 3_000 }).map((step) =>
        command(`${step} ms go by`, (model) => {
          model.now += step;
        }),
      ),
    ];

    test(`it ends at most once, for ever, and as the rules say (default: ${timeoutDefault})`, () => {
      fc.assert(
        fc.property(fc.commands(commands, { maxCommands: 30 }), (sequence) =>
          fc.modelRun(
            () => ({ model: { now: T0 - 2_000, end: null, endings: 0 }, real: new Stored(timeoutDefault) }),
            sequence,
          ),
        ),
        { numRuns: 400 },
      );
    });
  }
});
