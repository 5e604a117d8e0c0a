/** Endpoints in the console, over HTTP and with a real receiver. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Webhook } from "standardwebhooks";
import { type ReceivedRequest, type Receiver, startReceiver } from "../peers/receiver.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { eventually } from "../support/eventually.ts";
import { administrator, colleague, type Operator } from "../support/operator.ts";

const SECRET = /class="secret"><code>(whsec_[^<]+)</;

let appliance: Appliance;
let receiver: Receiver;
let admin: Operator;
let operator: Operator;
let viewer: Operator;

beforeAll(async () => {
  [appliance, receiver] = await Promise.all([startAppliance(), startReceiver()]);
  admin = await administrator(appliance);
  operator = await colleague(admin, "Olga", "operator");
  viewer = await colleague(admin, "Vera", "viewer");
});
afterAll(() => Promise.all([appliance.stop(), receiver.stop()]));

const entriesOf = (type: string) =>
  appliance.count(`SELECT count(*) FROM audit_entries WHERE entry LIKE '%"type":"${type}"%'`);
const lastEntry = (type: string) =>
  JSON.parse(
    appliance
      .bytesOf(
        `SELECT CAST(entry AS BLOB) FROM audit_entries WHERE entry LIKE '%"type":"${type}"%' ORDER BY seq DESC LIMIT 1`,
      )
      .toString(),
  );
const plain = (text: string) => text.replaceAll("&#39;", "'").replaceAll("&quot;", '"');

/** Whether a secret of ours has signed it, by another's library; the time is the turned clock's. */
function isSignedBy(secret: string, { headers, body }: ReceivedRequest): boolean {
  const at = new Date(Number(headers["webhook-timestamp"]) * 1000);
  const signature = new Webhook(secret).sign(headers["webhook-id"] ?? "", at, body.toString());
  return (headers["webhook-signature"] ?? "").split(" ").includes(signature);
}

/** Makes one in the console; its id and the secret that was shown. */
async function made(path: string, more: Record<string, string> = {}): Promise<{ id: string; secret: string }> {
  const { text } = await admin.send("/console/webhooks", {
    project: "default test",
    url: `${receiver.url}${path}`,
    ...more,
  });
  return {
    id: /href="\/console\/webhooks\/(whk_\w+)"/.exec(text)?.[1] ?? "none",
    secret: SECRET.exec(text)?.[1] ?? "none",
  };
}

/** The endpoint's page, once it holds something. */
const pageWith = (who: Operator, id: string, wanted: string | RegExp) =>
  eventually(
    async () => (await who.get(`/console/webhooks/${id}`)).text,
    (text) => (typeof wanted === "string" ? text.includes(wanted) : wanted.test(text)),
  );

/** Its row in the list. */
const rowOf = async (path: string) =>
  (await viewer.get("/console/webhooks")).text.split("</tr>").find((row) => row.includes(`${path}<`)) ?? "none";

describe("an endpoint", () => {
  test("is made in the console, tested there, and its delivery shown with what the receiver answered", async () => {
    const { id, secret } = await made("/made", { description: "Ledger <b>" });
    expect(lastEntry("webhook.created")).toMatchObject({
      actor: { type: "operator", id: expect.stringMatching(/^op_/) },
      project: "default",
      mode: "test",
      data: { webhook_id: id },
    });
    const page = (await viewer.get(`/console/webhooks/${id}`)).text;
    expect(page).toContain(`${receiver.url}/made`);
    expect(page).toContain("Ledger &lt;b&gt;");
    expect(page).toContain("Nothing was sent there yet.");
    expect([page.includes("Send a test event"), page.includes("Disable"), page.includes(secret)]).toEqual([
      false,
      false,
      false,
    ]);

    receiver.behave({ status: 200, body: "thank <you>" });
    const answer = await operator.send(`/console/webhooks/${id}/test`);
    expect([answer.status, answer.headers.get("location")]).toEqual([303, `/console/webhooks/${id}#deliveries`]);
    const request = await receiver.nextRequest();
    // What the console has shown is what signs.
    expect(isSignedBy(secret, request)).toBeTrue();
    expect(JSON.parse(request.body.toString())).toMatchObject({ type: "webhook.test", data: { webhook_id: id } });
    const tested = lastEntry("webhook.tested");
    expect(tested).toMatchObject({
      actor: { type: "operator" },
      data: { webhook_id: id, delivery: expect.stringMatching(/^dlv_/) },
    });
    const after = await pageWith(viewer, id, "thank &lt;you&gt;");
    expect(after).toMatch(/webhook\.test[\s\S]*?class="state delivered"/);
    expect(after).toContain("delivered (200)");
    expect(await rowOf("/made")).toMatch(/class="state delivered".*class="state enabled"/);
    expect(appliance.faultInLog()).toBeNull();
  });

  test("that fails shows what waits and why, and sends a delivery again", async () => {
    const { id } = await made("/failing");
    receiver.behave({ status: 500, body: "out of paper" });
    await operator.send(`/console/webhooks/${id}/test`);
    await receiver.nextRequest();
    const page = await pageWith(operator, id, "the receiver answered 500");
    expect(page).toContain("out of paper");
    expect(page).toContain("failing since");
    expect(page).toMatch(/<dt>Waiting<\/dt><dd>1</);
    expect(page).not.toContain("Send again");
    expect(await rowOf("/failing")).toMatch(
      /class="state queued".*data-head="Waiting" class="number">1<.*failing since/,
    );

    appliance.clock.turn(10_000);
    await receiver.nextRequest();
    const done = await pageWith(operator, id, "Send again");
    expect(done).toMatch(/<dt>Waiting<\/dt><dd>0</);
    expect((await viewer.get(`/console/webhooks/${id}`)).text).not.toContain("Send again");
    const [, delivery = ""] = /\/console\/deliveries\/(dlv_\w+)\/again/.exec(done) ?? [];
    const again = await operator.send(`/console/deliveries/${delivery}/again`, { back: "webhook" });
    expect([again.status, again.headers.get("location")]).toEqual([303, `/console/webhooks/${id}#deliveries`]);
    expect((await receiver.nextRequest()).attempt).toBe(3);
    expect(lastEntry("delivery.requeued")).toMatchObject({ actor: { type: "operator" }, data: { delivery } });
  });

  test("is changed, and what is left out means every end", async () => {
    const { id } = await made("/before", { description: "Old", event: "pause.cancelled" });
    expect((await viewer.get(`/console/webhooks/${id}`)).text).toMatch(/<dt>Told of<\/dt><dd>pause\.cancelled</);
    const url = `${receiver.url}/after`;
    expect((await admin.send(`/console/webhooks/${id}/change`, { url, description: "" })).status).toBe(303);
    const { body } = await appliance.get(`/v1/webhooks/${id}`, appliance.keys.test);
    expect(body).toMatchObject({ url, description: null, events: null, status: "enabled" });
    expect(lastEntry("webhook.changed")).toMatchObject({
      actor: { type: "operator" },
      data: { webhook_id: id, status: "enabled" },
    });
    const before = entriesOf("webhook.changed");
    // The same again is no change.
    await admin.send(`/console/webhooks/${id}/change`, { url, description: "" });
    expect(entriesOf("webhook.changed")).toBe(before);
  });

  test("is disabled, sent nothing and not tested, and enabled again", async () => {
    const { id } = await made("/off");
    const turned = (status: string) => admin.send(`/console/webhooks/${id}/status`, { status });
    expect((await turned("disabled")).status).toBe(303);
    const page = (await operator.get(`/console/webhooks/${id}`)).text;
    expect(page).toContain("it was disabled by request");
    expect(page).not.toContain("Send a test event");
    expect((await operator.send(`/console/webhooks/${id}/test`)).status).toBe(409);
    expect((await turned("gone")).status).toBe(422);
    expect((await turned("enabled")).status).toBe(303);
    expect((await operator.send(`/console/webhooks/${id}/test`)).status).toBe(303);
    expect((await receiver.nextRequest()).path).toBe("/off");
  });

  test("gets a new secret, shown once, beside which the old one signs", async () => {
    const { id, secret } = await made("/secret");
    const { text } = await admin.send(`/console/webhooks/${id}/rotate`);
    const [, renewed = ""] = SECRET.exec(text) ?? [];
    expect(renewed).not.toBe(secret);
    expect((await admin.get(`/console/webhooks/${id}`)).text).not.toContain(renewed);
    expect(lastEntry("webhook.secret_rotated")).toMatchObject({
      actor: { type: "operator" },
      data: { webhook_id: id },
    });
    await operator.send(`/console/webhooks/${id}/test`);
    const request = await receiver.nextRequest();
    expect([secret, renewed].map((one) => isSignedBy(one, request))).toEqual([true, true]);
  });

  test("is deleted for good", async () => {
    const { id } = await made("/gone");
    expect((await admin.send(`/console/webhooks/${id}/delete`)).headers.get("location")).toBe("/console/webhooks");
    expect(lastEntry("webhook.deleted")).toMatchObject({ actor: { type: "operator" }, data: { webhook_id: id } });
    expect((await admin.get(`/console/webhooks/${id}`)).status).toBe(404);
    expect((await admin.get("/console/webhooks")).text).not.toContain("/gone");
    expect(appliance.faultInLog()).toBeNull();
  });

  test("is told of a pause that ends, and the delivery leads to its pause", async () => {
    const { id } = await made("/pause", { project: "other test", event: "pause.cancelled" });
    const pause = await appliance.ask(appliance.keys.otherTest);
    await operator.send(`/console/pauses/${pause.pause_id}/withdraw`);
    await receiver.nextRequest();
    const page = await pageWith(viewer, id, "delivered (204)");
    expect(page).toContain(`href="/console/pauses/${pause.pause_id}"`);
    const filtered = (await viewer.get("/console/webhooks?world=other+test")).text;
    expect([filtered.includes("/pause<"), filtered.includes("/made<")]).toEqual([true, false]);
    expect((await viewer.get("/console/webhooks?world=nothing+live")).text).toContain("No program listens.");
  });
});

describe("what the API would refuse is refused in the form", () => {
  test("with the field named, what was filled in kept, and nothing written", async () => {
    const { id } = await made("/kept");
    const before = appliance.count("SELECT count(*) FROM audit_entries");
    for (const [fields, said] of [
      [{ url: "http://10.0.0.7/x" }, '<a href="#url">URL</a> leads to a private network address (10.0.0.7)'],
      [{ url: "http://169.254.169.254/latest" }, '<a href="#url">URL</a> leads to a link-local address'],
      [{ url: "ftp://example.com/x" }, '<a href="#url">URL</a> '],
      [{ url: "" }, '<a href="#url">URL</a> '],
      [
        { url: receiver.url, description: "x".repeat(201) },
        '<a href="#description">What it is for</a> must be text of at most 200 characters',
      ],
      [
        { url: receiver.url, description: "a\0b" },
        '<a href="#description">What it is for</a> holds the character U+0000',
      ],
      [
        { url: receiver.url, event: "pause.created" },
        '<a href="#events">It is told of</a> must be one of pause.responded',
      ],
    ] as const) {
      for (const [path, more] of [
        ["/console/webhooks", { project: "default test" }],
        [`/console/webhooks/${id}/change`, {}],
      ] as const) {
        const answer = await admin.send(path, { ...more, description: "My words", ...fields } as Record<
          string,
          string
        >);
        expect([path, fields, answer.status]).toEqual([path, fields, 422]);
        expect(plain(answer.text)).toContain(said);
        expect(answer.text).toContain('aria-invalid="true"');
        if (!("description" in fields)) expect(answer.text).toContain('value="My words"');
      }
    }
    expect((await admin.send("/console/webhooks", { url: receiver.url, project: "nobody live" })).status).toBe(422);
    expect(appliance.count("SELECT count(*) FROM audit_entries")).toBe(before);
  });

  test("also this machine itself, once the configuration speaks of webhooks", async () => {
    const strict = await startAppliance((config) => ({ ...config, webhooksConfigured: true }));
    try {
      const answer = await (await administrator(strict)).send("/console/webhooks", {
        project: "default test",
        url: receiver.url,
      });
      expect(answer.status).toBe(422);
      expect(answer.text).toContain('<a href="#url">URL</a> leads to a loopback address (127.0.0.1)');
    } finally {
      await strict.stop();
    }
  });

  test("and the fifty-first of a project", async () => {
    const full = await startAppliance();
    try {
      const one = await administrator(full);
      const add = () => one.send("/console/webhooks", { project: "default live", url: "https://example.com/hooks" });
      for (let number = 1; number <= 50; number++) expect((await add()).status).toBe(200);
      const refused = await add();
      expect([refused.status, refused.text.includes("There are 50 webhooks already")]).toEqual([409, true]);
      await one.send("/console/webhooks", { project: "other live", url: "https://example.com/other" });
      const first = (await one.get("/console/webhooks")).text;
      expect(first.match(/href="\/console\/webhooks\/whk_/g)?.length).toBe(50);
      const next = /rel="next" href="([^"]+)"/.exec(first)?.[1]?.replaceAll("&amp;", "&") ?? "";
      expect((await one.get(next)).text.match(/href="\/console\/webhooks\/whk_/g)?.length).toBe(1);
    } finally {
      await full.stop();
    }
  });
});

describe("many deliveries", () => {
  test("go on behind the last one, each once", async () => {
    const { id } = await made("/many");
    for (let number = 0; number < 25; number++) {
      await operator.send(`/console/webhooks/${id}/test`);
      await receiver.nextRequest();
    }
    const idsIn = (text: string) =>
      [...text.matchAll(/Send again: webhook\.test, (dlv_\w+)"/g)].map(([, one]) => one ?? "");
    const first = await eventually(
      async () => (await operator.get(`/console/webhooks/${id}`)).text,
      (text) => idsIn(text).length === 20,
    );
    const next = /rel="next" href="([^"]+)"/.exec(first)?.[1]?.replaceAll("&amp;", "&") ?? "";
    const seen = [...idsIn(first), ...idsIn((await operator.get(next)).text)];
    expect([seen.length, new Set(seen).size]).toEqual([25, 25]);
  }, 120_000);
});
