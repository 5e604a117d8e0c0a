import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseCheckpoint } from "../../src/audit/checkpoint.ts";
import { openNote, parseNote, parseVerifierKey } from "../../src/audit/note.ts";
import { parsePolicy, satisfies } from "../../src/audit/policy.ts";
import { withFolder } from "../../src/cli/folder.ts";
import { openDatabase } from "../../src/storage/index.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { MINUTE, temporaryFolder } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { SmallLog } from "../support/small-log.ts";
import { removeWitness, type StartedWitness, startWitness } from "../support/witness.ts";

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.stop();
});

/** An appliance and its witnesses: each knows the other's key, as two operators would have told them. */
async function witnessed(
  count = 1,
  audit: Record<string, unknown> = {},
): Promise<{ appliance: Appliance; witnesses: StartedWitness[]; auditor: string; logKey: string }> {
  // A witness has to know the log's key, which there is none of before the first start.
  const seed = await startAppliance();
  const { dataDir } = seed.config;
  const logKey = await keyOf(seed);
  await seed.app.stop();
  const witnesses: StartedWitness[] = [];
  for (let index = 0; index < count; index++) {
    const witness = await startWitness([logKey], { name: `witness.example/w${index}` });
    running.push({ stop: () => witness.stop().then(() => removeWitness(witness)) });
    witnesses.push(witness);
  }
  const settings = witnesses.map(({ vkey, url }) => ({ key: vkey, url, tls: {}, timeoutSeconds: 15 }));
  const appliance = await startAppliance((config) => ({
    ...config,
    dataDir,
    audit: { ...config.audit, witnesses: settings, ...audit },
  }));
  running.push(appliance);
  const auditor = await appliance.newKey({ mode: "live", scopes: ["audit:read", "admin"] });
  return { appliance, witnesses, auditor, logKey };
}

function keyOf(appliance: Appliance): Promise<string> {
  return withFolder(appliance.config, async ({ writer, attestor }) => {
    return (await writer.write((tx) => attestor.keys.active(tx, "log"))).id;
  });
}

/** Until so many cosignatures are kept, and the next attempt has its timer. */
async function keptOf(appliance: Appliance, wanted: number): Promise<void> {
  await eventually(
    () => kept(appliance),
    (count) => count >= wanted,
  );
  expect(kept(appliance)).toBe(wanted);
  await settled(appliance);
}

/** Lets what follows an answer happen: commits that were asked for stand in the same queue as those of this. */
async function settled(appliance: Appliance): Promise<void> {
  for (let calls = 0; calls < 5; calls++) await appliance.call("/readyz");
}

function sizeOf(note: string): number {
  return parseCheckpoint(parseNote(note).text).size;
}

const cosigned = (appliance: Appliance, auditor: string) =>
  appliance.call("/v1/audit/checkpoint?cosigned=true", { key: auditor });

/** The number of cosignatures that are kept. */
const kept = (appliance: Appliance) => appliance.count("SELECT count(*) FROM cosignatures");

async function decide(appliance: Appliance): Promise<void> {
  const pause = await appliance.ask(appliance.keys.test);
  await appliance.post(`/v1/test/pause/${pause.pause_id}/respond`, appliance.keys.test, { choice: "Approve" });
}

describe("a log with witnesses", () => {
  test("is cosigned by each, and the lines stand below the checkpoint that the API gives", async () => {
    const { appliance, witnesses, auditor, logKey } = await witnessed(2);
    await keptOf(appliance, 2);
    const { status, text, headers } = await cosigned(appliance, auditor);
    expect([status, headers.get("content-type")]).toEqual([200, "text/plain; charset=utf-8"]);
    const keys = [logKey, ...witnesses.map(({ vkey }) => vkey)].map(parseVerifierKey);
    expect(openNote(text, keys).signedBy).toHaveLength(3);
    const policy = `log ${logKey}\nwitness a ${witnesses[0]!.vkey}\nwitness b ${witnesses[1]!.vkey}\ngroup both all a b\nquorum both\n`;
    expect(satisfies(parsePolicy(policy), text)).toMatchObject({ satisfied: true });
  });

  test("is taken there on a timer, never with a decision, and with a proof from what was cosigned last", async () => {
    const { appliance, witnesses, auditor } = await witnessed();
    const [witness] = witnesses;
    await keptOf(appliance, 1);
    const first = sizeOf((await cosigned(appliance, auditor)).text);
    const asked = witness!.asked.length;
    for (let count = 0; count < 3; count++) await decide(appliance);
    appliance.clock.turn(5 * MINUTE - 1);
    await decide(appliance);
    expect(witness!.asked).toHaveLength(asked);
    appliance.clock.turn(1);
    await keptOf(appliance, 2);
    expect(witness!.asked).toHaveLength(asked + 1);
    expect(witness!.asked.at(-1)!.startsWith(`old ${first}\n`)).toBe(true);
    expect(sizeOf((await cosigned(appliance, auditor)).text)).toBeGreaterThan(first);
  });

  test("is left alone while it does not grow", async () => {
    const { appliance, witnesses } = await witnessed();
    await keptOf(appliance, 1);
    await decide(appliance);
    appliance.clock.turn(5 * MINUTE);
    await keptOf(appliance, 2);
    const asked = witnesses[0]!.asked.length;
    for (let count = 0; count < 5; count++) {
      appliance.clock.turn(5 * MINUTE);
      await settled(appliance);
    }
    expect(witnesses[0]!.asked).toHaveLength(asked);
  });

  test("starts its proof where the witness says, when it has forgotten what was cosigned", async () => {
    const { appliance, witnesses } = await witnessed();
    await keptOf(appliance, 1);
    await decide(appliance);
    // As if this installation had never heard of it: its memory of what was cosigned is gone.
    const connection = openDatabase(appliance.config.dataDir);
    connection.exec("DELETE FROM cosignatures");
    connection.close();
    appliance.clock.turn(5 * MINUTE);
    await keptOf(appliance, 1);
    expect(witnesses[0]!.asked.at(-2)!.startsWith("old 0\n")).toBe(true);
    expect(witnesses[0]!.asked.at(-1)!.startsWith("old 0\n")).toBe(false);
    expect(appliance.logged.join()).not.toContain("withheld");
  });

  test("goes on without one that is down, says so once, and tries again, later each time, until it is back", async () => {
    const { appliance, witnesses } = await witnessed();
    const [witness] = witnesses;
    await keptOf(appliance, 1);
    await witness!.stop();
    const port = Number(new URL(witness!.url).port);
    let turnedAway = 0;
    const broken = Bun.serve({
      port,
      hostname: "127.0.0.1",
      fetch() {
        turnedAway++;
        return new Response("", { status: 500 });
      },
    });
    await decide(appliance);
    for (const wait of [5 * MINUTE, 30_000, 60_000, 120_000]) {
      const before = turnedAway;
      appliance.clock.turn(wait - 1);
      await appliance.call("/readyz");
      expect(turnedAway).toBe(before);
      appliance.clock.turn(1);
      await eventually(
        () => turnedAway,
        (count) => count > before,
      );
      expect(turnedAway).toBe(before + 1);
      await settled(appliance);
    }
    expect(appliance.logged.filter((line) => line.includes("witness does not cosign"))).toHaveLength(1);
    expect(appliance.logged.join()).toContain("it answered 500");
    await broken.stop(true);
    const back = await startWitness([await keyOf(appliance)], {
      folder: witness!.folder,
      port,
      name: witness!.key.name,
    });
    running.push({ stop: () => back.stop() });
    appliance.clock.turn(4 * MINUTE);
    await keptOf(appliance, 2);
  });

  test("takes no line that the configured key has not signed", async () => {
    const { appliance, logKey } = await witnessed(0);
    const impostor = await startWitness([logKey], { name: "witness.example/other" });
    const real = await startWitness([logKey], { name: "witness.example/real" });
    running.push(impostor, real);
    const again = await restarted(appliance, [{ key: real.vkey, url: impostor.url }]);
    await eventually(
      () => again.logged.join(),
      (text) => text.includes("witness does not cosign"),
    );
    expect(again.logged.join()).toContain("its answer is not signed by its key");
    expect(kept(again)).toBe(0);
  });

  test("says in words that a witness does not watch it", async () => {
    const { appliance } = await witnessed(0);
    const stranger = await startWitness([new SmallLog().vkey]);
    running.push(stranger);
    const again = await restarted(appliance, [{ key: stranger.vkey, url: stranger.url }]);
    await eventually(
      () => again.logged.join(),
      (text) => text.includes("404"),
    );
    expect(again.logged.join()).toContain("give it the log's verifier key");
  });
});

/** The same folder in a new process, as it were, with these witnesses. */
async function restarted(appliance: Appliance, list: readonly { key: string; url: string }[]): Promise<Appliance> {
  await appliance.app.stop();
  const witnesses = list.map((one) => ({ ...one, tls: {}, timeoutSeconds: 15 }));
  const again = await startAppliance((config) => ({
    ...config,
    dataDir: appliance.config.dataDir,
    audit: { ...config.audit, witnesses },
  }));
  running[running.indexOf(appliance)] = again;
  return again;
}

describe("without witnesses", () => {
  test("there is no cosigned checkpoint to be had", async () => {
    const { appliance, auditor } = await witnessed(0);
    expect((await cosigned(appliance, auditor)).status).toBe(404);
    expect((await appliance.get("/v1/audit/checkpoint?cosigned=maybe", auditor)).status).toBe(422);
  });
});

describe("the folder that checkpoints are dropped into", () => {
  test("gets each new one whole, under its size and as the latest, at most one a second", async () => {
    const drop = temporaryFolder();
    const { appliance, auditor } = await witnessed(0, { drop });
    const files = () => readdirSync(drop).filter((name) => name.endsWith(".checkpoint"));
    await decide(appliance);
    appliance.clock.turn(1_000);
    await eventually(files, (names) => names.length >= 2);
    const before = files().length;
    for (let count = 0; count < 5; count++) await decide(appliance);
    appliance.clock.turn(999);
    await decide(appliance);
    expect(files()).toHaveLength(before);
    appliance.clock.turn(1);
    await eventually(files, (names) => names.length > before);
    expect(files()).toHaveLength(before + 1);
    const { text } = await appliance.call("/v1/audit/checkpoint", { key: auditor });
    expect(readFileSync(join(drop, "latest.checkpoint"), "utf8")).toBe(text);
    expect(readFileSync(join(drop, `${sizeOf(text)}.checkpoint`), "utf8")).toBe(text);
    expect(readdirSync(drop).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    rmSync(drop, { recursive: true });
  });

  test("that is not there is told of once, is not made, and is used once it is", async () => {
    const drop = join(temporaryFolder(), "not mounted");
    const { appliance } = await witnessed(0, { drop });
    const told = () => appliance.logged.filter((line) => line.includes("checkpoint not written")).length;
    for (let count = 0; count < 3; count++) {
      await decide(appliance);
      appliance.clock.turn(1_000);
      await eventually(told, (times) => times > 0);
    }
    expect([told(), existsSync(drop)]).toEqual([1, false]);
    mkdirSync(drop);
    await decide(appliance);
    appliance.clock.turn(1_000);
    await eventually(() => existsSync(join(drop, "latest.checkpoint")), Boolean);
    expect(existsSync(join(drop, "latest.checkpoint"))).toBe(true);
  });
});
