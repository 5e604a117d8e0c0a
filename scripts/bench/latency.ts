import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Pause } from "../../src/pauses/index.ts";
import { Links } from "../../src/respond/index.ts";
import { type Figure, figure, quantile } from "./figures.ts";
import { startProduct } from "./server.ts";

/** Long enough for a request to reach the server and be held there. */
const HELD_AFTER_MS = 10;

/** The time from the answer's POST to the return of a held `?wait=60`, over and over. */
export async function tapToWait(executable: string, data: string, key: string, times: number): Promise<Figure[]> {
  const server = await startProduct(executable, data);
  try {
    const links = new Links(
      new Uint8Array(Buffer.from(readFileSync(join(data, "secret"), "utf8").trim(), "base64url")),
    );
    const took: number[] = [];
    while (took.length < times) took.push(await once(server.url, key, links));
    return [
      figure("tap to the held wait's return, p50", quantile(took, 0.5), "ms", { most: 100 }),
      figure("tap to the held wait's return, p99", quantile(took, 0.99), "ms", null),
    ];
  } finally {
    await server.stop();
  }
}

async function once(url: string, key: string, links: Links): Promise<number> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const body = JSON.stringify({ recipient: "+13128471928", channel: "sms", message: "Go on?", timeout_hours: 1 });
  const created = (await (await fetch(`${url}/v1/pause`, { method: "POST", headers, body })).json()) as Pause;
  const held = fetch(`${url}/v1/pause/${created.pause_id}?wait=60`, { headers }).then(async (response) => ({
    pause: (await response.json()) as Pause,
    at: performance.now(),
  }));
  await Bun.sleep(HELD_AFTER_MS);
  const token = links.token({ pauseId: created.pause_id, position: 0, mode: "test" }, Date.parse(created.expires_at));
  const tapped = performance.now();
  const form = new URLSearchParams({ choice: "Approve" });
  const answer = await fetch(`${url}/r/${token}`, { method: "POST", body: form, redirect: "manual" });
  const { pause, at } = await held;
  if (answer.status !== 303 || pause.response_choice !== "Approve") throw new Error("the answer did not count");
  return at - tapped;
}
