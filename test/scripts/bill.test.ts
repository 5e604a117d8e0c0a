import { beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Ajv from "ajv";
import addFormats from "ajv-formats";
import Database from "better-sqlite3";
import { billOfMaterials, licenseTexts } from "../../scripts/build/bill.ts";
import { account } from "../../scripts/build/bundle.ts";
import { type Contents, contentsOf } from "../../scripts/build/contents.ts";
import { definesFor } from "../../scripts/build/defines.ts";
import { ownTarget } from "../../scripts/build/targets.ts";
import { folderWith, runBinary } from "../support/binary.ts";
import { testNeeding } from "../support/needs.ts";

const project = join(import.meta.dir, "../..");
const target = ownTarget();
const define = definesFor("0.1.0", "");

interface Component {
  readonly "bom-ref": string;
  readonly name: string;
  readonly group?: string;
  readonly version?: string;
  readonly purl?: string;
  readonly licenses: readonly unknown[];
  readonly components?: readonly Component[];
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}
interface Bill {
  readonly serialNumber: string;
  readonly metadata: { readonly timestamp?: string; readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

let contents: Contents;
let bill: Bill;
let texts: string;
const made = (sourceDateEpoch?: string) =>
  billOfMaterials({ project, target, version: "0.1.0", contents, sourceDateEpoch });
const componentOf = (name: string) => bill.components.find((one) => one.name === name);

beforeAll(async () => {
  contents = contentsOf(await account({ project, entry: join(project, "src/main.ts"), target, define }), project);
  bill = JSON.parse(made());
  texts = licenseTexts({ project, contents });
});

describe("the bill of materials", () => {
  test("is valid CycloneDX 1.6, by the schema of its makers", () => {
    const folder = join(project, "node_modules/@cyclonedx/cyclonedx-library/res/schema");
    const schema = (name: string) => JSON.parse(readFileSync(join(folder, `${name}.SNAPSHOT.schema.json`), "utf8"));
    const ajv = new Ajv({
      strict: false,
      allErrors: true,
      formats: { "iri-reference": /^\S*$/, "idn-email": /^\S+@\S+$/ },
    });
    addFormats(ajv);
    ajv
      .addSchema(schema("spdx"), "http://cyclonedx.org/schema/spdx.SNAPSHOT.schema.json")
      .addSchema(schema("jsf-0.82"), "http://cyclonedx.org/schema/jsf-0.82.SNAPSHOT.schema.json");
    const validate = ajv.compile(schema("bom-1.6"));
    expect([validate(bill), validate.errors]).toEqual([true, null]);
    expect(validate(JSON.parse(made("1790000000")))).toBe(true);
    // It is able to say no: another licence than SPDX knows, and a component without a name.
    expect(
      validate({ ...bill, components: [{ type: "library", name: "a", licenses: [{ license: { id: "Mine" } }] }] }),
    ).toBe(false);
    expect(validate({ ...bill, components: [{ type: "library" }] })).toBe(false);
  });

  test("names every package whose code stands in the bundle, and no other", async () => {
    const plugin: Bun.BunPlugin = {
      name: "addon",
      setup: (build) => {
        build.onResolve({ filter: /^better-sqlite3$/ }, () => ({ path: Bun.resolveSync(target.sqliteEntry, project) }));
      },
    };
    const { outputs } = await Bun.build({
      entrypoints: [join(project, "src/main.ts")],
      target: "bun",
      minify: { syntax: true },
      define: { ...define },
      plugins: [plugin],
    });
    // Where white space is left alone, the bundler writes over each module where it is from.
    const text = (await outputs.find(({ kind }) => kind === "entry-point")?.text()) ?? "";
    const headings = [
      ...text.matchAll(/^\/\/ (?:.*?\/)??(node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+)\//gm),
    ];
    const inside = new Set(headings.map(([, folder = ""]) => folder));
    const named = bill.components.flatMap(({ properties = [] }) => properties.map(({ value }) => value));
    expect(named.toSorted()).toEqual([...inside].toSorted());
    expect(named.length).toBeGreaterThan(40);
    expect(named).toContain("node_modules/@noble/post-quantum/node_modules/@noble/hashes");
    expect(named).not.toContain("node_modules/typescript");
  });

  test("names the SQLite that runs, and the Bun with what is linked into it", () => {
    const database = new Database(":memory:");
    const { version } = database.prepare<[], { version: string }>("SELECT sqlite_version() AS version").get()!;
    database.close();
    expect(componentOf("sqlite")?.version).toBe(version);
    const bun = componentOf("bun");
    expect(bun?.version).toBe(Bun.version);
    const inside = new Map(bun?.components?.map((one) => [one.name, one.version]));
    expect(inside.get("JavaScriptCore")).toBe(process.versions.webkit);
    expect(inside.get("BoringSSL")).toBe(process.versions.boringssl);
  });

  test("leads from PausePoint to every component", () => {
    const edges = new Map(bill.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
    const reached = new Set<string>();
    const walk = (ref: string) => {
      if (reached.has(ref)) return;
      reached.add(ref);
      for (const next of edges.get(ref) ?? []) walk(next);
    };
    walk("pausepoint");
    expect(bill.components.map((one) => one["bom-ref"]).filter((ref) => !reached.has(ref))).toEqual([]);
    expect(edges.get(componentOf("jsonwebtoken")?.["bom-ref"] ?? "")?.join()).toContain("pkg:npm/jws@");
  });

  test("is the same, byte by byte, for the same source, and holds no time but the one it is given", () => {
    expect(made()).toBe(made());
    expect(bill.metadata.timestamp).toBeUndefined();
    const dated: Bill = JSON.parse(made("1790000000"));
    expect(dated.metadata.timestamp).toBe("2026-09-21T14:13:20.000Z");
    expect(() => made("yesterday")).toThrow("SOURCE_DATE_EPOCH");
    expect(dated.serialNumber).not.toBe(bill.serialNumber);
  });
});

describe("the licences", () => {
  test("are there as text for every component", () => {
    const titles = [...texts.matchAll(/^={80}\n(.+)\n={80}\n\n([\s\S]*?)(?=\n={80}\n|$(?![\s\S]))/gm)];
    const byTitle = new Map(titles.map(([, title = "", text = ""]) => [title.replace(/: .*$/, ""), text]));
    for (const { group, name, version, licenses } of bill.components) {
      const title =
        name === "sqlite"
          ? `SQLite ${version}`
          : name === "bun"
            ? `Bun ${version}`
            : `${group ? `${group}/` : ""}${name} ${version}`;
      const text = byTitle.get(title) ?? "";
      expect([title, text.length > 200]).toEqual([title, true]);
      expect(licenses.length).toBe(1);
    }
    for (const { licenseText, name } of contents.packages)
      expect([name, /copyright|permission|license/i.test(licenseText)]).toEqual([name, true]);
    for (const { name } of componentOf("bun")?.components ?? [])
      expect(byTitle.get(`Bun ${Bun.version}`)).toContain(name);
  });

  describe("of a package that", () => {
    const metafile = {
      inputs: { "node_modules/bare/index.js": { bytes: 1, imports: [] } },
      outputs: {
        "main.js": {
          bytes: 1,
          inputs: { "node_modules/bare/index.js": { bytesInOutput: 1 } },
          imports: [],
          exports: [],
        },
      },
    } as unknown as Bun.BuildMetafile;
    const integrity = "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==";

    test.each([
      ["has none", { license: "MIT" }, integrity, "", "holds no licence text"],
      [
        "says of itself only that it has one",
        { license: "MIT" },
        integrity,
        "## License\nMIT\n",
        "holds no licence text",
      ],
      ["names none", {}, integrity, "", "names no package, version or licence"],
      ["is not pinned", { license: "MIT" }, undefined, "## License\nCopyright A\n", "has no SHA-512"],
    ])("%s the build does not go on", (_, manifest, pinned, readme, complaint) => {
      const folder = mkdtempSync(join(tmpdir(), "pausepoint-bill-"));
      const bare = join(folder, "node_modules/bare");
      mkdirSync(bare, { recursive: true });
      writeFileSync(join(bare, "package.json"), JSON.stringify({ name: "bare", version: "1.0.0", ...manifest }));
      writeFileSync(join(bare, "README.md"), readme);
      const packages = { "node_modules/bare": pinned === undefined ? {} : { integrity: pinned } };
      writeFileSync(join(folder, "package-lock.json"), JSON.stringify({ packages }));
      expect(() => contentsOf(metafile, folder)).toThrow(complaint);
      rmSync(folder, { recursive: true });
    });
  });
});

testNeeding("dist/pausepoint")("the executable prints both, as they lie beside it", async () => {
  const folder = folderWith();
  const [printed, sbom] = [await runBinary(["licenses"], folder), await runBinary(["licenses", "--sbom"], folder)];
  expect([printed.status, sbom.status]).toEqual([0, 0]);
  const beside = (end: string) => readFileSync(join(project, `dist/pausepoint.${end}`), "utf8");
  expect(printed.stdout).toBe(beside("licenses.txt"));
  expect(sbom.stdout).toBe(beside("cdx.json"));
  const sealed: Bill = JSON.parse(sbom.stdout);
  expect(sealed.metadata.component.properties).toEqual([{ name: "pausepoint:target", value: target.name }]);
  expect(sealed.components.map(({ purl }) => purl)).toEqual(bill.components.map(({ purl }) => purl));
  rmSync(folder, { recursive: true });
});
