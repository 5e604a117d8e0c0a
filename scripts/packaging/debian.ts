import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { installedConfiguration } from "./configuration.ts";

export interface PackageRequest {
  readonly project: string;
  /** The executable for that machine. */
  readonly executable: string;
  /** As in package.json. */
  readonly version: string;
  /** Debian's name of the machine. */
  readonly architecture: "amd64" | "arm64";
  /** Of all files in the package, in seconds since 1970: the same files give the same package, to the byte. */
  readonly madeAt: number;
  /** The folder to write it into. */
  readonly out: string;
  /** How hard gzip tries, 0 to 9. Default 9. */
  readonly compression?: number;
}

/** Makes `pausepoint_<version>_<architecture>.deb` with dpkg-deb, and answers its path. */
export function makeDebianPackage(request: PackageRequest): string {
  const { project, out } = request;
  const tree = mkdtempSync(join(out, ".deb-"));
  const put = (path: string, content: string | Uint8Array, mode = 0o644) => {
    mkdirSync(dirname(join(tree, path)), { recursive: true, mode: 0o755 });
    writeFileSync(join(tree, path), content);
    chmodSync(join(tree, path), mode);
  };
  const packaging = (name: string) => readFileSync(join(project, "scripts/packaging", name), "utf8");
  try {
    chmodSync(tree, 0o755);
    put("usr/bin/pausepoint", "", 0o755);
    copyFileSync(request.executable, join(tree, "usr/bin/pausepoint"));
    put("usr/sbin/pausepoint-admin", packaging("pausepoint-admin"), 0o755);
    const unit = packaging("pausepoint.service").replaceAll("/usr/local/bin/", "/usr/bin/");
    put("usr/lib/systemd/system/pausepoint.service", unit);
    put("etc/pausepoint/pausepoint.config.ts", installedConfiguration(project));
    put("usr/share/doc/pausepoint/changelog.gz", gzipSync(changelog(request), { level: 9 }));
    put("usr/share/doc/pausepoint/CHANGELOG.md", readFileSync(join(project, "CHANGELOG.md")));
    put("usr/share/lintian/overrides/pausepoint", overrides);
    put("usr/share/doc/pausepoint/copyright", copyright(project));
    const licenses = `${request.executable}.licenses.txt`;
    if (existsSync(licenses)) put("usr/share/doc/pausepoint/licenses.txt", readFileSync(licenses));
    put("DEBIAN/control", control(request));
    put("DEBIAN/conffiles", "/etc/pausepoint/pausepoint.config.ts\n");
    for (const script of ["preinst", "postinst", "prerm", "postrm"])
      put(`DEBIAN/${script}`, packaging(`debian/${script}`), 0o755);
    const file = join(out, `pausepoint_${request.version}_${request.architecture}.deb`);
    const { exitCode, stderr } = Bun.spawnSync(
      ["dpkg-deb", "--root-owner-group", "-Zgzip", `-z${request.compression ?? 9}`, "--build", tree, file],
      {
        env: { ...process.env, SOURCE_DATE_EPOCH: String(request.madeAt) },
        stdout: "ignore",
      },
    );
    if (exitCode !== 0) throw new Error(`dpkg-deb made no package: ${stderr.toString()}`);
    return file;
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

function control({ version, architecture }: PackageRequest): string {
  return `Package: pausepoint
Version: ${version}
Architecture: ${architecture}
Maintainer: ${maintainer}
Section: net
Priority: optional
Depends: libc6 (>= 2.34), libstdc++6, libgcc-s1, passwd
Recommends: systemd
Description: human-approval API for AI agents
 An agent asks, a person gets a text, a mail or a message in Slack, taps one
 option, and the agent goes on. One server in one executable, with its database
 in one folder.
`;
}

const maintainer = "PausePoint <pausepoint@localhost>";

function changelog({ version, madeAt }: PackageRequest): string {
  const when = new Date(madeAt * 1000).toUTCString().replace("GMT", "+0000");
  return `pausepoint (${version}) stable; urgency=medium\n\n  * See CHANGELOG.md beside this file.\n\n -- ${maintainer}  ${when}\n`;
}

/** What lintian is told not to say, and why. */
const overrides = `# Whoever builds this is not Debian, and has no address that holds for everybody.
pausepoint: bogus-mail-host *
pausepoint: bogus-mail-host-in-debian-changelog *
# The executable is Bun's runtime with the program behind it, where strip would cut it off; Bun is linked like that.
pausepoint: unstripped-binary-or-object *
pausepoint: embedded-library *
pausepoint: hardening-no-pie *
pausepoint: hardening-no-relro *
# --help says it all.
pausepoint: no-manual-page *
# It is there only once the package is installed, so its path is asked for.
pausepoint: command-with-path-in-maintainer-script *
# postinst asks first whether systemd runs, for all that follows, and waits for the service as deb-systemd-invoke does not.
pausepoint: maintainer-script-calls-systemctl *
`;

function copyright(project: string): string {
  const license = readFileSync(join(project, "LICENSE"), "utf8");
  if (!license.includes("Apache License")) throw new Error("LICENSE is another one than the Debian package names.");
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: PausePoint

Files: *
Copyright: 2026, the authors of PausePoint
License: Apache-2.0
 On Debian systems the text of the Apache License 2.0 is in
 /usr/share/common-licenses/Apache-2.0.
`;
}
