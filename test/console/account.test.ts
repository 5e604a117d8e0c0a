import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { codeAt, stepAt } from "../../src/console/totp.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { administrator, colleague, Operator, PASSWORD, secretIn } from "../support/operator.ts";

const NEW = "quite other words now";
const ACCOUNT = "/console/account";

let appliance: Appliance;
let admin: Operator;
let vera: Operator;
let own: string;

beforeAll(async () => {
  appliance = await startAppliance();
  admin = await administrator(appliance);
  vera = await colleague(admin, "Vera", "viewer");
});
// Rates refill, and a code that was used is over.
beforeEach(() => {
  appliance.clock.turn(600_000);
  own = vera.password;
});
afterEach(() => {
  expect(appliance.faultInLog()).toBeNull();
});
afterAll(() => appliance.stop());

const logged = (type: string) =>
  appliance.count(`SELECT count(*) FROM audit_entries WHERE entry LIKE '%"type":"${type}"%'`);
const isIn = async (who: Operator) => (await who.get("/console/waiting")).status === 200;

/** Another browser of the same person. */
async function another(who: Operator, name: string): Promise<Operator> {
  appliance.clock.turn(60_000);
  const browser = new Operator(appliance, who.password);
  browser.secret = who.secret;
  expect((await browser.signIn(name, who.code())).status).toBe(303);
  appliance.clock.turn(60_000);
  return browser;
}

const change = (who: Operator, fields: Record<string, string> = {}) =>
  who.send(`${ACCOUNT}/password`, { current: who.password, code: who.code(), password: NEW, ...fields });

describe("the password", () => {
  test("is changed by who knows it and has a code, ends the other browsers, and keeps this one under another cookie", async () => {
    const elsewhere = await another(vera, "Vera");
    const { cookie } = vera;
    const revoked = logged("session.revoked");
    const answer = await change(vera);
    expect([answer.status, answer.headers.get("location")]).toEqual([303, `${ACCOUNT}?done=password`]);
    expect([await isIn(vera), await isIn(elsewhere), await isIn(admin)]).toEqual([true, false, true]);
    expect((await vera.get(`${ACCOUNT}?done=password`)).text).toContain("Your password is changed");
    // Whoever had a copy of the cookie is out too.
    const thief = new Operator(appliance);
    thief.cookie = cookie;
    expect(await isIn(thief)).toBeFalse();
    expect([logged("operator.password_changed"), logged("session.revoked")]).toEqual([1, revoked + 1]);
    expect((await new Operator(appliance, own).signIn("Vera", "")).status).toBe(401);
    appliance.clock.turn(60_000);
    expect((await new Operator(appliance, own).signIn("Vera", vera.code())).status).toBe(401);
    vera.password = NEW;
    expect(await isIn(await another(vera, "Vera"))).toBeTrue();
  });

  test.each([
    ["a wrong password", { current: "not the password" }, 401],
    ["no password", { current: "" }, 401],
    ["a wrong code", { code: "000000" }, 401],
    ["no code", { code: "" }, 401],
    ["a new one that is too short", { password: "short words" }, 422],
    ["a new one that is too long", { password: "x".repeat(201) }, 422],
  ] as const)("stays with %s, and so do the sign-ins", async (_, fields, status) => {
    const elsewhere = await another(vera, "Vera");
    const before = logged("operator.password_changed");
    const answer = await change(vera, { password: "yet another long one", ...fields });
    expect(answer.status).toBe(status);
    expect(answer.text).toMatch(/<p class="notice" role="alert">[^<]+</);
    expect([await isIn(vera), await isIn(elsewhere)]).toEqual([true, true]);
    expect(logged("operator.password_changed")).toBe(before);
    expect(await isIn(await another(vera, "Vera"))).toBeTrue();
  });

  test("with a code that was used says so in the same words as with a wrong password", async () => {
    const wrong = await change(vera, { current: "not the password" });
    const code = vera.code();
    await new Operator(appliance, vera.password).signIn("Vera", code);
    const used = await change(vera, { code });
    expect([used.status, /role="alert">([^<]+)</.exec(used.text)?.[1]]).toEqual([
      401,
      /role="alert">([^<]+)</.exec(wrong.text)?.[1],
    ]);
    expect(used.text).toContain("A code is good once");
  });

  test("can't be tried without end behind a browser that was left open, not even with the right one at last", async () => {
    const before = appliance.logged.length;
    for (let tries = 0; tries < 10; tries++)
      expect((await change(vera, { current: `guess number ${tries}` })).status).toBe(401);
    const answer = await change(vera, { password: "yet another long one" });
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([429, "60"]);
    const told = appliance.logged.slice(before).filter((line) => line.includes("one's own account was refused"));
    expect(told.length).toBe(10);
    expect(told[0]).toMatch(/operator_id="op_/);
    appliance.clock.turn(600_000);
    expect((await change(vera, { password: PASSWORD })).status).toBe(303);
    vera.password = PASSWORD;
  });

  test("of two who change it at once, one has changed it", async () => {
    const elsewhere = await another(vera, "Vera");
    const fields = { code: vera.code() };
    const answers = await Promise.all([
      change(vera, { ...fields, password: "the first of two new ones" }),
      change(elsewhere, { ...fields, password: "the second of two new ones" }),
    ]);
    expect(answers.filter(({ status }) => status === 303).length).toBe(1);
    const [first] = answers;
    const winner = first?.status === 303 ? vera : elsewhere;
    winner.password = first?.status === 303 ? "the first of two new ones" : "the second of two new ones";
    expect(await isIn(winner)).toBeTrue();
    vera = winner;
    expect(await isIn(await another(vera, "Vera"))).toBeTrue();
  });
});

describe("the authenticator", () => {
  const PATH = `${ACCOUNT}/authenticator`;
  const begin = (who: Operator, fields: Record<string, string> = {}) =>
    who.send(PATH, { current: who.password, code: who.code(), ...fields });
  const codeOf = (secret: Uint8Array) => codeAt(secret, stepAt(appliance.clock.now()));

  test("is renewed with the password and a code; the old one is good until the new one has shown a code", async () => {
    const elsewhere = await another(vera, "Vera");
    const { secret } = vera;
    expect((await begin(vera)).status).toBe(303);
    const { text } = await vera.get(PATH);
    const next = secretIn(text);
    expect(next.length).toBe(20);
    expect(next).not.toEqual(secret);
    expect((await vera.send(`${PATH}/finish`, { code: codeOf(secret) })).status).toBe(422);
    expect(await isIn(await another(vera, "Vera"))).toBeTrue();
    const done = await vera.send(`${PATH}/finish`, { code: codeOf(next) });
    const codes = [...done.text.matchAll(/<li><code>([0-9a-f-]{23})</g)].map(([, code]) => code ?? "");
    expect([done.status, codes.length]).toEqual([200, 10]);
    expect([await isIn(vera), await isIn(elsewhere)]).toEqual([true, false]);
    expect(logged("operator.authenticator_renewed")).toBe(1);
    appliance.clock.turn(60_000);
    expect((await new Operator(appliance, vera.password).signIn("Vera", vera.code())).status).toBe(401);
    vera.secret = next;
    expect(await isIn(await another(vera, "Vera"))).toBeTrue();
    expect((await new Operator(appliance, vera.password).signIn("Vera", codes[0] ?? "")).status).toBe(303);
    expect((await vera.get(ACCOUNT)).text).toContain("9 of 10 recovery codes left");
  });

  test("shows no new secret without password and code, and none to another browser of the same person", async () => {
    const elsewhere = await another(vera, "Vera");
    for (const fields of [{ current: "not the password" }, { code: "000000" }])
      expect((await begin(vera, fields)).status).toBe(401);
    expect((await vera.get(PATH)).text).not.toContain("secret by hand");
    expect((await begin(vera)).status).toBe(303);
    expect((await vera.get(PATH)).text).toContain("secret by hand");
    expect((await elsewhere.get(PATH)).text).not.toContain("secret by hand");
    expect((await elsewhere.send(`${PATH}/finish`, { code: codeOf(vera.secret) })).status).toBe(409);
  });

  test("that was begun and left is forgotten after a quarter of an hour, and never becomes the secret", async () => {
    await begin(vera);
    const left = secretIn((await vera.get(PATH)).text);
    appliance.clock.turn(15 * 60_000);
    expect((await vera.get(PATH)).text).not.toContain("secret by hand");
    expect((await vera.send(`${PATH}/finish`, { code: codeOf(left) })).status).toBe(409);
    await begin(vera);
    expect(secretIn((await vera.get(PATH)).text)).not.toEqual(left);
  });

  test("takes codes of the new one no faster than a first one", async () => {
    await begin(vera);
    const next = secretIn((await vera.get(PATH)).text);
    const wrong = String((Number(codeOf(next)) + 500_000) % 1_000_000).padStart(6, "0");
    const statuses = [];
    for (let tries = 0; tries < 11; tries++) statuses.push((await vera.send(`${PATH}/finish`, { code: wrong })).status);
    // The first of the address went to beginning it.
    expect(statuses).toEqual([...Array(9).fill(422), 429, 429]);
    expect((await vera.send(`${PATH}/finish`, { code: codeOf(next) })).status).toBe(429);
  });
});

describe("one's own browsers", () => {
  test("are listed, and signed out one by one; nobody else's are", async () => {
    const elsewhere = await another(vera, "Vera");
    const { text } = await vera.get(ACCOUNT);
    const ids = [...text.matchAll(/\/console\/browsers\/(ses_\w+)\/end/g)].map(([, id]) => id ?? "");
    expect(text).toContain("this one");
    admin = await another(admin, "Alex");
    const ofOthers = (await admin.get("/console/settings")).text
      .split("</tr>")
      .flatMap((row) => /sessions\/(ses_\w+)\/revoke[\s\S]*?End the session of Alex /.exec(row)?.[1] ?? []);
    expect([ids.length > 0, ofOthers.length > 0]).toEqual([true, true]);
    const before = logged("session.revoked");
    for (const id of [...ofOthers, "ses_none"])
      expect((await vera.send(`/console/browsers/${id}/end`)).status).toBe(404);
    expect(logged("session.revoked")).toBe(before);
    expect(await isIn(admin)).toBeTrue();
    for (const id of ids) expect((await vera.send(`/console/browsers/${id}/end`)).status).toBe(303);
    expect([await isIn(vera), await isIn(elsewhere)]).toEqual([true, false]);
    expect(logged("session.revoked")).toBe(before + ids.length);
  });
});
