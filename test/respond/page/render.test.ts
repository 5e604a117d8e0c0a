import { describe, expect, test } from "bun:test";
import { sha256 } from "../../../src/platform/hash.ts";
import { renderPage } from "../../../src/respond/page/render.ts";
import { asked, open, states, viewOf } from "./samples.ts";

const LOGO = '<svg viewBox="0 0 8 8"><path d="M0 0h8v8z" fill="#123456"/></svg>';
const FIRST_VIEW = 14_000;
const bytes = (html: string) => Buffer.byteLength(html);

describe("the bytes of the first view", () => {
  const views = {
    "an ordinary question": viewOf(open),
    "a message of 1,600 characters, with a comment field": asked({ message: "word ".repeat(320), allowComment: true }),
    "the same with a logo of 3 kB and an accent": asked(
      { message: "word ".repeat(320) },
      { logo: LOGO.replace("M0 0", `M${"0 0 ".repeat(740)}`), accent: "#7a2e3a", test: true },
    ),
    "the longest wording": asked({ message: "word ".repeat(320), allowComment: true }, { acceptLanguage: "ar" }),
  };
  test.each(Object.entries(views))("%s stays under 14 kB, uncompressed and whole", (name, view) => {
    const { html } = renderPage(view);
    console.log(`page: ${bytes(html)} bytes for ${name}`);
    expect(bytes(html)).toBeLessThanOrEqual(FIRST_VIEW);
  });
});

describe("the Content-Security-Policy", () => {
  test("allows exactly the styles and the script that are inline, by their hash, and nothing else", () => {
    const { html, contentSecurityPolicy } = renderPage(viewOf(open, { accent: "#7a2e3a" }));
    const hashes = (tag: string) =>
      [...html.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, "g"))].map(
        (match) => `'sha256-${Buffer.from(sha256(match[1]!)).toString("base64")}'`,
      );
    expect(hashes("style")).toHaveLength(2);
    expect(hashes("script")).toHaveLength(1);
    expect(contentSecurityPolicy.split("; ").sort()).toEqual(
      [
        "default-src 'none'",
        `style-src ${hashes("style").join(" ")}`,
        `script-src ${hashes("script").join(" ")}`,
        "img-src data:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
      ].sort(),
    );
  });

  test("an accent that is not a colour never reaches a stylesheet", () => {
    expect(() => renderPage(viewOf(open, { accent: "red}body{display:none" }))).toThrow("#rrggbb");
  });
});

describe("what a page tells", () => {
  test.each(["unknown-link", "too-many", "unavailable"])("%s knows of no question and no project", (name) => {
    const { html } = renderPage(viewOf(states[name]!, { logo: LOGO }));
    expect(html).not.toContain("Northwind");
    expect(html).not.toMatch(/<form|<button|<blockquote|<img|<time/);
    expect(html).toContain("approve.example.com");
  });

  test("every state has a title of its own, and no title holds a word of the asker's", () => {
    const titles = Object.values(states).map(
      (state) => /<title>(.*?)<\/title>/.exec(renderPage(viewOf(state)).html)![1]!,
    );
    const kinds = new Set(Object.values(states).map((state) => state.kind));
    expect(new Set(titles).size).toBe(kinds.size);
    for (const title of titles) expect(title).not.toMatch(/Wire|Approve|Reject/);
  });

  test("a pause of the test world says so in every state of the question", () => {
    for (const state of Object.values(states)) {
      const { html } = renderPage(viewOf(state, { test: true }));
      expect(html.includes("This is a test.")).toBe("question" in state);
      expect(renderPage(viewOf(state)).html).not.toContain("This is a test.");
    }
  });

  test("who answered first is not shown beside what was chosen", () => {
    expect(renderPage(viewOf(states["answered-by-other"]!)).html).toContain("Someone else answered first");
  });

  test("an answer by the clock never reads like a person's", () => {
    expect(renderPage(viewOf(states["expired-default"]!)).html).toContain("no person chose it");
  });

  test("the language that was chosen is named for the header and for screen readers", () => {
    const page = renderPage(viewOf(open, { acceptLanguage: "ar-EG,ar;q=0.9" }));
    expect(page.language).toBe("ar-EG");
    expect(page.html).toContain('<html lang="ar-EG" dir="rtl">');
  });

  test("the operator's names are escaped too", () => {
    const { html } = renderPage(viewOf(open, { projectName: "<i>A & B</i> $& {choice}", host: "a<b" }));
    expect(html).toContain("<bdi>&lt;i&gt;A &amp; B&lt;/i&gt; $&amp; {choice}</bdi>");
    expect(html).toContain("a&lt;b");
  });
});
