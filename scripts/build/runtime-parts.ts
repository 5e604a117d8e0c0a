/**
 * What is in an executable beside the bundle: Bun, the libraries that its makers have linked into it, and the SQLite in the
 * addon of better-sqlite3. Which libraries, and under which licences, is told by Bun's LICENSE.md; their versions by Bun.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A library that came linked. */
export interface LinkedLibrary {
  readonly name: string;
  /** A version or a commit, where it is known. */
  readonly version: string | null;
  /** An SPDX expression; null where the library names several of its own. */
  readonly license: string | null;
  /** Where its source and its licence are. */
  readonly url: string;
}

/** Where Bun tells what it is made of. */
export const BUN_LICENSE = `https://github.com/oven-sh/bun/blob/bun-v${Bun.version}/LICENSE.md`;

/** Name, SPDX expression, address, and what `process.versions` calls it. */
const LINKED: readonly (readonly [string, string | null, string, string?])[] = [
  ["BoringSSL", null, "https://boringssl.googlesource.com/boringssl", "boringssl"],
  ["Brotli", "MIT", "https://github.com/google/brotli"],
  ["c-ares", "MIT", "https://github.com/c-ares/c-ares", "ares"],
  ["Highway", "Apache-2.0", "https://github.com/google/highway"],
  ["ICU", "Unicode-3.0", "https://github.com/unicode-org/icu", "icu"],
  ["JavaScriptCore", "LGPL-2.0-or-later", "https://github.com/oven-sh/webkit", "webkit"],
  ["libarchive", null, "https://github.com/libarchive/libarchive", "libarchive"],
  ["libbase64", "BSD-2-Clause", "https://github.com/aklomp/base64"],
  ["libdeflate", "MIT", "https://github.com/ebiggers/libdeflate", "libdeflate"],
  ["libjpeg-turbo", "BSD-3-Clause AND IJG AND Zlib", "https://github.com/libjpeg-turbo/libjpeg-turbo"],
  ["libspng", "BSD-2-Clause", "https://github.com/randy408/libspng"],
  ["libwebp", "BSD-3-Clause", "https://github.com/webmproject/libwebp"],
  ["lol-html", "BSD-3-Clause", "https://github.com/cloudflare/lol-html", "lolhtml"],
  ["ls-hpack", "MIT", "https://github.com/litespeedtech/ls-hpack", "lshpack"],
  ["ls-qpack", "MIT", "https://github.com/litespeedtech/ls-qpack"],
  ["lsquic", "MIT AND BSD-3-Clause", "https://github.com/litespeedtech/lsquic"],
  ["mimalloc", "MIT", "https://github.com/microsoft/mimalloc", "mimalloc"],
  ["picohttpparser", "MIT", "https://github.com/h2o/picohttpparser", "picohttpparser"],
  ["simdutf", "Apache-2.0", "https://github.com/simdutf/simdutf"],
  ["TinyCC", "LGPL-2.1-or-later", "https://github.com/tinycc/tinycc", "tinycc"],
  ["uSockets", "Apache-2.0", "https://github.com/uNetworking/uSockets", "usockets"],
  ["uucode", "MIT", "https://github.com/jacobsandlund/uucode"],
  ["uWebSockets", "Apache-2.0", "https://github.com/uNetworking/uWebSockets", "uwebsockets"],
  ["zlib-ng", "Zlib", "https://github.com/zlib-ng/zlib-ng", "zlib"],
  ["Zstandard", "BSD-3-Clause", "https://github.com/facebook/zstd", "zstd"],
];

/** What is linked into the Bun that this build runs on, which is of the same version as the one in the executable. */
export function linkedIntoBun(): readonly LinkedLibrary[] {
  const versions: Readonly<Record<string, string | undefined>> = process.versions;
  return LINKED.map(([name, license, url, key]) => ({
    name,
    version: key === undefined ? null : (versions[key] ?? null),
    license,
    url,
  }));
}

/** The SQLite that better-sqlite3 has compiled in: its version, and what its authors say in place of a licence. */
export function embeddedSqlite(project: string): { readonly version: string; readonly text: string } {
  const header = readFileSync(join(project, "node_modules/better-sqlite3/deps/sqlite3/sqlite3.h"), "utf8");
  const [, version] = /^#define SQLITE_VERSION\s+"([^"]+)"$/m.exec(header) ?? [];
  const [, blessing] = /^\/\*\n([\s\S]*?)\n\*{10}/.exec(header) ?? [];
  if (version === undefined || blessing === undefined) throw new Error("better-sqlite3 does not show its SQLite.");
  return { version, text: blessing.replace(/^\*\* ?/gm, "").trim() };
}
