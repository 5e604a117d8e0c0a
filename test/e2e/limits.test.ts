import { describe, expect, test } from "bun:test";
import { type BinaryServer, serveBinary } from "../support/binary.ts";

const serve = (settings: string): Promise<BinaryServer> =>
  serveBinary({
    files: {
      "pausepoint.config.ts": `import { defineConfig } from "pausepoint/config";\nexport default defineConfig(${settings});\n`,
    },
  });
const question = { recipient: "+13128471928", channel: "sms", message: "Wire $8,400 to Meridian?" };

describe("a key with a plan", () => {
  test("creates exactly 50 of 200 pauses that are asked for at once, and keys list says so, also after a crash", async () => {
    await using server = await serveBinary();
    const made = JSON.parse(
      (await server.run("keys", "create", "--name", "a", "--mode", "test", "--plan", "free", "--json")).stdout,
    );
    expect(made.plan).toBe("free");
    const ask = () => server.call("/v1/pause", { key: made.key, json: question });
    const answers = await Promise.all(Array.from({ length: 200 }, ask));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(50);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(150);
    const now = Date.now();
    const next = Date.UTC(new Date(now).getUTCFullYear(), new Date(now).getUTCMonth() + 1);
    const wait = Number(refused[0]?.headers.get("retry-after"));
    expect(Math.abs(now + wait * 1000 - next)).toBeLessThan(60_000);
    expect((await server.call("/v1/pause?limit=100", { key: made.key })).body.data).toHaveLength(50);

    const usage = { used: 50, limit: 50, until: new Date(next).toISOString() };
    const rows = async () => JSON.parse((await server.run("keys", "list", "--json")).stdout).data;
    expect(await rows()).toContainEqual(
      expect.objectContaining({ id: made.id, plan: "free", usage: expect.objectContaining(usage) }),
    );
    expect((await server.run("keys", "list")).stdout).toMatch(new RegExp(`^${made.id} .* free +50 of 50 `, "m"));
    process.kill(server.process.pid, "SIGKILL");
    expect(await rows()).toContainEqual(
      expect.objectContaining({ id: made.id, usage: expect.objectContaining(usage) }),
    );
    expect((await server.run("audit", "verify")).status).toBe(0);
  });

  test("has one of the configuration's, and no other", async () => {
    await using server = await serve('{ plans: { "team-a": { pausesPerMonth: 1, channels: ["email"] } } }');
    const create = (plan: string) => server.run("keys", "create", "--name", "a", "--mode", "test", "--plan", plan);
    const key = (await create("team-a")).stdout.trim();
    const refused = await server.call("/v1/pause", { key, json: question });
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([403, "/channel"]);
    await server.ask({ channel: "email", recipient: "cfo@example.com" }, key);
    expect(await create("team-b")).toMatchObject({
      status: 2,
      stdout: "",
      stderr: expect.stringContaining("--plan knows no team-b; it knows free, pro, team-a"),
    });
    expect((await create("constructor")).status).toBe(2);
  });
});

test("a phone gets as many messages an hour as the configuration says, over a crash", async () => {
  await using server = await serve("{ limits: { messagesPerHour: 2 } }");
  const key = (await server.run("keys", "create", "--name", "a")).stdout.trim();
  await server.ask({}, key);
  await server.ask({}, key);
  process.kill(server.process.pid, "SIGKILL");
  await server.process.stop();
  await using again = await serveBinary({
    files: {
      "pausepoint.config.ts": `export default { dataDir: ${JSON.stringify(`${server.folder}/.pausepoint`)}, limits: { messagesPerHour: 2 } };`,
    },
  });
  const { status, body } = await again.call("/v1/pause", { key, json: question });
  expect([status, body.type, body.errors[0].pointer]).toEqual([429, "/problems/message-limit", "/recipient"]);
});
