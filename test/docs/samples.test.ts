import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { verifyDisclosure } from "../../src/audit/disclosure.ts";
import { canonicalize, type JsonValue } from "../../src/audit/jcs.ts";
import { leafHash } from "../../src/audit/merkle.ts";
import { commitmentsOf, readEntry } from "../../src/audit/read-entry.ts";
import { createBody } from "../../src/pauses/request.ts";
import { loadConfig } from "../../src/platform/config/load.ts";
import { problems } from "../../src/platform/problem.ts";
import { startAppliance } from "../support/appliance.ts";
import { environment, folderWith, run } from "../support/binary.ts";
import { documentAt, documents, type Fence, fencesOf, project } from "./documents.ts";
import { regionOf } from "./regions.ts";

const fences = documents.flatMap((document) => document.fences);
const marked = (kind: string, detail: string) =>
  fences.filter(({ marker }) => marker?.kind === kind && marker.detail === detail);
const contentOf = (fence: Fence | undefined) => JSON.parse(fence?.text ?? "no such fence");

describe("a sample in the documents", () => {
  test("says what it is good for, and why if it is not run", () => {
    const kinds = ["run", "file", "from", "json", "config", "not run"];
    const bare = fences.filter(({ marker }) => marker === null || !kinds.includes(marker.kind));
    expect(bare.map(({ place }) => place)).toEqual([]);
    const silent = fences.filter(({ marker }) => marker?.kind === "not run" && marker.detail === "");
    expect(silent.map(({ place }) => place)).toEqual([]);
  });

  test.each(marked("json", "create").map((fence) => [fence.place, fence] as const))(
    "that asks would be taken: %s",
    (_place, fence) => {
      expect(createBody.safeParse(contentOf(fence)).error?.issues ?? []).toEqual([]);
    },
  );

  test("of a pause has the members of a pause, in their order, each of the same type", async () => {
    const appliance = await startAppliance();
    const pause = await appliance.ask(appliance.keys.live).finally(() => appliance.stop());
    const shown = marked("json", "pause").map(contentOf);
    expect(shown.length).toBe(1);
    expect(Object.keys(shown[0])).toEqual(Object.keys(pause));
    for (const [name, value] of Object.entries(pause)) {
      if (value !== null && shown[0][name] !== null) expect(typeof shown[0][name], name).toBe(typeof value);
    }
    expect(Object.keys(shown[0].delivery[0])).toEqual(Object.keys(pause.delivery[0] ?? {}));
  });

  test("that is an example's is that example, to the letter", () => {
    const shown = fences.filter(({ marker }) => marker?.kind === "file" && marker.detail.startsWith("examples/"));
    expect(shown.length).toBeGreaterThan(0);
    for (const { marker, text } of shown) expect(text).toBe(readFileSync(join(project, marker?.detail ?? ""), "utf8"));
  });

  test.each(fences.filter(({ marker }) => marker?.kind === "from").map((fence) => [fence.place, fence] as const))(
    "that is cut from an example is what stands there: %s (npm run docs writes it)",
    (_place, fence) => expect(fence.text).toBe(regionOf(fence.marker?.detail ?? "")),
  );

  test("of a problem is one of the table's", () => {
    const shown = marked("json", "problem").map(contentOf);
    expect(shown.length).toBe(2);
    for (const { type, title, status } of shown) {
      const row = problems[type.replace("/problems/", "") as keyof typeof problems];
      expect({ title, status }).toEqual({ title: row.title, status: row.status });
    }
  });

  test("of a configuration is loaded as it stands", async () => {
    const shown = documents.flatMap((document) => fencesOf(document, "config"));
    expect(shown.length).toBe(20);
    for (const { place, text } of shown) {
      const folder = folderWith({ "pausepoint.config.ts": text, "check.ts": CHECK });
      try {
        const env = environment({
          TWILIO_ACCOUNT_SID: "AC0123",
          TWILIO_AUTH_TOKEN: "token",
          SMTP_URL: "smtps://user:password@relay.example.com",
          SLACK_BOT_TOKEN: "xoxb-1",
          SLACK_APP_TOKEN: "xapp-1",
          PAGER_KEY: "key-0123",
          PAGER_SECRET: "secret-0123",
        });
        const { stdout, stderr } = await run([process.execPath, join(folder, "check.ts")], folder, env);
        expect({ place, stdout, stderr }).toEqual({ place, stdout: "https://approve.example.com\n", stderr: "" });
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }
    expect((await loadConfig({ env: {}, cwd: "/" })).baseUrl).not.toBe("https://approve.example.com");
  }, 120_000);
});

/** A program of its own, so that the sample reads an environment that only it has. */
const CHECK = `import { loadConfig } from "${join(import.meta.dir, "../../src/platform/config/load.ts")}";
console.log((await loadConfig({ env: {}, cwd: import.meta.dir })).baseUrl);
`;

describe("the worked example of docs/audit-format.md", () => {
  const { hash, ...entry } = contentOf(marked("json", "entry")[0]) as Record<string, JsonValue>;
  const disclosed = contentOf(marked("json", "disclosed")[0]) as Record<string, string>;
  const { text } = documentAt("docs/audit-format.md");
  const written = canonicalize(entry);

  test("has the hash and the leaf that it names", () => {
    expect(createHash("sha256").update(written).digest("hex")).toBe(String(hash));
    expect(text).toContain(`\`${Buffer.from(leafHash(written)).toString("hex")}\``);
  });

  test("is an entry as the log holds them, and its disclosures open every commitment in it", () => {
    const commitments = commitmentsOf(readEntry(written));
    expect([...commitments.keys()].sort()).toEqual(Object.keys(disclosed).sort());
    for (const [pointer, commitment] of commitments) {
      expect([pointer, verifyDisclosure(disclosed[pointer] ?? "", commitment)]).toEqual([pointer, true]);
    }
  });

  test("has its first disclosure spelled out", () => {
    expect(text).toContain(`\`${Buffer.from(disclosed["/message"] ?? "", "base64url").toString("utf8")}\``);
  });
});
