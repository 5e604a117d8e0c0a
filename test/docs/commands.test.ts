import { describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { environment, folderWith } from "../support/binary.ts";
import { pathOf, testNeeding } from "../support/needs.ts";
import { documentAt, documents, fencesOf, project } from "./documents.ts";
import { DocumentReader } from "./reader.ts";

describe("what the documents tell you to type", () => {
  for (const document of documents.filter((one) => fencesOf(one, "run").length > 0)) {
    const python = document.text.includes("-m pytest") ? "python pytest" : "python requests";
    testNeeding(python)(
      `${document.path} runs from its first line to its last, and shows what it says`,
      async () => {
        await using reader = await DocumentReader.start(pathOf(python));
        const printed = [...(await reader.follow(document)).values()];
        expect(printed.length).toBe(fencesOf(document, "run").length);
        for (const [shown, count] of promised[document.path] ?? []) {
          expect(printed.filter((text) => shown.test(text)).length, String(shown)).toBe(count);
        }
      },
      300_000,
    );
  }

  test("the first curl of README.md is the one that serve prints", async () => {
    const folder = folderWith();
    const server = Bun.spawn([process.execPath, "src/main.ts", "serve", "--data", `${folder}/data`, "--port", "0"], {
      cwd: project,
      env: environment(),
      stdout: "pipe",
      stderr: "inherit",
    });
    try {
      let printed = "";
      for await (const chunk of server.stdout) {
        printed += new TextDecoder().decode(chunk);
        if (printed.includes("Then read the message")) break;
      }
      const plain = printed
        .replace(/http:\/\/127\.0\.0\.1:\d+/g, "http://127.0.0.1:8787")
        .replace(/pp_test_\w+/g, "pp_test_…");
      const [fence] = documentAt("README.md").fences.filter(({ marker }) => marker?.detail === "printed");
      expect(plain).toContain(fence?.text ?? "no such fence");
    } finally {
      server.kill("SIGTERM");
      await server.exited;
      rmSync(folder, { recursive: true, force: true });
    }
  }, 120_000);
});

/** What the text around the fences promises, and how many of the fences show it. */
const promised: Record<string, [RegExp, number][]> = {
  "README.md": [
    [/^\{"data":\[\{[^\n]*"link":"http[^\n]*\n$/, 1],
    [/"response_source":"human","response_via":"page"/, 1],
    [/^Purge\n$/, 2],
    [/^(pause_[0-9a-z]{26})\n\1\n$/, 1],
    [
      /"response_choice":"Approve","response_source":"human"[\s\S]*"response_choice":"Reject","response_source":"timeout_def/,
      1,
    ],
    [/^Consistent: /, 1],
  ],
  "docs/ask.md": [
    [/^Deploy\n$/, 1],
    [/^Drop\ndropping it\n$/, 1],
  ],
  "docs/clients-typescript.md": [
    [/^wiring\n$/, 1],
    [/^asked once\n$/, 1],
    [/^wiring 8400.00 to Meridian\nThe receipt was consumed at\n$/, 1],
    [/^401\n$/, 1],
  ],
  "docs/permission-hooks.md": [
    [/^status 0\n$/, 1],
    [/"permissionDecision":"allow"/, 1],
  ],
  "docs/test-recipients.md": [
    [/^Deploy\nAbort\nstatus 3\npause_\w+\n$/, 1],
    [/^9 passed in /m, 1],
    [/^ 9 pass\n 0 fail\n$/, 1],
    [/^Approve\n$/, 1],
  ],
  "docs/api.md": [
    [/"response_source":"human"/, 2],
    [/"cancel_reason":"The invoice was withdrawn."/, 1],
    [/"type":"pause.responded"[\s\S]*"disclosed":{"\d/, 1],
  ],
  "docs/backup.md": [
    [/\/monday\.tar\.gz\.age: \d+ pauses .*, encrypted\.$/m, 1],
    [/^\S+drill holds \d+ pauses [\s\S]*^Consistent: \d+ entries[\s\S]*^key_/m, 1],
  ],
  "docs/receipts.md": [
    [/^wiring 8400.00 to Meridian\nThe receipt was consumed at\n$/, 1],
    [/^(sha256:([0-9a-f]{64}))\nnonce \S{22}\n\2 {2}-\nIt is the same action.\n$/, 1],
    [/^sha256:[0-9a-f]{64}\n$/, 1],
  ],
  "docs/keys.md": [
    [/^log is signed by [\s\S]*"old_key_id"[\s\S]*Consistent: /, 1],
    [/^[\w-]{43}\n$/, 1],
  ],
  "docs/audit-format.md": [[/^(head [0-9a-f]{64})\n(root \S{43}=)\nConsistent: [^\n]*\n[^\n]* genuine\.\n\1\n\2$/m, 1]],
};
