/** A disk that fills up under a running server, and is emptied again: a file system of a few megabytes of its own. */
import { describe, expect, setDefaultTimeout } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import type { Pause } from "../../src/pauses/index.ts";
import { rowsIn, verified } from "../backup/stage.ts";
import { folderWith, runBinary, Started } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { testNeeding } from "../support/needs.ts";

const test = testNeeding("dist/pausepoint", "leave to mount");
setDefaultTimeout(120_000);

/** A folder with a disk of that many megabytes mounted at `disk`. */
class SmallDisk {
  readonly folder = folderWith();
  readonly path = join(this.folder, "disk");
  readonly #ballast = join(this.path, "ballast");

  constructor(megabytes: number) {
    mkdirSync(this.path);
    const { exitCode, stderr } = Bun.spawnSync([
      "mount",
      "-t",
      "tmpfs",
      "-o",
      `size=${megabytes}m,mode=0700`,
      "tmpfs",
      this.path,
    ]);
    if (exitCode !== 0) throw new Error(stderr.toString());
  }

  /** Takes every byte that is left. */
  fill(): void {
    const block = new Uint8Array(4_096);
    try {
      for (;;) writeFileSync(this.#ballast, block, { flag: "a" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  }

  empty(): void {
    rmSync(this.#ballast, { force: true });
  }

  [Symbol.dispose](): void {
    Bun.spawnSync(["umount", "-l", this.path]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

interface Server {
  readonly process: Started;
  readonly url: string;
}

async function serve(disk: SmallDisk, more: readonly string[] = []): Promise<Server & { key: string }> {
  const started = new Started(
    ["serve", "--port", "0", "--json", "--data", join(disk.path, "data"), ...more],
    disk.folder,
  );
  const { url, test_key: key = "" } = JSON.parse(await started.line());
  return { process: started, url, key };
}

const headersOf = (key: string) => ({ authorization: `Bearer ${key}`, "content-type": "application/json" });

interface Asked {
  readonly status: number;
  readonly body: Pause & { type?: string; detail?: string };
  readonly headers: Headers;
}

async function ask({ url }: Server, key: string, message: string): Promise<Asked> {
  const body = JSON.stringify({
    recipient: "+13128471928",
    channel: "sms",
    message,
    metadata: { filler: "x".repeat(2_000) },
  });
  const response = await fetch(`${url}/v1/pause`, { method: "POST", headers: headersOf(key), body });
  return { status: response.status, body: (await response.json()) as Asked["body"], headers: response.headers };
}

const statusOf = async ({ url }: Server, path: string, key = "") =>
  (await fetch(`${url}${path}`, { headers: key === "" ? {} : headersOf(key) })).status;

async function answer({ url }: Server, key: string, id: string): Promise<number> {
  const body = JSON.stringify({ choice: "Approve" });
  return (await fetch(`${url}/v1/test/pause/${id}/respond`, { method: "POST", headers: headersOf(key), body })).status;
}

describe("a disk that fills up under load and is emptied again", () => {
  test("refuses what is new with 503, shows what is there, loses nothing acknowledged, and goes on by itself", async () => {
    using disk = new SmallDisk(12);
    const server = await serve(disk);
    const { key } = server;
    const acknowledged = new Map<string, string>();
    const answered = new Set<string>();
    const other: number[] = [];
    let [refused, isOver] = [0, false];
    const client = async (name: number) => {
      for (let n = 0; !isOver; n++) {
        const message = `Question ${name}.${n}`;
        const asked = await ask(server, key, message);
        if (asked.status === 201) {
          acknowledged.set(asked.body.pause_id, message);
          const status = n % 3 === 0 ? await answer(server, key, asked.body.pause_id) : 503;
          if (status === 200) answered.add(asked.body.pause_id);
          else if (status !== 503) other.push(status);
        } else if (asked.status === 503) {
          refused++;
          expect(asked.body.type).toBe("/problems/unavailable");
          expect(asked.headers.get("retry-after")).not.toBeNull();
          await after(5);
        } else other.push(asked.status);
      }
    };
    const clients = Array.from({ length: 4 }, (_, name) => client(name));

    // Thrice: the disk is filled at whatever moment of a commit, and emptied again.
    for (let round = 1; round <= 3; round++) {
      const [before, already] = [acknowledged.size, refused];
      await eventually(
        () => acknowledged.size,
        (size) => size >= before + 20,
      );
      disk.fill();
      await eventually(
        () => refused,
        (count) => count >= already + 10,
      );
      // What is there is shown, and the server says that it is alive and not ready.
      const [first = ""] = acknowledged.keys();
      expect(await statusOf(server, `/v1/pause/${first}`, key)).toBe(200);
      expect(await statusOf(server, "/v1/pause?limit=5", key)).toBe(200);
      expect(await statusOf(server, `/v1/pause/${first}/audit`, key)).toBe(200);
      expect(await statusOf(server, "/healthz")).toBe(200);
      disk.fill();
      await eventually(
        () => statusOf(server, "/readyz"),
        (status) => status === 503,
      );
      disk.empty();
      await eventually(
        () => statusOf(server, "/readyz"),
        (status) => status === 200,
      );
    }
    const known = acknowledged.size;
    await eventually(
      () => acknowledged.size,
      (size) => size >= known + 20,
    );
    isOver = true;
    await Promise.all(clients);
    expect(other).toEqual([]);

    for (const [id, message] of acknowledged) {
      const pause = (await (await fetch(`${server.url}/v1/pause/${id}`, { headers: headersOf(key) })).json()) as Pause;
      expect(pause.message).toBe(message);
      expect(pause.status).toBe(answered.has(id) ? "responded" : "pending");
    }
    expect(await server.process.stop()).toBe(0);
    const { fault, pauses } = verified(join(disk.path, "data"));
    expect(fault).toBeNull();
    expect(pauses).toBeGreaterThanOrEqual(acknowledged.size);
    expect(rowsIn(join(disk.path, "data"), "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
    expect(server.process.stderr).not.toContain("storage failed");
    console.log(`${acknowledged.size} acknowledged, ${refused} refused over three fillings`);
  });

  test("leaves the published head whole, and writes it again once there is room", async () => {
    using disk = new SmallDisk(8);
    const server = await serve(disk);
    const { key } = server;
    const file = join(disk.path, "data", "published-head");
    const decided = async () => answer(server, key, (await ask(server, key, "?")).body.pause_id);
    expect(await decided()).toBe(200);
    await eventually(() => existsSync(file), Boolean);
    const head = () => readFileSync(file, "utf8");
    const first = head();
    const pending = (await ask(server, key, "later")).body.pause_id;
    // Enough for the decision, which goes into a log that is there, too little for a file beside it.
    disk.fill();
    const status = await answer(server, key, pending);
    expect([200, 503]).toContain(status);
    await after(1_500);
    expect(head()).toBe(first);
    disk.empty();
    expect(await decided()).toBe(200);
    await eventually(head, (text) => text !== first && text.endsWith("\n"));
    expect(readdirSync(join(disk.path, "data")).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    expect(await server.process.stop()).toBe(0);
    // The next start compares what it signs with that file.
    const again = await serve(disk);
    expect(await again.process.stop()).toBe(0);
    expect(again.process.stderr).not.toContain("withheld");
  });

  test("makes no backup, says why, leaves the one before and no half of one, and makes the next", async () => {
    using disk = new SmallDisk(12);
    const server = await serve(disk);
    for (let n = 0; n < 50; n++) await ask(server, server.key, `Question ${n}`);
    const data = join(disk.path, "data");
    const file = join(disk.path, "all.tar.gz");
    const backup = () => runBinary(["backup", file, "--data", data, "--force"], disk.folder);
    expect((await backup()).status).toBe(0);
    const before = readFileSync(file);
    disk.fill();
    const failed = await backup();
    expect(failed.status).toBe(1);
    expect(failed.stderr).toMatch(/no backup was made|full/);
    expect(failed.stderr.trim().split("\n")).toHaveLength(1);
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(readdirSync(disk.path).filter((name) => name.includes("partial"))).toEqual([]);
    expect(readdirSync(data).filter((name) => name.includes("scratch"))).toEqual([]);
    // Nor a restore, which leaves nothing half restored.
    const restored = await runBinary(["restore", file, "--data", join(disk.path, "elsewhere")], disk.folder);
    expect({ status: restored.status, lines: restored.stderr.trim().split("\n").length }).toEqual({
      status: 1,
      lines: 1,
    });
    expect(existsSync(join(disk.path, "elsewhere", "pausepoint.db"))).toBe(false);
    disk.empty();
    expect((await backup()).status).toBe(0);
    expect(statSync(file).size).toBeGreaterThan(1_000);
    expect(await server.process.stop()).toBe(0);
    expect(verified(data).fault).toBeNull();
  });

  test("is told by doctor before that, with what to do", async () => {
    const look = async (disk: SmallDisk) => {
      const { status, stdout } = await runBinary(["doctor", "--json", "--data", join(disk.path, "data")], disk.folder);
      const finding = JSON.parse(stdout).checks.find(({ check }: { check: string }) => check === "disk");
      return { status, is: finding.status, todo: finding.todo };
    };
    using small = new SmallDisk(8);
    expect(await look(small)).toEqual({ status: 1, is: "fail", todo: expect.stringContaining("Make room") });
    using scarce = new SmallDisk(100);
    expect(await look(scarce)).toMatchObject({ status: 0, is: "warn" });
    using ample = new SmallDisk(1_000);
    expect(await look(ample)).toEqual({ status: 0, is: "ok", todo: null });
  });

  test("does not start on a disk without room for its folder, and says so in one sentence", async () => {
    using disk = new SmallDisk(1);
    disk.fill();
    const args = ["serve", "--port", "0", "--data", join(disk.path, "data")];
    const { status, stderr } = await runBinary(args, disk.folder);
    expect({ status, lines: stderr.trim().split("\n").length }).toEqual({ status: 1, lines: 1 });
    console.log(stderr.trim());
  });
});
