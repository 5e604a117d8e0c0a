import { expect, test } from "bun:test";
import { newEntry } from "../../src/audit/entry.ts";
import { appendEntry } from "../../src/audit/log.ts";
import { root, verifyConsistency } from "../../src/audit/merkle.ts";
import { consistencyOf, frontierOf } from "../../src/audit/tree.ts";
import type { Work } from "../../src/storage/index.ts";
import { openTestDatabase } from "../support/database.ts";

test("a proof from the stored tree shows any earlier size to be its beginning, and no other", async () => {
  await using db = await openTestDatabase();
  const { random, clock } = db.context;
  await db.writer.write(function* (tx): Work<void> {
    for (let count = 0; count < 800; count++)
      yield* appendEntry(
        tx,
        newEntry(random, {
          type: "pause.timed_out",
          at: clock.now(),
          actor: { type: "system", id: null },
          world: null,
          pause: null,
        }),
      );
  });
  const size = db.count("SELECT max(seq) FROM audit_entries");
  const sizes = [1, 2, 3, 127, 128, 255, 256, 257, 300, 511, 512, 513, 700, 768, 800, size];
  let checked = 0;
  await db.writer.write(function* (tx): Work<void> {
    for (const newSize of sizes)
      for (const oldSize of sizes.filter((one) => one <= newSize)) {
        const [oldRoot, newRoot] = [root(yield* frontierOf(tx, oldSize)), root(yield* frontierOf(tx, newSize))];
        const proof = yield* consistencyOf(tx, oldSize, newSize);
        expect(verifyConsistency({ oldSize, newSize, oldRoot, newRoot, proof })).toBe(true);
        if (oldSize < newSize)
          expect(verifyConsistency({ oldSize, newSize, oldRoot: newRoot, newRoot, proof })).toBe(false);
        checked++;
      }
  });
  expect(checked).toBe((sizes.length * (sizes.length + 1)) / 2);
});
