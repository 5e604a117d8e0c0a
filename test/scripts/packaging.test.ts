import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeDebianPackage } from "../../scripts/packaging/debian.ts";
import { makeRelease } from "../../scripts/packaging/release.ts";
import { project } from "../docs/documents.ts";
import { environment, run } from "../support/binary.ts";
import { testNeeding } from "../support/needs.ts";

const folder = mkdtempSync(join(tmpdir(), "pausepoint-packaging-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const scripts = [
  "install.sh",
  "scripts/packaging/pausepoint-admin",
  ...["preinst", "postinst", "prerm", "postrm"].map((name) => `scripts/packaging/debian/${name}`),
];
const unit = "scripts/packaging/pausepoint.service";

describe("what PausePoint is installed with", () => {
  testNeeding("shellcheck")(
    "are scripts that shellcheck has nothing to say about, as any shell would run them",
    async () => {
      expect(
        await run(["shellcheck", "--shell=sh", "--enable=check-unassigned-uppercase", ...scripts], project),
      ).toEqual({
        status: 0,
        stdout: "",
        stderr: "",
      });
    },
  );

  testNeeding("systemd-analyze")(
    "is a unit whose exposure systemd calls 2.0 at most, and that lets JavaScript be compiled",
    async () => {
      const words = ["security", "--offline=true", "--threshold=20", "--no-pager", unit];
      expect(await run(["systemd-analyze", ...words], project)).toMatchObject({ status: 0 });
      const settings = readFileSync(join(project, unit), "utf8").replaceAll(/^#.*$/gm, "");
      expect(settings).not.toContain("MemoryDenyWriteExecute");
    },
  );

  testNeeding("systemd-analyze")("is a unit that systemd understands to the last line", async () => {
    const known = join(folder, "pausepoint.service");
    // It is told of an executable that this machine does not have.
    writeFileSync(known, readFileSync(join(project, unit), "utf8").replace("/usr/local/bin/pausepoint", "/bin/true"));
    const { stderr } = await run(["systemd-analyze", "verify", "--man=no", known], project);
    expect(stderr.split("\n").filter((line) => line.includes("pausepoint.service"))).toEqual([]);
  });

  testNeeding("dpkg-deb")("is a Debian package that is the same to the byte when it is made again", async () => {
    const [first, second] = ["a", "b"].map((name) => {
      mkdirSync(join(folder, name));
      return new Bun.CryptoHasher("sha256").update(readFileSync(packaged(join(folder, name)))).digest("hex");
    });
    expect(first).toBe(second as string);
  });

  testNeeding("dpkg-deb", "lintian")(
    "is a Debian package that lintian has nothing to say about",
    async () => {
      mkdirSync(join(folder, "looked-at"));
      const file = packaged(join(folder, "looked-at"));
      const words = ["--allow-root", "--fail-on=error,warning", file];
      expect(await run(["lintian", ...words], project)).toMatchObject({ status: 0, stdout: "" });
    },
    60_000,
  );

  testNeeding("ssh-keygen")("is a release whose checksums and signature hold, and hold for nothing else", async () => {
    const key = join(folder, "key");
    await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "somebody", "-f", key], folder);
    const out = join(folder, "release");
    const executables = { "linux-x64": small() };
    const names = makeRelease({ project, version: "1.2.3", executables, key, madeAt: 0, out, debian: false });
    expect(names).toContain("SHA256SUMS.sig");
    expect(readFileSync(join(out, "release-key.pub"), "utf8")).toMatch(/^ssh-ed25519 \S+\n$/);
    expect(await run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], out)).toMatchObject({ status: 0 });
    const listed = readFileSync(join(out, "SHA256SUMS"), "utf8").matchAll(/^\S{64} {2}(.+)$/gm);
    expect([...listed].map(([, name]) => name).sort()).toEqual(
      names.filter((name) => !/^SHA256SUMS/.test(name)).sort() as string[],
    );
  });
});

describe("install.sh", () => {
  test("says what is wrong with what it was asked, before it does anything", async () => {
    const env = environment();
    const asked = (...words: string[]) => run(["sh", join(project, "install.sh"), "--dry-run", ...words], folder, env);
    expect(await asked("--frm", "x")).toMatchObject({ status: 2, stderr: expect.stringContaining('no "--frm"') });
    expect(await asked("--from")).toMatchObject({ status: 2, stderr: expect.stringContaining("--from takes a value") });
    expect(await asked("--purge")).toMatchObject({ status: 2, stderr: expect.stringContaining("goes with uninstall") });
    expect(await asked("--from", folder)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("is no release folder"),
    });
    expect(await asked("--help")).toMatchObject({ status: 0, stdout: expect.stringContaining("--dry-run") });
  });
});

/** A package whose executable is a small one, since what is looked at is the package. */
function packaged(out: string): string {
  return makeDebianPackage({
    project,
    executable: small(),
    version: "1.2.3",
    architecture: "amd64",
    madeAt: 1_700_000_000,
    out,
  });
}

function small(): string {
  const path = join(folder, "small");
  writeFileSync(path, "#!/bin/sh\n");
  chmodSync(path, 0o755);
  return path;
}
