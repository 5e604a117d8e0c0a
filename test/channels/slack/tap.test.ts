import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { systemClock } from "../../../src/platform/clock.ts";
import type { SlackPeer } from "../../peers/slack.ts";
import {
  AUDITOR,
  asking,
  FINANCE,
  listeningLog,
  type Stage,
  settings,
  startChannel,
  startWorkspace,
  TOKEN,
} from "./stage.ts";

const untilStopped = new AbortController().signal;
const running: { stop(): Promise<void> }[] = [];
let peer: SlackPeer;
beforeEach(async () => {
  peer = await startWorkspace();
  running.push(peer);
});
afterEach(async () => {
  for (const part of running.splice(0).reverse()) await part.stop();
});

/** A question in the channel, and the appliance that waits for its answer. */
async function ask(
  answer: () => Promise<string | null>,
): Promise<Stage & { readonly place: { channel: string; ts: string } }> {
  const stage = startChannel(settings(peer), systemClock, listeningLog().log, answer);
  running.push(stage);
  peer.setInteractivityUrl(stage.url);
  await stage.channel.send(asking(FINANCE), untilStopped);
  const { channel, ts } = peer.messages[0]!;
  return { ...stage, place: { channel, ts } };
}

describe("a tap in Slack, over HTTP", () => {
  test("is reported with what was tapped and by whom, and accepted", async () => {
    const { reported, place } = await ask(async () => null);
    const outcome = await peer.tap({ ...place, user: AUDITOR, index: 1 });
    expect(outcome.accepted).toBe(true);
    expect(reported).toEqual([{ kind: "tap", token: TOKEN, option: 1, by: AUDITOR, via: "slack" }]);
  });

  test("is answered to the one who tapped, alone; the question stays for the others", async () => {
    const { place } = await ask(async () => "Recorded: Approve");
    await peer.nextMessage();
    await peer.tap({ ...place, user: AUDITOR, index: 0 });
    expect(await peer.nextMessage()).toMatchObject({ onlyFor: AUDITOR, text: "Recorded: Approve" });
    expect(peer.messages[0]!.versions).toHaveLength(1);
  });

  test("is accepted only after it was recorded", async () => {
    const order: string[] = [];
    const { place } = await ask(async () => {
      await new Promise(setImmediate);
      order.push("recorded");
      return null;
    });
    await peer.tap({ ...place, user: AUDITOR, index: 0 }).then(() => order.push("accepted"));
    expect(order).toEqual(["recorded", "accepted"]);
  });

  test("that could not be recorded is not accepted, and works the next time", async () => {
    let isFull = true;
    const { place } = await ask(async () => {
      if (isFull) throw new Error("disk full");
      return null;
    });
    expect((await peer.tap({ ...place, user: AUDITOR, index: 0 })).accepted).toBe(false);
    isFull = false;
    expect((await peer.tap({ ...place, user: AUDITOR, index: 0 })).accepted).toBe(true);
  });

  test("on the link to the page is accepted, and decides nothing", async () => {
    const { reported, place } = await ask(async () => null);
    expect((await peer.tap({ ...place, user: AUDITOR, actionId: "pausepoint_page" })).accepted).toBe(true);
    expect(reported).toEqual([]);
  });

  test.each(["wrong-secret", "stale", "future", "no-signature", "tampered"] as const)(
    "that is forged (%s) is refused, and reported to nobody",
    async (forge) => {
      const { reported, place } = await ask(async () => null);
      expect(await peer.tap({ ...place, user: AUDITOR, index: 0, forge })).toMatchObject({
        status: 401,
        accepted: false,
      });
      expect(reported).toEqual([]);
    },
  );

  test("on a screen that has not caught up is reported all the same: it is not the channel that decides", async () => {
    const { channel, reported, place } = await ask(async () => "This question was withdrawn.");
    await peer.nextMessage();
    const { question, ...rest } = asking(FINANCE);
    const ending = { ...rest, question: question!, providerId: `${place.channel}/${place.ts}` };
    await channel.conclude!({ ...ending, text: "Withdrawn.", ending: "cancelled", choice: null }, untilStopped);
    await peer.tap({ ...place, user: AUDITOR, index: 0, version: 0 });
    expect(reported).toHaveLength(1);
    expect(await peer.nextMessage()).toMatchObject({ onlyFor: AUDITOR, text: "This question was withdrawn." });
  });
});
