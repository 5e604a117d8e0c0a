import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Client, Progress } from "@modelcontextprotocol/client";
import { withoutLinks } from "../../src/mcp/links.ts";
import { pauseOutput } from "../../src/mcp/schemas.ts";
import { createBody, type Pause } from "../../src/pauses/index.ts";
import { type Appliance, question, startAppliance } from "../support/appliance.ts";
import { connect, refused, revisions, transports, use } from "./stage.ts";

let appliance: Appliance;
beforeAll(async () => {
  appliance = await startAppliance();
});
afterAll(() => appliance.stop());

const pairs = transports.flatMap((over) => revisions.map((revision) => ({ over, revision })));

describe.each(pairs)("over $over, at revision $revision", ({ over, revision }) => {
  let client: Client;
  const connectWith = (key: string) => connect({ over, revision, url: appliance.url, key });
  beforeAll(async () => {
    client = await connectWith(appliance.keys.test);
    // The client checks every structured result against the schemas that it has listed.
    await client.listTools();
  });
  afterAll(() => client.close());

  /** Sends the tap of the person whom a test pause was sent to. */
  const tap = async (pause: Pick<Pause, "pause_id" | "recipient">, choice: string) => {
    const [message] = await appliance.messages(pause);
    expect((await appliance.choose(message!.link, choice)).status).toBe(303);
    return message!.link;
  };

  test("the five tools are listed, and say which of them only read", async () => {
    expect(client.getNegotiatedProtocolVersion()).toBe(revision);
    const { tools } = await client.listTools();
    expect(
      tools.map(({ name, annotations }) => [name, annotations?.readOnlyHint, annotations?.destructiveHint]),
    ).toEqual([
      ["create_pause_request", false, false],
      ["poll_pause_request", true, false],
      ["cancel_pause_request", false, true],
      ["list_pause_requests", true, false],
      ["get_audit_log", true, false],
    ]);
    for (const { inputSchema, outputSchema } of tools) {
      expect(inputSchema.additionalProperties).toBe(false);
      for (const property of Object.values(inputSchema.properties ?? {}))
        expect(property).toHaveProperty("description");
      expect(outputSchema?.type).toBe("object");
    }
  });

  test("create takes every field of the API, and an idempotency key", async () => {
    const { tools } = await client.listTools();
    const { properties, required } = tools[0]!.inputSchema;
    expect(Object.keys(properties ?? {}).sort()).toEqual([...Object.keys(createBody.shape), "idempotency_key"].sort());
    expect(required).toEqual(["recipient", "channel", "message"]);
  });

  test("a person is asked, waited for and answers, and the log tells of it", async () => {
    const asked = await use(
      client,
      "create_pause_request",
      question({ allow_comment: true, idempotency_key: `${over}${revision}` }),
    );
    expect(asked).toMatchObject({ status: "pending", response_choice: null });
    expect(asked.next_step).toContain(
      `poll again with this id. Call poll_pause_request with pause_id ${asked.pause_id}`,
    );

    const waiting = use(client, "poll_pause_request", { pause_id: asked.pause_id });
    await appliance.held(1);
    await tap(asked, "Reject");
    const answered = await waiting;
    expect(answered).toMatchObject({ status: "responded", response_choice: "Reject", response_source: "human" });
    expect(answered.next_step).toStartWith('A person chose "Reject".');

    const { data } = await use<{ data: Pause[] }>(client, "list_pause_requests", { limit: 1, status: "responded" });
    expect(data.map(({ pause_id }) => pause_id)).toEqual([asked.pause_id]);
    const log = await use<{ data: { type: string }[]; disclosed?: object }>(client, "get_audit_log", {
      pause_id: asked.pause_id,
    });
    expect(log.data.map(({ type }) => type)).toEqual(["pause.created", "pause.delivered", "pause.responded"]);
    expect(log.disclosed).toBeUndefined();
    const told = await use<typeof log>(client, "get_audit_log", { pause_id: asked.pause_id, disclose: true, limit: 1 });
    expect(told).toMatchObject({ disclosed: expect.anything(), next_cursor: expect.any(String) });
  });

  test("a question is withdrawn with its reason, once or twice", async () => {
    const { pause_id } = await use(client, "create_pause_request", question());
    for (const reason of ["no longer needed", "again"]) {
      const cancelled = await use(client, "cancel_pause_request", { pause_id, reason });
      expect(cancelled).toMatchObject({ status: "cancelled", cancel_reason: "no longer needed" });
      expect(cancelled.next_step).toContain("There is no decision");
    }
    const { pause_id: answered, recipient } = await use(client, "create_pause_request", question());
    await tap({ pause_id: answered, recipient }, "Approve");
    expect(await refused(client, "cancel_pause_request", { pause_id: answered })).toContain("Call poll_pause_request");
  });

  test("a call that is repeated with its idempotency key asks nobody twice", async () => {
    const args = question({ message: "Ship it?", idempotency_key: `once ${over} ${revision}` });
    const [first, second] = [
      await use(client, "create_pause_request", args),
      await use(client, "create_pause_request", args),
    ];
    expect(second.pause_id).toBe(first.pause_id);
    const other = await refused(client, "create_pause_request", { ...args, message: "Ship another?" });
    expect(other).toContain("idempotency_key belongs to a question with other arguments");
  });

  test("a default is told as the clock's, and silence as no consent", async () => {
    const byDefault = await use(
      client,
      "create_pause_request",
      question({ timeout_hours: 1, timeout_default: "Approve" }),
    );
    const without = await use(client, "create_pause_request", question({ timeout_hours: 1 }));
    appliance.clock.turn(3_600_000);
    const defaulted = await use(client, "poll_pause_request", { pause_id: byDefault.pause_id });
    expect(defaulted).toMatchObject({ response_choice: "Approve", response_source: "timeout_default" });
    expect(defaulted.next_step).toContain("No person decided this");
    const silent = await use(client, "poll_pause_request", { pause_id: without.pause_id });
    expect(silent).toMatchObject({ status: "timed_out", response_choice: null });
    expect(silent.next_step).toContain("That is not consent");
  });

  test("a wait tells its progress to who asks for it", async () => {
    const { pause_id, recipient } = await use(client, "create_pause_request", question());
    const told: Progress[] = [];
    const waiting = client.callTool(
      { name: "poll_pause_request", arguments: { pause_id, wait_seconds: 40 } },
      { onprogress: (progress) => told.push(progress) },
    );
    await appliance.held(1);
    await tap({ pause_id, recipient }, "Approve");
    await waiting;
    expect(told[0]).toEqual({ progress: 0, total: 40, message: "Waiting for a person's answer." });
  });

  test("what is wrong is named by argument, with what to do", async () => {
    const text = await refused(client, "create_pause_request", {
      recipient: "+13128471928",
      channel: "sms",
      mesage: "Pay?",
      options: ["Yes", "Yes"],
    });
    expect(text).toContain("- message: must be text of 1 to 1600 characters");
    expect(text).toContain("- options[1]: is the same as option 0");
    expect(text).toContain("- mesage: is not a field that is known here; did you mean message?");
    expect(await refused(client, "create_pause_request", question({ recipient: "nobody" }))).toContain("- recipient:");
    for (const pause_id of ["", "../audit", "pause_a/cancel", 7, undefined])
      expect(await refused(client, "poll_pause_request", { pause_id })).toContain("- pause_id: must be the pause_id");
    expect(await refused(client, "poll_pause_request", { pause_id: "pause_1", wait_seconds: "5" })).toContain(
      "- wait_seconds: must be a number of seconds",
    );
    expect(await refused(client, "list_pause_requests", { limit: 101 })).toContain("- limit: must be a whole number");
    expect(await refused(client, "list_pause_requests", { created_after: "soon" })).toContain("- created_after:");
    expect(await refused(client, "get_audit_log", { type: "pause.eaten" })).toContain("- type: must be one of");
    expect(await refused(client, "create_pause_request", question({ idempotency_key: "ключ" }))).toContain(
      "- idempotency_key: must be text of 1 to 255 printable ASCII characters",
    );
  });

  test("an unknown tool is an error of the protocol that names those there are", async () => {
    await expect(client.callTool({ name: "approve_pause_request", arguments: {} })).rejects.toThrow(
      'There is no tool "approve_pause_request"; there are create_pause_request, poll_pause_request',
    );
  });

  test("a key does over MCP what its scopes, project and limits allow, and no more", async () => {
    const limits = { recipients: ["*@example.com"], minTimeoutMinutes: null, noDefaultOnTimeout: false };
    const { pause_id } = await appliance.ask(appliance.keys.test);
    const reader = await connectWith(await appliance.newKey({ mode: "test", scopes: ["pauses:read"] }));
    const other = await connectWith(appliance.keys.otherTest);
    const limited = await connectWith(await appliance.newKey({ mode: "test", limits }));
    expect(await refused(reader, "create_pause_request", question())).toContain("pauses:write");
    expect(await refused(reader, "get_audit_log")).toContain("audit:read");
    expect(await use(reader, "poll_pause_request", { pause_id, wait_seconds: 0 })).toMatchObject({ pause_id });
    for (const tool of ["poll_pause_request", "cancel_pause_request"])
      expect(await refused(other, tool, { pause_id })).toContain("(HTTP 404, not-found)");
    expect(await refused(limited, "create_pause_request", question())).toContain("Do not try to get around it.");
    await Promise.all([reader.close(), other.close(), limited.close()]);
  });

  test("no result shows the link, though a test key could read it in its outbox", async () => {
    const asked = await use(client, "create_pause_request", question());
    const { pause_id } = asked;
    const link = await tap(asked, "Approve");
    const token = link.slice(link.indexOf("/r/"));
    expect(token).toHaveLength("/r/".length + 52);
    const quoting = await use(
      client,
      "create_pause_request",
      question({ message: `See ${link}`, metadata: { at: token } }),
    );
    const shown = [
      asked,
      quoting,
      await use(client, "poll_pause_request", { pause_id }),
      await use(client, "list_pause_requests", {}),
      await use(client, "get_audit_log", { pause_id, disclose: true }),
    ];
    expect(JSON.stringify(shown)).not.toContain(token);
    expect(quoting.message).toBe("See [link removed]");
  });
});

test("the schema of a pause knows every field that the API shows", async () => {
  const shown = await appliance.ask(appliance.keys.test);
  expect(Object.keys(shown).sort()).toEqual(
    Object.keys(pauseOutput.shape)
      .filter((name) => name !== "next_step")
      .sort(),
  );
});

test("a link is taken out wherever it stands, and nothing that only looks like one", () => {
  const token = "A".repeat(52);
  expect(withoutLinks({ error: `refused "https://a.example/r/${token}"`, deep: [[`/r/${token}`]] })).toEqual({
    error: 'refused "[link removed]"',
    deep: [["[link removed]"]],
  });
  const kept = { a: `/r/${"A".repeat(51)}`, b: `/r/${"A".repeat(53)}`, c: "https://a.example/report" };
  expect(withoutLinks(kept)).toEqual(kept);
});

test("a text of forty thousand beginnings of links is looked through at once", () => {
  // With a bound missing this takes seconds, and the server answers nobody meanwhile.
  const hostile = { metadata: "https://".repeat(40_000), link: `/r/${"A".repeat(52)}` };
  expect(withoutLinks(hostile)).toEqual({ ...hostile, link: "[link removed]" });
});
