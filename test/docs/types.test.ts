import { expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { folderWith, run } from "../support/binary.ts";
import { documentAt, project } from "./documents.ts";

setDefaultTimeout(120_000);

test("the TypeScript samples pass tsc with @types/node, as their page says, and not without", async () => {
  const page = documentAt("docs/clients-typescript.md");
  const samples = page.fences.flatMap(({ marker, text }): [string, string][] =>
    marker?.kind === "file" && marker.detail.endsWith(".ts") ? [[marker.detail, text]] : [],
  );
  expect(samples.length).toBeGreaterThan(3);
  const checked = async (types: readonly string[], lib: readonly string[]) => {
    const compilerOptions = {
      ...{
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        target: "es2022",
        module: "esnext",
        moduleDetection: "force",
      },
      ...{ moduleResolution: "bundler", allowImportingTsExtensions: true, lib, types },
      typeRoots: [join(project, "node_modules/@types")],
      paths: { "@pausepoint/client": [join(project, "clients/typescript/src/index.ts")] },
    };
    const folder = folderWith({ ...Object.fromEntries(samples), "tsconfig.json": JSON.stringify({ compilerOptions }) });
    const ran = await run([process.execPath, join(project, "node_modules/typescript/bin/tsc"), "-p", folder], folder);
    rmSync(folder, { recursive: true });
    return ran;
  };
  expect(await checked(["node"], ["es2024"])).toEqual({ status: 0, stdout: "", stderr: "" });
  expect((await checked([], ["es2024", "dom"])).stdout).toContain("@types/node");
  expect(page.text).toContain("install `@types/node`");
});
