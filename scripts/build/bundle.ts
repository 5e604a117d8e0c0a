import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Target } from "./targets.ts";

export interface BundleRequest {
  /** The folder that node_modules and package.json stand in. */
  readonly project: string;
  /** The TypeScript file that `pausepoint` starts with. */
  readonly entry: string;
  /** Path of the file to write. Its last part is also the name that stack traces of the executable show. */
  readonly outfile: string;
  readonly target: Target;
  /** Path of the target's Bun runtime. */
  readonly runtime: string;
  /** Expressions replaced at build time, as in `{ "process.env.NODE_ENV": '"production"' }`. */
  readonly define: Readonly<Record<string, string>>;
  /** Text put before the bundle. */
  readonly banner?: string;
  /** Texts that go along as files, by name: `Bun.embeddedFiles` has them as `<name>-<hash>.embedded`. */
  readonly texts?: Readonly<Record<string, string>>;
}

/**
 * Writes one executable with everything in it: the code with its bytecode, text imports (.sql, .css), the SQLite addon
 * and a source map for readable stack traces. Throws when any part failed, also when only the bytecode did, which
 * Bun 1.4 by itself reports as a success: the executable would start at a third of its speed.
 */
export async function bundle(request: BundleRequest): Promise<void> {
  const { banner, define, entry, outfile, project, runtime, target, texts = {} } = request;
  const built = await Bun.build({
    entrypoints: [entry, ...Object.entries(texts).map(([name, text]) => written(dirname(outfile), name, text))],
    loader: { ".embedded": "file" },
    target: "bun",
    format: "esm", // with bytecode, top-level await works in this format alone
    bytecode: true,
    splitting: true, // what is imported when asked for is not even read before
    sourcemap: "external",
    minify: { whitespace: true, syntax: true, identifiers: false }, // names stay, for stack traces
    define: { ...define },
    ...(banner === undefined ? {} : { banner }),
    plugins: [embeddedSqlite(target.sqliteEntry, project)],
    compile: {
      target: target.platform,
      executablePath: runtime,
      outfile,
      // Whatever lies in the folder that someone starts PausePoint from must not change what it does.
      autoloadDotenv: false,
      autoloadBunfig: false,
      autoloadTsconfig: false,
      autoloadPackageJson: false,
    },
    throw: false,
  });
  const complaints = built.logs.filter((log) => log.level === "error").map((log) => log.message);
  if (!built.success || complaints.length > 0) {
    throw new Error(`The executable could not be made: ${complaints.join("; ") || "Bun gave no reason"}`);
  }
}

/** What the bundler would put into the executable, without making one. @throws Error where it can't. */
export async function account(
  request: Pick<BundleRequest, "project" | "entry" | "target" | "define">,
): Promise<Bun.BuildMetafile> {
  const { define, entry, project, target } = request;
  const { metafile, logs } = await Bun.build({
    entrypoints: [entry],
    target: "bun",
    format: "esm",
    minify: { syntax: true }, // so that what the defines make unreachable falls out here too
    define: { ...define },
    metafile: true,
    plugins: [embeddedSqlite(target.sqliteEntry, project)],
    throw: false,
  });
  if (metafile === undefined) throw new Error(`The bundler gives no account: ${logs.map(String).join("; ")}`);
  return metafile;
}

function written(folder: string, name: string, text: string): string {
  const path = join(folder, `${name}.embedded`);
  writeFileSync(path, text);
  return path;
}

/** Sends every import of better-sqlite3 to the entry of one platform, whose addon the bundler can see and embed. */
function embeddedSqlite(entry: string, project: string): Bun.BunPlugin {
  return {
    name: "embedded-sqlite",
    setup(build) {
      build.onResolve({ filter: /^better-sqlite3$/ }, () => ({ path: Bun.resolveSync(entry, project) }));
    },
  };
}
