import { expect, test } from "bun:test";
import { escapeHtml, fill } from "../../../src/respond/page/escape.ts";

test("markup in a text stays text, between tags and in a quoted attribute", () => {
  expect(escapeHtml(`<a href="x" title='y'>&amp;</a>`)).toBe(
    "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;",
  );
});

test("a carriage return survives the parser", () => {
  expect(escapeHtml("a\r\nb")).toBe("a&#13;\nb");
});

test("a wording takes markup only from the page, and a text with braces or dollar signs in it stays as it is", () => {
  expect(fill("<{a}> & {b}", { a: "<b>{b}</b>", b: "$&" })).toBe("&lt;<b>{b}</b>&gt; &amp; $&");
});

test("a wording that asks for something unknown is refused rather than shown with its braces", () => {
  expect(() => fill("You chose {choise}", { choice: "x" })).toThrow("{choise}");
});
