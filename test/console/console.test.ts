import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forms, pages } from "../../src/console/console.ts";
import { codeAt, stepAt } from "../../src/console/totp.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { HOUR } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { administrator, colleague, Operator, PASSWORD, tokenIn } from "../support/operator.ts";
import { program } from "../support/program.ts";

let appliance: Appliance;
let admin: Operator;
let operator: Operator;
let viewer: Operator;

beforeAll(async () => {
  appliance = await startAppliance();
  admin = await administrator(appliance);
  operator = await colleague(admin, "Olga", "operator");
  viewer = await colleague(admin, "Vera", "viewer");
});
afterAll(() => appliance.stop());

const nameOf = (one: Operator) => (one === admin ? "Alex" : one === operator ? "Olga" : "Vera");
const types = () =>
  appliance.count('SELECT count(*) FROM audit_entries WHERE entry LIKE \'%"type":"operator.signed_in"%\'');

describe("setting up", () => {
  test("begins with the same link at the command line, and there ends once somebody can sign in", async () => {
    const fresh = await startAppliance();
    try {
      const run = (...more: string[]) => {
        const { exitCode, stdout } = Bun.spawnSync(
          [...program, "setup-link", "--data", fresh.config.dataDir, ...more],
          {
            cwd: tmpdir(),
          },
        );
        return { exitCode, token: stdout.toString().trim().split("#")[1] };
      };
      const token = fresh.app.consoleSetup?.split("#")[1];
      expect(run()).toEqual({ exitCode: 0, token });
      await administrator(fresh);
      expect(run()).toEqual({ exitCode: 1, token: undefined });
      const another = run("--another");
      expect(another).toEqual({ exitCode: 0, token: expect.stringMatching(/^[\w-]{32}$/) });
      const wanted = { name: "Second", password: PASSWORD, setup: another.token ?? "" };
      expect((await new Operator(fresh).sendRaw("/console/setup", wanted)).headers.get("location")).toBe(
        "/console/enrol",
      );
    } finally {
      await fresh.stop();
    }
  }, 120_000);

  test("takes the token of a file that only the server's own user can read, once", async () => {
    const fresh = await startAppliance();
    try {
      const file = join(fresh.config.dataDir, "console-setup");
      expect(statSync(file).mode & 0o777).toBe(0o600);
      const token = fresh.app.consoleSetup?.split("#")[1] ?? "";
      const somebody = new Operator(fresh);
      const wanted = { name: "Alex", password: PASSWORD };
      expect((await somebody.sendRaw("/console/setup", { ...wanted, setup: `${token}x` })).status).toBe(403);
      expect((await somebody.get("/console/waiting")).headers.get("location")).toBe("/console/sign-in");
      expect((await somebody.get("/console/sign-in")).text).toContain("pausepoint setup-link");
      expect((await somebody.sendRaw("/console/setup", { ...wanted, setup: token })).status).toBe(303);
      expect(existsSync(file)).toBeFalse();
      expect(
        (await new Operator(fresh).sendRaw("/console/setup", { ...wanted, name: "Eve", setup: token })).status,
      ).toBe(403);
      // The password alone opens nothing but the page that sets up the second factor.
      expect((await somebody.get("/console/waiting")).headers.get("location")).toBe("/console/enrol");
      const { text } = await somebody.enrol();
      expect(text.match(/<li><code>[0-9a-f-]{23}<\/code>/g)?.length).toBe(10);
      expect((await somebody.get("/console/waiting")).status).toBe(200);
    } finally {
      await fresh.stop();
    }
  });
});

describe("over HTTPS", () => {
  test("the cookie is bound to the host", async () => {
    const secure = await startAppliance((config) => ({
      ...config,
      baseUrl: "https://approve.example.com",
      baseUrlConfigured: true,
    }));
    try {
      expect(secure.app.consoleSetup).toStartWith("https://approve.example.com/console/setup#");
      const setup = secure.app.consoleSetup?.split("#")[1] ?? "";
      const origin = "https://approve.example.com";
      const answer = await new Operator(secure).sendRaw(
        "/console/setup",
        { setup, name: "Alex", password: PASSWORD },
        { origin },
      );
      expect(answer.headers.get("set-cookie")).toMatch(
        /^__Host-pausepoint=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
      );
    } finally {
      await secure.stop();
    }
  });
});

describe("signing in", () => {
  test("takes the password and a code that was not used before", async () => {
    appliance.clock.turn(60_000);
    const code = admin.code();
    const before = types();
    const again = new Operator(appliance);
    expect((await again.signIn("alex", code)).status).toBe(303);
    expect(types()).toBe(before + 1);
    expect((await again.get("/console/waiting")).status).toBe(200);
    expect((await new Operator(appliance).signIn("Alex", code)).status).toBe(401);
    expect((await new Operator(appliance, "another password").signIn("Alex", admin.code())).status).toBe(401);
    expect(types()).toBe(before + 1);
  });

  test("takes a recovery code once", async () => {
    const { text } = await admin.send("/console/operators", { name: "Rita", role: "viewer" });
    const rita = new Operator(appliance, /class="secret"><code>([^<]+)</.exec(text)?.[1] ?? "");
    appliance.clock.turn(600_000);
    await rita.signIn("Rita", "");
    const codes = await rita.enrol({ password: `${PASSWORD}, Rita` });
    const [, code = ""] = /<li><code>([0-9a-f-]+)</.exec(codes.text) ?? [];
    expect((await rita.signIn("Rita", code)).status).toBe(303);
    expect((await rita.signIn("Rita", code)).status).toBe(401);
  });

  test("gives a cookie that no script and no other site sees", async () => {
    appliance.clock.turn(600_000);
    const cookie = (await new Operator(appliance).signIn("Alex", admin.code())).headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(/^pausepoint=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
  });

  test("is slowed down, also under a name that nobody has", async () => {
    appliance.clock.turn(HOUR / 2);
    const statuses = async (name: string) => {
      const found: number[] = [];
      for (let tries = 0; tries < 11; tries++)
        found.push((await new Operator(appliance, "wrong").signIn(name, "000000")).status);
      appliance.clock.turn(HOUR / 2);
      return found;
    };
    const expected = [...Array(10).fill(401), 429];
    expect(await statuses("Alex")).toEqual(expected);
    expect(await statuses("Nobody")).toEqual(expected);
  });

  test("behind a right password takes ten wrong codes, then one each six hours, and a recovery code always", async () => {
    const fresh = await startAppliance();
    try {
      const owner = new Operator(fresh);
      const setup = fresh.app.consoleSetup?.split("#")[1] ?? "";
      await owner.sendRaw("/console/setup", { setup, name: "Alex", password: PASSWORD });
      const [, recovery = ""] = /<li><code>([0-9a-f-]{23})<\/code>/.exec((await owner.enrol()).text) ?? [];
      const { clock } = fresh;
      const tries = async (code: string, password = PASSWORD) => {
        // The rates by address and name refill meanwhile.
        clock.turn(60_000);
        const { status, text } = await new Operator(fresh, password).signIn("Alex", code);
        return status === 401 ? /<p class="notice" role="alert">([^<]+)</.exec(text)?.[1] : status;
      };
      const wrong = () => tries(String((Number(owner.code()) + 500_000) % 1_000_000).padStart(6, "0"));
      // A slip of the finger is no try: neither an empty code, nor one behind a wrong password.
      for (let times = 0; times < 12; times++) {
        await tries("");
        await tries("123456", "not the password");
      }
      const [said] = [await wrong()];
      for (let times = 1; times < 9; times++) expect(await wrong()).toBe(said);
      clock.turn(60_000);
      expect(await tries(codeAt(owner.secret, stepAt(clock.now() + 60_000)))).toBe(303);
      expect(await wrong()).toBe(said);
      clock.turn(60_000);
      // Now the right one is not looked at either, and nothing tells it from a wrong one.
      expect(await tries(codeAt(owner.secret, stepAt(clock.now() + 60_000)))).toBe(said);
      expect(await tries(recovery)).toBe(303);
      clock.turn(6 * HOUR);
      expect(await tries(codeAt(owner.secret, stepAt(clock.now() + 60_000)))).toBe(303);
      expect(await wrong()).toBe(said);
      expect(await tries(codeAt(owner.secret, stepAt(clock.now() + 60_000)))).toBe(said);
      const told = fresh.logged.filter((line) => line.includes("a sign-in was refused"));
      expect(told.filter((line) => line.includes('operator_id="op_')).length).toBe(12 + 9 + 1 + 1 + 1 + 1);
      expect(told.length).toBe(12 + 12 + 9 + 1 + 1 + 1 + 1);
    } finally {
      await fresh.stop();
    }
  });

  test("a forged, cut or ended cookie leads to the sign-in page", async () => {
    for (const cookie of ["pausepoint=forged", "pausepoint=", `${viewer.cookie}x`, "pausepoint=%ff; other=1"]) {
      for (const { path } of pages.filter(({ leave }) => leave !== "anyone")) {
        const answer = await appliance.call(path.replace(":id", "x"), { headers: { cookie } });
        expect([path, answer.status, answer.headers.get("location")]).toEqual([path, 303, "/console/sign-in"]);
      }
    }
  });
});

describe("an administrator", () => {
  const idOf = async (name: string) =>
    new RegExp(`>${name}<[\\s\\S]*?/console/operators/(op_[0-9a-z]+)/role`, "i").exec(
      (await admin.get("/console/settings")).text,
    )?.[1] ?? "";

  test("gives another role, from the next request on", async () => {
    const mina = await colleague(admin, "Mina", "viewer");
    const id = await idOf("Mina");
    expect((await mina.send("/console/pauses/x/withdraw")).text).toContain("This takes the role operator");
    expect((await admin.send(`/console/operators/${id}/role`, { role: "operator" })).status).toBe(303);
    expect((await mina.send("/console/pauses/x/withdraw")).text).not.toContain("This takes the role");
    expect((await admin.send(`/console/operators/${id}/role`, { role: "owner" })).status).toBe(422);
    expect(appliance.count("SELECT count(*) FROM audit_entries WHERE entry LIKE '%operator.changed%'")).toBe(1);
    // The same role again is no change.
    expect((await admin.send(`/console/operators/${id}/role`, { role: "operator" })).status).toBe(303);
    expect(appliance.count("SELECT count(*) FROM audit_entries WHERE entry LIKE '%operator.changed%'")).toBe(1);
    expect(appliance.faultInLog()).toBeNull();
  });

  test("lets somebody who lost the phone begin again, with another password and authenticator", async () => {
    const noor = await colleague(admin, "Noor", "operator");
    const [password, secret] = [noor.password, noor.secret];
    const { text } = await admin.send(`/console/operators/${await idOf("Noor")}/reset`);
    expect((await noor.get("/console/waiting")).status).toBe(303);
    // The clock goes on, so that it is not the used code that refuses.
    appliance.clock.turn(240_000);
    expect((await noor.signIn("Noor", noor.code())).status).toBe(401);
    noor.password = /class="secret"><code>([^<]+)</.exec(text)?.[1] ?? "";
    expect((await noor.signIn("Noor", "")).status).toBe(303);
    await noor.enrol({ password });
    expect(noor.secret).not.toEqual(secret);
    expect((await noor.get("/console/waiting")).status).toBe(200);
    expect(appliance.faultInLog()).toBeNull();
  });

  test("makes a key that may ask certain people alone, and give them time", async () => {
    const fields = { name: "wires", project: "default", mode: "live", scope: "pauses:write" };
    const limits = { recipients: "+1 (312) 847-1928, *@Example.com", min_timeout: "30", no_default: "1" };
    const { text } = await admin.send("/console/keys", { ...fields, ...limits });
    const key = /class="secret"><code>(pp_live_\w+)</.exec(text)?.[1] ?? "";
    const asked = async (body: object) =>
      (
        await appliance.call("/v1/pause", {
          key,
          body: { recipient: "+13128471928", channel: "sms", message: "Wire?", ...body },
        })
      ).status;
    expect(await asked({})).toBe(201);
    expect(await asked({ recipient: "cfo@example.com", channel: "email" })).toBe(201);
    expect(await asked({ recipient: "+13128471929" })).toBe(403);
    expect(await asked({ timeout_hours: 0.25 })).toBe(403);
    expect(await asked({ timeout_default: "Reject" })).toBe(403);
    const before = appliance.count("SELECT count(*) FROM audit_entries");
    for (const [wrong, said] of [
      [{ recipients: "@nobody" }, "names @nobody, who is not among the configuration's people"],
      [{ recipients: "+13128471928,?" }, "can't read ?"],
      [{ min_timeout: "-1" }, "The least time is a number of minutes above 0"],
      [{ min_timeout: "soon" }, "The least time is a number of minutes above 0"],
    ] as const) {
      const answer = await admin.send("/console/keys", { ...fields, ...wrong });
      expect(answer.status).toBe(422);
      expect(answer.text.replaceAll("&#39;", "'")).toContain(said);
    }
    expect(appliance.count("SELECT count(*) FROM audit_entries")).toBe(before);
  });

  test("who is the last one can be neither demoted nor reset", async () => {
    const id = await idOf("Alex");
    // To be given the role of now takes nothing away.
    expect((await admin.send(`/console/operators/${id}/role`, { role: "admin" })).status).toBe(303);
    for (const [act, fields] of [
      ["role", { role: "viewer" }],
      ["reset", {}],
      ["remove", {}],
    ] as const) {
      const answer = await admin.send(`/console/operators/${id}/${act}`, fields);
      expect([act, answer.status]).toEqual([act, 422]);
      expect(answer.text).toContain("This is the last administrator");
    }
    expect((await admin.get("/console/settings")).status).toBe(200);
  });
});

describe("over the table of forms", () => {
  const closed = forms.filter(({ leave }) => leave !== "anyone");
  const acting = closed.filter(({ leave }) => leave !== "enrolling");

  test("there are as many as were thought of", () => {
    expect(acting.map(({ path, leave }) => `${leave} ${path}`).toSorted()).toEqual([
      "admin /console/keys",
      "admin /console/keys/:id/revoke",
      "admin /console/operators",
      "admin /console/operators/:id/remove",
      "admin /console/operators/:id/reset",
      "admin /console/operators/:id/role",
      "admin /console/sessions/:id/revoke",
      "admin /console/webhooks",
      "admin /console/webhooks/:id/change",
      "admin /console/webhooks/:id/delete",
      "admin /console/webhooks/:id/rotate",
      "admin /console/webhooks/:id/status",
      "operator /console/channels/:id/test",
      "operator /console/deliveries/:id/again",
      "operator /console/health/look",
      "operator /console/pauses/:id/withdraw",
      "operator /console/webhooks/:id/test",
      "viewer /console/account/authenticator",
      "viewer /console/account/authenticator/finish",
      "viewer /console/account/password",
      "viewer /console/browsers/:id/end",
    ]);
  });

  test.each(forms.map(({ path }) => path))("%s is refused from another site", async (path) => {
    const place = path.replace(":id", "x");
    const entries = () => appliance.count("SELECT count(*) FROM audit_entries");
    const before = entries();
    for (const headers of [
      { origin: "https://evil.example" },
      { origin: "null" },
      { origin: `${appliance.url}.evil.example` },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { origin: "" },
    ])
      expect((await admin.send(place, {}, headers as Record<string, string>)).status).toBe(403);
    expect(entries()).toBe(before);
  });

  test.each(closed.map(({ path }) => path))("%s is refused without the session's token", async (path) => {
    const place = path.replace(":id", "x");
    const foreign = tokenIn((await operator.get("/console/waiting")).text);
    for (const token of ["", "x", foreign]) expect((await admin.sendRaw(place, { token })).status).toBe(403);
  });

  test.each(acting.map(({ path, leave }) => [path, leave] as const))("%s takes the role %s", async (path, leave) => {
    const place = path.replace(":id", "x");
    const lower = leave === "admin" ? [viewer, operator] : leave === "operator" ? [viewer] : [];
    for (const one of lower) {
      const answer = await one.send(place);
      expect(answer.status).toBe(403);
      expect(answer.text).toContain(`This takes the role ${leave}`);
    }
    const enough = leave === "admin" ? admin : leave === "operator" ? operator : viewer;
    const allowed = await enough.send(place);
    expect(allowed.text).not.toContain("This takes the role");
    expect([403, 500]).not.toContain(allowed.status);
  });
});

describe("a pause", () => {
  test("is shown with everything but its link, and withdrawn by an operator", async () => {
    const pause = await appliance.ask(appliance.keys.test, {
      message: "Pay <b>4,100</b>?",
      details: { Vendor: "Acme" },
    });
    const [message] = await appliance.messages(pause);
    const path = `/console/pauses/${pause.pause_id}`;
    const { text } = await viewer.get(path);
    expect(text).toContain("Pay &lt;b&gt;4,100&lt;/b&gt;?");
    expect(text).toContain("+13128471928");
    expect(text).toContain("pause.created");
    expect(text).not.toContain(new URL(message?.link ?? "").pathname);
    expect(text).not.toContain("Withdraw the question");
    expect((await viewer.get("/console/waiting")).text).toContain(path);

    expect((await operator.send(`${path}/withdraw`, { reason: "Asked twice" })).status).toBe(303);
    const ended = await appliance.pause(appliance.keys.test, pause.pause_id);
    expect([ended.status, ended.cancel_reason]).toEqual(["cancelled", "Asked twice"]);
    const last = (await appliance.told(appliance.keys.test, pause.pause_id)).at(-1);
    expect(last).toMatchObject({
      type: "pause.cancelled",
      actor: { type: "operator", id: expect.stringMatching(/^op_/) },
    });
    expect((await viewer.get("/console/decided")).text).toContain(path);
    expect((await operator.send(`${path}/withdraw`)).status).toBe(409);
    expect(appliance.faultInLog()).toBeNull();
  });

  test("is found by message, recipient and id, in its own list alone", async () => {
    const wanted = await appliance.ask(appliance.keys.test, { message: "Delete the staging bucket?" });
    const other = await appliance.ask(appliance.keys.test, {
      message: "Send the newsletter?",
      recipient: "+13128471929",
    });
    for (const q of ["staging BUCKET", wanted.pause_id]) {
      const { text } = await viewer.get(`/console/waiting?${new URLSearchParams({ q })}`);
      expect([text.includes(wanted.pause_id), text.includes(other.pause_id)]).toEqual([true, false]);
    }
    const { text } = await viewer.get("/console/waiting?q=1929");
    expect([text.includes(wanted.pause_id), text.includes(other.pause_id)]).toEqual([false, true]);
    expect((await viewer.get("/console/decided?q=staging")).text).not.toContain(wanted.pause_id);
  });

  test("lists go on behind their last row, each row once", async () => {
    for (let made = 0; made < 60; made++) await appliance.ask(appliance.keys.otherTest, { message: `Number ${made}?` });
    const seen: string[] = [];
    let path: string | null = "/console/waiting?world=other+test";
    while (path !== null) {
      const { text } = await viewer.get(path);
      seen.push(...[...text.matchAll(/href="\/console\/pauses\/(pause_\w+)"/g)].map(([, id]) => id ?? ""));
      path = /rel="next" href="([^"]+)"/.exec(text)?.[1]?.replaceAll("&amp;", "&") ?? null;
    }
    expect(seen.length).toBe(60);
    expect(new Set(seen).size).toBe(60);
  });
});

describe("a delivery", () => {
  test("that failed says why, and is sent again by an operator", async () => {
    const pause = await appliance.ask(appliance.keys.test, {
      message: "Told to nobody?",
      webhook_url: "http://127.0.0.1:9/x",
    });
    await operator.send(`/console/pauses/${pause.pause_id}/withdraw`);
    const failed = () =>
      appliance.count("SELECT count(*) FROM deliveries WHERE status = 'failed' AND kind = 'webhook'");
    await eventually(
      () => {
        appliance.clock.turn(10 * 60_000);
        return failed();
      },
      (count) => count === 1,
    );
    for (const one of [admin, operator, viewer]) await one.signIn(nameOf(one), one.code());
    const { text } = await viewer.get("/console/deliveries");
    expect(text).toContain("http://127.0.0.1:9/x");
    // The turned clock may end the last attempt before the refusal has come.
    expect(text).toMatch(/the connection was refused|no whole answer within 15 s/);
    expect(text).not.toContain("Send again");
    const shown = (await operator.get("/console/deliveries")).text;
    const [, id = ""] = /\/console\/deliveries\/(dlv_\w+)\/again/.exec(shown) ?? [];
    expect((await viewer.send(`/console/deliveries/${id}/again`)).status).toBe(403);
    expect((await operator.send(`/console/deliveries/${id}/again`)).status).toBe(303);
    const entry = (await appliance.log(appliance.keys.test, pause.pause_id)).find(
      ({ type }) => type === "delivery.requeued",
    );
    expect(entry).toMatchObject({ data: { delivery: id }, actor: { type: "operator" } });
    expect((await operator.get("/console/deliveries")).text).not.toContain(id);
    expect(appliance.faultInLog()).toBeNull();
  }, 120_000);
});

describe("keys", () => {
  test("are shown once, work, and stop at once when revoked", async () => {
    const { text } = await admin.send("/console/keys", {
      name: "agent",
      project: "default",
      mode: "test",
      scope: "pauses:read",
    });
    const [key = ""] = /pp_test_\w+/.exec(text) ?? [];
    expect((await appliance.get("/v1/pause", key)).status).toBe(200);
    const list = (await admin.get("/console/keys")).text;
    expect(list).not.toContain(key);
    const [, id = ""] = /\/console\/keys\/(key_\w+)\/revoke" ?[\s\S]*?Revoke agent/.exec(list) ?? [];
    expect((await admin.send(`/console/keys/${id}/revoke`)).status).toBe(303);
    expect((await appliance.get("/v1/pause", key)).status).toBe(401);
    expect(appliance.faultInLog()).toBeNull();
  });
});

test("a key is given a plan, and the list shows what it has used of it", async () => {
  const wanted = { name: "counted", project: "default", mode: "test", scope: "pauses:write" };
  const { text } = await admin.send("/console/keys", { ...wanted, plan: "free" });
  const [key = ""] = /pp_test_\w+/.exec(text) ?? [];
  await appliance.ask(key);
  await appliance.ask(key);
  expect((await admin.get("/console/keys")).text).toMatch(
    /counted[^\n]*?<td[^>]*>2 of 50<br><span class="quiet">plan free</,
  );
  expect((await admin.get("/console/keys")).text).toMatch(
    />free<\/th><td[^>]*>50<\/td><td[^>]*>sms<\/td><td[^>]*>24 hours<\/td><td[^>]*>refused</,
  );
  const unknown = await admin.send("/console/keys", { ...wanted, plan: "constructor" });
  expect([unknown.status, unknown.text.includes("There is no such plan")]).toEqual([422, true]);
});

describe("sessions", () => {
  test("end when they are signed out, revoked, idle, or old", async () => {
    appliance.clock.turn(HOUR / 2);
    const one = new Operator(appliance);
    await one.signIn("Alex", admin.code());
    expect((await one.get("/console/waiting")).status).toBe(200);
    const { cookie } = one;
    expect((await one.send("/console/sign-out")).status).toBe(303);
    one.cookie = cookie;
    expect((await one.get("/console/waiting")).status).toBe(303);

    const [, id = ""] =
      /\/console\/sessions\/(ses_\w+)\/revoke[\s\S]*?End the session of Vera/.exec(
        (await admin.get("/console/settings")).text
          .replace(/^[\s\S]*Sessions<\/h2>/, "")
          .split("</tr>")
          .find((row) => row.includes("Vera")) ?? "",
      ) ?? [];
    expect((await admin.send(`/console/sessions/${id}/revoke`)).status).toBe(303);
    expect((await viewer.get("/console/waiting")).status).toBe(303);

    appliance.clock.turn(2 * HOUR);
    expect((await operator.get("/console/waiting")).status).toBe(303);
  });
});
