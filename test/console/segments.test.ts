import { expect, test } from "bun:test";
import { pauseOnce, SharedClock, statusIs, twilioPeer, twilioTo, withChannels } from "../http/channels/stage.ts";
import { administrator } from "../support/operator.ts";

test("a pause's page shows what each of its texts has cost, and in which alphabet", async () => {
  const clock = new SharedClock();
  const peer = await twilioPeer(clock);
  const appliance = await withChannels(clock, { sms: twilioTo(peer) });
  try {
    const admin = await administrator(appliance);
    for (const [message, cost] of [
      ["Pay?", ">1 in GSM-7</td>"],
      ["Платить?", ">3 in UCS-2</td>"],
    ] as const) {
      const pause = await appliance.ask(appliance.keys.live, { message });
      await pauseOnce(appliance, pause, statusIs("sent"));
      const { status, text } = await admin.get(`/console/pauses/${pause.pause_id}`);
      expect(status).toBe(200);
      expect(text).toContain(cost);
    }
  } finally {
    await appliance.stop();
    await peer.stop();
  }
});
