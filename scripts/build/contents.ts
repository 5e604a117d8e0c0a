/**
 * What an executable is made of, read from the bundler's own account of what it has put in (not from package.json: much of
 * what stands there is never bundled, and most of what is bundled does not stand there).
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A package of npm, or the part of it that is bundled. */
export interface BundledPackage {
  /** `node_modules/a/node_modules/@b/c`, relative to the project. */
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  /** An SPDX expression. */
  readonly license: string;
  readonly licenseText: string;
  /** The SHA-512 of the package as package-lock.json pins it, in hex digits. */
  readonly sha512: string;
  /** The folders of the packages whose code its own imports. */
  readonly imports: readonly string[];
}

/** What the executable's own code and each package import. */
export interface Contents {
  readonly packages: readonly BundledPackage[];
  /** The folders of the packages that PausePoint's own code imports. */
  readonly ownImports: readonly string[];
}

/** @throws Error for a package without a licence, or that package-lock.json does not pin. */
export function contentsOf(metafile: Bun.BuildMetafile, project: string): Contents {
  const bundled = new Set<string>();
  for (const { inputs } of Object.values(metafile.outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const folder = packageFolder(path);
      if (folder !== null && bytesInOutput > 0) bundled.add(folder);
    }
  }
  // The SQLite addon is a file of its own, not text of the bundle.
  for (const path of Object.keys(metafile.inputs)) {
    const folder = path.endsWith(".node") ? packageFolder(path) : null;
    if (folder !== null) bundled.add(folder);
  }
  const imports = importsOf(metafile, bundled);
  const locked = readJson<{ packages: Record<string, { integrity?: string }> }>(join(project, "package-lock.json"));
  const packages = [...bundled].toSorted().map((folder): BundledPackage => {
    const { name, version, license } = readJson<Record<string, unknown>>(join(project, folder, "package.json"));
    if (typeof name !== "string" || typeof version !== "string" || typeof license !== "string")
      throw new Error(`${folder}/package.json names no package, version or licence.`);
    const [, base64] = /^sha512-(.+)$/.exec(locked.packages[folder]?.integrity ?? "") ?? [];
    if (base64 === undefined) throw new Error(`package-lock.json has no SHA-512 of ${folder}.`);
    return {
      folder,
      name,
      version,
      license,
      licenseText: licenseTextOf(join(project, folder)),
      sha512: Buffer.from(base64, "base64").toString("hex"),
      imports: imports.get(folder) ?? [],
    };
  });
  return { packages, ownImports: imports.get(OWN) ?? [] };
}

const OWN = "";

/** By folder of a package, or {@link OWN}: which other packages it imports. */
function importsOf(metafile: Bun.BuildMetafile, bundled: ReadonlySet<string>): Map<string, string[]> {
  const found = new Map<string, Set<string>>();
  for (const [path, { imports }] of Object.entries(metafile.inputs)) {
    const from = packageFolder(path) ?? OWN;
    const to = found.get(from) ?? new Set();
    found.set(from, to);
    for (const { path: imported } of imports) {
      const folder = packageFolder(imported);
      if (folder !== null && folder !== from && bundled.has(folder)) to.add(folder);
    }
  }
  return new Map([...found].map(([from, to]) => [from, [...to].toSorted()]));
}

/** The folder of the package that a file belongs to; null for a file of PausePoint's own, or of Bun's. */
function packageFolder(path: string): string | null {
  return /^(?:.*?\/)??(node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? null;
}

/** All that a package says of its licence: its files, else that section of its README. */
function licenseTextOf(folder: string): string {
  const files = readdirSync(folder).filter((name) => /^(?:licen[cs]e|copying|notice)\b/i.test(name));
  if (files.length > 0)
    return files
      .toSorted()
      .map((name) => readFileSync(join(folder, name), "utf8").trim())
      .join("\n\n");
  const readme = join(folder, "README.md");
  const text = existsSync(readme) ? readFileSync(readme, "utf8") : "";
  const [, section = ""] = /^(?:#+ Licen[cs]e|Licen[cs]e\n-+)\n([\s\S]*)$/im.exec(text) ?? [];
  if (!section.includes("Copyright")) throw new Error(`${folder} holds no licence text.`);
  return section
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replace(/^\[.*\]: .*$/gm, "")
    .trim();
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, "utf8"));
}
