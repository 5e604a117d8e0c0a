import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { guards } from "../../scripts/guards/table.ts";

const project = join(import.meta.dir, "../..");

describe("the guards", () => {
  test("each have a test that fails when the line is taken out", async () => {
    const run = Bun.spawn([process.execPath, "scripts/guards.ts"], { cwd: project, stdout: "pipe", stderr: "inherit" });
    const said = await new Response(run.stdout).text();
    expect(said).toContain(`${guards.length} guards hold, 0 do not`);
    expect(await run.exited).toBe(0);
  }, 1_680_000);

  test("stand in docs/testing.md with the same place and test", () => {
    const document = readFileSync(join(project, "docs/testing.md"), "utf8");
    for (const { guard, file, test: place, title } of guards) {
      expect(document).toContain(`| ${guard} | \`${file}\` | \`${place}\` | ${title} | \`npm run guards\` |`);
    }
    expect(document.split("| `npm run guards` |").length - 1).toBe(guards.length);
  });
});
