/**
 * `privacy erase` in a process of its own that is killed at a given point, as a power cut would: after so many commits, or
 * when everything is listed and the write-ahead log is about to be cut.
 *
 *     bun killed-erase.ts FOLDER +13128471928 2|truncate
 */
import { withFolder } from "../../src/cli/folder.ts";
import { loadConfig } from "../../src/platform/config/load.ts";
import { Metrics } from "../../src/platform/metrics/index.ts";
import { Privacy } from "../../src/privacy/index.ts";

const [folder = "", recipient = "", where = ""] = process.argv.slice(2);
const die = () => process.kill(process.pid, "SIGKILL");
const config = await loadConfig({ flags: { data: folder }, env: {}, cwd: folder });

await withFolder(config, async ({ writer, context, attestor }) => {
  let commits = 0;
  const write = writer.write.bind(writer);
  writer.write = async (unit) => {
    const result = await write(unit);
    if (String(++commits) === where) die();
    return result;
  };
  const cut = writer.truncateLog.bind(writer);
  writer.truncateLog = () => {
    if (where === "truncate") die();
    return cut();
  };
  const none = { metrics: new Metrics(), concluding: new Map(), scanned: new Set<string>(), wake() {}, script() {} };
  const hints = { due() {}, ended() {}, told() {} };
  const parts = { writer, context: { ...context, ...none, attestor, hints }, directory: config, dataDir: folder };
  await new Privacy(parts).erase(recipient, { actor: { type: "operator", id: null }, reason: null, dryRun: false });
});
