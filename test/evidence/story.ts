/**
 * A log with something of everything, exported as an auditor gets it: over the API of a running appliance, and as the
 * command line writes it.
 */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pause } from "../../src/pauses/index.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { HOUR } from "../support/database.ts";

export interface Story {
  readonly appliance: Appliance;
  /** A key that sees the whole log, and one that sees one project in one mode. */
  readonly admin: string;
  readonly auditor: string;
  /** Answered on the page, with everything that can be disclosed. */
  readonly answered: Pause;
  readonly vkey: string;
  /** Writes a file and answers its path. */
  file(name: string, content: string): string;
}

/** Some forty entries over two projects and both modes. */
export async function tellStory(): Promise<Story> {
  const appliance = await startAppliance();
  const { test, otherTest, live } = appliance.keys;
  const admin = await appliance.newKey({ mode: "test", scopes: ["audit:read", "admin"] });
  const auditor = await appliance.newKey({ mode: "test", scopes: ["audit:read"] });
  const answered = await appliance.ask(test, {
    recipient: ["+13128471928", "+13128471929"],
    message: 'Wire $8,400 to "Meridian" 🚀\nnow?',
    details: { Invoice: "4712", Fällig: "30. November" },
    metadata: { po: 7, ratio: 0.1 },
    allow_comment: true,
    timeout_hours: 0.00001 * 3600,
    action_digest: `sha256:${"ab".repeat(32)}`,
  });
  const [first] = await appliance.messages(answered);
  await appliance.call(first!.link);
  appliance.clock.turn(5_000);
  await appliance.choose(first!.link, "Approve", { comment: "=fine, go" });
  await appliance.choose(first!.link, "Reject");
  for (const key of [test, otherTest, live]) {
    const pause = await appliance.ask(key, { timeout_default: "Reject", message: "Purge?" });
    appliance.clock.turn(HOUR);
    await appliance.post(`/v1/pause/${pause.pause_id}/cancel`, key, { reason: "changed my mind" });
  }
  const ran = await appliance.ask(test, { timeout_default: "Reject", timeout_hours: 1 });
  await appliance.messages(ran);
  appliance.clock.turn(2 * HOUR);
  await appliance.pause(test, ran.pause_id);
  const { text } = await appliance.call("/v1/audit/export", { key: admin });
  const [vkey] = JSON.parse(text.slice(0, text.indexOf("\n"))).keys as string[];
  const folder = mkdtempSync(join(tmpdir(), "pausepoint-evidence-"));
  return {
    appliance,
    admin,
    auditor,
    vkey: vkey!,
    answered: await appliance.pause(test, answered.pause_id),
    file(name, content) {
      const path = join(folder, name);
      writeFileSync(path, content);
      return path;
    },
  };
}
