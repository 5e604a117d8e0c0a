/**
 * `npm run client-types`: writes the TypeScript client's types anew, from the OpenAPI document. The generator stands in
 * test/client-peers, with the TypeScript that it wants: `npm ci --prefix test/client-peers --ignore-scripts` brings it.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openApiDocument } from "../src/http/openapi/document.ts";

const project = join(import.meta.dir, "..");
const generator = join(project, "test/client-peers/node_modules/openapi-typescript/bin/cli.js");
const written = join(project, "clients/typescript/src/api.ts");

/** The types as they should stand. @throws Error when the generator is missing or fails */
export function clientTypes(): string {
  const folder = mkdtempSync(join(tmpdir(), "pausepoint-types-"));
  try {
    const [source, made] = [join(folder, "openapi.json"), join(folder, "api.ts")];
    writeFileSync(source, JSON.stringify(openApiDocument("http://127.0.0.1:8787")));
    const options = ["--immutable", "--default-non-nullable", "false"];
    const { exitCode, stderr } = Bun.spawnSync([process.execPath, generator, source, "-o", made, ...options]);
    if (exitCode !== 0) throw new Error(`openapi-typescript failed: ${stderr}`);
    return readFileSync(made, "utf8");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) writeFileSync(written, clientTypes());
