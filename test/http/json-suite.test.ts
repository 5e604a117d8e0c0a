import { expect } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { pathOf, testNeeding } from "../support/needs.ts";
import { problemFault } from "./problem.ts";

const vectorTest = testNeeding("shared/vectors");

vectorTest(
  "every file of the JSON test suite, as a body of every route that takes one, is read by the book",
  async () => {
    const folder = join(pathOf("shared/vectors"), "json-test-suite");
    const appliance = await startAppliance();
    const routes = await targets(appliance);
    const before = appliance.count("SELECT count(*) FROM pauses");
    const counts: Record<string, number> = {};

    for (const name of readdirSync(folder).filter((file) => file.endsWith(".json"))) {
      const bytes = await Bun.file(join(folder, name)).bytes();
      for (const [route, path] of Object.entries(routes)) {
        const answer = await appliance.post(path, appliance.keys.test, bytes);
        const kind = name.slice(0, 1);
        const seen = `${kind} ${answer.status}`;
        counts[seen] = (counts[seen] ?? 0) + 1;
        if (answer.status !== 200) expect([name, route, problemFault(answer)]).toEqual([name, route, null]);
        expect([name, route, answer.status]).toEqual([
          name,
          route,
          expectedOf(kind, bytes.length, route, answer.status),
        ]);
      }
    }
    expect(appliance.count("SELECT count(*) FROM pauses")).toBe(before);
    expect(appliance.logged).toEqual([]);
    await appliance.stop();
    // 188 texts that are no JSON, two of them over 64 kB, one of them empty, which a cancel may be; 95 that are, of
    // which a cancel takes `{}`.
    expect(counts).toMatchObject({ "n 400": 3 * 186 - 1, "n 413": 3 * 2, "n 200": 1, "y 200": 1, "y 422": 3 * 95 - 1 });
  },
);

/** What the standard asks for; where it leaves the choice (`i`), any refusal of the client's doing is right. */
function expectedOf(kind: string, length: number, route: string, status: number): number {
  if (kind === "n") return length > 65_536 ? 413 : length === 0 && route === "cancel" ? 200 : 400;
  if (kind === "y") return route === "cancel" && status === 200 ? 200 : 422;
  return status < 500 ? status : 422;
}

/** A pause that may be cancelled again and one that may be answered, so that a body alone decides. */
async function targets(appliance: Appliance): Promise<Record<string, string>> {
  const { test: key } = appliance.keys;
  const { pause_id: withdrawn } = await appliance.ask(key);
  await appliance.post(`/v1/pause/${withdrawn}/cancel`, key);
  const { pause_id: open } = await appliance.ask(key);
  return {
    create: "/v1/pause",
    cancel: `/v1/pause/${withdrawn}/cancel`,
    respond: `/v1/test/pause/${open}/respond`,
  };
}
