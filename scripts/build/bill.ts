/**
 * The bill of materials of an executable as CycloneDX 1.6 in JSON (ECMA-424), and the licences of all that is in it. The
 * same source gives the same bytes: no time stands in it, but that of SOURCE_DATE_EPOCH where it is set
 * (https://reproducible-builds.org/specs/source-date-epoch/).
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { BundledPackage, Contents } from "./contents.ts";
import { BUN_LICENSE, embeddedSqlite, type LinkedLibrary, linkedIntoBun } from "./runtime-parts.ts";
import type { Target } from "./targets.ts";

export interface BillRequest {
  readonly project: string;
  readonly target: Target;
  readonly version: string;
  readonly contents: Contents;
  /** Seconds since 1970, or undefined. */
  readonly sourceDateEpoch: string | undefined;
}

const ROOT = "pausepoint";

/** The bill as text. */
export function billOfMaterials({ project, target, version, contents, sourceDateEpoch }: BillRequest): string {
  const runtime = `pkg:npm/${target.runtimePackage.replace("@", "%40")}@${Bun.version}`;
  const sqlite = embeddedSqlite(project);
  const sqliteRef = `pkg:generic/sqlite@${sqlite.version}`;
  const refs = new Map(contents.packages.map((one) => [one.folder, refOf(one)]));
  const refsOf = (folders: readonly string[]) => folders.map((folder) => refs.get(folder) ?? folder);
  const timestamp = sourceDateEpoch === undefined ? {} : { timestamp: timeOf(sourceDateEpoch) };

  const components = [
    ...contents.packages.map((one) => ({
      type: "library",
      "bom-ref": refOf(one),
      ...namesOf(one.name),
      version: one.version,
      scope: "required",
      hashes: [{ alg: "SHA-512", content: one.sha512 }],
      licenses: licensesOf(one.license),
      purl: purlOf(one),
      properties: [{ name: "pausepoint:folder", value: one.folder }],
    })),
    {
      type: "library",
      "bom-ref": sqliteRef,
      name: "sqlite",
      version: sqlite.version,
      description: "Compiled into the addon of better-sqlite3",
      scope: "required",
      licenses: licensesOf("blessing"),
      cpe: `cpe:2.3:a:sqlite:sqlite:${sqlite.version}:*:*:*:*:*:*:*`,
      purl: sqliteRef,
    },
    {
      type: "platform",
      "bom-ref": runtime,
      name: "bun",
      version: Bun.version,
      description: "The runtime that the executable is made of, with the libraries that its makers have linked into it",
      scope: "required",
      licenses: licensesOf("MIT"),
      purl: runtime,
      externalReferences: [{ type: "license", url: BUN_LICENSE }],
      components: linkedIntoBun().map(linked),
    },
  ];
  const addon = contents.packages.find(({ name }) => name === "better-sqlite3");
  const dependencies = [
    { ref: ROOT, dependsOn: [...refsOf(contents.ownImports), runtime].toSorted() },
    ...contents.packages.map((one) => ({
      ref: refOf(one),
      dependsOn: [...refsOf(one.imports), ...(one === addon ? [sqliteRef] : [])],
    })),
    { ref: sqliteRef, dependsOn: [] },
    { ref: runtime, dependsOn: [] },
  ];
  const body = {
    version: 1,
    metadata: {
      ...timestamp,
      lifecycles: [{ phase: "build" }],
      component: {
        type: "application",
        "bom-ref": ROOT,
        name: "pausepoint",
        version,
        licenses: licensesOf("Apache-2.0"),
        properties: [{ name: "pausepoint:target", value: target.name }],
      },
    },
    components,
    dependencies,
  };
  const head = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
  };
  return `${JSON.stringify({ ...head, serialNumber: serialOf(JSON.stringify(body)), ...body }, null, 2)}\n`;
}

/** Every licence text of what is in an executable, one after the other. */
export function licenseTexts({ project, contents }: Pick<BillRequest, "project" | "contents">): string {
  const here = (name: string) => readFileSync(join(import.meta.dir, "licenses", name), "utf8");
  const sqlite = embeddedSqlite(project);
  const parts = [
    ["PausePoint: Apache-2.0", readFileSync(join(project, "LICENSE"), "utf8")],
    ...contents.packages.map(({ name, version, license, licenseText }) => [
      `${name} ${version}: ${license}`,
      licenseText,
    ]),
    [`SQLite ${sqlite.version}: in the public domain`, sqlite.text],
    [`Bun ${Bun.version}: MIT, and the libraries in it`, aboutBun()],
    ["GNU Library General Public License 2 (JavaScriptCore)", here("LGPL-2.0.txt")],
    ["GNU Lesser General Public License 2.1 (TinyCC)", here("LGPL-2.1.txt")],
  ];
  const lead =
    "What is in this executable of PausePoint, and under which licence. `pausepoint licenses --sbom` prints the same as a\nbill of materials.\n";
  return `${lead}\n${parts.map(([title, text = ""]) => `${RULE}\n${title}\n${RULE}\n\n${text.trim()}\n`).join("\n")}`;
}

const RULE = "=".repeat(80);

function aboutBun(): string {
  const list = linkedIntoBun().map(
    ({ name, version, license, url }) =>
      `${name}${version === null ? "" : ` ${version}`}: ${license ?? "several"}, ${url}`,
  );
  return [
    "Bun is under the MIT licence. Its makers have linked these libraries into it, each under its own licence, whose text",
    "stands at the address named; the texts of the LGPL follow below, that of Apache-2.0 stands first of all.",
    "",
    ...list,
    "",
    "JavaScriptCore and TinyCC are under the LGPL: whoever wants to run this program with a changed one builds Bun with it",
    `as its makers describe at ${BUN_LICENSE}, and PausePoint with that Bun by \`npm run build\`.`,
  ].join("\n");
}

function linked({ name, version, license, url }: LinkedLibrary): object {
  return {
    type: "library",
    "bom-ref": `bun:${name}`,
    name,
    ...(version === null ? {} : { version }),
    licenses: license === null ? [{ license: { name: `several, of ${name}'s own`, url } }] : licensesOf(license),
    externalReferences: [{ type: "vcs", url }],
  };
}

function licensesOf(license: string): object[] {
  return [/^[\w.+-]+$/.test(license) ? { license: { id: license } } : { expression: license }];
}

/** Two copies of one package in different folders are two components. */
function refOf(one: BundledPackage): string {
  return `${purlOf(one)}#${one.folder}`;
}

/** https://github.com/package-url/purl-spec: the scope's `@` is escaped. */
function purlOf({ name, version }: BundledPackage): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

function namesOf(name: string): { readonly group?: string; readonly name: string } {
  const [, group, rest] = /^(@[^/]+)\/(.+)$/.exec(name) ?? [];
  return group === undefined || rest === undefined ? { name } : { group, name: rest };
}

/** A UUID of the content (RFC 9562, version 8), so that another bill has another number and the same bill the same. */
function serialOf(text: string): string {
  const bytes = createHash("sha256").update(text).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return `urn:uuid:${bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")}`;
}

function timeOf(epoch: string): string {
  if (!/^\d{1,11}$/.test(epoch)) throw new Error("SOURCE_DATE_EPOCH has to be a number of seconds since 1970.");
  return new Date(Number(epoch) * 1000).toISOString();
}
