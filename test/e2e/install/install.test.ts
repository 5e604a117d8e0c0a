/**
 * The installer from the first file to the last, in a Debian that was made for it: see docs/install-transcript.md, which
 * this writes. The tests are one story, in order, on one machine.
 */
import { afterAll, beforeAll, describe, expect } from "bun:test";
import { cpSync, existsSync, mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { ownTarget } from "../../../scripts/build/targets.ts";
import { makeDebianPackage } from "../../../scripts/packaging/debian.ts";
import { isReleaseTarget, makeRelease } from "../../../scripts/packaging/release.ts";
import { project } from "../../docs/documents.ts";
import { pathOf, testNeeding } from "../../support/needs.ts";
import { Machine } from "./machine.ts";
import { shapeOf, Transcript } from "./transcript.ts";
import { buildVariant } from "./variants.ts";

const installTest = testNeeding("a machine of its own", "dist/pausepoint", "ssh-keygen");
const debTest = testNeeding("a machine of its own", "dist/pausepoint", "ssh-keygen", "dpkg-deb");
const isSkipped = installTest !== testNeeding();

const { version }: { version: string } = await Bun.file(join(project, "package.json")).json();
const [major = "0", minor = "0"] = version.split(".");
/** Versions behind this one. */
const later = (steps: number) => `${major}.${Number(minor) + steps}.0`;
const [works, fails, ends, cut] = [later(1), later(2), later(3), later(4)];

const folder = mkdtempSync(join(tmpdir(), "pausepoint-install-"));
const root = join(folder, "root");
const transcript = new Transcript();
let machine: Machine;

beforeAll(async () => {
  if (isSkipped) return;
  const added = "CREATE TABLE added_for_a_test (id INTEGER PRIMARY KEY) STRICT;";
  const half = `CREATE TABLE half (id INTEGER PRIMARY KEY) STRICT; INSERT INTO half VALUES (1); INSERT INTO nowhere VALUES (1);`;
  const build = (name: string, variant: Parameters<typeof buildVariant>[0]) =>
    buildVariant(variant, join(folder, name));
  const installed = Machine.install(root);
  const executables = {
    [version]: pathOf("dist/pausepoint"),
    [works]: await build("works", { version: works, migrations: [added] }),
    [fails]: await build("fails", {
      version: fails,
      migrations: [added, "CREATE TABLE more (id INTEGER) STRICT;", half],
    }),
    [ends]: await build("ends", {
      version: ends,
      migrations: [added],
      first: `if (process.argv.includes("serve")) { console.error("This build can't serve."); process.exit(1); }`,
    }),
    [cut]: cutOff(pathOf("dist/pausepoint")),
  };
  await installed;
  for (const [name, executable] of Object.entries(executables)) release(name, executable, "release");
  release("forged", pathOf("dist/pausepoint"), "stranger");
  machine = await Machine.boot(root);
}, 400_000);

afterAll(async () => {
  await machine?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("on a machine of its own, install.sh", () => {
  let key = "";
  let pending = "";

  installTest("says each step and changes nothing when asked to", async () => {
    transcript.say(
      "What it would do",
      "The release was copied to the machine. `--dry-run` needs no root and changes nothing.",
    );
    const before = await files();
    const output = await type(`sh /srv/pausepoint-${version}/install.sh --dry-run`);
    expect(output).toContain("would: Make the system user pausepoint");
    expect(output).toContain("Nothing was changed.");
    expect(await files()).toBe(before);
  });

  installTest("refuses a key that is not the expected one, and a file that was changed", async () => {
    transcript.say(
      "What it refuses",
      "A release signed by a stranger, where the fingerprint is known from elsewhere; and one with a changed file.",
    );
    const before = await files();
    const print = (
      await machine.run(`ssh-keygen -l -f /srv/pausepoint-${version}/release-key.pub | cut -d ' ' -f 2`)
    ).output.trim();
    expect(await type(`sh /srv/pausepoint-forged/install.sh --fingerprint ${print}`, 1)).toContain(
      "signed with another key",
    );
    await machine.run(
      `cp -a /srv/pausepoint-${version} /srv/changed && echo "# more" >>/srv/changed/pausepoint.service`,
    );
    expect(await type("sh /srv/changed/install.sh", 1)).toContain("pausepoint.service is damaged or was changed");
    await machine.run("sed -i /pausepoint.service/d /srv/changed/SHA256SUMS");
    expect((await machine.run("sh /srv/changed/install.sh")).output).toContain(
      "The signature is not one of the trusted key",
    );
    expect(await files()).toBe(before);
  });

  installTest("installs a service that is ready, and does it twice without harm", async () => {
    transcript.say("The installation", "Twice: the second time there is nothing left to do.");
    const output = await type(`sh /srv/pausepoint-${version}/install.sh`);
    expect(output).toContain(`PausePoint ${version} is ready.`);
    expect(await type("systemctl is-active pausepoint; systemctl is-enabled pausepoint")).toBe("active\nenabled\n");
    const started = await startedAt();
    expect(await type(`sh /srv/pausepoint-${version}/install.sh`)).toContain(
      "is installed already, from the same files",
    );
    expect(await startedAt()).toBe(started);
    expect(await type("pausepoint-admin doctor")).not.toContain("fail");
    const score = await type("systemd-analyze security --no-pager pausepoint | tail -n 1");
    expect(Number(/level for pausepoint\.service: ([\d.]+)/.exec(score)?.[1])).toBeLessThanOrEqual(2.0);
    expect((await machine.run("stat -c '%U %a' /var/lib/pausepoint /etc/pausepoint/pausepoint.config.ts")).output).toBe(
      "pausepoint 700\nroot 640\n",
    );
  });

  installTest("leaves a server that asks a person and hears the answer", async () => {
    transcript.say(
      "The first question",
      "A key for tests, whose messages stay on the server, so that both sides can be seen.",
    );
    key = JSON.parse(await type(`pausepoint-admin keys create --name "first agent" --mode test --json`)).key;
    const asked = JSON.parse(await ask("Deploy build 4712 to production?", true));
    await answer(asked.pause_id, true);
    const ended = await curl(`http://127.0.0.1:8787/v1/pause/${asked.pause_id}`, true);
    expect(JSON.parse(ended)).toMatchObject({
      status: "responded",
      response_choice: "Approve",
      response_source: "human",
    });
    pending = JSON.parse(await ask("Is this still asked after the upgrade?")).pause_id;
    await machine.run("echo 'FOR_THIS_TEST=\"two words\"' >/etc/pausepoint/secrets");
  });

  installTest("upgrades in place, with the data and the configuration as they were", async () => {
    transcript.say(
      "An upgrade",
      `Version ${works} has one migration more. One question was answered, one is still open.`,
    );
    const [pauses, configuration] = [await list(), await sum("/etc/pausepoint/pausepoint.config.ts")];
    // Read by the service from its unit, and by each command through pausepoint-admin.
    const own = `if (process.env.FOR_THIS_TEST !== "two words") throw new Error("no secret");`;
    await machine.run(`echo '${own}' >>/etc/pausepoint/pausepoint.config.ts`);
    const mine = await sum("/etc/pausepoint/pausepoint.config.ts");
    expect(mine).not.toBe(configuration);
    const output = await type(`sh /srv/pausepoint-${works}/install.sh`);
    expect(output).toContain("Save the data with PausePoint");
    expect(output).toContain(`PausePoint ${works} is ready.`);
    expect(await type("pausepoint version; ls /var/lib/pausepoint/backups")).toContain(
      `before-${works}-over-${version}-`,
    );
    expect(await list()).toBe(pauses);
    expect(await sum("/etc/pausepoint/pausepoint.config.ts")).toBe(mine);
  });

  installTest("goes back by itself when a migration fails half-way", async () => {
    transcript.say(
      "An upgrade whose migration fails",
      `Version ${fails} has two migrations more. The first is done, the second fails in its middle.`,
    );
    const pauses = await list();
    const output = await type(`sh /srv/pausepoint-${fails}/install.sh`, 1);
    expect(output).toMatch(/migration \d+_for_a_test failed and was undone/);
    expect(output).toContain("Bring back the data from");
    expect(output).toContain(`${works} is back in place and serves`);
    await isAsBefore(pauses);
  });

  installTest("goes back by itself when the new version does not start", async () => {
    transcript.say(
      "An upgrade that does not start",
      `Version ${ends} ends as soon as it should serve; ${cut} is cut in its middle, as by a full disk where it was built.`,
    );
    const pauses = await list();
    const output = await type(`sh /srv/pausepoint-${ends}/install.sh`, 1);
    expect(output).toContain("This build can't serve.");
    expect(output).toContain("can be read by it");
    expect(output).toContain(`${works} is back in place and serves`);
    await isAsBefore(pauses);
    const started = await startedAt();
    expect(await type(`sh /srv/pausepoint-${cut}/install.sh`, 1)).toContain("does not run on this machine: Bus error");
    expect(await startedAt()).toBe(started);
    await isAsBefore(pauses);
  });

  installTest("goes back by itself when the new files can't be put in place", async () => {
    const pauses = await list();
    await machine.run("mount --bind /usr/local/bin /usr/local/bin && mount -o remount,ro,bind /usr/local/bin");
    const { status, output } = await machine.run(`sh /srv/pausepoint-${ends}/install.sh`);
    await machine.run("umount /usr/local/bin");
    expect({ status, output }).toMatchObject({ status: 1, output: expect.stringContaining("Read-only file system") });
    expect(output).toContain(`PausePoint ${works} is in place and serves.`);
    await isAsBefore(pauses);
  });

  installTest("goes back by itself when somebody stops it half-way", async () => {
    const pauses = await list();
    const script = `/srv/pausepoint-${ends}/install.sh`;
    await machine.run(`sed 's/^start_and_wait() {/start_and_wait() { kill -INT $$;/' ${script} >/srv/stopped.sh`);
    const { status, output } = await machine.run(`sh /srv/stopped.sh --from /srv/pausepoint-${ends}`);
    expect({ status, output }).toMatchObject({ status: 130, output: expect.stringContaining("was not finished") });
    expect(output).toContain(`PausePoint ${works} is in place and serves.`);
    await isAsBefore(pauses);
  });

  installTest("goes on with an upgrade that was cut off, and back from there", async () => {
    const pauses = await list();
    // As when the machine's power fails between the new executable and its start.
    const script = `/srv/pausepoint-${ends}/install.sh`;
    await machine.run(`sed 's/^start_and_wait() {/start_and_wait() { kill -KILL $$;/' ${script} >/srv/killed.sh`);
    expect((await machine.run(`sh /srv/killed.sh --from /srv/pausepoint-${ends}`)).output).toContain(
      "upgrade is under way",
    );
    expect((await machine.run("pausepoint version")).output).toContain(ends);
    const { status, output } = await machine.run(`sh ${script}`);
    expect({ status, output }).toMatchObject({ status: 1, output: expect.stringContaining("it is taken up again") });
    expect(output).toContain(`${works} is back in place and serves`);
    await isAsBefore(pauses);
  });

  installTest("uninstalls, and leaves the data until it is asked to remove it too", async () => {
    transcript.say(
      "The end",
      "First the question that was open through all of this is answered. Uninstalling keeps the data, so that another installation finds it.",
    );
    await answer(pending, true);
    const pauses = await list();
    expect(await type("sh /usr/local/lib/pausepoint/install.sh uninstall")).toContain("is not installed any more");
    expect(await type("systemctl is-active pausepoint; ls /usr/local/bin /var/lib/pausepoint")).toContain(
      "pausepoint.db",
    );
    await machine.run(`sh /srv/pausepoint-${works}/install.sh`);
    expect(await list()).toBe(pauses);
    expect(await type("sh /usr/local/lib/pausepoint/install.sh uninstall --purge")).toContain(
      "/var/lib/pausepoint and all that is in it",
    );
    expect((await machine.run("sh /srv/pausepoint-forged/install.sh uninstall --purge")).status).toBe(0);
    const left = await machine.run("find / -xdev -path /srv -prune -o -iname '*pausepoint*' -print; id pausepoint");
    expect(left.output.replace(/^\/(var\/log|var\/lib\/systemd)\/.*\n/gm, "")).toBe("id: ‘pausepoint’: no such user\n");
  });

  installTest("writes the transcript that stands in the documents", () => {
    // UPDATE_TRANSCRIPT=1 bun test test/e2e/install writes it anew.
    expect(shapeOf(transcript.page())).toBe(shapeOf(transcript.text));
    return undefined;
  });

  debTest(
    "is no party to the Debian package, which installs, upgrades with a backup and goes without a trace",
    async () => {
      expect(await dpkg(`--install /srv/${await deb(version)}`)).toMatchObject({ status: 0 });
      expect(
        (
          await machine.run(
            "for i in 1 2 3 4 5 6 7 8 9; do pausepoint-admin healthcheck && exit; sleep 1; done; exit 1",
          )
        ).status,
      ).toBe(0);
      expect((await machine.run(`sh /srv/pausepoint-${version}/install.sh`)).output).toContain("as a Debian package");
      key = JSON.parse((await machine.run("pausepoint-admin keys create --name deb --mode test --json")).output).key;
      await ask("Does a package keep this?");
      const pauses = await list();
      expect(await dpkg(`--install /srv/${await deb(works)}`)).toMatchObject({ status: 0 });
      expect(
        (
          await machine.run(
            "for i in 1 2 3 4 5 6 7 8 9; do pausepoint-admin healthcheck && exit; sleep 1; done; exit 1",
          )
        ).status,
      ).toBe(0);
      expect((await machine.run("pausepoint version; ls /var/lib/pausepoint/backups")).output).toContain(
        `${works}\nbefore-${works}-from-schema-`,
      );
      expect((await machine.run("ls /var/lib/pausepoint/backups")).output).toContain(
        `before-upgrade-from-${version}.tar.gz`,
      );
      expect(await list()).toBe(pauses);
      await debGoesBack();
      expect(await dpkg("--purge pausepoint")).toMatchObject({ status: 0 });
      expect(
        (
          await machine.run(
            "ls -d /var/lib/pausepoint /etc/pausepoint /usr/bin/pausepoint /usr/lib/pausepoint; id pausepoint",
          )
        ).output,
      ).not.toMatch(/^\//m);
    },
    900_000,
  );

  installTest("installs and goes back where systemd does not run, by a trial start", async () => {
    await machine.stop();
    const first = await Machine.runIn(root, `sh /srv/pausepoint-${version}/install.sh`);
    expect(first).toMatchObject({
      status: 0,
      output: expect.stringContaining(`PausePoint ${version} was ready, and is stopped again.`),
    });
    const second = await Machine.runIn(root, `sh /srv/pausepoint-${fails}/install.sh`);
    expect(second).toMatchObject({ status: 1, output: expect.stringContaining("Bring back the data from") });
    const left = await Machine.runIn(
      root,
      "pausepoint version; pausepoint-admin audit verify; readlink /etc/systemd/system/multi-user.target.wants/pausepoint.service",
    );
    expect(left).toMatchObject({ status: 0, output: expect.stringContaining(`pausepoint ${version}`) });
  });

  /** What the package does where a new version fails its migration, does not serve, or is cut off; and the way on from there. */
  async function debGoesBack(): Promise<void> {
    const pauses = await list();
    const isBack = async (all = pauses) => {
      expect((await machine.run("pausepoint version; pausepoint-admin audit verify")).output).toContain(works);
      expect((await machine.run("systemctl is-active pausepoint")).output).toBe("active\n");
      expect(await list()).toBe(all);
    };
    const refused = async (words: string) => {
      const { status, output } = await dpkg(words);
      expect({ words, status, output }).toMatchObject({ status: 1 });
      expect(output).toContain(`PausePoint ${works} is back in place and serves.`);
      return output;
    };
    const failed = await refused(`--install /srv/${await deb(fails)}`);
    expect(failed).toMatch(/migration \d+_for_a_test failed and was undone/);
    expect(failed).toContain(`Bringing back the data from /var/lib/pausepoint/backups/before-upgrade-from-${works}`);
    await isBack();
    expect((await machine.run("dpkg-query -s pausepoint | grep ^Status")).output).toBe(
      "Status: install ok half-configured\n",
    );

    // Another try, as any run of apt makes it, takes nothing of what came in between.
    await ask("Asked between the tries");
    const more = await list();
    expect(await refused("--configure -a")).toContain("is tried once more");
    await isBack(more);

    const ended = await refused(`--install /srv/${await deb(ends)}`);
    expect(ended).toContain("This build can't serve.");
    expect(ended).not.toContain("Bringing back");
    await isBack(more);
    await refused(`--install /srv/${await deb(cut)}`);
    await isBack(more);

    // The way on: the older package, and dpkg is content.
    expect(await dpkg(`--install /srv/${await deb(works)}`)).toMatchObject({ status: 0 });
    await isBack(more);
    expect(
      (await machine.run("dpkg-query -s pausepoint | grep ^Status; dpkg --verify pausepoint; ls /usr/lib/pausepoint"))
        .output,
    ).toBe("Status: install ok installed\nls: cannot access '/usr/lib/pausepoint': No such file or directory\n");
  }

  /** Types a line into the machine's shell, as is seen in the transcript. */
  async function type(line: string, status = 0): Promise<string> {
    const ran = await machine.run(line);
    transcript.typed(line, ran.output);
    if (!/is-active|is-enabled/.test(line)) expect({ line, ...ran }).toMatchObject({ line, status });
    return ran.output;
  }

  async function curl(words: string, isShown = false): Promise<string> {
    const { status, output } = await machine.runBeside(`curl -sS -H 'Authorization: Bearer ${key}' ${words}`);
    expect({ words, status, output }).toMatchObject({ status: 0 });
    if (isShown) transcript.typed(`curl -s -H "Authorization: Bearer $KEY" ${words}`, output);
    return output;
  }

  function ask(message: string, isShown = false): Promise<string> {
    const body = JSON.stringify({ recipient: "+13128471928", channel: "sms", message });
    return curl(`http://127.0.0.1:8787/v1/pause -H 'Content-Type: application/json' -d '${body}'`, isShown);
  }

  async function answer(pause: string, isShown = false): Promise<void> {
    const sent = JSON.parse(await curl(`http://127.0.0.1:8787/v1/test/messages?pause_id=${pause}`, isShown));
    await curl(`${sent.data[0].link} -d choice=Approve -o /dev/null -w '%{http_code}\\n'`, isShown);
  }

  function list(): Promise<string> {
    return curl("http://127.0.0.1:8787/v1/pause");
  }

  async function isAsBefore(pauses: string): Promise<void> {
    expect(await list()).toBe(pauses);
    expect((await machine.run("pausepoint version; pausepoint-admin audit verify")).status).toBe(0);
    expect((await machine.run("pausepoint version")).output).toContain(works);
    expect(await list()).toContain(pending);
  }

  function dpkg(words: string) {
    return machine.run(`dpkg ${words}`);
  }

  /** A Debian package of that version on the machine. Answers its name. */
  async function deb(name: string): Promise<string> {
    const architecture = process.arch === "arm64" ? "arm64" : "amd64";
    const executable = join(root, `srv/pausepoint-${name}/pausepoint-${ownTarget().name}`);
    return basename(
      makeDebianPackage({
        project,
        executable,
        version: name,
        architecture,
        madeAt: 0,
        compression: 1,
        out: join(root, "srv"),
      }),
    );
  }

  async function sum(path: string): Promise<string> {
    return (await machine.run(`sha256sum ${path}`)).output;
  }

  /** When the service was started, by the machine's own clock. */
  async function startedAt(): Promise<string> {
    return (await machine.run("systemctl show -p ExecMainStartTimestampMonotonic,NRestarts pausepoint")).output;
  }

  async function files(): Promise<string> {
    const shown = "\\( -type d -printf '%p %m %u\\n' -o -printf '%p %m %u %s %T@\\n' \\)";
    return (await machine.run(`find /etc /usr/local /var/lib ${shown} | grep -v systemd`)).output;
  }
});

/** A release folder on the machine, under /srv. */
function release(name: string, executable: string, signer: string): void {
  const key = join(folder, signer);
  if (!existsSync(key)) Bun.spawnSync(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", signer, "-f", key]);
  const target = ownTarget().name;
  if (!isReleaseTarget(target)) throw new Error(`There is no release for ${target}.`);
  const out = join(root, `srv/pausepoint-${name}`);
  makeRelease({ project, version: name, executables: { [target]: executable }, key, madeAt: 0, out, debian: false });
}

function cutOff(executable: string): string {
  const path = join(folder, "cut");
  cpSync(executable, path);
  truncateSync(path, 1_000_000);
  return path;
}
