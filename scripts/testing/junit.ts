/** What one test file came to. Failures and skips are named as `describe > test`. */
export interface Outcome {
  readonly passed: number;
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
}

/** Counts the test cases of a report that `bun test --reporter=junit` wrote. */
export function readReport(xml: string): Outcome {
  let passed = 0;
  const failed: string[] = [];
  const skipped: string[] = [];
  for (const [, attributes = "", body = ""] of xml.matchAll(/<testcase ([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)) {
    const name = fullName(attributes);
    if (body.includes("<failure") || body.includes("<error")) failed.push(name);
    else if (body.includes("<skipped")) skipped.push(name);
    else passed += 1;
  }
  return { passed, failed, skipped };
}

/** Bun writes the enclosing blocks from the inside out, as `inner > outer`. */
function fullName(attributes: string): string {
  const blocks = attribute(attributes, "classname").split(" > ").filter(Boolean).reverse();
  return [...blocks, attribute(attributes, "name")].join(" > ");
}

function attribute(attributes: string, key: string): string {
  return unescapeXml(new RegExp(`(?:^|\\s)${key}="([^"]*)"`).exec(attributes)?.[1] ?? "");
}

function unescapeXml(text: string): string {
  const named: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    return named[name] ?? whole;
  });
}
