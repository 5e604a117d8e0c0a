import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const page = join(import.meta.dir, "../../../docs/install-transcript.md");

const lead = `# An installation, from the first file to the last

For whoever wants to see what the installer does before it does it.

This is what the test in \`test/e2e/install\` typed and what came back. It writes this page, and fails when what comes back is
another. The machine is a fresh Debian (debootstrap's \`minbase\` with systemd and ssh-keygen), booted with its own systemd as
process 1 in namespaces of Linux: the unit, its hardening and the user are real, the kernel is that of the machine around
it. It has no network but its own loopback, and no curl; lines with \`curl\` were typed beside it, in its network. The later
versions are builds made for the test, of this source with another version, with migrations that work or fail, or with
a start that ends at once. Keys, fingerprints, times and random parts of names are put as \`…\`.
`;

/** What was typed and what came back, as a page of the documents. */
export class Transcript {
  readonly #parts: string[] = [];

  /** A heading, and what is to be seen under it. */
  say(heading: string, words: string): void {
    this.#parts.push(`\n## ${heading}\n\n${words}\n`);
  }

  typed(line: string, output: string): void {
    const shown = `$ ${line}\n${output}`.trimEnd();
    this.#parts.push(`\n<!-- not run: the test that runs it writes it -->\n\`\`\`console\n${told(shown)}\n\`\`\`\n`);
  }

  get text(): string {
    return lead + this.#parts.join("");
  }

  /** What the page says now; with UPDATE_TRANSCRIPT=1 in the environment, it is written first. */
  page(): string {
    if (process.env.UPDATE_TRANSCRIPT === "1") writeFileSync(page, this.text);
    return readFileSync(page, "utf8");
  }
}

/** Without what is another at each run. */
function told(text: string): string {
  return text
    .replaceAll(/SHA256:[\w+/]{43}/g, "SHA256:…")
    .replaceAll(/\b[0-9a-f]{64}\b/g, "…")
    .replaceAll(/\bpp_(test|live)_\w+/g, "pp_$1_…")
    .replaceAll(/\b(pause|key)_[0-9a-z]{20,}/g, "$1_…")
    .replaceAll(/\/r\/[\w-]{52}/g, "/r/…")
    .replaceAll(/"receipt":"[^"]+"/g, '"receipt":"…"')
    .replaceAll(/\d{8}T\d{6,9}Z/g, "…")
    .replaceAll(/\b\d{4}_for_a_test/g, "…_for_a_test")
    .replaceAll(/schema[ -]\d+|knows \d+|\d+ entries/g, (part) => part.replace(/\d+/, "…"))
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d[:-]?\d\d[:-]?\d\d(\.\d+)?Z/g, "…")
    .replaceAll(/\/tmp\/tmp\.\w+/g, "a folder of its own")
    .replaceAll(/^(pausepoint [\d.]+) \([0-9a-f]+\+?\)$/gm, "$1")
    .replaceAll(/; \d+ bytes/g, "; … bytes");
}

/** What has to be as it was: all that install.sh says, and of the rest what was typed. */
export function shapeOf(page: string): string {
  return page.replaceAll(/^(\$ (?!sh .*install\.sh).*\n)[\s\S]*?(?=^```$)/gm, "$1");
}
