/** `pausepoint ask`, as a script or a CI job runs it: the executable beside a server of its own. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout } from "bun:test";
import { type BinaryServer, environment, Started, serveBinary } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { testNeeding } from "../support/needs.ts";

const test = testNeeding("dist/pausepoint");
setDefaultTimeout(60_000);

let server: BinaryServer;
beforeAll(async () => {
  server = await serveBinary();
});
afterAll(async () => {
  await server?.stop();
});

const TO = ["--to", "+1 (312) 847-1928"];
const started = (...args: string[]) =>
  new Started(
    ["ask", ...args],
    server.folder,
    environment({ PAUSEPOINT_URL: server.url, PAUSEPOINT_API_KEY: server.key }),
  );
/** Runs to its end; `meanwhile` gets the pause as soon as it is there. */
async function ask(args: string[], meanwhile: (id: string) => Promise<unknown>) {
  const message = args[0]!;
  const asking = started(...args);
  const pause = await eventually(
    async () =>
      (await server.call("/v1/pause?limit=100")).body.data.find((one: { message: string }) => one.message === message),
    (one) => one !== undefined,
  );
  await meanwhile(pause.pause_id);
  const printed = await asking.line().catch(() => null);
  return { status: await asking.ended, printed, stderr: asking.stderr };
}
const tap =
  (choice: string, more = {}) =>
  async (id: string) =>
    server.choose(await server.link(id), choice, more);

describe("pausepoint ask", () => {
  test("prints the choice alone, and ends with 0 for the first option and 3 for another", async () => {
    const deploy = [...TO, "--options", "Deploy,Abort", "--details", "Build=4712", "Branch=a=b"];
    const first = await ask(["Deploy?", ...deploy], async (id) => {
      const { body } = await server.call(`/v1/pause/${id}`);
      expect(body).toMatchObject({
        options: ["Deploy", "Abort"],
        details: { Build: "4712", Branch: "a=b" },
        channel: "sms",
      });
      await tap("Deploy")(id);
    });
    expect(first).toMatchObject({ status: 0, printed: "Deploy" });
    expect(first.stderr).toBe("Asking +1 (312) 847-1928 over sms; waiting for the answer.\n");
    const another = await ask(["Deploy again?", ...deploy, "--allow-comment"], tap("Abort", { comment: "not now" }));
    expect(another).toMatchObject({ status: 3, printed: "Abort" });
    expect(another.stderr).toContain('They added: "not now"\n');
  });

  test("ends with 4 where there is no answer, and tells a default from a person", async () => {
    const expire = (id: string) => server.call(`/v1/test/pause/${id}/expire`, { method: "POST" });
    const none = await ask(["Late?", ...TO], expire);
    expect(none).toMatchObject({
      status: 4,
      printed: null,
      stderr: expect.stringContaining("Nobody answered in time.\n"),
    });
    const withdrawn = await ask(["Withdrawn?", ...TO], (id) =>
      server.call(`/v1/pause/${id}/cancel`, { method: "POST" }),
    );
    expect(withdrawn).toMatchObject({ status: 4, printed: null });
    const fallen = await ask(["Default?", ...TO, "--default", "Reject", "--timeout-hours", "0.5"], expire);
    expect(fallen).toMatchObject({ status: 3, printed: "Reject" });
    expect(fallen.stderr).toContain("Nobody answered in time: Reject is the default, and no person chose it.\n");
    // Silence is no consent, unless the script says that it will do.
    const first = ["--default", "Approve", "--timeout-hours", "0.5"];
    expect(await ask(["First?", ...TO, ...first], expire)).toMatchObject({ status: 4, printed: "Approve" });
    expect(await ask(["Fine?", ...TO, ...first, "--accept-default"], expire)).toMatchObject({ status: 0 });
  });

  test("prints the whole pause as JSON, and asks once under one key", async () => {
    const args = ["Once?", ...TO, "--idempotency-key", "job 7", "--json"];
    const first = await ask(args, tap("Approve"));
    expect(JSON.parse(first.printed!)).toMatchObject({ status: "responded", response_choice: "Approve" });
    const again = await ask(args, async () => {});
    expect(JSON.parse(again.printed!).pause_id).toBe(JSON.parse(first.printed!).pause_id);
  });

  for (const [signal, status] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    test(`withdraws the question at ${signal}`, async () => {
      const message = `Stopped by ${signal}?`;
      const asking = started(message, ...TO);
      const pause = await eventually(
        async () =>
          (await server.call("/v1/pause?status=pending")).body.data.find(
            (one: { message: string }) => one.message === message,
          ),
        (one) => one !== undefined,
      );
      process.kill(asking.pid, signal);
      expect(await asking.ended).toBe(status);
      expect(asking.stderr).toEndWith("The question was withdrawn.\n");
      expect((await server.pause(pause.pause_id)).status).toBe("cancelled");
    });
  }

  test("says at once, and once, that nobody has got the question, and why", async () => {
    const late = await ask(["Undelivered?", "--to", "+1 500 555 0109"], async (id) => {
      await eventually(
        async () => (await server.pause(id)).reached,
        (reached) => reached === false,
      );
      // Told while it waits, not only at the end.
      await server.pause(id, 2);
      await server.call(`/v1/test/pause/${id}/expire`, { method: "POST" });
    });
    expect(late.stderr.trimEnd().split("\n")).toEqual([
      "Asking +1 500 555 0109 over sms; waiting for the answer.",
      expect.stringMatching(
        /^Nobody knows of the question: no message got through: sms to \+15005550109 failed \(.+\)\.$/,
      ),
      "Nobody answered in time.",
    ]);
    expect(late.status).toBe(4);
  });

  test("says once that no server is there, goes on trying, and tells the truth when it is stopped", async () => {
    const stopped = async (url: string, until: (stderr: string) => unknown) => {
      const env = environment({ PAUSEPOINT_URL: url, PAUSEPOINT_API_KEY: server.key });
      const asking = new Started(["ask", "Anybody?", ...TO], server.folder, env);
      await eventually(async () => until(asking.stderr), Boolean);
      process.kill(asking.pid, "SIGINT");
      expect(await asking.ended).toBe(130);
      return asking.stderr;
    };
    const away = await stopped("http://127.0.0.1:9", (stderr) => stderr !== "");
    expect(away).toMatch(
      /^http:\/\/127\.0\.0\.1:9 can't be reached: nothing listens there\. Nobody is asked yet; trying again\.\nNobody was asked\.\n$/,
    );

    // Something that may have handed the question on: nobody can know whether somebody was asked.
    let tries = 0;
    const instead = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () => {
        tries++;
        return new Response("<html>", { status: 502 });
      },
    });
    const unclear = await stopped(instead.url.href, () => tries >= 3);
    await instead.stop(true);
    expect(unclear.trimEnd().split("\n")).toEqual([
      expect.stringContaining("what answered (HTTP 502) is not PausePoint"),
      "The server has not answered: whether the question was asked is not known.",
    ]);

    // One that is away while the question is open.
    const other = await serveBinary();
    const env = environment({ PAUSEPOINT_URL: other.url, PAUSEPOINT_API_KEY: other.key });
    const asking = new Started(["ask", "Still there?", ...TO], server.folder, env);
    await eventually(
      async () => asking.stderr,
      (stderr) => stderr.includes("Asking"),
    );
    await other.stop();
    await eventually(
      async () => asking.stderr,
      (stderr) => stderr.includes("The question stays open; trying again."),
    );
    process.kill(asking.pid, "SIGINT");
    await asking.ended;
    expect(asking.stderr).toEndWith(
      "The question could not be withdrawn, as no server answered: it stays open until its time is over.\n",
    );
  });

  test("says what is wrong, and asks nobody", async () => {
    const before = (await server.call("/v1/pause?limit=100")).body.data.length;
    const said = async (args: string[], env: Record<string, string> = {}) => {
      const all = environment({ PAUSEPOINT_URL: server.url, PAUSEPOINT_API_KEY: server.key, ...env });
      const asking = new Started(["ask", ...args], server.folder, all);
      return `${await asking.ended} ${asking.stderr
        .split("\n")
        .filter((line) => !line.startsWith("Asking"))
        .join(" ")
        .trim()}`;
    };
    expect(await said(["Q?"])).toStartWith("2 error: required option '--to <recipient...>'");
    expect(await said(["Q?", ...TO, "--default", "Maybe"])).toBe(
      "2 --default must be one of the options: Approve, Reject.",
    );
    expect(await said(["Q?", ...TO, "--timeout-hours", "soon"])).toBe("2 --timeout-hours must be a number above 0.");
    expect(await said(["Q?", ...TO, "--details", "Build"])).toStartWith("2 --details must be label=text");
    expect(await said(["Q?", ...TO], { PAUSEPOINT_API_KEY: "" })).toStartWith("2 Set PAUSEPOINT_API_KEY");
    expect(await said(["Q?", ...TO], { PAUSEPOINT_API_KEY: `${server.key}x` })).toContain(
      "2 PAUSEPOINT_API_KEY is no whole key",
    );
    expect(await said(["Q?", ...TO, "--url", "approve"])).toStartWith("2 PAUSEPOINT_URL must be the server's address");
    expect(await said(["Q?", "--to", "nobody"])).toMatch(/^1 .*\/recipient: must be a phone number/);
    expect((await server.call("/v1/pause?limit=100")).body.data).toHaveLength(before);
  });
});
