import { describe, expect, test } from "bun:test";
import { Answers } from "../../../src/channels/smpp/answers.ts";
import { Pace } from "../../../src/channels/smpp/pace.ts";
import type { Clock } from "../../../src/platform/clock.ts";
import { handClock } from "../slack/stage.ts";

describe("the pace", () => {
  test("is what was set, however long nothing went", () => {
    const { clock, turn } = handClock();
    const pace = new Pace(clock, 4);
    pace.start();
    expect(pace.wait).toBe(250);
    turn(10_000);
    pace.start();
    expect(pace.wait).toBe(250);
  });

  test("of many a second makes up for timers that are late, and for no more", () => {
    const { clock, turn } = handClock();
    const pace = new Pace(clock, 1_000);
    turn(10_000);
    let parts = 0;
    while (pace.wait === 0) {
      pace.start();
      parts++;
    }
    expect(parts).toBeLessThanOrEqual(51);
  });

  test("rests once for complaints about what was on its way together", () => {
    const { clock, turn } = handClock();
    const pace = new Pace(clock, 0);
    const startedAt = clock.now();
    pace.start();
    turn(100);
    pace.slowDown(startedAt);
    pace.slowDown(startedAt);
    turn(1_000);
    expect(pace.wait).toBe(0);
    pace.slowDown(startedAt);
    expect(pace.wait).toBe(0);
    pace.slowDown(clock.now());
    expect(pace.wait).toBe(2_000);
  });

  test("is halved by a complaint, and comes back with what is taken", () => {
    const { clock, turn } = handClock();
    const pace = new Pace(clock, 10);
    pace.slowDown(clock.now());
    turn(1_000);
    pace.start();
    expect(pace.wait).toBe(200);
    for (let n = 0; n < 20; n++) pace.taken();
    turn(200);
    pace.start();
    expect(pace.wait).toBe(100);
  });

  test("does not stand still when the clock is set back", () => {
    let now = 1_800_000_000_000;
    const clock: Clock = { now: () => now, after: () => () => {} };
    const pace = new Pace(clock, 1);
    pace.start();
    now -= 86_400_000;
    expect(pace.wait).toBe(0);
  });
});

test("of answers that never come no more than a thousand are still hoped for", () => {
  const { clock, turn } = handClock();
  const answers = new Answers(clock, 10, () => {});
  const late: number[] = [];
  for (let sequence = 1; sequence <= 1_001; sequence++) void answers.expect(sequence, () => late.push(sequence));
  turn(10_000);
  expect(answers.isExpected(1)).toBe(false);
  answers.take(1, 0, "a");
  answers.take(2, 0, "b");
  expect(late).toEqual([2]);
});
