/** Every page that the server gives out, whoever asks for it: what a browser may do with it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { pages } from "../../src/console/console.ts";
import { topics } from "../../src/http/docs/pages.ts";
import { problems } from "../../src/platform/problem.ts";
import { type Answer, type Appliance, startAppliance } from "../support/appliance.ts";
import { administrator, type Operator } from "../support/operator.ts";

let appliance: Appliance;
let admin: Operator;
let link: string;
let usedLink: string;

beforeAll(async () => {
  appliance = await startAppliance();
  admin = await administrator(appliance);
  const links: string[] = [];
  for (let asked = 0; asked < 2; asked++) {
    const [message] = await appliance.messages(await appliance.ask(appliance.keys.test));
    links.push(message?.link ?? "");
  }
  [link = "", usedLink = ""] = links;
  await appliance.choose(usedLink, "Approve");
});
afterAll(() => appliance.stop());

const browser = { accept: "text/html" };
const html = (path: string, more: Record<string, string> = {}) =>
  appliance.call(path, { headers: { ...browser, ...more } });

/** Everything that answers a GET in a browser; a page that is missing here is found by the first test. */
const open: Record<string, () => Promise<Answer>> = {
  "GET /": () => html("/"),
  "GET /docs": () => html("/docs"),
  "GET /docs/:page": () => html(`/docs/${Object.keys(Object.values(topics)[0] ?? {})[0]}`),
  "GET /problems/:slug": () => html(`/problems/${Object.keys(problems)[0]}`),
  "GET /r/:token": () => html(link),
  "a link that was used": () => html(usedLink),
  "a forged link": () => html(`/r/${"A".repeat(52)}`),
  "a link in a language": () => html(link, { "accept-language": "ar" }),
};

function expectClosed(name: string, { headers, status }: Pick<Answer, "headers" | "status">): void {
  const told = Object.fromEntries(headers);
  expect([name, status, told]).toMatchObject([
    name,
    status,
    {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
      "permissions-policy": expect.stringContaining("geolocation=()"),
      "referrer-policy": expect.stringMatching(/^(no-referrer|same-origin)$/),
      "x-robots-tag": expect.stringContaining("noindex"),
    },
  ]);
  const policy = new Map(
    (told["content-security-policy"] ?? "").split(/; */).map((directive) => {
      const [key = "", ...sources] = directive.split(" ");
      return [key, sources] as const;
    }),
  );
  expect([name, policy.get("default-src")]).toEqual([name, ["'none'"]]);
  expect([name, policy.get("frame-ancestors")]).toEqual([name, ["'none'"]]);
  expect([name, policy.get("base-uri")]).toEqual([name, ["'none'"]]);
  expect([name, policy.has("form-action")]).toEqual([name, true]);
  // Nothing inline but by its hash, nothing from elsewhere.
  const sources = [...policy.values()].flat();
  const known = /^('none'|'self'|data:|'sha256-[A-Za-z0-9+/]{43}=')$/;
  expect([name, sources.filter((source) => !known.test(source))]).toEqual([name, []]);
  expect([name, policy.get("script-src")?.includes("data:") ?? false]).toEqual([name, false]);
}

describe("a page", () => {
  test("is on the list below when a browser can get it", async () => {
    const routes = appliance.app.routes.filter(({ method, access }) => method === "GET" && access === "public");
    const found: string[] = [];
    for (const { path } of routes.filter((route) => !route.path.startsWith("/console"))) {
      const example = path
        .replace(":token", "x")
        .replace(":slug", "internal")
        .replace(":page", "api")
        .replace(/:\w+/g, "x");
      const type = (await html(example)).headers.get("content-type") ?? "";
      if (type.startsWith("text/html")) found.push(`GET ${path}`);
    }
    expect(found.toSorted()).toEqual(
      Object.keys(open)
        .filter((name) => name.startsWith("GET "))
        .toSorted(),
    );
  });

  test.each(Object.keys(open))("is shut to other sites, and runs and loads its own alone: %s", async (name) => {
    const answer = await open[name]?.();
    if (answer !== undefined) expectClosed(name, answer);
    expect(answer?.headers.get("set-cookie")).toBeNull();
  });

  // One is no page but a stream of events, which goes on for as long as it is read.
  const shown = pages.map(({ path }) => path).filter((path) => path !== "/console/live");
  test.each(shown)("of the console is, too, signed in or not: %s", async (path) => {
    const place = path.replace(":id", "x");
    for (const answer of [await html(place), await admin.get(place)]) expectClosed(place, answer);
  });

  test("that refuses a form is, too", async () => {
    const refused = await appliance.choose(link, "None of these");
    expect(refused.status).toBe(422);
    expectClosed("422", refused);
    const foreign = await admin.send("/console/keys", {}, { origin: "https://evil.example" });
    expect(foreign.status).toBe(403);
    expectClosed("403", foreign);
  });
});
