import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { lockFolder, openDatabase, StorageError } from "../../src/storage/index.ts";
import { temporaryFolder } from "../support/database.ts";

let folder: string;
const children: Bun.Subprocess[] = [];

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill("SIGKILL");
    await child.exited;
  }
  rmSync(folder, { recursive: true, force: true });
});

/** A second process that holds the folder's lock. */
async function anotherServer() {
  const child = Bun.spawn([process.execPath, Bun.fileURLToPath(import.meta.resolve("./hold-folder.ts")), folder], {
    stdout: "pipe",
  });
  children.push(child);
  const { value } = await child.stdout.getReader().read();
  expect(new TextDecoder().decode(value)).toBe("held\n");
  return child;
}

const inUse = () =>
  new StorageError(`another PausePoint server is using ${folder}; stop it, or name another folder with --data`);

describe("a data folder", () => {
  test("serves one server: another in a process of its own is refused at once, with what to do", async () => {
    await anotherServer();
    expect(() => lockFolder(folder)).toThrow(inUse());
  });

  test("is free again when its server was killed with kill -9", async () => {
    const server = await anotherServer();
    server.kill("SIGKILL");
    await server.exited;
    lockFolder(folder).release();
  });

  test("is free again when its server released it, which may be said twice", () => {
    const lock = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(inUse());
    lock.release();
    lock.release();
    lockFolder(folder).release();
  });

  test("can be opened by a command beside its server, to read and to write", async () => {
    await anotherServer();
    const connection = openDatabase(folder);
    connection.exec("INSERT INTO projects (name, created_at) VALUES ('a', 1)");
    connection.close();
  });
});
