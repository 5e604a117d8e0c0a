/** The console's figures over time. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { DAY, HOUR, MINUTE } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { administrator, colleague, type Operator } from "../support/operator.ts";

let appliance: Appliance;
let viewer: Operator;

beforeAll(async () => {
  appliance = await startAppliance();
  viewer = await colleague(await administrator(appliance), "Vera", "viewer");
}, 120_000);
afterAll(() => appliance.stop());

const ask = (more: object = {}) => appliance.ask(appliance.keys.test, { message: "Pay?", timeout_hours: 5, ...more });
async function answer(pause: Awaited<ReturnType<typeof ask>> | undefined): Promise<void> {
  if (pause === undefined) throw new Error("nothing was asked");
  const [message] = await appliance.messages(pause);
  expect((await appliance.choose(message?.link ?? "", "Approve")).status).toBe(303);
}
/** The page, once the log is counted up to its end. */
const shown = (query = "") =>
  eventually(
    async () => (await viewer.get(`/console/usage${query}`)).text,
    (text) => !text.includes("still to be counted"),
  );
const figure = (text: string, name: string) =>
  Number(new RegExp(`<dt>${name}</dt><dd>(\\d+)</dd>`).exec(text)?.[1] ?? Number.NaN);

describe("usage", () => {
  test("shows how questions ended, by day, and how long people took; in the address stands what of it", async () => {
    const first = [await ask(), await ask(), await ask()];
    appliance.clock.turn(10 * MINUTE);
    for (const one of first.slice(0, 2)) await answer(one);
    appliance.clock.turn(2 * HOUR);
    await answer(first[2]);
    await ask();
    await ask({ timeout_default: "Reject" });
    const gone = await ask();
    await appliance.call(`/v1/pause/${gone.pause_id}/cancel`, { key: appliance.keys.test, method: "POST" });
    appliance.clock.turn(DAY);
    await ask();

    await viewer.signIn("Vera", viewer.code());
    const text = await shown("?days=7");
    expect(figure(text, "Asked")).toBe(7);
    expect(figure(text, "Answered by a person")).toBe(3);
    expect(figure(text, "Decided by the clock")).toBe(1);
    expect(figure(text, "Timed out")).toBe(1);
    expect(figure(text, "Withdrawn")).toBe(1);
    // Two of three within 10 minutes, all within two hours and ten: read off by a fifth at most, never too short.
    const [, half = "", most = ""] = /Half of 3 answers came within ([^,]+), nine of ten within ([^.]+\.?\d*) /.exec(
      text.replace("</p>", " </p>"),
    ) ?? ["", "", ""];
    expect(Number.parseFloat(half)).toBeGreaterThanOrEqual(10);
    expect(Number.parseFloat(half)).toBeLessThanOrEqual(12);
    expect(half).toEndWith(" minutes");
    expect(Number.parseFloat(most)).toBeGreaterThanOrEqual(2.2);
    expect(Number.parseFloat(most)).toBeLessThanOrEqual(2.6);
    expect(text).toContain("Up to 17 min: 2");
    expect(text).toContain("Up to 4.6 h: 1");

    // Each bar has its words, and the same numbers stand in a table for who can't see it.
    const day = new Date(appliance.clock.now() - DAY).toISOString().slice(0, 10);
    expect(text).toContain(`<title>${day}, answered by a person: 3`);
    expect(text).toMatch(new RegExp(`<th [^>]*>${day}</th><td [^>]*>6</td>`));
    expect(text.match(/<rect class="column"/g)).toHaveLength(7 + 10);

    const live = await shown("?days=7&world=default+live");
    expect(figure(live, "Asked")).toBe(0);
    expect(live).toContain("Nobody answered.");
    appliance.clock.turn(8 * DAY);
    await viewer.signIn("Vera", viewer.code());
    expect(figure(await shown("?days=7"), "Answered by a person")).toBe(0);
    expect(figure(await shown("?days=30"), "Answered by a person")).toBe(3);
    // What nobody offers is the usual span.
    expect(await shown("?days=31")).toContain('<option value="30" selected>');
  });
});
