/** What the executable does when something goes wrong inside it. */
import { describe, expect, setDefaultTimeout } from "bun:test";
import { join } from "node:path";
import { templateVersion } from "../../src/respond/index.ts";
import { openDatabase } from "../../src/storage/index.ts";
import { serveBinary } from "../support/binary.ts";
import { testNeeding } from "../support/needs.ts";

const test = testNeeding("dist/pausepoint");
setDefaultTimeout(60_000);

describe("an error that nobody foresaw", () => {
  test("is told as its request id and nothing of the inside, and the server goes on", async () => {
    await using server = await serveBinary();
    const { pause_id } = await server.ask();
    const database = openDatabase(join(server.folder, ".pausepoint"));
    try {
      database.exec("ALTER TABLE pauses RENAME TO elsewhere");
      const { status, headers, body } = await server.call(`/v1/pause/${pause_id}`);
      expect({ status, type: headers.get("content-type") }).toEqual({ status: 500, type: "application/problem+json" });
      expect(body).toEqual({
        type: "/problems/internal",
        title: expect.any(String),
        status: 500,
        detail: "The request was not carried out. The server's log tells more under the request id.",
        request_id: headers.get("x-request-id"),
      });
      database.exec("ALTER TABLE elsewhere RENAME TO pauses");
      expect((await server.call(`/v1/pause/${pause_id}`)).body.status).toBe("pending");
      await server.process.stop();
      expect(server.process.stderr).toContain(body.request_id);
      expect(server.process.stderr).not.toContain(server.key);
    } finally {
      database.close();
    }
  });
});

describe("the template that a start puts in force", () => {
  test("is the one of these sources, though the build has taken it", async () => {
    await using server = await serveBinary();
    const database = openDatabase(join(server.folder, ".pausepoint"));
    const started = 'SELECT entry FROM audit_entries WHERE entry LIKE \'%"type":"server.started"%\'';
    const entry = JSON.parse(database.prepare<[], string>(started).pluck().get() ?? "{}");
    database.close();
    expect(entry.data.template).toBe(templateVersion());
  });
});

describe("being told to stop", () => {
  test("answers who waits, with the pause as it is, and ends with 0", async () => {
    await using server = await serveBinary();
    const { pause_id } = await server.ask();
    const waiting = [server.pause(pause_id, 60), server.pause(pause_id, 60)];
    // A later request on another connection is answered: the two before it have been taken.
    await server.call("/readyz");
    expect(await server.process.stop()).toBe(0);
    for (const pause of await Promise.all(waiting)) expect(pause).toMatchObject({ pause_id, status: "pending" });
  });
});
