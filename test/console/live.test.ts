import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { HOUR } from "../support/database.ts";
import { administrator, colleague, Operator } from "../support/operator.ts";

let appliance: Appliance;
let admin: Operator;
let viewer: Operator;

beforeAll(async () => {
  appliance = await startAppliance();
  admin = await administrator(appliance);
  viewer = await colleague(admin, "Vera", "viewer");
});
afterAll(() => appliance.stop());

/** What a page's EventSource does. */
class Listener {
  readonly #reader: { read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>; cancel(): Promise<void> };
  #text = "";

  constructor(readonly response: Response) {
    this.#reader = (response.body as ReadableStream<Uint8Array>).getReader();
  }

  static async on(path: string, who: Operator, headers: Record<string, string> = {}): Promise<Listener> {
    return new Listener(
      await fetch(`${appliance.url}${path}`, { headers: { cookie: who.cookie, ...headers }, redirect: "manual" }),
    );
  }

  /** The next event, comments and the time to retry left out; null at the end of the stream. */
  async next(): Promise<{ event: string; data: string } | null> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end >= 0) {
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        const event = /^event: (.+)$/m.exec(block)?.[1];
        if (event !== undefined) return { event, data: /^data: ?(.*)$/m.exec(block)?.[1] ?? "" };
        continue;
      }
      const { value, done } = await this.#reader.read();
      if (done) return null;
      this.#text += new TextDecoder().decode(value);
    }
  }

  leave(): Promise<void> {
    return this.#reader.cancel();
  }
}

const streamIn = async (path: string, who: Operator) =>
  /data-live="([^"]+)"/.exec((await who.get(path)).text)?.[1]?.replaceAll("&amp;", "&") ?? "";

describe("a page that is open", () => {
  test("is told that there is news, once for what comes at once, and of nothing that it knows", async () => {
    const listener = await Listener.on(await streamIn("/console/waiting", viewer), viewer);
    expect(listener.response.headers.get("content-type")).toBe("text/event-stream");
    expect(listener.response.headers.get("x-accel-buffering")).toBe("no");
    await appliance.ask(appliance.keys.test, { message: "One?" });
    expect(await listener.next()).toMatchObject({ event: "changed" });
    await appliance.ask(appliance.keys.test, { message: "Two?" });
    const last = await appliance.ask(appliance.keys.test, { message: "Three?" });
    await appliance.messages(last);
    appliance.clock.turn(500);
    const { data } = (await listener.next()) ?? {};
    expect(Number(data)).toBe(appliance.count("SELECT max(seq) FROM audit_entries"));
    await listener.leave();
  });

  test("of a pause is told of that one alone", async () => {
    const [mine, other] = [await appliance.ask(appliance.keys.test), await appliance.ask(appliance.keys.test)];
    for (const pause of [mine, other]) await appliance.messages(pause);
    const listener = await Listener.on(await streamIn(`/console/pauses/${mine.pause_id}`, viewer), viewer);
    await appliance.post(`/v1/pause/${other.pause_id}/cancel`, appliance.keys.test);
    appliance.clock.turn(1_000);
    await appliance.post(`/v1/pause/${mine.pause_id}/cancel`, appliance.keys.test);
    const cancelled = `SELECT seq FROM audit_entries WHERE entry LIKE '%${mine.pause_id}%pause.cancelled%'`;
    expect(await listener.next()).toEqual({ event: "changed", data: String(appliance.count(cancelled)) });
    await listener.leave();
  });

  test("hears at once what happened before it came back", async () => {
    const listener = await Listener.on("/console/live?known=1", viewer, { "last-event-id": "2" });
    expect(await listener.next()).toMatchObject({ event: "changed" });
    await listener.leave();
  });

  test("is told that it is over when its sign-in is ended, and is cut off", async () => {
    const guest = await colleague(admin, "Gus", "viewer");
    const listener = await Listener.on(await streamIn("/console/waiting", guest), guest);
    const settings = (await admin.get("/console/settings")).text.replace(/^[\s\S]*Sessions<\/h2>/, "");
    const [, id = ""] =
      /\/console\/sessions\/(ses_\w+)\/revoke/.exec(
        settings.split("</tr>").find((row) => row.includes("session of Gus")) ?? "",
      ) ?? [];
    expect((await admin.send(`/console/sessions/${id}/revoke`)).status).toBe(303);
    appliance.clock.turn(500);
    let heard = await listener.next();
    while (heard?.event === "changed") heard = await listener.next();
    expect(heard).toEqual({ event: "over", data: "" });
    expect(await listener.next()).toBeNull();
  });

  test("keeps nobody signed in: neither its stream nor what the script fetches is a use", async () => {
    const guest = await colleague(admin, "Ida", "viewer");
    const listener = await Listener.on(await streamIn("/console/waiting", guest), guest);
    const byItself = { cookie: guest.cookie, "x-console-by-itself": "1" };
    for (let passed = 0; passed < 4; passed++) {
      appliance.clock.turn(0.45 * HOUR);
      expect((await appliance.call("/console/waiting", { headers: byItself })).status).toBe(200);
    }
    appliance.clock.turn(0.45 * HOUR);
    expect((await appliance.call("/console/waiting", { headers: byItself })).status).toBe(303);
    let heard = await listener.next();
    while (heard?.event === "changed") heard = await listener.next();
    expect(heard).toEqual({ event: "over", data: "" });
    for (const one of [admin, viewer]) await one.signIn(one === admin ? "Alex" : "Vera", one.code());
  });

  test("has a bounded number of streams", async () => {
    const open: Listener[] = [];
    for (let count = 0; count < 20; count++) open.push(await Listener.on("/console/live", viewer));
    const refused = await Listener.on("/console/live", viewer);
    expect([refused.response.status, refused.response.headers.get("retry-after")]).toEqual([429, "15"]);
    expect((await Listener.on("/console/live", admin)).response.status).toBe(200);
    for (const listener of open) await listener.leave();
  });

  test("that nobody is signed in to gets no stream", async () => {
    const { response } = await Listener.on("/console/live", Object.assign(new Operator(appliance), { cookie: "x=y" }));
    expect([response.status, response.headers.get("location")]).toEqual([303, "/console/sign-in"]);
  });
});
