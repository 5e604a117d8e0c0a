/** The executable with channels of a configuration file on disk. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Pause } from "../../../src/pauses/index.ts";
import { type BinaryServer, serveBinary } from "../../support/binary.ts";
import { eventually } from "../../support/eventually.ts";

/** The file's text. `channels` is what stands between the braces. */
export function configOf(channels: string, more = ""): string {
  return `import { defineConfig, fallback, httpGateway, kannel, slack, smpp, smtp, twilio, whatsapp } from "pausepoint/config";
export default defineConfig({ ${more} channels: { ${channels} } });
`;
}

export function serveWith(wanted: {
  readonly channels: string;
  readonly more?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Where a peer was told to call before the server ran. Default: any that is free. */
  readonly port?: number;
}): Promise<BinaryServer> {
  return serveBinary({
    files: { "pausepoint.config.ts": configOf(wanted.channels, wanted.more), "no.ts": "export default {};" },
    ...(wanted.env === undefined ? {} : { env: wanted.env }),
    ...(wanted.port === undefined ? {} : { port: wanted.port }),
  });
}

/** A live key, made beside the running server. The command reads no channels, so it needs none of their secrets. */
export async function liveKey(server: BinaryServer): Promise<string> {
  const made = await server.run("keys", "create", "--name", "agent", "--mode", "live", "--config", "no.ts");
  if (made.status !== 0) throw new Error(made.stderr);
  return made.stdout.trim();
}

/** The pause, once its messages have got that far. */
export async function settled(server: BinaryServer, key: string, id: string, ...statuses: string[]): Promise<Pause> {
  return await eventually(
    async (): Promise<Pause> => (await server.call(`/v1/pause/${id}`, { key })).body,
    ({ delivery }) => delivery.map(({ status }) => status).join() === statuses.join(),
  );
}

/** Writes the configuration anew, for the next start from that folder. */
export function reconfigure(server: BinaryServer, channels: string, more = ""): void {
  writeFileSync(join(server.folder, "pausepoint.config.ts"), configOf(channels, more));
}
