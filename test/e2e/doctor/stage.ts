/** `pausepoint doctor` of the executable, from a folder with a configuration. */
import { afterEach } from "bun:test";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { environment, folderWith, type Ran, runBinary } from "../../support/binary.ts";

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** Stopped after the test, the last first. */
export function started<Part extends { stop(): unknown }>(part: Part): Part {
  stops.push(() => part.stop());
  return part;
}

/** A folder with a configuration, removed after the test. `settings` is what stands between the braces. */
export function configured(settings: string): string {
  const makers = "defineChannel, defineConfig, fallback, httpGateway, kannel, ntfy, slack, smpp, smtp, twilio";
  const folder = folderWith({
    "pausepoint.config.ts": `import { ${makers} } from "pausepoint/config";\nexport default defineConfig({ ${settings} });\n`,
  });
  stops.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What a run of doctor came to; `told` is its JSON, where it was asked for any. */
// biome-ignore lint/suspicious/noExplicitAny: a test says by its expectations what it takes the JSON to be
export type Doctored = Ran & { readonly told: any };

export async function doctor(folder: string, ...args: string[]): Promise<Doctored> {
  return doctorWith(folder, {}, ...args);
}

export async function doctorWith(
  folder: string,
  env: Readonly<Record<string, string>>,
  ...args: string[]
): Promise<Doctored> {
  const ran = await runBinary(["doctor", ...args], folder, environment(env));
  return { ...ran, told: args.includes("--json") && ran.stdout !== "" ? JSON.parse(ran.stdout) : null };
}

/** The files of the data folder. */
export function filesIn(folder: string): string[] {
  return existsSync(`${folder}/.pausepoint`) ? readdirSync(`${folder}/.pausepoint`).sort() : [];
}
