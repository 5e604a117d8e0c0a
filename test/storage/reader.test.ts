import { expect, test } from "bun:test";
import { define, openForReading, Reader } from "../../src/storage/index.ts";
import { openTestDatabase } from "../support/database.ts";

const keyNames = define()((db) => db.selectFrom("api_keys").select("name").orderBy("n"));
const keyNamed = define<{ name: string }>()((db, p) =>
  db.selectFrom("api_keys").select("n").where("name", "=", p("name")),
);

test("inside a snapshot nothing changes, whatever is written beside it; behind it all of that is there", async () => {
  await using db = await openTestDatabase("reader");
  const connection = openForReading(db.folder);
  const reader = new Reader(connection);
  const inside = reader.snapshot(() => {
    const before = reader.all(keyNames, {});
    db.connection.exec("UPDATE api_keys SET name = 'renamed'");
    return [before, reader.all(keyNames, {}), reader.one(keyNamed, { name: "renamed" })];
  });
  const names = [{ name: "live key" }, { name: "test key" }];
  expect(inside).toEqual([names, names, undefined]);
  expect(reader.one(keyNamed, { name: "renamed" })).toEqual({ n: 1 });
  connection.close();
});

test("a snapshot that throws is over: the next one sees what was written since", async () => {
  await using db = await openTestDatabase("reader");
  const connection = openForReading(db.folder);
  const reader = new Reader(connection);
  expect(() =>
    reader.snapshot(() => {
      reader.all(keyNames, {});
      throw new Error("enough");
    }),
  ).toThrow("enough");
  db.connection.exec("UPDATE api_keys SET name = 'renamed'");
  expect(reader.snapshot(() => reader.one(keyNamed, { name: "renamed" }))).toEqual({ n: 1 });
  connection.close();
});
