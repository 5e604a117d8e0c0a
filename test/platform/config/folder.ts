import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../../../src/platform/config/error.ts";
import { type ConfigSources, loadConfig } from "../../../src/platform/config/load.ts";

const folders: string[] = [];

/** For `afterAll` of every file that uses the functions below. */
export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** A new folder with these files. */
export async function folderWith(files: Record<string, string>): Promise<string> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "pausepoint-config-")));
  folders.push(folder);
  for (const [name, content] of Object.entries(files)) await Bun.write(join(folder, name), content);
  return folder;
}

/** A `pausepoint.config.ts` with this in `defineConfig`. */
export function configFile(settings: string): Record<string, string> {
  return {
    "pausepoint.config.ts": `import { defineChannel, defineConfig, fallback, slack, smtp, twilio, whatsapp } from "pausepoint/config";\nexport default defineConfig(${settings});\n`,
  };
}

export async function load(files: Record<string, string>, sources: Partial<ConfigSources> = {}) {
  return loadConfig({ env: {}, cwd: await folderWith(files), ...sources });
}

/** The message that stops the start. */
export async function refusal(files: Record<string, string>, sources: Partial<ConfigSources> = {}): Promise<string> {
  const thrown = await load(files, sources).catch((cause: unknown) => cause);
  if (thrown instanceof ConfigError) return thrown.message;
  throw new Error("the configuration was not refused by a ConfigError", { cause: thrown });
}
